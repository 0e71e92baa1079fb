#include "collect/containers_fake_host.h"

namespace nsmap::collect {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kStorage = "/var/lib/containers/storage/overlay-containers/";
const std::string kPod = "8cbc3f50e6a81a69604c12a93c67ac20f362ad54daa0d19e686fd8d2fe52901f";
const std::string kInfra = "94f05e66d382a4658d2b08ad535f46e2c6c698784b4b2f3d3c6a48030ec9f7e7";
const std::string kMember = "a97410896ccb7a43b6e204b04787bb0e89a08538c26a5e893593322df13da5d6";

std::string conmon(const std::string& id, const std::string& name, const std::string& storage) {
  return fmt::format(
      "/usr/bin/conmon --api-version 1 -c {0} -u {0} -r /usr/bin/runc -b {2}{0}/userdata "
      "-p /run/x/pidfile -n {1} --exit-dir /run/libpod/exits --exit-command /usr/bin/podman "
      "--exit-command-arg --root",
      id, name, storage);
}

TEST(PodmanContainers, OfAPod) {
  FakeHost host;
  const std::string cgroup = "/libpod_parent/" + kPod + "/libpod-";
  host.add(20, 1, "conmon", conmon(kInfra, "8cbc3f50e6a8-infra", kStorage), "/");
  host.add(11414, 20, "catatonit", "/catatonit -P", cgroup + kInfra, 200);
  host.add(30, 1, "conmon", conmon(kMember, "shopweb", kStorage), "/");
  host.add(11437, 30, "httpd", "httpd", cgroup + kMember, 200);
  host.kernel.add_file(kStorage + kInfra + "/userdata/config.json", fixture("podman-infra.json"));
  host.kernel.add_file(kStorage + kMember + "/userdata/config.json", fixture("podman-member.json"));
  host.kernel.add_file(kStorage + "containers.json", fixture("podman-containers.json"));
  host.find();
  const model::Container infra = host.container(kInfra);
  EXPECT_TRUE(infra.sandbox);
  EXPECT_EQ(infra.name, "8cbc3f50e6a8-infra");
  EXPECT_EQ(infra.network_mode, "bridge");
  EXPECT_EQ(infra.pod, (model::Pod{"shop", "", kPod}));
  const model::Container member = host.container(kMember);
  EXPECT_FALSE(member.sandbox);
  EXPECT_EQ(member.name, "shopweb");
  EXPECT_EQ(member.image, "localhost/bb:1");
  EXPECT_EQ(member.network_mode, "container:" + kInfra);
  EXPECT_EQ(member.pod, infra.pod);
  EXPECT_THAT(host.diagnostics, IsEmpty());
}

TEST(PodmanContainers, RootlessAreTiedToTheirUserAndHelpers) {
  FakeHost host;
  const std::string id = "87f20661bd2824f0ec92c2206a64407a03230cf22cc9ed85876c1a869549843b";
  const std::string storage = "/home/ann/.local/share/containers/storage/vfs-containers/";
  const std::string session = "/user.slice/user-1001.slice/session-1.scope";
  host.add(20, 1, "slirp4netns",
           "/usr/bin/slirp4netns -c -r 4 --netns-type=path "
           "/run/user/1001/netns/netns-2c3fab4f-fbb7-c796-4389-2f3fcfbde759 tap0",
           session)
      .uid = Uid(1001);
  host.add(21, 1, "rootlessport", "rootlessport", session);
  host.add(22, 21, "exe", "rootlessport-child", session, 200);
  host.add(23, 1, "slirp4netns", "slirp4netns -c -r 3 /run/user/1001/netns/rootless-netns-1 tap0",
           session);
  host.add(30, 1, "conmon", conmon(id, "rweb", storage), session).uid = Uid(1001);
  host.add(31, 30, "httpd", "httpd", session, 200).uid = Uid(1001);
  host.kernel.add_file(storage + id + "/userdata/config.json", fixture("podman-rootless.json"));
  host.find();
  const model::Container rweb = host.container(id);
  EXPECT_EQ(rweb.name, "rweb");
  EXPECT_EQ(rweb.user, Uid(1001));
  EXPECT_EQ(rweb.pid, Pid(31));
  EXPECT_EQ(rweb.net, net(200));
  EXPECT_EQ(rweb.network_mode, "slirp4netns");
  for (const int pid : {20, 21, 22, 31}) EXPECT_EQ(host.owner(pid), id) << pid;
  for (const int pid : {23, 30}) EXPECT_EQ(host.owner(pid), "") << pid;
}

TEST(PodmanContainers, KeepTheirOwnConmonWhenAnExecSessionsComesFirst) {
  FakeHost host;
  std::string exec = conmon(kMember, "shopweb", "/wrong/") + " --exec-process-spec /x -e";
  host.add(20, 1, "conmon", exec, "/");
  host.add(21, 20, "sleep", "sleep", "/", 200);
  host.add(30, 1, "conmon", conmon(kMember, "shopweb", kStorage), "/");
  host.add(31, 30, "httpd", "httpd", "/", 200);
  host.kernel.add_file(kStorage + kMember + "/userdata/config.json", fixture("podman-member.json"));
  host.find();
  EXPECT_THAT(host.container(kMember).labels, SizeIs(10));
  EXPECT_EQ(host.owner(21), kMember);
}

const std::string kSandbox = "faa1b7cd0b29b53856195c20e69357ae591de1916cd535da4b4722f954b4f328";
const std::string kCriWeb = "b0af9fdcdd0d96ffa379d4f53f23d42218a72db971f2e5fa5871ca4af6b8b00e";

TEST(ContainerdContainers, OfAPodShareOneShim) {
  FakeHost host;
  const std::string state = "/run/containerd";
  const std::string tasks = state + "/io.containerd.runtime.v2.task/k8s.io/";
  host.add_shim(20, "k8s.io", kSandbox, state);
  host.add(12301, 20, "pause", "/pause", "/kubepods/burstable/poduid-web/" + kSandbox, 200);
  host.add(12331, 20, "httpd", "httpd", "/kubepods/burstable/poduid-web/" + kCriWeb, 200);
  host.add(12340, 20, "runc", "runc exec", "/system.slice/containerd.service");
  host.kernel.add_file(tasks + kSandbox + "/config.json", fixture("cri-sandbox.json"));
  host.kernel.add_file(tasks + kCriWeb + "/config.json", fixture("cri-container.json"));
  host.kernel.add_file("/var/lib/cni/results/net-" + kSandbox + "-eth0",
                       fixture("cni-result.json"));
  host.kernel.add_file("/var/lib/cni/results/net-" + kWeb + "-eth0", "someone else's");
  host.find();
  const model::Container sandbox = host.container(kSandbox);
  const model::Pod pod{"web", "shop", "uid-web"};
  EXPECT_TRUE(sandbox.sandbox);
  EXPECT_EQ(sandbox.name, "web");
  EXPECT_EQ(sandbox.pod, pod);
  EXPECT_EQ(sandbox.pid, Pid(12301));
  EXPECT_THAT(sandbox.ports, ElementsAre(model::PublishedPort{"tcp", "", 18090, 80}));
  const model::Container web = host.container(kCriWeb);
  EXPECT_EQ(web.name, "c0");
  EXPECT_EQ(web.runtime, "containerd");
  EXPECT_EQ(web.image, "localhost/bb:1");
  EXPECT_EQ(web.pod, pod);
  EXPECT_EQ(web.network_mode, "container:" + kSandbox);
  EXPECT_EQ(host.owner(12340), "");
  EXPECT_THAT(host.diagnostics, IsEmpty());
}

TEST(ContainerdContainers, OfAPodAreNamedByCniWhereTheirBundleIsGone) {
  FakeHost host;
  host.add_shim(20, "k8s.io", kSandbox, "/run/containerd");
  host.add(21, 20, "pause", "/pause", "/kubepods/burstable/poduid-web/" + kSandbox, 200);
  host.kernel.add_file("/var/lib/cni/results/net-" + kSandbox + "-eth0",
                       fixture("cni-result.json"));
  host.find();
  EXPECT_EQ(host.container(kSandbox).pod, (model::Pod{"web", "shop", "uid-web"}));
}

TEST(ContainerdContainers, OfCtrAreCalledByTheirId) {
  FakeHost host;
  host.add_shim(20, "default", "t1", "/run/containerd");
  host.add(21, 20, "sh", "sh", "/default/t1", 200);
  host.add_shim(30, "other", "t1", "/run/containerd");
  host.add(31, 30, "sh", "sh", "/other/t1", 300);
  host.add_shim(40, "default", "../../etc", "/run/containerd");
  host.find();
  EXPECT_EQ(host.container("t1").net, net(200));
  EXPECT_EQ(host.container("t1@30").name, "t1");
  EXPECT_EQ(host.container("t1@30").net, net(300));
  EXPECT_THAT(host.containers, SizeIs(2));
}

TEST(CrioContainers, AreDescribedByAnnotations) {
  FakeHost host;
  const std::string storage = "/run/containers/storage/overlay-containers/";
  const std::string slice = "/kubepods.slice/kubepods-pod0a1b2c3d_0000.slice/";
  host.add(20, 1, "conmon",
           fmt::format("/usr/bin/conmon -b {1}{0}/userdata -c {0} --exit-dir /var/run/crio/exits "
                       "-n k8s_app_web_shop_0a1b2c3d-0000_0 -r /usr/bin/crun -u {0} -s",
                       kCriWeb, storage),
           slice + "crio-conmon-" + kCriWeb + ".scope");
  host.add(21, 20, "app", "app", slice + "crio-" + kCriWeb + ".scope", 200);
  host.kernel.add_file(storage + kCriWeb + "/userdata/config.json", R"({
    "annotations": {
      "io.kubernetes.container.name": "app", "io.kubernetes.cri-o.ContainerType": "container",
      "io.kubernetes.cri-o.ImageName": "registry.example/app:1",
      "io.kubernetes.cri-o.Labels": "{\"tier\":\"front\"}",
      "io.kubernetes.pod.name": "web", "io.kubernetes.pod.namespace": "shop"},
    "linux": {"namespaces": [{"type": "network", "path": "/var/run/netns/x"}]}})");
  host.find();
  const model::Container app = host.container(kCriWeb);
  EXPECT_EQ(app.runtime, "cri-o");
  EXPECT_EQ(app.name, "app");
  EXPECT_EQ(app.image, "registry.example/app:1");
  EXPECT_EQ(app.pod, (model::Pod{"web", "shop", "0a1b2c3d-0000"}));
  EXPECT_THAT(app.labels, ElementsAre(model::KeyValue{"tier", "front"}));
}

