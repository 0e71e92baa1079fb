#include "collect/sweep_process.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "base/text.h"
#include "os/procfs.h"

namespace nsmap::collect {
namespace {

constexpr std::size_t kMostCommand = 4096;  // bytes of a command line

// The process, or thread, is no more: /proc says ENOENT where the entry is gone and ESRCH where it
// was opened before.
bool is_gone(int error) { return error == ENOENT || error == ESRCH; }

// A path made of a number without an allocation.
struct NumberPath {
  explicit NumberPath(Pid pid, std::string_view rest = {}) {
    *fmt::format_to_n(text, sizeof text - 1, "{}{}", pid.value, rest).out = '\0';
  }
  char text[40];
};

// A process in the making: what it is seen through is its own directory in /proc or, where its
// first thread has exited before the others, that of a living thread.
struct Subject {
  UniqueFd dir;   // /proc/PID
  UniqueFd view;  // /proc/PID/task/TID; invalid: `dir`
  Pid tid;        // whose directory the view is
  model::Process process;

  Fd through() const { return view.valid() ? view : dir; }
};

class Sweeper {
 public:
  Sweeper(const SweepShared& shared, SweepPart& part)
      : kernel_(shared.kernel), shared_(shared), part_(part) {}

  void sweep(Pid pid) {
    const std::int64_t start = kernel_.boottime_ns();
    Subject subject;
    subject.tid = pid;
    subject.process.pid = pid;
    const bool living = read_process(subject);
    part_.proc.took_ns += kernel_.boottime_ns() - start;
    const model::Process& process = subject.process;
    if (living && pid != shared_.self) {
      if (process.net && process.threads > 1) sweep_threads(subject);
      sweep_descriptors(kernel_, part_, subject.through(), pid, subject.tid);
    }
    if (living || process.zombie) part_.processes.push_back(std::move(subject.process));
  }

 private:
  // Whether it is a living process, with all that is worth reading.
  bool read_process(Subject& subject) {
    model::Process& process = subject.process;
    auto dir = kernel_.open(shared_.proc, NumberPath(process.pid).text, O_PATH | O_DIRECTORY);
    if (!dir) return refuse(part_.proc, process.pid, dir.error());
    subject.dir = std::move(*dir);
    if (!read_stat(subject)) return false;
    ++part_.proc.looked_at;
    if (const auto stat = kernel_.stat(subject.dir, "")) process.uid = Uid(stat->uid);
    const bool first_lives = !process.zombie && read_network_namespace(subject);
    if (!first_lives && !(find_living_thread(subject) && read_network_namespace(subject)))
      return false;
    if (subject.process.net) read_other_namespaces(subject);  // else they are refused alike
    read_texts(subject);
    return true;
  }

  bool refuse(SweepCount& count, Pid pid, Errno error) {
    count.refuse(pid, error.value);
    return false;
  }

  // Whether it is a process at all: kernel threads are not.
  bool read_stat(Subject& subject) {
    model::Process& process = subject.process;
    const auto text = kernel_.read_once(subject.dir, "stat", part_.buffer);
    if (!text) return refuse(part_.proc, process.pid, text.error());
    const auto stat = os::parse_stat(*text);
    if (!stat || stat->kernel_thread || stat->state == 'X') return false;
    process.parent = stat->parent;
    process.comm = clean_text(stat->comm);
    process.start_ticks = stat->start_ticks;
    process.threads = stat->threads;
    process.zombie = stat->state == 'Z';
    return true;
  }

  // A process whose first thread has exited, or is about to, looks like a zombie, and nothing can
  // be read through it, but it lives on in its other threads.
  bool find_living_thread(Subject& subject) {
    if (subject.process.threads < 2) return false;
    const auto tasks = kernel_.open(subject.dir, "task", O_RDONLY | O_DIRECTORY);
    if (!tasks) return false;
    for_each_thread(*tasks, [&](Pid tid) {
      if (tid == subject.process.pid || subject.view.valid()) return;
      if (!namespace_inode(*tasks, NumberPath(tid, "/ns/net").text)) return;
      auto view = kernel_.open(*tasks, NumberPath(tid).text, O_PATH | O_DIRECTORY);
      if (!view) return;
      subject.view = std::move(*view);
      subject.tid = tid;
    });
    if (subject.view.valid()) subject.process.zombie = false;
    return subject.view.valid();
  }

  template <typename Visit>
  void for_each_thread(Fd tasks, Visit visit) {
    // A failure means that the process is gone.
    static_cast<void>(kernel_.for_each_entry(tasks, [&](const char* name) {
      if (const auto tid = os::parse_pid(name)) visit(*tid);
    }));
  }

  SysResult<Inode> namespace_inode(Fd dir, const char* path) {
    const auto text = kernel_.read_link_into(dir, path, part_.buffer);
    if (!text) return tl::unexpected(text.error());
    const auto link = os::parse_namespace_link(*text);
    if (!link) return tl::unexpected(Errno{EINVAL});
    return link->ino;
  }

  // False when the process is gone; without permission its namespace stays unknown.
  bool read_network_namespace(Subject& subject) {
    model::Process& process = subject.process;
    const auto ino = namespace_inode(subject.through(), "ns/net");
    if (!ino && is_gone(ino.error().value)) return false;
    if (!ino) {
      part_.proc.refuse(process.pid, ino.error().value);
      return true;
    }
    model::Holder holder;
    holder.pid = process.pid;
    if (subject.view.valid()) {
      holder.kind = model::HolderKind::thread;
      holder.tid = subject.tid;
    }
    process.net = note(subject.through(), "ns/net", *ino, holder);
    return process.net.has_value();
  }

