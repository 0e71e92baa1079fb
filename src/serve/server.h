#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "live/state.h"
#include "serve/guard.h"

namespace nsmap::serve {

struct ServerOptions {
  std::vector<UniqueFd> listeners;  // nonblocking
  std::string token;
  HostPolicy hosts;
  std::string history = {};  // a file of saved states; empty: none
  std::string tls_cert;      // PEM files; empty: plain HTTP
  std::string tls_key;
};

// HTTP over one event loop, which answers from the newest state that was published.
class Server {
 public:
  // Reads the certificate and the key. An error is of kind usage.
  static Result<Server> make(ServerOptions options);
  Server(Server&&) noexcept;
  Server& operator=(Server&&) noexcept;
  ~Server();

  // From any thread but the one that runs. Waits while the state before was not taken yet, as long
  // as the server runs. Before the first state, whatever needs one is answered with "not yet".
  void publish(live::StatePtr state);
  // Serves on this thread until SIGTERM, SIGINT or stop(): then answers that are on their way still
  // have a moment.
  void run();
  // From any thread.
  void stop();

 private:
  class Loop;
  explicit Server(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace nsmap::serve
