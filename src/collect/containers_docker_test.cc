#include "collect/containers_fake_host.h"

namespace nsmap::collect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(DockerContainers, AreDescribedByTheirFiles) {
  DockerHost host;
  host.add_files();
  host.find();
  expect_web(host);
  const model::Container web = host.container(kWeb);
  EXPECT_EQ(web.network_mode, "default");
  EXPECT_THAT(web.labels, ElementsAre(model::KeyValue{"com.docker.compose.project", "shop"},
                                      model::KeyValue{"evil", "\"><script>"}));
  EXPECT_THAT(web.ports, ElementsAre(model::PublishedPort{"udp", "0.0.0.0", 5353, 53},
                                     model::PublishedPort{"udp", "::", 5353, 53},
                                     model::PublishedPort{"tcp", "127.0.0.1", 18080, 80}));
  EXPECT_THAT(host.diagnostics, IsEmpty());
}

TEST(DockerContainers, OfADaemonInAnotherMountNamespace) {
  DockerHost host;
  host.kernel.add_link("/proc/10/root", "/elsewhere");
  host.kernel.add_link("/proc/20/root", "/elsewhere");
  host.add_files("/elsewhere");
  host.find();
  expect_web(host);
}

TEST(DockerContainers, AreAskedForWhenFilesAreRefused) {
  DockerHost host;
  host.kernel.refuse("/proc/20/cwd", EACCES);
  host.kernel.refuse("/proc/20/root", EACCES);
  host.kernel.refuse("/proc/10/root", EACCES);
  host.kernel.unix_answers["/run/other.sock"] =
      "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"
      R"([{"Id":")" +
      kWeb +
      R"(","Names":["/web"],"Image":"bb:1","Labels":{"a":"b"},)"
      R"("HostConfig":{"NetworkMode":"app"},)"
      R"("Ports":[{"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},)"
      R"({"PrivatePort":81,"Type":"tcp"},{"PrivatePort":81,"PublicPort":99999,"Type":"tcp"}]},)"
      R"({"Id":"../../etc"},7])";
  host.find();
  expect_web(host);
  EXPECT_EQ(host.container(kWeb).network_mode, "app");
  EXPECT_THAT(host.container(kWeb).ports, ElementsAre(model::PublishedPort{"tcp", "::", 8080, 80}));
  EXPECT_GT(host.refused(), 0u);
}

TEST(DockerContainers, ThatNothingNamesAreReported) {
  DockerHost host;
  host.kernel.unix_answers["/run/docker.sock"] = "HTTP/1.0 500 no\r\n\r\n{\"message\":";
  host.find();
  EXPECT_EQ(host.container(kWeb).name, "");
  EXPECT_EQ(host.owner(21), kWeb);
  EXPECT_THAT(host.diagnostics, SizeIs(1));
}

TEST(DockerContainers, WithFilesGoneBadKeepTheirProcesses) {
  for (const std::string& bad :
       {std::string("{"), std::string("[1,2]"), std::string("null"), std::string(9u << 20, ' '),
        std::string(50000, '['), std::string(R"({"ID":"another's","Name":"/another"})")}) {
    DockerHost host;
    host.add_files();
    host.kernel.add_file("/srv/docker/containers/" + kWeb + "/config.v2.json", bad);
    host.find();
    EXPECT_EQ(host.owner(21), kWeb);
    EXPECT_EQ(host.container(kWeb).name, "");
    EXPECT_THAT(host.container(kWeb).ports, IsEmpty());
  }
}

TEST(DockerContainers, TakeNoValueOfAWrongType) {
  DockerHost host;
  host.add_files();
  host.kernel.add_file(
      "/srv/docker/containers/" + kWeb + "/config.v2.json",
      R"({"ID":")" + kWeb +
          R"(","Name":7,"Config":[],"NetworkSettings":{"Ports":{)"
          R"("x":[{}],"80/tcp":{},"1/tcp":[{"HostPort":"0"}],"2":[{"HostPort":"1"}],)"
          R"("3/tcp":[{"HostPort":"70000"}],"4/tcp":[{"HostPort":4}]}}})");
  host.kernel.add_file("/srv/docker/containers/" + kWeb + "/hostconfig.json", "[]");
  host.find();
  EXPECT_EQ(host.container(kWeb).name, "");
  EXPECT_THAT(host.container(kWeb).ports, IsEmpty());
}

TEST(DockerContainers, NestInOneAnother) {
  DockerHost host;
  host.add_files();
  const std::string inner(64, 'c');
  host.add(30, 21, "dockerd", "dockerd", "/docker/" + kWeb, 200);
  host.add(31, 30, "containerd-shim",
           "containerd-shim-runc-v2 -namespace moby -id " + inner + " -address x",
           "/docker/" + kWeb, 200);
  host.add(32, 31, "sh", "sh", "/docker/" + kWeb + "/docker/" + inner, 300);
  host.add(33, 32, "sleep", "sleep 1", "/docker/" + kWeb, 300);  // stayed in the outer cgroup
  host.find();
  EXPECT_EQ(host.owner(31), kWeb);
  EXPECT_EQ(host.owner(32), inner);
  EXPECT_EQ(host.owner(33), inner);
  EXPECT_EQ(host.container(inner).net, net(300));
}

TEST(DockerContainers, AreNotTakenOverByAFalseShim) {
  for (const bool by_user : {true, false}) {
    DockerHost host;
    host.add_files();
    host.add_shim(5, "moby", kWeb, "/tmp/false");
    host.processes.back().uid = Uid(by_user ? 1001 : 0);
    host.processes.back().cgroup = by_user ? "/user.slice" : "/docker/" + std::string(64, 'e');
    host.add(6, 5, "evil", "evil", host.processes.back().cgroup, 300);
    host.find();
    expect_web(host);
    EXPECT_NE(host.owner(6), kWeb);
  }
}

}  // namespace
}  // namespace nsmap::collect
