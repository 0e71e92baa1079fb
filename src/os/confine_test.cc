#include "os/confine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <string_view>
#include <thread>

namespace nsmap::os {
namespace {

// The status of a child that confines itself and then does `body`; 100: it could not.
int status_of(const Confinement& confinement, const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(confine(confinement) ? body() : 100);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool refused(long result) { return result == -1 && errno == EPERM; }

// Which of the things that are not to be done can be done; 0: none.
int dangerous() {
  if (::fork() != -1) return 1;
  const char* const nothing[] = {nullptr};
  if (!refused(::execve("/bin/true", const_cast<char**>(nothing), const_cast<char**>(nothing))))
    return 2;
  if (!refused(::open("/dev/null", O_WRONLY))) return 3;
  if (!refused(::open("/tmp/confine-test", O_RDONLY | O_CREAT, 0600))) return 4;
  if (!refused(::socket(AF_INET, SOCK_STREAM, 0))) return 5;
  if (::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
      MAP_FAILED)
    return 6;
  if (!refused(::unlink("/nonexistent"))) return 7;
  if (!refused(::kill(::getpid(), 0))) return 8;
  if (!refused(::chmod("/nonexistent", 0))) return 9;
  return 0;
}

TEST(Confine, LeavesNothingDangerous) {
  EXPECT_EQ(status_of({.reads_host = true}, dangerous), 0);
  EXPECT_EQ(status_of({.reads_host = false}, dangerous), 0);
}

TEST(Confine, LeavesWhatIsNeeded) {
  const auto body = [] {
    int done = 0;
    std::thread([&] { done = 1; }).join();
    if (done != 1) return 1;
    if (::open("/dev/null", O_RDONLY) < 0) return 2;
    if (::unlink("/nonexistent") == 0 || errno != ENOENT) return 3;
    return 0;
  };
  EXPECT_EQ(status_of({.reads_host = true, .removes_files = true}, body), 0);
}

TEST(Confine, LeavesNoCapabilityWhereNothingIsRead) {
  const auto body = [] {
    char text[8192] = {};
    const int file = ::open("/proc/self/status", O_RDONLY);
    if (::read(file, text, sizeof text - 1) <= 0) return 2;
    return std::string_view(text).find("CapEff:\t0000000000000000\n") != std::string_view::npos &&
                   std::string_view(text).find("NoNewPrivs:\t1\n") != std::string_view::npos
               ? 0
               : 1;
  };
  EXPECT_EQ(status_of({.reads_host = false}, body), 0);
}

}  // namespace
}  // namespace nsmap::os
