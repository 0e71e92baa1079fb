#include "collect/containers_cgroup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsmap::collect {
namespace {

const std::string kA(64, 'a');
const std::string kB(64, 'b');

std::vector<CgroupContainer> containers(const std::string& path) {
  return parse_cgroup(path).containers;
}

using List = std::vector<CgroupContainer>;

TEST(Cgroup, NamesItsContainer) {
  EXPECT_EQ(containers("/docker/" + kA), (List{{"docker", kA}}));
  EXPECT_EQ(containers("/system.slice/docker-" + kA + ".scope"), (List{{"docker", kA}}));
  EXPECT_EQ(containers("/libpod_parent/libpod-" + kA), (List{{"podman", kA}}));
  EXPECT_EQ(containers("/machine.slice/libpod-" + kA + ".scope/container"), (List{{"podman", kA}}));
  EXPECT_EQ(containers("/kubepods/besteffort/podx/crio-" + kA), (List{{"cri-o", kA}}));
  EXPECT_EQ(containers("/default/nerdctl-" + kA + ".scope"), (List{{"containerd", kA}}));
  EXPECT_EQ(containers("/lxc.payload.web/system.slice"), (List{{"lxc", "web"}}));
  EXPECT_EQ(containers("/lxc/web"), (List{{"lxc", "web"}}));
  EXPECT_EQ(containers("/machine.slice/machine-my\\x2dhost.scope"), (List{{"nspawn", "my-host"}}));
  EXPECT_EQ(containers("/machine.slice/systemd-nspawn@deb.service/payload"),
            (List{{"nspawn", "deb"}}));
  EXPECT_EQ(containers("/anything/" + kA), (List{{"", kA}}));
}

TEST(Cgroup, NestsOutermostFirst) {
  EXPECT_EQ(containers("/docker/" + kA + "/docker/" + kB), (List{{"docker", kA}, {"docker", kB}}));
}

TEST(Cgroup, IsNoContainerOfItsOwn) {
  for (const std::string& path :
       {std::string("/"), std::string(""), "/machine.slice/libpod-conmon-" + kA + ".scope",
        "/kubepods.slice/crio-conmon-" + kA + ".scope", std::string("/lxc.monitor.web"),
        std::string("/lxc/.."), std::string("/lxc.payload.a\\x2fb"), "/docker/" + kA + "0",
        std::string("/docker/abc"), std::string("/user.slice/session-1.scope")})
    EXPECT_EQ(containers(path), List{}) << path;
}

TEST(Cgroup, NamesItsPod) {
  const std::string uid = "0a1b2c3d-0000-1111-2222-333344445555";
  auto facts = parse_cgroup("/kubepods/burstable/pod" + uid + "/" + kA);
  EXPECT_EQ(facts.pod_uid, uid);
  EXPECT_EQ(facts.containers, (List{{"", kA}}));
  facts = parse_cgroup(
      "/kubepods.slice/kubepods-burstable.slice/"
      "kubepods-burstable-pod0a1b2c3d_0000_1111_2222_333344445555.slice/cri-containerd-" +
      kA + ".scope");
  EXPECT_EQ(facts.pod_uid, uid);
  EXPECT_EQ(facts.containers, (List{{"containerd", kA}}));
  facts = parse_cgroup(
      "/system.slice/kubepods-pod0a1b2c3d_0000_1111_2222_333344445555.slice:"
      "cri-containerd:" +
      kA);
  EXPECT_EQ(facts.containers, (List{{"", kA}}));
  EXPECT_EQ(parse_cgroup("/podman/" + kA).pod_uid, "");
}

TEST(Cgroup, PodmansPodIsNoContainer) {
  const auto facts = parse_cgroup("/libpod_parent/" + kA + "/libpod-" + kB);
  EXPECT_EQ(facts.podman_pod, kA);
  EXPECT_EQ(facts.containers, (List{{"podman", kB}}));
  EXPECT_EQ(
      parse_cgroup("/machine.slice/machine-libpod_pod_" + kA + ".slice/libpod-" + kB + ".scope"),
      facts);
}

TEST(Cgroup, UnitIsTheInnermostOutsideOfAContainer) {
  EXPECT_EQ(parse_cgroup("/system.slice/quiet.service").unit, "quiet.service");
  EXPECT_EQ(parse_cgroup("/user.slice/user@1.service/app.slice/a\\x2db.service").unit,
            "a-b.service");
  EXPECT_EQ(parse_cgroup("/system.slice/docker.service/docker/" + kA).unit, "");
  EXPECT_EQ(parse_cgroup("/lxc.payload.c/system.slice/x.service").unit, "x.service");
}

TEST(Cgroup, SafeIdsMakeNoPath) {
  EXPECT_TRUE(is_safe_id("web-1_x.y"));
  for (const char* bad : {"", ".", "..", "a/b", "a b", "\x1b[0m", "é"})
    EXPECT_FALSE(is_safe_id(bad)) << bad;
  EXPECT_FALSE(is_safe_id(std::string(256, 'a')));
}

}  // namespace
}  // namespace nsmap::collect
