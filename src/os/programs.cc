#include "os/programs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include "os/call.h"
#include "os/files.h"
#include "os/procfs.h"

namespace nsmap::os {
namespace {

constexpr int kBySignal = 128;  // as sh(1) counts

std::vector<char*> pointers(const std::vector<std::string>& command) {
  std::vector<char*> result;
  result.reserve(command.size() + 1);
  for (const std::string& word : command) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

// Only async-signal-safe calls from here: there may be other threads where a fork was made.
void restore(const Inherited& before) {
  ::sigaction(SIGPIPE, &before.broken_pipe, nullptr);
  ::setrlimit(RLIMIT_NOFILE, &before.descriptors);
}

// --- starting ------------------------------------------------------------------------------------

// What the new process does before the program; false: errno says why not.
bool settle(const Program& program) {
  constexpr mode_t kLogMode = 0644;
  if (program.net.valid() && ::setns(program.net.get(), CLONE_NEWNET) != 0) return false;
  if (program.detached) {
    const int null = ::open("/dev/null", O_RDONLY);
    if (::setsid() < 0 || null < 0 || ::dup2(null, STDIN_FILENO) < 0) return false;
    if (null != STDIN_FILENO) ::close(null);
  }
  if (program.log.empty()) return true;
  const int log =
      ::open(program.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, kLogMode);
  return log >= 0 && ::dup2(log, STDOUT_FILENO) >= 0 && ::dup2(log, STDERR_FILENO) >= 0;
}

[[noreturn]] void be_program(const Program& program, const std::vector<char*>& arguments,
                             const Inherited& before, int failed) {
  if (settle(program)) {
    restore(before);
    for (const std::string& variable : program.environment)
      ::putenv(const_cast<char*>(variable.c_str()));
    ::execvp(arguments[0], arguments.data());
  }
  const int error = errno;
  (void)!::write(failed, &error, sizeof error);
  ::_exit(127);
}

// --- ending --------------------------------------------------------------------------------------

std::optional<ProcStat> stat_of(std::string_view pid, std::string& buffer) {
  constexpr std::size_t kLongest = 4096;
  auto text = read_whole(fmt::format("/proc/{}/stat", pid), kLongest);
  if (!text) return std::nullopt;
  buffer = std::move(*text);
  return parse_stat(buffer);
}

bool ended(const ProcStat& stat) { return stat.state == 'Z' || stat.state == 'X'; }

// Pidfds of the processes of a session that still run.
std::vector<UniqueFd> members_of(Pid session) {
  std::vector<UniqueFd> members;
  const auto names = real_kernel().list(kNoDir, "/proc");
  if (!names) return members;
  for (const std::string& name : *names) {
    const auto pid = parse_pid(name);
    std::string buffer;
    const auto is_member = [&] {
      const auto stat = stat_of(name, buffer);
      return stat && !ended(*stat) && stat->session == session;
    };
    if (!pid || !is_member()) continue;
    auto pidfd = real_kernel().pidfd_open(*pid);
    // The number may have become another process's in between; the descriptor holds it.
    if (pidfd && is_member()) members.push_back(std::move(*pidfd));
  }
  return members;
}

void signal_all(const std::vector<UniqueFd>& processes, int signal) {
  for (const UniqueFd& pidfd : processes)
    ::syscall(SYS_pidfd_send_signal, pidfd.borrow().get(), signal, nullptr, 0);
}

using Clock = std::chrono::steady_clock;

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::max<std::int64_t>(left, 0));
}

// Whether all ended in time: a pidfd becomes readable when its process does.
bool wait_for_all(const std::vector<UniqueFd>& processes, Clock::time_point deadline) {
  return std::ranges::all_of(processes, [&](const UniqueFd& pidfd) {
    pollfd waiting{pidfd.borrow().get(), POLLIN, 0};
    return ::poll(&waiting, 1, milliseconds_until(deadline)) > 0;
  });
}

// Sends a signal to a session until none of it is left, or time is up.
bool end_session(Pid session, int signal, int patience_ms) {
  const auto deadline = Clock::now() + std::chrono::milliseconds(patience_ms);
  for (;;) {
    const auto members = members_of(session);
    if (members.empty()) return true;
    signal_all(members, signal);
    if (!wait_for_all(members, deadline)) return false;
  }
}

// --- running side by side
// --------------------------------------------------------------------------

struct Job {
  std::size_t at = 0;
  ::pid_t pid = 0;
  std::array<UniqueFd, 2> from;  // by Stream
  bool open() const { return from[0].valid() || from[1].valid(); }
};

[[noreturn]] void be_job(Pipe& out, Pipe& err, const std::function<int()>& body) {
  out.read.reset();
  err.read.reset();
  // Ends with the one that reads what it writes.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ::dup2(null.borrow().get(), STDIN_FILENO);
  ::dup2(out.write.borrow().get(), STDOUT_FILENO);
  ::dup2(err.write.borrow().get(), STDERR_FILENO);
  ::_exit(body());
}

SysResult<Job> begin_job(std::size_t at, const std::function<int(std::size_t)>& body) {
  auto out = make_pipe();
  auto err = make_pipe();
  if (!out || !err) return failure(out ? err.error().value : out.error().value);
  const ::pid_t pid = ::fork();
  if (pid < 0) return failure();
  if (pid == 0) be_job(*out, *err, [&] { return body(at); });
  return Job{at, pid, {std::move(out->read), std::move(err->read)}};
}

int status_of(::pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? kBySignal + WTERMSIG(status) : WEXITSTATUS(status);
}

using Output = std::function<bool(std::size_t, Stream, std::string_view)>;

// Passes on what a stream has; closes it at its end, or when nobody wants more of it.
void read_from(Job& job, std::size_t stream, const Output& output) {
  std::array<char, 65536> buffer;
  const ssize_t got = ::read(job.from[stream].borrow().get(), buffer.data(), buffer.size());
  if (got < 0 && errno == EINTR) return;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (text.empty() || !output(job.at, static_cast<Stream>(stream), text)) job.from[stream].reset();
}

// Waits until some of the jobs have written or ended, and reads from those.
void read_from_all(std::vector<Job>& jobs, const Output& output) {
  std::vector<pollfd> waiting;
  for (const Job& job : jobs)
    for (const UniqueFd& from : job.from) waiting.push_back({from.borrow().get(), POLLIN, 0});
  if (::poll(waiting.data(), waiting.size(), -1) <= 0) return;
  for (std::size_t i = 0; i < waiting.size(); ++i)
    if (waiting[i].revents != 0) read_from(jobs[i / 2], i % 2, output);
}

}  // namespace

