#include "os/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace nsmap::os {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  Files() {
    std::string pattern = (fs::temp_directory_path() / "files-test-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~Files() override { fs::remove_all(directory_); }

  std::string path(const char* name) const { return (directory_ / name).string(); }
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory_), fs::directory_iterator()));
  }
  static mode_t mode_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 0777;
  }

  fs::path directory_;
};

TEST_F(Files, ReadBackWhatWasWritten) {
  const std::string content(5'000'000, 'x');
  ASSERT_TRUE(replace_file(path("a"), content));
  EXPECT_EQ(read_whole(path("a"), content.size()), content);
  EXPECT_EQ(read_whole(path("a"), content.size() - 1).error(), Errno{EFBIG});
  ASSERT_TRUE(replace_file(path("a"), ""));
  EXPECT_EQ(read_whole(path("a"), 0), "");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(Files, PiecesReplaceAFileAllOrNone) {
  const auto halves = [](const Sink& out) {
    const auto first = out("one ");
    return first ? out("two") : first;
  };
  ASSERT_TRUE(replace_file(path("a"), halves));
  EXPECT_EQ(read_whole(path("a"), 10), "one two");
  const auto broken = [](const Sink& out) -> SysResult<void> {
    EXPECT_TRUE(out("half"));
    return tl::unexpected(Errno{EIO});
  };
  EXPECT_EQ(replace_file(path("a"), broken).error(), Errno{EIO});
  EXPECT_EQ(read_whole(path("a"), 10), "one two");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(Files, ModesFollowTheUmaskOrTheFileThatWasThere) {
  const mode_t old = ::umask(027);
  ASSERT_TRUE(replace_file(path("new"), "x"));
  ::umask(old);
  EXPECT_EQ(mode_of(path("new")), 0640u);
  ::chmod(path("new").c_str(), 0600);
  ASSERT_TRUE(replace_file(path("new"), "y"));
  EXPECT_EQ(mode_of(path("new")), 0600u);
}

TEST_F(Files, LinksAreFollowed) {
  ASSERT_TRUE(replace_file(path("real"), "old"));
  fs::create_symlink(path("real"), path("link"));
  ASSERT_TRUE(replace_file(path("link"), "new"));
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(read_whole(path("real"), 10), "new");
}

TEST_F(Files, DevicesAndPipesStayWhatTheyAre) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const UniqueFd reader(::open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK));
  ASSERT_TRUE(replace_file(path("pipe"), "through"));
  EXPECT_TRUE(fs::is_fifo(path("pipe")));
  EXPECT_EQ(read_whole(reader, 100), "through");
  EXPECT_TRUE(replace_file("/dev/null", "x"));
}

TEST_F(Files, FailureLeavesNothingBehind) {
  EXPECT_EQ(replace_file(path("none/a"), "x").error(), Errno{ENOENT});
  fs::create_directory(path("dir"));
  EXPECT_EQ(replace_file(path("dir"), "x").error(), Errno{EISDIR});
  EXPECT_EQ(replace_file("/dev/full", "x").error(), Errno{ENOSPC});
  EXPECT_EQ(read_whole(path("none"), 10).error(), Errno{ENOENT});
  EXPECT_EQ(read_whole(directory_.string(), 10).error(), Errno{EISDIR});
  EXPECT_EQ(entries(), 1u);
}

TEST_F(Files, BrokenPipeIsAnError) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  reader.reset();
  ignore_broken_pipes();
  EXPECT_EQ(write_whole(writer, "x").error(), Errno{EPIPE});
  EXPECT_FALSE(is_terminal(writer));
  EXPECT_EQ(terminal_width(writer), 0u);
}

}  // namespace
}  // namespace nsmap::os
