#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <thread>
#include <utility>

#include "base/number.h"
#include "cli/command.h"
#include "cli/history.h"
#include "cli/source.h"
#include "history/times.h"
#include "os/confine.h"
#include "os/files.h"
#include "os/service.h"
#include "serve/recorder.h"
#include "serve/server.h"
#include "serve/token.h"

namespace nsmap::cli {
namespace {

constexpr std::uint16_t kPort = 8479;

constexpr Option kOptions[] = {
    {"-l,--listen", "ADDRESS:PORT,…",
     "where; 127.0.0.1:8479 when neither this nor --socket says otherwise", &Options::listen},
    {"-s,--socket", "PATH", "a unix socket, for its owner alone", &Options::socket},
    {"--token-file", "FILE",
     "the token that clients show, made with the file when there is none; without this, one for "
     "this run, printed once",
     &Options::token_file},
    {"--tls-cert", "FILE", "HTTPS: a certificate and its chain, PEM", &Options::tls_cert},
    {"--tls-key", "FILE", "its key, PEM", &Options::tls_key},
    {"--every", "AGE", "save the state of the host into the history so often: 60s, 5m",
     &Options::every},
    {"--host", "NAME,…", "names that clients may call this host by, beside its addresses",
     &Options::hosts},
};

// A socket that listens, and where.
struct Place {
  UniqueFd socket;
  os::Bound bound;

  bool is_private() const { return !bound.path.empty() || bound.address.is_loopback(); }
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;
};

std::string text(const IpAddress& address, std::uint16_t port) {
  return address.is_v6() ? fmt::format("[{}]:{}", address.text(), port)
                         : fmt::format("{}:{}", address.text(), port);
}

// "127.0.0.1:8479" or "[::1]:8479".
Result<Endpoint> parse_endpoint(std::string_view spelling) {
  const auto colon = spelling.rfind(':');
  if (colon != std::string_view::npos) {
    std::string_view host = spelling.substr(0, colon);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed) host = host.substr(1, host.size() - 2);
    const auto address = IpAddress::parse(host);
    const auto port = parse_number<std::uint16_t>(spelling.substr(colon + 1));
    if (address && port && address->is_v6() == bracketed) return Endpoint{*address, *port};
  }
  return usage_error(fmt::format("--listen {}: not ADDRESS:PORT", spelling),
                     "127.0.0.1:8479 or [::1]:8479");
}

Result<Place> opened(SysResult<UniqueFd> socket, const std::string& where) {
  if (!socket)
    return usage_error(fmt::format("listening on {}: {}", where, os::text(socket.error())),
                       socket.error() == Errno{EADDRINUSE} ? "another --listen or --socket" : "");
  const auto bound = os::bound_to(*socket);
  if (!bound) return usage_error(fmt::format("{}: {}", where, os::text(bound.error())));
  return Place{std::move(*socket), *bound};
}

Result<Place> open_tcp(std::string_view spelling) {
  const auto endpoint = parse_endpoint(spelling);
  if (!endpoint) return tl::unexpected(endpoint.error());
  return opened(os::listen_tcp(endpoint->address, endpoint->port), std::string(spelling));
}

Result<std::vector<Place>> open_places(const Options& options) {
  std::vector<Result<Place>> tried;
  for (UniqueFd& socket : os::inherited_listeners())
    tried.push_back(opened(std::move(socket), "a socket that was handed over"));
  for (const std::string& endpoint : options.listen) tried.push_back(open_tcp(endpoint));
  if (!options.socket.empty())
    tried.push_back(opened(os::listen_unix(options.socket), options.socket));
  if (tried.empty()) tried.push_back(open_tcp(fmt::format("127.0.0.1:{}", kPort)));
  std::vector<Place> places;
  for (Result<Place>& each : tried) {
    if (!each) return tl::unexpected(each.error());
    places.push_back(std::move(*each));
  }
  return places;
}

bool all_private(const std::vector<Place>& places) {
  return std::ranges::all_of(places, &Place::is_private);
}

Result<void> check(const ActionRequest& request, const std::vector<Place>& places) {
  const Options& options = request.options;
  if (options.tls_cert.empty() != options.tls_key.empty())
    return usage_error("serve: --tls-cert and --tls-key go together");
  if (all_private(places)) return {};
  if (options.token_file.empty())
    return usage_error("serve: whoever listens beyond this machine needs a token that lasts",
                       "--token-file FILE");
  if (options.tls_cert.empty())
    request.warn("whoever is on the way can read the token and all answers: no TLS");
  return {};
}

void say_where(const ActionRequest& request, const std::vector<Place>& places,
               const std::string& token) {
  const Options& options = request.options;
  const bool shown = options.token_file.empty();
  const char* scheme = options.tls_cert.empty() ? "http" : "https";
  std::string out;
  for (const Place& place : places) {
    if (place.bound.path.empty()) {
      out += fmt::format("{}://{}/{}\n", scheme, text(place.bound.address, place.bound.port),
                         shown ? "#token=" + token : "");
    } else {
      out += fmt::format("{}{}\n", place.bound.path, shown ? ", token " + token : "");
    }
  }
  (void)request.environment.write_out(out);
}

// What is served: a saved snapshot, read by now, or the live host.
Result<live::StatePtr> saved_state(const ActionRequest& request) {
  if (is_live(request.options)) return nullptr;
  return request.collect().map([](model::Snapshot&& snapshot) -> live::StatePtr {
    return std::make_shared<live::State>(1, std::move(snapshot));
  });
}

// Gives the server the state that was saved or, from a thread of its own, those of the host.
class Feeder {
 public:
  // `recorder`: null, nothing is saved.
  Feeder(const ActionRequest& request, live::StatePtr saved, serve::Server& server,
         serve::Recorder* recorder)
      : request_(request), server_(server), recorder_(recorder) {
    if (saved)
      publish(std::move(saved));
    else
      thread_ = std::thread([this] { follow(); });
  }

