#include "codec/json.h"

#include <algorithm>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/workers.h"

// A snapshot's JSON is long, 11 MB for 1,000 namespaces. Held whole, a third of the time it takes
// goes into fresh memory. So it is made in parts, by several threads, each in memory that was used
// for another and is still in the processor's cache.

namespace nsmap::codec {

namespace {

constexpr unsigned kMostThreads = 4;
constexpr std::size_t kRoom = 1 << 18;   // bytes, more than a part usually takes
constexpr std::size_t kTogether = 256;   // elements of a list that make a part
constexpr std::size_t kNamespaces = 16;  // the same of namespaces, which are lists themselves

struct Part {
  std::string before;  // text that comes first
  std::function<void(std::string& out)> append;
};

// Whether a list of it fills a part alone.
template <typename T>
bool is_long(const T& object) {
  bool found = false;
  boost::mp11::mp_for_each<Members<T>>([&](auto member) {
    const auto& field = object.*member.pointer;
    if constexpr (detail::is_a<std::decay_t<decltype(field)>, std::vector>)
      found = found || field.size() > kTogether;
  });
  return found;
}

// Where the part ends that begins with element `begin`; there: that one fills several parts.
template <typename T>
std::size_t end_of_part(const std::vector<T>& list, std::size_t begin) {
  if constexpr (!std::same_as<T, model::Namespace>) {
    return std::min(begin + kTogether, list.size());
  } else {
    const std::size_t most = std::min(begin + kNamespaces, list.size());
    std::size_t end = begin;
    while (end < most && !is_long(list[end])) ++end;
    return end;
  }
}

// Takes a document apart.
class Parts {
 public:
  void text(std::string_view text) { text_ += text; }

  template <typename T>
  void value(const T& value) {
    add([&value](std::string& out) { append_json(out, value); });
  }

  template <typename T>
  void value(const std::vector<T>& list) {
    text("[");
    for (std::size_t begin = 0; begin < list.size();) {
      if (begin != 0) text(",");
      const std::size_t end = end_of_part(list, begin);
      if constexpr (std::same_as<T, model::Namespace>)
        if (end == begin) object(list[begin]);
      if (end != begin) elements(list, begin, end);
      begin = std::max(end, begin + 1);
    }
    text("]");
  }

  // The members of a described struct; `first`: none precedes them.
  template <typename T>
  void members(const T& object, bool first) {
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
      const auto& field = object.*member.pointer;
      if (detail::left_out(field)) return;
      detail::append_key<decltype(member)>(text_, first);
      first = false;
      value(field);
    });
  }

  std::vector<Part> finish() {
    add([](std::string&) {});
    return std::move(parts_);
  }

 private:
  void add(std::function<void(std::string&)> append) {
    parts_.push_back({std::exchange(text_, {}), std::move(append)});
  }

  template <typename T>
  void elements(const std::vector<T>& list, std::size_t begin, std::size_t end) {
    add([&list, begin, end](std::string& out) {
      for (std::size_t i = begin; i < end; ++i) {
        if (i != begin) out += ',';
        append_json(out, list[i]);
      }
    });
  }

  template <typename T>
  void object(const T& object) {
    text("{");
    members(object, true);
    text("}");
  }

  std::string text_;  // goes before the next part
  std::vector<Part> parts_;
};

std::string header() {
  std::string text = "{\"format\":";
  detail::append_quoted(text, kSnapshotFormat);
  text += ",\"version\":";
  detail::append_number(text, kSnapshotVersion);
  return text;
}

constexpr std::string_view kEnd = "}\n";

std::vector<Part> parts_of(const model::Snapshot& snapshot) {
  Parts parts;
  parts.text(header());
  parts.members(snapshot, false);
  parts.text(kEnd);
  return parts.finish();
}

// Hands on in their order the parts that several threads make. Nobody waits for a part that another
// still makes: who has that hands on what came meanwhile too.
class InOrder {
 public:
  InOrder(std::size_t parts, const Sink& out) : made_(parts), out_(out) {}

  // Memory for a part: of one that is done with, where there is any.
  std::string room() {
    const std::lock_guard lock(mutex_);
    if (free_.empty()) return {};
    std::string room = std::move(free_.back());
    free_.pop_back();
    return room;
  }

  void give(std::size_t part, std::string bytes) {
    std::unique_lock lock(mutex_);
    made_[part] = std::move(bytes);
    if (std::exchange(busy_, true)) return;
    hand_on(lock);
    busy_ = false;
  }

  SysResult<void> result() const { return result_; }

 private:
  void hand_on(std::unique_lock<std::mutex>& lock) {
    for (; next_ < made_.size() && made_[next_]; ++next_) {
      std::string bytes = *std::exchange(made_[next_], std::nullopt);
      lock.unlock();
      if (result_) result_ = out_(bytes);
      lock.lock();
      free_.push_back(std::move(bytes));
    }
  }

  std::mutex mutex_;
  std::vector<std::optional<std::string>> made_;  // and not handed on yet
  std::vector<std::string> free_;
  std::size_t next_ = 0;
  bool busy_ = false;  // somebody hands on: `out_` and `result_` are theirs
  const Sink& out_;
  SysResult<void> result_;
};

}  // namespace

std::string snapshot_to_json(const model::Snapshot& snapshot) {
  std::string out = header();
  append_members(out, snapshot, false);
  out += kEnd;
  return out;
}

SysResult<void> give_json(const model::Snapshot& snapshot, const Sink& out) {
  const std::vector<Part> parts = parts_of(snapshot);
  const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1u, kMostThreads);
  InOrder order(parts.size(), out);
  share_work(threads, parts.size(), [&](unsigned, std::size_t i) {
    std::string room = order.room();
    room.reserve(kRoom);
    room = parts[i].before;
    parts[i].append(room);
    order.give(i, std::move(room));
  });
  return order.result();
}

template void append_json(std::string& out, const model::Namespace& ns);
template void append_json(std::string& out, const model::Process& process);
template void append_json(std::string& out, const model::Container& container);

}  // namespace nsmap::codec
