#include "lab/lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>

namespace nsmap::lab {
namespace {

using testing::HasSubstr;

class Lock : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(directory_.data()), nullptr); }
  void TearDown() override {
    ::unlink(path().c_str());
    ::rmdir(directory_.c_str());
  }
  std::string path() const { return directory_ + "/lock"; }

  System system_{os::real_kernel(), os::real_changes()};
  std::string directory_ = testing::TempDir() + "nsmap-lock-XXXXXX";
};

TEST_F(Lock, IsOfOneProcessWhoseNumberIsSaid) {
  const auto first = lock_directory(system_, directory_, "changing it");
  ASSERT_TRUE(first) << first.error().text;
  const auto second = lock_directory(system_, directory_, "changing it");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, Error::Kind::usage);
  EXPECT_THAT(second.error().text, HasSubstr(std::to_string(::getpid())));
}

TEST_F(Lock, OfAChildWhoseFatherIsGoneIsWaitedFor) {
  constexpr useconds_t kMoment = 100'000;
  auto lock = lock_file(system_, path());
  ASSERT_TRUE(lock);
  const ::pid_t child = ::fork();  // which has the lock too
  if (child == 0) {
    ::usleep(kMoment);
    ::_exit(0);
  }
  lock->reset();
  constexpr const char* kNobody = "4194305\n";  // above PID_MAX_LIMIT
  std::ofstream(path()) << kNobody;
  EXPECT_TRUE(lock_file(system_, path()));
  ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace nsmap::lab