  // Why there is nothing to serve; nothing: there is. To be asked when the server has ended.
  std::optional<Error> finish() {
    if (thread_.joinable()) thread_.join();
    follower_.reset();
    return failure_;
  }

 private:
  // Until the first state is published; from then on the follower has a thread of its own.
  void follow() {
    auto follower =
        request_.environment.follow([this](live::StatePtr state) { publish(std::move(state)); });
    if (!follower) {
      failure_ = follower.error();
      return server_.stop();
    }
    follower_ = std::move(*follower);
    if (!follower_->hears()) request_.warn(kDeaf);
  }

  void publish(live::StatePtr state) {
    const bool first = state->number == 1;
    if (recorder_) recorder_->take(state);
    server_.publish(std::move(state));
    if (first) os::notify_manager("READY=1");
  }

  const ActionRequest& request_;
  serve::Server& server_;
  serve::Recorder* recorder_;
  std::unique_ptr<live::Follower> follower_;
  std::optional<Error> failure_;
  std::thread thread_;
};

Result<serve::Server> make_server(const Options& options, std::vector<Place>& places,
                                  const std::string& token, const std::string& history) {
  serve::ServerOptions wanted{.listeners = {},
                              .token = token,
                              .hosts = {all_private(places), options.hosts},
                              .history = history,
                              .tls_cert = options.tls_cert,
                              .tls_key = options.tls_key};
  for (Place& place : places) wanted.listeners.push_back(std::move(place.socket));
  return serve::Server::make(std::move(wanted));
}

bool keeps_history(const Options& options) {
  return !options.history.empty() || !options.every.empty();
}

// The history that is served, and the one that is kept.
struct Keeping {
  std::string path;                     // empty: none is served
  std::optional<history::Store> store;  // nothing: none is kept
  std::chrono::nanoseconds every{};
};

Result<Keeping> open_keeping(const ActionRequest& request) {
  const Options& options = request.options;
  Keeping keeping;
  if (!keeps_history(options)) return keeping;
  keeping.path = history_path(options, request.environment);
  if (options.every.empty()) return keeping;
  const auto every = history::parse_age(options.every);
  if (!every || *every <= 0)
    return usage_error(fmt::format("--every {}: not a length of time", options.every), "60s or 5m");
  if (!is_live(options))
    return usage_error("serve: a saved snapshot does not change: --every is not for it");
  auto store = open_history(options, request.environment, history::Access::create);
  if (!store) return tl::unexpected(store.error());
  keeping.store = std::move(*store);
  keeping.every = std::chrono::nanoseconds(*every);
  return keeping;
}

Result<void> confine(const Options& options) {
  const auto confined = os::confine({.reads_host = is_live(options),
                                     .keeps_history = keeps_history(options),
                                     .removes_files = !options.socket.empty()});
  if (confined) return {};
  return change_error(
      fmt::format("giving up what serving does not need: {}", os::text(confined.error())));
}

Result<Answer> run_serve(const ActionRequest& request) {
  const Options& options = request.options;
  request.system.kernel.raise_fd_limit();
  auto places = open_places(options);
  if (!places) return tl::unexpected(places.error());
  if (const auto right = check(request, *places); !right) return tl::unexpected(right.error());
  const auto token = options.token_file.empty() ? Result<std::string>(serve::make_token())
                                                : serve::read_token(options.token_file);
  if (!token) return tl::unexpected(token.error());
  auto keeping = open_keeping(request);
  if (!keeping) return tl::unexpected(keeping.error());
  auto server = make_server(options, *places, *token, keeping->path);
  if (!server) return tl::unexpected(server.error());
  auto saved = saved_state(request);
  if (!saved) return tl::unexpected(saved.error());
  if (const auto confined = confine(options); !confined) return tl::unexpected(confined.error());
  say_where(request, *places, *token);
  // Threads are begun confined.
  std::optional<serve::Recorder> recorder;
  if (keeping->store) recorder.emplace(std::move(*keeping->store), keeping->every, request.warn);
  Feeder feeder(request, std::move(*saved), *server, recorder ? &*recorder : nullptr);
  server->run();
  os::notify_manager("STOPPING=1");
  if (!options.socket.empty()) os::remove_socket(options.socket);
  if (const auto failure = feeder.finish()) return tl::unexpected(*failure);
  return Answer{};
}

}  // namespace

const Action kServe{
    .name = "serve",
    .summary = "the map in a browser, an HTTP API, events and metrics, until it is ended",
    .takes_from = true,
    .options = kOptions,
    .more =
        "Prints the address with a token in it, for a browser; other clients send\n"
        "  Authorization: Bearer TOKEN\n"
        "docs/api.md tells what is answered. SIGTERM and SIGINT end it.",
    .run = run_serve,
};

}  // namespace nsmap::cli
