#include "serve/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace nsmap::serve {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::MatchesRegex;

class TokenFile : public testing::Test {
 protected:
  TokenFile() {
    std::string pattern = (fs::temp_directory_path() / "token-test-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    path_ = (directory_ / "token").string();
  }
  ~TokenFile() override { fs::remove_all(directory_); }
  void write(std::string_view content, mode_t mode = 0600) {
    std::ofstream(path_) << content;
    ::chmod(path_.c_str(), mode);
  }

  fs::path directory_;
  std::string path_;
};

TEST(Token, Is32BytesThatNobodyGuesses) {
  const std::string token = make_token();
  EXPECT_THAT(token, MatchesRegex("[0-9A-Za-z_-]{43}"));
  EXPECT_NE(token, make_token());
}

TEST(Token, IsShownByAHeader) {
  const std::string token = "0123456789abcdef";
  EXPECT_TRUE(shows_token("Bearer 0123456789abcdef", token));
  EXPECT_TRUE(shows_token("bearer  0123456789abcdef ", token));
  for (const char* header :
       {"", "Bearer", "Bearer ", "Bearer 0123456789abcdeg", "Bearer 0123456789abcde",
        "Bearer 0123456789abcdef0", "Basic 0123456789abcdef", "0123456789abcdef"})
    EXPECT_FALSE(shows_token(header, token)) << header;
}

TEST_F(TokenFile, IsMadeForItsOwnerAlone) {
  const auto made = read_token(path_);
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_EQ(made->size(), 43u);
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(read_token(path_), made);
}

TEST_F(TokenFile, IsRefusedWhereOthersMayRead) {
  for (const mode_t mode : {0640u, 0604u, 0660u}) {
    write("0123456789abcdef\n", mode);
    const auto token = read_token(path_);
    ASSERT_FALSE(token);
    EXPECT_THAT(token.error().text, HasSubstr("others may read it"));
  }
  ::chmod(path_.c_str(), 0400);
  EXPECT_EQ(read_token(path_), "0123456789abcdef");
}

TEST_F(TokenFile, IsOneLineOfSomeLength) {
  for (const char* content : {"", "short", "0123456789abcde f", "0123456789abcdef\nmore\n"}) {
    write(content);
    EXPECT_FALSE(read_token(path_)) << content;
  }
  EXPECT_FALSE(read_token((directory_ / "no/token").string()));
}

}  // namespace
}  // namespace nsmap::serve
