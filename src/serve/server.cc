#include "serve/server.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <list>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>

#include "os/files.h"
#include "os/service.h"
#include "serve/session.h"
#include "serve/token.h"

namespace nsmap::serve {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Protocol = asio::generic::stream_protocol;
using Acceptor = asio::basic_socket_acceptor<Protocol>;

// Without descriptors or memory, accept(2) fails at once and again.
constexpr std::chrono::milliseconds kBreath{100};
// Breaths that there are at the end for answers on their way and for those who follow.
constexpr int kLastWords = 20;
constexpr std::size_t kRunLength = 8;

using TlsContext = std::optional<asio::ssl::context>;

Result<TlsContext> tls_context(const ServerOptions& options) {
  if (options.tls_cert.empty()) return TlsContext();
  TlsContext context(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // An idle connection needs no buffers.
  SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  error_code failed;
  context->use_certificate_chain_file(options.tls_cert, failed);
  if (failed)
    return usage_error(fmt::format("TLS certificate {}: {}", options.tls_cert, failed.message()));
  context->use_private_key_file(options.tls_key, asio::ssl::context::pem, failed);
  if (failed) return usage_error(fmt::format("TLS key {}: {}", options.tls_key, failed.message()));
  return context;
}

// Eight letters and digits that another run hardly has.
std::string name_of_run() {
  std::string run;
  while (run.size() < kRunLength)
    for (const char c : make_token())
      if (c != '-' && c != '_' && run.size() < kRunLength) run += c;
  return run;
}

SiteOptions site_options(const ServerOptions& options) {
  return {.token = options.token,
          .hosts = options.hosts,
          .run = name_of_run(),
          .history = options.history};
}

}  // namespace

class Server::Loop {
 public:
  Loop(const ServerOptions& options, TlsContext tls)
      : tls_(std::move(tls)),
        hub_{.site = Site(site_options(options)), .limits = {}, .tls = tls_ ? &*tls_ : nullptr},
        io_(1),
        signals_(io_, SIGINT, SIGTERM),
        last_words_(io_) {
    signals_.async_wait([this](error_code failed, int) {
      if (!failed) end();
    });
  }

  SysResult<void> listen(UniqueFd socket);
  void run();
  void stop() {
    asio::post(io_, [this] { end(); });
  }
  void publish(live::StatePtr state);

 private:
  void take(live::StatePtr state);

  struct Listener {
    explicit Listener(asio::io_context& io) : acceptor(io), breath(io) {}
    Acceptor acceptor;
    asio::steady_timer breath;
  };

  void accept(Listener& listener);
  void wake_followers() {
    for (asio::steady_timer* each : hub_.followers) each->cancel();
  }
  void end();
  void leave(int patience);

  TlsContext tls_;
  Hub hub_;
  // After the hub, which what waits in it refers to until it goes.
  asio::io_context io_;
  asio::signal_set signals_;
  asio::steady_timer last_words_;
  std::list<Listener> listeners_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool waiting_ = false;  // a state was published and not taken yet
  bool ended_ = false;
};

void Server::Loop::run() {
  io_.run();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

// With no more than one on its way, states do not pile up where the loop is slower than the host.
void Server::Loop::publish(live::StatePtr state) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !waiting_ || ended_; });
  if (ended_) return;
  waiting_ = true;
  asio::post(io_, [this, state = std::move(state)]() mutable { take(std::move(state)); });
}

void Server::Loop::take(live::StatePtr state) {
  hub_.site.publish(std::move(state));
  wake_followers();
  const std::lock_guard lock(mutex_);
  waiting_ = false;
  changed_.notify_all();
}

SysResult<void> Server::Loop::listen(UniqueFd socket) {
  const auto family = os::socket_family(socket);
  if (!family) return tl::unexpected(family.error());
  error_code failed;
  Listener& listener = listeners_.emplace_back(io_);
  listener.acceptor.assign(Protocol(*family, 0), socket.release(), failed);
  if (failed) return tl::unexpected(Errno{failed.value()});
  accept(listener);
  return {};
}

void Server::Loop::accept(Listener& listener) {
  listener.acceptor.async_accept([this, &listener](error_code failed, Socket socket) {
    if (hub_.stopping) return;
    if (!failed) {
      converse(std::move(socket), hub_);
      return accept(listener);
    }
    listener.breath.expires_after(kBreath);
    listener.breath.async_wait([this, &listener](error_code) { accept(listener); });
  });
}

void Server::Loop::end() {
  if (std::exchange(hub_.stopping, true)) return;
  error_code ignored;
  for (Listener& listener : listeners_) listener.acceptor.close(ignored);
  wake_followers();
  leave(kLastWords);
}

void Server::Loop::leave(int patience) {
  const bool quiet = hub_.answering == 0 && hub_.site.counts().streams == 0;
  if (quiet || patience == 0) return io_.stop();
  last_words_.expires_after(kBreath);
  last_words_.async_wait([this, patience](error_code) { leave(patience - 1); });
}

Server::Server(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

Result<Server> Server::make(ServerOptions options) {
  auto tls = tls_context(options);
  if (!tls) return tl::unexpected(tls.error());
  auto loop = std::make_unique<Loop>(options, std::move(*tls));
  for (UniqueFd& socket : options.listeners)
    if (const auto done = loop->listen(std::move(socket)); !done)
      return usage_error(fmt::format("a socket to listen on: {}", os::text(done.error())));
  return Server(std::move(loop));
}

void Server::publish(live::StatePtr state) { loop_->publish(std::move(state)); }
void Server::run() { loop_->run(); }
void Server::stop() { loop_->stop(); }

}  // namespace nsmap::serve
