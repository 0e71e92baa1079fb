#include "serve/session.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <exception>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/write.hpp>

// One coroutine for each connection, all on the thread of the event loop. Every wait for the other
// side has an end: who sends no headers, takes no answer or leaves a connection idle is cut off.

namespace nsmap::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using std::chrono::seconds;

using Plain = beast::basic_stream<asio::generic::stream_protocol>;
using Secure = asio::ssl::stream<Plain>;
using Parser = http::request_parser<http::empty_body>;
using beast::error_code;

constexpr auto kWait = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t kMostHeaders = 8 << 10;  // bytes, of a request
// The bytes that wait in the kernel for a follower who does not read, of all that it is sent.
constexpr int kStreamBuffer = 64 << 10;
// How long and how much we listen to somebody whom we have told that this is the end, so that the
// answer is not lost: a socket closed with bytes unread resets the connection.
constexpr seconds kFarewell{1};
constexpr std::size_t kMostUnread = 64 << 10;

Plain& lowest(Plain& stream) { return stream; }
Plain& lowest(Secure& stream) { return stream.next_layer(); }

// Counts something while it lives.
class Counted {
 public:
  explicit Counted(std::uint64_t& count) : count_(count) { ++count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --count_; }

 private:
  std::uint64_t& count_;
};

// --- requests ----------------------------------------------------------------------------------

Call call_of(const Parser& parser) {
  const auto& request = parser.get();
  return {
      .method = request.method_string(),
      .target = request.target(),
      .host = request[http::field::host],
      .one_host = request.count(http::field::host) == 1,
      .origin = request[http::field::origin],
      .authorization = request[http::field::authorization],
      .accept_encoding = request[http::field::accept_encoding],
      .if_none_match = request[http::field::if_none_match],
      .last_event_id = request["Last-Event-ID"],
      .has_body = parser.chunked() || parser.content_length().value_or(0) > 0,
  };
}

// What to say to somebody whose request cannot be read; nothing: they are gone.
std::optional<Reply> reply_to(error_code failed) {
  if (failed.category() != make_error_code(http::error::bad_method).category()) return {};
  if (failed == http::error::end_of_stream) return {};
  if (failed == http::error::header_limit || failed == http::error::buffer_overflow)
    return error_reply(431, fmt::format("the headers are over {} bytes", kMostHeaders));
  if (failed == http::error::bad_version)
    return error_reply(505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
  return error_reply(400, "the request cannot be read: " + failed.message());
}

// --- replies -----------------------------------------------------------------------------------

std::string date() {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}", fmt::gmtime(std::time(nullptr)));
}

template <typename Message>
void set_headers(Message& message, const Reply& reply) {
  message.result(reply.status);
  message.set(http::field::date, date());
  for (const auto& [name, value] : reply.headers) message.insert(name, value);
  if (!reply.document) return;
  message.set(http::field::content_type, reply.document->type());
  if (const auto encoding = name(reply.encoding); !encoding.empty())
    message.set(http::field::content_encoding, encoding);
}

seconds patience(const Limits& limits, std::size_t bytes) {
  return limits.slow_reader + seconds(bytes / limits.slow_bytes_per_second);
}

enum class Body { sent, left_out };

// Whether it was taken.
template <typename Stream>
asio::awaitable<bool> send(Stream& stream, const Limits& limits, Reply reply, Body body,
                           bool keep_alive) {
  http::response<http::span_body<const char>> response;
  set_headers(response, reply);
  response.keep_alive(keep_alive);
  const std::string_view bytes =
      reply.document ? reply.document->bytes(reply.encoding) : std::string_view();
  if (reply.status != 304) response.content_length(bytes.size());
  if (body == Body::sent) response.body() = {bytes.data(), bytes.size()};
  lowest(stream).expires_after(patience(limits, bytes.size()));
  const auto [failed, sent] = co_await http::async_write(stream, response, kWait);
  co_return !failed;
}

// --- event streams -----------------------------------------------------------------------------

// Somebody who follows the changes. While it is written to, it is read from as well, as that tells
// when it goes; what it says is of no interest.
template <typename Stream>
class Follower {
 public:
  Follower(Stream& stream, Hub& hub)
      : stream_(stream),
        hub_(hub),
        counted_(hub.site.counts().streams),
        news_(stream.get_executor()) {
    hub_.followers.insert(&news_);
  }
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;
  ~Follower() { hub_.followers.erase(&news_); }

  asio::awaitable<void> follow(const Reply& reply) {
    watch();
    std::uint64_t known = *reply.events_after;
    bool taken = co_await begin(reply);
    const std::string greeting = hub_.site.events().greeting(known);
    if (taken) taken = co_await write(greeting);
    while (taken && !gone_ && !hub_.stopping) {
      if (const auto next = hub_.site.events().next(known)) {
        known = next->number;
        if (next->reset) ++hub_.site.counts().resets;
        taken = co_await write(*next->text);
      } else if (co_await is_quiet()) {
        taken = co_await write(kKeepAlive);
      }
    }
    co_await end();
  }

 private:
  void watch() {
    lowest(stream_).expires_never();
    stream_.async_read_some(asio::buffer(&byte_, 1), [this](error_code, std::size_t) {
      gone_ = true;
      news_.cancel();
    });
  }

  // An answer without a length ends with its connection.
  asio::awaitable<bool> begin(const Reply& reply) {
    http::response<http::empty_body> response;
    set_headers(response, reply);
    response.keep_alive(false);
    lowest(stream_).expires_after(hub_.limits.slow_event);
    const auto [failed, sent] = co_await http::async_write(stream_, response, kWait);
    co_return !failed;
  }

