#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <unordered_set>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include "serve/site.h"

namespace boost::asio::ssl {
class context;
}

namespace nsmap::serve {

struct Limits {
  std::size_t connections = 1100;
  std::chrono::seconds first_headers{10};
  std::chrono::seconds idle{30};        // until the next request of a connection is there
  std::chrono::seconds keep_alive{15};  // between bytes of an event stream
  std::chrono::seconds slow_event{30};  // until a follower takes an event
  // An answer may take so long to be taken, and as much longer as its size makes.
  std::chrono::seconds slow_reader{20};
  std::size_t slow_bytes_per_second = 64 << 10;
};

// What all connections share. For one thread, that of the event loop.
struct Hub {
  Site site;
  Limits limits;
  boost::asio::ssl::context* tls = nullptr;                       // null: plain HTTP
  std::unordered_set<boost::asio::steady_timer*> followers = {};  // woken when there is news
  std::uint64_t answering = 0;                                    // requests on their way
  bool stopping = false;
};

using Socket = boost::asio::generic::stream_protocol::socket;

// Talks with a client until one of the two has enough. The hub must outlive the event loop.
void converse(Socket socket, Hub& hub);

}  // namespace nsmap::serve
