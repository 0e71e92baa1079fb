#include "serve/events.h"

#include <fmt/format.h>

#include "base/number.h"
#include "codec/json_write.h"
#include "serve/words.h"

namespace nsmap::serve {
namespace {

// JSON holds no line breaks, so it is one line of data.
std::string text_of(std::string_view event, std::string_view id, std::string_view data) {
  return fmt::format("event: {}\nid: {}\ndata: {}\n\n", event, id, data);
}

std::string json_of(const live::State& state) {
  std::string out = fmt::format("{{\"number\":{},\"time_ns\":{},\"differences\":", state.number,
                                state.snapshot.host.time_ns);
  codec::append_json(out, state.differences);
  out += ",\"touched\":";
  codec::append_json(out, state.touched);
  out += ",\"gone\":";
  codec::append_json(out, state.gone);
  return out + "}";
}

std::size_t size_of(const std::shared_ptr<const std::string>& text) {
  return text ? text->size() : 0;
}

}  // namespace

std::string Events::id(std::uint64_t number) const { return fmt::format("{}-{}", number, run_); }

void Events::add(const live::State& state) {
  const bool follows = newest_ != 0 && state.number == newest_ + 1;
  newest_ = state.number;
  if (!follows) {
    changes_.clear();
    bytes_ = 0;
    return;
  }
  auto text =
      std::make_shared<const std::string>(text_of("change", id(state.number), json_of(state)));
  if (text->size() > limits_.largest) text = nullptr;
  bytes_ += size_of(text);
  changes_.push_back(std::move(text));
  forget();
}

void Events::forget() {
  while (changes_.size() > limits_.count || bytes_ > limits_.bytes) {
    bytes_ -= size_of(changes_.front());
    changes_.pop_front();
  }
}

std::uint64_t Events::resume(std::string_view last_event_id) const {
  if (last_event_id.empty()) return newest_;
  const auto [number, run] = split(last_event_id, '-');
  if (!run.empty() && run != run_) return 0;
  return parse_number<std::uint64_t>(number).value_or(0);
}

std::optional<Events::Next> Events::next(std::uint64_t known) const {
  if (known == newest_) return {};
  const std::uint64_t oldest = newest_ - changes_.size();  // the state that the first change was of
  if (known >= oldest && known < newest_)
    if (const auto& text = changes_[known - oldest]) return Next{text, known + 1};
  const auto data = fmt::format("{{\"number\":{}}}", newest_);
  return Next{std::make_shared<const std::string>(text_of("reset", id(newest_), data)), newest_,
              true};
}

std::string Events::greeting(std::uint64_t known) const {
  return known == 0 ? std::string(kKeepAlive) : fmt::format("id: {}\n\n", id(known));
}

}  // namespace nsmap::serve
