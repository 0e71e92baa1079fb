#include "os/service.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace nsmap::os {
namespace {

namespace fs = std::filesystem;

class Service : public testing::Test {
 protected:
  Service() {
    std::string pattern = (fs::temp_directory_path() / "service-test-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~Service() override { fs::remove_all(directory_); }
  std::string path(const char* name) const { return (directory_ / name).string(); }

  fs::path directory_;
};

TEST_F(Service, ListensOnAnAddress) {
  for (const char* text : {"127.0.0.1", "::1"}) {
    const IpAddress address = *IpAddress::parse(text);
    const auto socket = listen_tcp(address, 0);
    ASSERT_TRUE(socket) << text;
    const auto bound = bound_to(*socket);
    EXPECT_EQ(bound->address, address);
    EXPECT_NE(bound->port, 0);
    EXPECT_EQ(listen_tcp(address, bound->port).error(), Errno{EADDRINUSE});
  }
}

TEST_F(Service, ListensOnAPathForItsOwnerAlone) {
  const auto socket = listen_unix(path("s"));
  ASSERT_TRUE(socket);
  EXPECT_EQ(fs::status(path("s")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(bound_to(*socket)->path, path("s"));
  EXPECT_EQ(socket_family(*socket), AF_UNIX);
  remove_socket(path("s"));
  EXPECT_FALSE(fs::exists(path("s")));
}

TEST_F(Service, ReplacesOnlyASocketThatNobodyAnswersAt) {
  auto socket = listen_unix(path("s"));
  EXPECT_EQ(listen_unix(path("s")).error(), Errno{EADDRINUSE});
  socket->reset();
  EXPECT_TRUE(listen_unix(path("s")));
  std::ofstream(path("file")) << "mine";
  EXPECT_EQ(listen_unix(path("file")).error(), Errno{EADDRINUSE});
  EXPECT_TRUE(fs::exists(path("file")));
  EXPECT_EQ(listen_unix(std::string(200, 'x')).error(), Errno{ENAMETOOLONG});
}

TEST_F(Service, TellsTheManager) {
  const UniqueFd manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path("notify").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(manager.borrow().get(), reinterpret_cast<sockaddr*>(&address), sizeof address),
            0);
  notify_manager("READY=1");  // there is none yet
  ::setenv("NOTIFY_SOCKET", path("notify").c_str(), 1);
  notify_manager("STOPPING=1");
  ::unsetenv("NOTIFY_SOCKET");
  char said[64] = {};
  EXPECT_GT(::recv(manager.borrow().get(), said, sizeof said - 1, MSG_DONTWAIT), 0);
  EXPECT_STREQ(said, "STOPPING=1");
}

TEST_F(Service, TakesNoSocketsThatAreForAnother) {
  ::setenv("LISTEN_FDS", "1", 1);
  ::setenv("LISTEN_PID", "1", 1);
  EXPECT_TRUE(inherited_listeners().empty());
  ::unsetenv("LISTEN_PID");
  EXPECT_TRUE(inherited_listeners().empty());
  ::unsetenv("LISTEN_FDS");
}

}  // namespace
}  // namespace nsmap::os