  // Notes the holder of the namespace at a path, whose link has just been read. Nothing when it is
  // gone meanwhile.
  std::optional<model::NetnsId> note(Fd dir, const char* path, Inode ino,
                                     const model::Holder& holder) {
    const model::NetnsId id{shared_.nsfs_dev, ino.value};
    if (part_.pinned.contains(ino.value)) {
      shared_.registry.add(id, holder);
      return id;
    }
    auto ns = kernel_.open(dir, path, O_RDONLY);
    if (!ns && is_gone(ns.error().value)) return std::nullopt;
    if (!ns) {
      shared_.registry.add(id, holder, true);
      part_.proc.refuse(*holder.pid, ns.error().value);
      return id;
    }
    const auto opened = shared_.registry.add(std::move(*ns), holder);
    if (opened) part_.pinned.insert(opened->ino);
    return opened;
  }

  void read_other_namespaces(Subject& subject) {
    model::Process& process = subject.process;
    const auto read = [&](const char* path) {
      const auto ino = namespace_inode(subject.through(), path);
      return ino ? std::optional(*ino) : std::nullopt;
    };
    process.mnt_ns = read("ns/mnt");
    process.pid_ns = read("ns/pid");
    process.user_ns = read("ns/user");
    if (!process.pid_ns || process.pid_ns == shared_.pid_ns) return;
    if (const auto status = kernel_.read_once(subject.through(), "status", part_.buffer))
      process.ns_pid = os::parse_own_pid(*status);
  }

  void read_texts(Subject& subject) {
    model::Process& process = subject.process;
    if (const auto cgroup = kernel_.read_once(subject.through(), "cgroup", part_.buffer))
      process.cgroup = clean_text(os::parse_cgroup(*cgroup));
    const std::span<char> space(part_.buffer.data(), kMostCommand);
    const auto command = kernel_.read_once(subject.through(), "cmdline", space);
    if (!command) return;
    // The arguments end in NUL; a title written over them (setproctitle) may leave blanks behind.
    const std::size_t size = command->find_last_not_of(std::string_view("\0 ", 2)) + 1;
    std::replace(space.begin(), space.begin() + static_cast<std::ptrdiff_t>(size), '\0', ' ');
    process.command = clean_text(command->substr(0, size), kMostCommand);
  }

  // Looks for threads that are elsewhere than their process, and for such as have a descriptor
  // table of their own.
  void sweep_threads(const Subject& subject) {
    const std::int64_t start = kernel_.boottime_ns();
    const std::int64_t descriptors_before = part_.fd.took_ns;
    if (const auto tasks = kernel_.open(subject.dir, "task", O_RDONLY | O_DIRECTORY)) {
      Pid last_table = subject.tid;
      for_each_thread(*tasks, [&](Pid tid) {
        if (tid == subject.tid || tid == subject.process.pid) return;
        ++part_.task.looked_at;
        find_thread_elsewhere(subject, *tasks, tid);
        find_own_table(subject, *tasks, tid, last_table);
      });
    }
    part_.task.took_ns += kernel_.boottime_ns() - start - (part_.fd.took_ns - descriptors_before);
  }

  void find_thread_elsewhere(const Subject& subject, Fd tasks, Pid tid) {
    const NumberPath path(tid, "/ns/net");
    const auto ino = namespace_inode(tasks, path.text);
    if (!ino) {
      part_.task.refuse(subject.process.pid, ino.error().value);
      return;
    }
    if (ino->value == subject.process.net->ino) return;
    model::Holder holder;
    holder.kind = model::HolderKind::thread;
    holder.pid = subject.process.pid;
    holder.tid = tid;
    if (note(tasks, path.text, *ino, holder)) ++part_.task.found;
  }

  // Threads with a table of their own mostly come alone or share it with the one created before:
  // comparing with these two keeps the cost linear. A table met twice is swept twice, no more.
  void find_own_table(const Subject& subject, Fd tasks, Pid tid, Pid& last_table) {
    for (const Pid known : {subject.tid, last_table}) {
      const auto same = kernel_.share_files(known, tid);
      if (!same) return note_failed_comparison(subject.process.pid, same.error().value);
      if (*same) return;
      if (last_table == subject.tid) break;
    }
    last_table = tid;
    if (const auto dir = kernel_.open(tasks, NumberPath(tid).text, O_PATH | O_DIRECTORY))
      sweep_descriptors(kernel_, part_, *dir, subject.process.pid, tid);
  }

  void note_failed_comparison(Pid pid, int error) {
    if (error == ENOSYS)
      part_.without_kcmp = true;
    else
      part_.fd.refuse(pid, error);
  }

  os::Kernel& kernel_;
  const SweepShared& shared_;
  SweepPart& part_;
};

}  // namespace

void SweepCount::refuse(Pid pid, int why) {
  if (is_gone(why)) return;
  if (refused++ == 0 || pid < first_refused) {
    first_refused = pid;
    error = why;
  }
}

void SweepCount::merge(const SweepCount& other) {
  looked_at += other.looked_at;
  found += other.found;
  took_ns += other.took_ns;
  if (other.refused == 0) return;
  if (refused == 0 || other.first_refused < first_refused) {
    first_refused = other.first_refused;
    error = other.error;
  }
  refused += other.refused;
}

void sweep_process(const SweepShared& shared, SweepPart& part, Pid pid) {
  Sweeper(shared, part).sweep(pid);
}

}  // namespace nsmap::collect