  // The text must live until it is written.
  asio::awaitable<bool> write(std::string_view text) {
    lowest(stream_).expires_after(hub_.limits.slow_event);
    const auto [failed, sent] =
        co_await asio::async_write(stream_, asio::buffer(text.data(), text.size()), kWait);
    co_return !failed;
  }

  // Waits for news; true: there was none for a while.
  asio::awaitable<bool> is_quiet() {
    news_.expires_after(hub_.limits.keep_alive);
    const auto [interrupted] = co_await news_.async_wait(kWait);
    co_return !interrupted;
  }

  // What reads must have ended before this goes.
  asio::awaitable<void> end() {
    lowest(stream_).close();
    while (!gone_) co_await is_quiet();
  }

  Stream& stream_;
  Hub& hub_;
  Counted counted_;
  asio::steady_timer news_;
  char byte_ = 0;
  bool gone_ = false;
};

template <typename Stream>
asio::awaitable<void> follow(Stream& stream, Hub& hub, Reply reply) {
  error_code ignored;
  lowest(stream).socket().set_option(asio::socket_base::send_buffer_size(kStreamBuffer), ignored);
  Follower<Stream> follower(stream, hub);
  co_await follower.follow(reply);
}

// --- conversations -----------------------------------------------------------------------------

// Answers one request; whether there may be another.
template <typename Stream>
asio::awaitable<bool> answer(Stream& stream, Hub& hub, const Parser& parser) {
  Call call = call_of(parser);
  Reply reply = hub.site.answer(call);
  const bool head = parser.get().method() == http::verb::head;
  if (reply.events_after && !head) {
    co_await follow(stream, hub, std::move(reply));
    co_return false;
  }
  const bool keep =
      parser.get().keep_alive() && !call.has_body && !reply.events_after && !hub.stopping;
  const Counted counted(hub.answering);
  const bool taken =
      co_await send(stream, hub.limits, std::move(reply), head ? Body::left_out : Body::sent, keep);
  co_return taken&& keep;
}

// Whether a request was read and answered, and there may be another.
template <typename Stream>
asio::awaitable<bool> exchange(Stream& stream, Hub& hub, beast::flat_buffer& buffer,
                               seconds patience) {
  Parser parser;
  parser.header_limit(kMostHeaders);
  parser.body_limit(boost::none);  // none is read: whoever sends one is refused
  lowest(stream).expires_after(patience);
  const auto [failed, read] = co_await http::async_read_header(stream, buffer, parser, kWait);
  if (!failed) co_return co_await answer(stream, hub, parser);
  if (auto reply = reply_to(failed)) {
    ++hub.site.counts().replies[reply->status];
    co_await send(stream, hub.limits, std::move(*reply), Body::sent, false);
  }
  co_return false;
}

template <typename Stream>
asio::awaitable<void> talk(Stream& stream, Hub& hub) {
  beast::flat_buffer buffer(2 * kMostHeaders);
  seconds patience = hub.limits.first_headers;
  while (co_await exchange(stream, hub, buffer, patience) && !hub.stopping)
    patience = hub.limits.idle;
}

asio::awaitable<void> say_farewell(Plain& stream) {
  error_code ignored;
  stream.socket().shutdown(Socket::shutdown_send, ignored);
  stream.expires_after(kFarewell);
  char unread[4096];
  for (std::size_t got = 0; got < kMostUnread;) {
    const auto [failed, some] = co_await stream.async_read_some(asio::buffer(unread), kWait);
    if (failed) co_return;
    got += some;
  }
}

asio::awaitable<void> talk_plainly(Socket socket, Hub& hub) {
  const Counted counted(hub.site.counts().connections);
  Plain stream(std::move(socket));
  co_await talk(stream, hub);
  if (stream.socket().is_open()) co_await say_farewell(stream);
}

asio::awaitable<void> talk_securely(Socket socket, Hub& hub) {
  const Counted counted(hub.site.counts().connections);
  Secure stream(Plain(std::move(socket)), *hub.tls);
  lowest(stream).expires_after(hub.limits.first_headers);
  const auto [failed] = co_await stream.async_handshake(Secure::server, kWait);
  if (failed) co_return;
  co_await talk(stream, hub);
  if (!lowest(stream).socket().is_open()) co_return;
  lowest(stream).expires_after(kFarewell);
  co_await stream.async_shutdown(kWait);
}

// As much as goes at once, and no more: there is no time for those who are too many.
void turn_away(Socket& socket) {
  constexpr std::string_view kReply =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
      "Connection: close\r\nContent-Length: 33\r\n\r\n{\"error\":\"too many connections\"}\n";
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(kReply.data(), kReply.size()), ignored);
}

// What is thrown here is a bug.
void rethrow(std::exception_ptr thrown) {
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace

void converse(Socket socket, Hub& hub) {
  if (hub.site.counts().connections >= hub.limits.connections) {
    ++hub.site.counts().refused_connections;
    if (!hub.tls) turn_away(socket);
    return;
  }
  error_code ignored;
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);  // not for unix sockets
  const auto loop = socket.get_executor();
  if (hub.tls) {
    asio::co_spawn(loop, talk_securely(std::move(socket), hub), rethrow);
  } else {
    asio::co_spawn(loop, talk_plainly(std::move(socket), hub), rethrow);
  }
}

}  // namespace nsmap::serve
