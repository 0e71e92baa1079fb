#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "collect/containers.h"
#include "os/fake_kernel.h"

// Hosts with one runtime each, made of state files that real ones left (tests/fixtures/containers).

namespace nsmap::collect {

inline constexpr std::uint64_t kHostNet = 100;

inline std::string fixture(const std::string& name) {
  std::ifstream file(std::string(NSMAP_TESTS_DIR "/fixtures/containers/") + name);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

struct FakeHost {
  os::FakeKernel kernel;
  std::vector<model::Process> processes;
  std::vector<model::Container> containers;
  std::vector<model::Coverage> coverage;
  std::vector<model::Diagnostic> diagnostics;

  FakeHost() { add(1, 0, "systemd", "/sbin/init", "/init.scope"); }

  model::Process& add(int pid, int parent, const std::string& comm, const std::string& command,
                      const std::string& cgroup, std::uint64_t net = kHostNet) {
    model::Process process;
    process.pid = Pid(pid);
    process.parent = Pid(parent);
    process.comm = comm;
    process.command = command;
    process.cgroup = cgroup;
    process.net = model::NetnsId{os::FakeKernel::kNsfsDev, net};
    process.start_ticks = static_cast<std::uint64_t>(pid);
    kernel.add_link(fmt::format("/proc/{}/root", pid), "/");
    return processes.emplace_back(process);
  }

  void add_shim(int pid, const std::string& ns, const std::string& id, const std::string& state) {
    add(pid, 1, "containerd-shim",
        fmt::format("/usr/bin/containerd-shim-runc-v2 -namespace {} -id {} -address {}.sock", ns,
                    id, state),
        "/system.slice/containerd.service");
    kernel.add_link(fmt::format("/proc/{}/cwd", pid),
                    fmt::format("{}/io.containerd.runtime.v2.task/{}/{}", state, ns, id));
  }

  void find() {
    std::sort(processes.begin(), processes.end(),
              [](const auto& a, const auto& b) { return a.pid < b.pid; });
    Report report;
    containers = find_containers(kernel, processes, report);
    report.finish(coverage, diagnostics);
    std::set<std::string> ids;
    for (const auto& container : containers) EXPECT_TRUE(ids.insert(container.id).second);
  }

  model::Container container(const std::string& id) const {
    for (const auto& found : containers)
      if (found.id == id) return found;
    ADD_FAILURE() << "no container " << id;
    return {};
  }

  std::string owner(int pid) const {
    for (const auto& process : processes)
      if (process.pid == Pid(pid)) return process.container;
    return "no such process";
  }

  std::uint64_t refused() const {
    std::uint64_t sum = 0;
    for (const auto& row : coverage) sum += row.refused;
    return sum;
  }
};

inline model::NetnsId net(std::uint64_t ino) { return {os::FakeKernel::kNsfsDev, ino}; }

inline const std::string kWeb = "9e1f22be0ec991da3e47ecc881a14b886c5289d086e7ce89ed0077e5b284d6c7";
inline const std::string kTask =
    "/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/";

struct DockerHost : FakeHost {
  DockerHost() {
    add(10, 1, "dockerd", "/usr/sbin/dockerd -H unix:///run/other.sock", "/system.slice/d.service");
    add_shim(20, "moby", kWeb, "/run/docker/containerd/daemon");
    add(21, 20, "httpd", "/bin/httpd -f", "/docker/" + kWeb, 200);
    add(22, 20, "sleep", "/bin/sleep 9", "/docker/" + kWeb, 200);  // docker exec
  }
  void add_files(const std::string& viewer = "") {
    kernel.add_file(viewer + kTask + kWeb + "/config.json", fixture("docker-bundle.json"));
    const std::string directory = viewer + "/srv/docker/containers/" + kWeb;
    kernel.add_file(directory + "/config.v2.json", fixture("docker-config.v2.json"));
    kernel.add_file(directory + "/hostconfig.json", fixture("docker-hostconfig.json"));
  }
};

inline void expect_web(const DockerHost& host) {
  const model::Container web = host.container(kWeb);
  EXPECT_EQ(web.name, "web");
  EXPECT_EQ(web.runtime, "docker");
  EXPECT_EQ(web.image, "bb:1");
  EXPECT_EQ(web.pid, Pid(21));
  EXPECT_EQ(web.net, net(200));
  EXPECT_EQ(web.user, std::nullopt);
  EXPECT_EQ(host.owner(21), kWeb);
  EXPECT_EQ(host.owner(22), kWeb);
  EXPECT_EQ(host.owner(20), "");
}

}  // namespace nsmap::collect
