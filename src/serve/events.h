#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "live/state.h"

// Changes as server-sent events (HTML, 9.2). Each is made into text once and kept for a while for
// all who follow. A follower has no queue of its own, just the number of the state that it knows:
// one that falls back further than what is kept is told to begin anew. So a thousand that do not
// read cost no more than their sockets.

namespace nsmap::serve {

struct EventLimits {
  std::size_t count = 1000;        // events kept
  std::size_t bytes = 8u << 20;    // of them all
  std::size_t largest = 1u << 20;  // a change that is longer is told as a reset
};

class Events {
 public:
  // Told to a follower next, and which state it knows then.
  struct Next {
    std::shared_ptr<const std::string> text;
    std::uint64_t number = 0;
    bool reset = false;
  };

  // `run` tells this run of the program from others in ids: "7-RUN".
  explicit Events(std::string run, EventLimits limits = {})
      : run_(std::move(run)), limits_(limits) {}

  void add(const live::State& state);
  std::uint64_t newest() const { return newest_; }

  // Which state a client knows that sends this Last-Event-ID: an id of this run, or the bare number
  // of a state. The newest without one; 0, which is none, when it is not understood.
  std::uint64_t resume(std::string_view last_event_id) const;
  // Nothing: it knows the newest.
  std::optional<Next> next(std::uint64_t known) const;
  // Tells a follower which state it knows, as no event of its own.
  std::string greeting(std::uint64_t known) const;
  std::string id(std::uint64_t number) const;

 private:
  void forget();

  std::string run_;
  EventLimits limits_;
  std::uint64_t newest_ = 0;  // 0: there is no state yet
  // The changes that lead to the states up to the newest; null: too long to tell.
  std::deque<std::shared_ptr<const std::string>> changes_;
  std::size_t bytes_ = 0;
};

// Keeps a connection alive where nothing happens.
inline constexpr std::string_view kKeepAlive = ": \n\n";

}  // namespace nsmap::serve
