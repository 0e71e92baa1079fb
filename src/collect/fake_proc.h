#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "collect/registry.h"
#include "collect/report.h"
#include "os/fake_kernel.h"

namespace nsmap::collect {

// Puts processes into the /proc of a fake kernel, for tests.
struct FakeProcess {
  int pid = 0;
  std::uint64_t net = 100;
  std::uint64_t mnt = 50;
  std::uint64_t pid_ns = 40;
  std::uint64_t user = 30;
  std::string comm = "app";
  std::string command = {"/bin/app\0-v\0", 12};
  char state = 'S';
  int threads = 1;
  unsigned flags = 0;
};

inline void add_namespaces(os::FakeKernel& kernel, const std::string& dir,
                           const FakeProcess& process) {
  kernel.add_namespace(dir + "/ns/net", os::NamespaceType::net, process.net);
  kernel.add_namespace(dir + "/ns/mnt", os::NamespaceType::mount, process.mnt);
  kernel.add_namespace(dir + "/ns/pid", os::NamespaceType::pid, process.pid_ns);
  kernel.add_namespace(dir + "/ns/user", os::NamespaceType::user, process.user);
  kernel.add_file(dir + "/cgroup", "0::/user.slice\n");
  kernel.add_file(dir + "/cmdline", process.command);
  kernel.add_directory(dir + "/fd");
}

inline std::string fake_stat(const FakeProcess& process) {
  return fmt::format("{} ({}) {} 1 1 1 0 -1 {} 1 2 3 4 5 6 7 8 20 0 {} 0 {} 1 2\n", process.pid,
                     process.comm, process.state, process.flags, process.threads,
                     1000 + process.pid);
}

inline void add_process(os::FakeKernel& kernel, const FakeProcess& process) {
  const std::string dir = fmt::format("/proc/{}", process.pid);
  kernel.add_file(dir + "/stat", fake_stat(process));
  kernel.add_link(dir + "/root", "/");
  kernel.add_file(dir + "/mountinfo", "");
  kernel.add_directory(fmt::format("{}/task/{}", dir, process.pid));
  add_namespaces(kernel, dir, process);
}

// nsmap itself, which every search asks for its own namespaces.
inline void add_self(os::FakeKernel& kernel, const FakeProcess& process) {
  add_process(kernel, process);
  kernel.add_link("/proc/self", fmt::format("{}", process.pid),
                  fmt::format("/proc/{}", process.pid));
  kernel.add_directory("/proc/thread-self");
}

// A thread of a process that was added before.
inline void add_thread(os::FakeKernel& kernel, int tid, const FakeProcess& of, bool own_files) {
  const std::string dir = fmt::format("/proc/{}/task/{}", of.pid, tid);
  add_namespaces(kernel, dir, of);
  if (!own_files) kernel.shared_files.insert({of.pid, tid});
}

// A fake kernel in which nsmap is process 5, and what a search of its /proc leaves behind.
class OnFakeProc : public testing::Test {
 protected:
  static constexpr std::uint64_t kDev = os::FakeKernel::kNsfsDev;

  OnFakeProc() { add_self(kernel, {.pid = 5, .comm = "nsmap"}); }

  const FoundNamespace* find(std::uint64_t ino) {
    for (const FoundNamespace* found : registry.all())
      if (found->id.ino == ino) return found;
    return nullptr;
  }
  std::vector<model::Holder> holders_of(std::uint64_t ino) {
    const FoundNamespace* found = find(ino);
    return found ? found->holders : std::vector<model::Holder>{};
  }
  // Of one source, once the report is finished.
  model::Coverage row(const std::string& source) {
    for (const auto& one : coverage)
      if (one.source == source) return one;
    return {};
  }

  os::FakeKernel kernel;
  Registry registry{kernel};
  Report report;
  std::vector<model::Coverage> coverage;
  std::vector<model::Diagnostic> diagnostics;
};

}  // namespace nsmap::collect
