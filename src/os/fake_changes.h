#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "os/change.h"
#include "os/fake_kernel.h"

namespace nsmap::os {

// Changes that happen in memory, for tests: each call is a line of `calls`, as "pin /run/netns/a",
// and those that make something make it in the FakeKernel. Calls fail as a test says.
class FakeChanges : public Changes {
 public:
  explicit FakeChanges(FakeKernel& kernel) : kernel_(kernel) {}

  std::vector<std::string> calls;
  std::map<std::string, int> failures;        // the line of a call, or its first word → errno
  std::map<std::string, std::string> within;  // root + path → content, for read_within
  std::vector<std::string> users{"root"};
  std::vector<int> statuses;  // of run_all, when its bodies are not to be called

  SysResult<UniqueFd> make_network_namespace() override {
    if (auto made = call("make_network_namespace"); !made) return tl::unexpected(made.error());
    const std::string path = fmt::format("/made/{}", ++made_);
    kernel_.add_namespace(path, NamespaceType::net, kFirstMade + made_);
    return kernel_.open(kNoDir, path.c_str(), 0);
  }
  SysResult<void> pin_namespace(Fd ns, const std::string& path) override {
    if (kernel_.stat(kNoDir, path.c_str())) return tl::unexpected(Errno{EEXIST});
    const auto status = kernel_.stat(ns, "");
    auto pinned = call("pin " + path);
    if (pinned && status) kernel_.add_namespace(path, NamespaceType::net, status->id.ino);
    return pinned;
  }
  SysResult<void> unpin_namespace(const std::string& path) override {
    return call("unpin " + path);
  }
  SysResult<void> share_directory(const std::string& path) override {
    return call("share " + path);
  }
  SysResult<void> enter(Fd, NamespaceType type) override {
    return call(fmt::format("enter {:x}", static_cast<int>(type)));
  }
  SysResult<void> unshare_user() override { return call("unshare_user"); }
  SysResult<void> make_private_directory(const std::string& path) override {
    return call("mkdir_private " + path);
  }
  SysResult<void> change_directory(const std::string& path) override { return call("cd " + path); }
  SysResult<void> make_directory(const std::string& path) override { return call("mkdir " + path); }
  SysResult<std::string> read_within(const std::string& root, const std::string& path,
                                     std::size_t) override {
    const auto found = within.find(root + "/" + path);
    if (found == within.end()) return tl::unexpected(Errno{ENOENT});
    return found->second;
  }
  SysResult<void> remove_file(const std::string& path) override { return call("rm " + path); }
  SysResult<void> remove_directory(const std::string& path) override {
    return call("rmdir " + path);
  }
  SysResult<void> write_setting(const std::string& path, std::string_view value) override {
    return call(fmt::format("set {} {}", path, value));
  }
  SysResult<void> append_file(const std::string& path, std::string_view text) override {
    return call(fmt::format("append {} {}", path, text));
  }
  SysResult<UniqueFd> lock_file(const std::string& path) override {
    return call("lock " + path).and_then([&] {
      kernel_.add_file(path, "");
      return kernel_.open(kNoDir, path.c_str(), 0);
    });
  }
  SysResult<Pid> start(const Program& program) override {
    return call(fmt::format("start {}", fmt::join(program.command, " "))).map([&] {
      return Pid(++started_);
    });
  }
  SysResult<Pid> keep(const std::string& name, const std::function<bool(Pid)>& noted) override {
    if (auto kept = call("keep " + name); !kept) return tl::unexpected(kept.error());
    const Pid pid(++started_);
    if (!noted(pid)) return tl::unexpected(Errno{ECANCELED});
    return pid;
  }
  SysResult<void> stop(Pid pid, std::uint64_t, int) override {
    return call(fmt::format("stop {}", pid.value));
  }
  SysResult<void> unshare_mounts() override { return call("unshare_mounts"); }
  SysResult<void> mount_sysfs() override { return call("mount_sysfs"); }
  SysResult<void> mount_tmpfs(const std::string& path) override { return call("tmpfs " + path); }
  SysResult<void> bind(const std::string& source, const std::string& target) override {
    return call(fmt::format("bind {} {}", source, target));
  }
  SysResult<void> bind_text(std::string_view text, const std::string& target) override {
    return call(fmt::format("bind_text {} {}", text, target));
  }
  SysResult<User> find_user(const std::string& user) override {
    for (const std::string& known : users)
      if (known == user) return User{user, Uid(7), 7, "/bin/fake"};
    return tl::unexpected(Errno{ENOENT});
  }
  SysResult<void> become(const User& user) override { return call("become " + user.name); }
  // A program that is executed ends with no error.
  Errno execute(const std::vector<std::string>& command) override {
    const auto done = call(fmt::format("execute {}", fmt::join(command, " ")));
    return done ? Errno{} : done.error();
  }
  SysResult<std::vector<int>> run_all(
      std::size_t count, std::size_t, const std::function<int(std::size_t)>& body,
      const std::function<bool(std::size_t, Stream, std::string_view)>&) override {
    std::vector<int> ended = statuses;
    for (std::size_t i = ended.size(); i < count; ++i) ended.push_back(body(i));
    return ended;
  }

 private:
  static constexpr std::uint64_t kFirstMade = 5000;

  SysResult<void> call(const std::string& line) {
    const std::scoped_lock lock(mutex_);
    calls.push_back(line);
    for (const std::string& known : {line, line.substr(0, line.find(' '))})
      if (const auto found = failures.find(known); found != failures.end())
        return tl::unexpected(Errno{found->second});
    return {};
  }

  FakeKernel& kernel_;
  std::mutex mutex_;
  std::uint64_t made_ = 0;
  std::int32_t started_ = 100;
};

}  // namespace nsmap::os