TEST(LxcContainers, AreTheChildrenOfTheirMonitors) {
  FakeHost host;
  host.add(20, 1, "lxc-start", "[lxc monitor] /var/lib/lxc c1", "/lxc.monitor.c1");
  host.add(21, 20, "init", "/sbin/init", "/lxc.payload.c1", 200);
  host.add(22, 21, "cron", "cron", "/lxc.payload.c1/system.slice/cron.service", 200);
  host.add(23, 1, "sh", "lxc-attach'd", "/lxc.payload.c1", 200);
  host.add(30, 1, "lxc-start", "[lxc monitor] /srv/lxc c1", "/lxc.monitor.c1-1");
  host.add(31, 30, "init", "/sbin/init", "/lxc.payload.c1-1", 300);
  host.add(32, 1, "sh", "lxc-attach'd", "/lxc.payload.c1-1", 300);
  host.add(40, 1, "lxc-start", "lxc-start -n c2 -P /srv/lxc -F", "/lxc.monitor.c2");
  host.add(41, 40, "init", "/sbin/init", "/lxc.payload.c2", 400);
  host.find();
  for (const int pid : {21, 22, 23}) EXPECT_EQ(host.owner(pid), "c1") << pid;
  for (const int pid : {31, 32}) EXPECT_EQ(host.owner(pid), "c1@30") << pid;
  EXPECT_EQ(host.owner(41), "c2");
  EXPECT_EQ(host.owner(20), "");
  EXPECT_EQ(host.container("c1@30").name, "c1");
  EXPECT_THAT(host.containers, SizeIs(3));
}

