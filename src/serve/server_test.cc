#include "serve/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <thread>

#include "os/service.h"
#include "serve/test_state.h"

// The server over real sockets, with states made by hand.

namespace nsmap::serve {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kToken = "secret-of-this-test";

class Client {
 public:
  // `room`: what the kernel may hold of what is sent to us, in bytes; 0: its default.
  explicit Client(std::uint16_t port, int room = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int fd = socket_.borrow().get();
    if (room != 0) ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    const timeval patience{20, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }

  void send(std::string_view bytes) const {
    EXPECT_EQ(::write(socket_.borrow().get(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
  }
  void get(const std::string& path, const std::string& headers = "") const {
    send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + kToken +
         "\r\n" + headers + "\r\n");
  }
  // What comes until the text ends so, or the server ends it.
  std::string read_until(std::string_view end) {
    char byte = 0;
    for (;;) {
      if (!end.empty() && seen_.ends_with(end)) return std::exchange(seen_, {});
      if (::read(socket_.borrow().get(), &byte, 1) != 1) return std::exchange(seen_, {});
      seen_ += byte;
    }
  }
  std::string read_all() { return read_until(""); }

 private:
  UniqueFd socket_;
  std::string seen_;
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    auto socket = os::listen_tcp(*IpAddress::parse("127.0.0.1"), 0);
    port_ = os::bound_to(*socket)->port;
    ServerOptions options{
        .listeners = {}, .token = kToken, .hosts = {}, .tls_cert = {}, .tls_key = {}};
    options.listeners.push_back(std::move(*socket));
    server_.emplace(std::move(*Server::make(std::move(options))));
    thread_ = std::thread([this] { server_->run(); });
  }
  ~ServerTest() override {
    server_->stop();
    thread_.join();
  }

  void publish_up_to(std::uint64_t last, std::size_t differences = 0) {
    for (; next_ <= last; ++next_) {
      const auto state = test_state(next_);
      state->differences.resize(differences);
      server_->publish(state);
    }
  }

  std::uint16_t port_ = 0;
  std::uint64_t next_ = 1;
  std::optional<Server> server_;
  std::thread thread_;
};

TEST_F(ServerTest, AnswersOneRequestAfterAnother) {
  publish_up_to(1);
  Client client(port_);
  client.send(
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /api/v1/nothing HTTP/1.0\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.read_until("\"ok\"}\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(client.read_all(), AllOf(StartsWith("HTTP/1.1 401 Unauthorized\r\n"),
                                       HasSubstr("Connection: close\r\n")));
}

TEST_F(ServerTest, TellsChangesAsTheyHappen) {
  publish_up_to(1);
  Client client(port_);
  client.get("/api/v1/events");
  EXPECT_THAT(client.read_until("\n\n"), HasSubstr("\r\n\r\nid: 1-"));
  publish_up_to(3);
  EXPECT_THAT(client.read_until("\n\n"), StartsWith("event: change\nid: 2-"));
  EXPECT_THAT(client.read_until("\n\n"), StartsWith("event: change\nid: 3-"));
}

TEST_F(ServerTest, TellsWhatWasMissed) {
  publish_up_to(5);
  Client client(port_);
  client.get("/api/v1/events", "Last-Event-ID: 4\r\n");
  EXPECT_THAT(client.read_until("\n\n"), HasSubstr("\r\n\r\nid: 4-"));
  EXPECT_THAT(client.read_until("\n\n"), StartsWith("event: change\nid: 5-"));
  Client stranger(port_);
  stranger.get("/api/v1/events", "Last-Event-ID: 4-another\r\n");
  EXPECT_THAT(stranger.read_until("\n\n"), EndsWith("\r\n\r\n: \n\n"));
  EXPECT_THAT(stranger.read_until("\n\n"), StartsWith("event: reset\nid: 5-"));
}

TEST_F(ServerTest, TellsWhoReadsTooSlowlyToBeginAnew) {
  publish_up_to(1);
  Client client(port_, 4096);
  client.get("/api/v1/events");
  client.read_until("\n\n");
  publish_up_to(200, 2000);
  const std::string last = "event: reset\nid: 200-";
  std::string text;
  for (std::uint64_t known = 1; !text.starts_with(last) && known < 200; ++known) {
    text = client.read_until("\n\n");
    ASSERT_THAT(text, StartsWith("event: "));
  }
  EXPECT_THAT(text, StartsWith(last));
  publish_up_to(201);
  EXPECT_THAT(client.read_until("\n\n"), StartsWith("event: change\nid: 201-"));
}

TEST_F(ServerTest, EndsStreamsWhenItEnds) {
  publish_up_to(1);
  Client client(port_);
  client.get("/api/v1/events");
  client.read_until("\n\n");
  server_->stop();
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(ServerTest, KeepsNobodyWaitingWhoPublishesAfterItsEnd) {
  server_->stop();
  publish_up_to(10);
}

TEST(ServerMade, WantsACertificateThatIsOne) {
  const auto server = Server::make({.listeners = {},
                                    .token = kToken,
                                    .hosts = {},
                                    .tls_cert = "/dev/null",
                                    .tls_key = "/dev/null"});
  ASSERT_FALSE(server);
  EXPECT_THAT(server.error().text, StartsWith("TLS certificate /dev/null: "));
}

}  // namespace
}  // namespace nsmap::serve