Inherited inherited() {
  Inherited now;
  ::sigaction(SIGPIPE, nullptr, &now.broken_pipe);
  ::getrlimit(RLIMIT_NOFILE, &now.descriptors);
  return now;
}

SysResult<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failure();
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

SysResult<Pid> start(const Program& program, const Inherited& before) {
  if (program.command.empty()) return failure(EINVAL);
  const auto arguments = pointers(program.command);
  auto failed = make_pipe();
  if (!failed) return tl::unexpected(failed.error());
  const ::pid_t pid = ::fork();
  if (pid < 0) return failure();
  if (pid == 0) be_program(program, arguments, before, failed->write.borrow().get());
  failed->write.reset();
  int error = 0;
  // The end of the pipe without a word: the program runs.
  const ssize_t got = ::read(failed->read.borrow().get(), &error, sizeof error);
  if (got != static_cast<ssize_t>(sizeof error)) return Pid(pid);
  (void)status_of(pid);
  return failure(error);
}

SysResult<void> stop(Pid pid, std::uint64_t start_ticks, int patience_ms) {
  constexpr int kUntilKilled = 5000;
  const auto pidfd = real_kernel().pidfd_open(pid);
  std::string buffer;
  const auto stat = stat_of(std::to_string(pid.value), buffer);
  if (!pidfd || !stat || stat->start_ticks != start_ticks || ended(*stat)) return failure(ESRCH);
  if (!end_session(pid, SIGTERM, patience_ms) && !end_session(pid, SIGKILL, kUntilKilled))
    return failure(ETIMEDOUT);
  // Where it is a child of ours, it is reaped as well.
  ::waitpid(pid.value, nullptr, WNOHANG);
  return {};
}

Errno execute(const std::vector<std::string>& command, const Inherited& before) {
  const auto arguments = pointers(command);
  restore(before);
  ::execvp(arguments[0], arguments.data());
  return {errno};
}

SysResult<std::vector<int>> run_all(std::size_t count, std::size_t at_once,
                                    const std::function<int(std::size_t)>& body,
                                    const Output& output) {
  std::vector<int> statuses(count);
  std::vector<Job> jobs;
  for (std::size_t next = 0; next < count || !jobs.empty();) {
    while (next < count && jobs.size() < std::max<std::size_t>(at_once, 1)) {
      auto job = begin_job(next++, body);
      if (!job) return tl::unexpected(job.error());
      jobs.push_back(std::move(*job));
    }
    read_from_all(jobs, output);
    std::erase_if(jobs, [&](const Job& job) {
      if (!job.open()) statuses[job.at] = status_of(job.pid);
      return !job.open();
    });
  }
  return statuses;
}

}  // namespace nsmap::os