TEST(NspawnMachines, AreNamedByOptionOrDirectory) {
  FakeHost host;
  host.add(20, 1, "systemd-nspawn", "systemd-nspawn -qD /srv/deb --network-veth -M ns1 prog -M no",
           "/supervisor");
  host.add(21, 20, "init", "init", "/payload", 200);
  host.add(30, 1, "systemd-nspawn", "systemd-nspawn --directory=/srv/bookworm/ prog -M no",
           "/supervisor");
  host.add(31, 30, "prog", "prog", "/payload", kHostNet);
  host.add(32, 1, "late", "late", "/payload");
  host.find();
  EXPECT_EQ(host.owner(21), "ns1");
  EXPECT_EQ(host.owner(31), "bookworm");
  EXPECT_EQ(host.owner(32), "") << "a cgroup that two machines share is nobody's";
  EXPECT_EQ(host.container("bookworm").network_mode, "host");
}

TEST(SystemdServices, WithANetworkOfTheirOwn) {
  FakeHost host;
  host.add(20, 1, "quiet", "quiet", "/system.slice/quiet.service", 200);
  host.add(21, 1, "joiner", "joiner", "/system.slice/joiner.service", 200);
  host.add(22, 1, "plain", "plain", "/system.slice/plain.service");
  host.add(23, 1, "unshare", "unshare -n", "/user.slice/session-1.scope", 300);
  host.add(30, 1, "systemd-nspawn", "systemd-nspawn -M m -b", "/supervisor");
  host.add(31, 30, "systemd", "systemd", "/payload/init.scope", 400);
  host.add(32, 31, "quiet", "quiet", "/payload/system.slice/quiet.service", 500);
  host.add(33, 31, "plain", "plain", "/payload/system.slice/plain.service", 400);
  host.find();
  EXPECT_EQ(host.owner(20), "quiet.service");
  EXPECT_EQ(host.owner(21), "joiner.service");
  EXPECT_EQ(host.owner(22), "");
  EXPECT_EQ(host.owner(23), "");
  EXPECT_EQ(host.owner(32), "quiet.service@30");
  EXPECT_EQ(host.owner(33), "m");
  EXPECT_EQ(host.container("quiet.service").runtime, "systemd");
  EXPECT_EQ(host.container("joiner.service").net, net(200));
}

TEST(MininetNodes, AreNamedByTheirShells) {
  FakeHost host;
  host.add(20, 1, "mn", "/usr/bin/python3 /usr/bin/mn", "/");
  host.add(21, 20, "bash", "bash --norc --noediting -is mininet:h1", "/", 200);
  host.add(22, 20, "bash", "bash --norc --noediting -is mininet:s1", "/");
  host.add(23, 1, "iperf", "iperf -s", "/elsewhere", 200);
  host.add(24, 1, "other", "other", "/elsewhere");
  host.find();
  EXPECT_THAT(host.containers, ElementsAre(Field(&model::Container::name, "h1")));
  EXPECT_EQ(host.owner(21), "mininet:h1");
  EXPECT_EQ(host.owner(22), "");
  EXPECT_EQ(host.owner(23), "mininet:h1");
  EXPECT_EQ(host.owner(24), "");
}

TEST(RuncContainers, AreFoundByTheirState) {
  FakeHost host;
  host.add(13688, 1, "sleep", "/bin/sleep 1000", "/ronly", 200).start_ticks = 313715;
  host.add(13700, 1, "sleep", "runc exec'd", "/ronly", 200).start_ticks = 313800;
  host.kernel.add_file("/run/runc/ronly/state.json", fixture("runc-state.json"));
  host.kernel.add_file("/srv/bundle/config.json", fixture("runc-bundle.json"));
  host.kernel.add_file("/run/crun/stale/status",
                       R"({"pid":13688,"process-start-time":1,"bundle":"/srv/bundle"})");
  host.kernel.add_file("/run/crun/bad/status", "{");
  host.find();
  EXPECT_THAT(host.containers, SizeIs(1));
  EXPECT_EQ(host.container("ronly").runtime, "runc");
  EXPECT_THAT(host.container("ronly").labels, ElementsAre(model::KeyValue{"a", "b"}));
  EXPECT_EQ(host.owner(13688), "ronly");
  EXPECT_EQ(host.owner(13700), "ronly");
  EXPECT_THAT(host.diagnostics, SizeIs(1));
}

TEST(RuncContainers, OfAUserCannotTakeAnothersProcess) {
  FakeHost host;
  host.add(50, 1, "sshd", "sshd", "/system.slice/ssh.service");
  host.kernel.add_file("/run/user/1001/runc/mine/state.json", R"({"init_process_pid":50})");
  host.find();
  EXPECT_EQ(host.owner(50), "");
  EXPECT_THAT(host.containers, IsEmpty());
}

TEST(Containers, KnownByCgroupAlone) {
  FakeHost host;
  const std::string id(64, 'd');
  host.add(20, 1, "sh", "sh", "/somewhere/" + id, 200);
  host.find();
  EXPECT_EQ(host.owner(20), id);
  EXPECT_EQ(host.container(id).runtime, "oci");
}

TEST(Containers, SurviveARingOfParents) {
  FakeHost host;
  host.add(20, 21, "a", "a", "/docker/" + kWeb, 200);
  host.add(21, 20, "b", "b", "/");
  host.add(22, 22, "containerd-shim", "containerd-shim -namespace moby -id x", "/");
  host.find();
  EXPECT_EQ(host.owner(20), kWeb);
}

TEST(Containers, NoneCostNothing) {
  FakeHost host;
  for (int pid = 100; pid < 10100; ++pid) host.add(pid, 1, "worker", "worker", "/user.slice");
  host.find();
  EXPECT_THAT(host.containers, IsEmpty());
  EXPECT_EQ(host.owner(100), "");
}

}  // namespace
}  // namespace nsmap::collect
