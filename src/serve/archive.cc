#include "serve/archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "base/number.h"
#include "codec/json_write.h"
#include "history/listed.h"

namespace nsmap::serve {
namespace {

// States held: whoever drags along a time line asks several things of each.
constexpr std::size_t kMostHeld = 4;

}  // namespace

Result<history::Store*> Archive::open() {
  if (!store_) {
    auto opened = history::Store::open(path_, history::Access::existing);
    if (!opened) return tl::unexpected(opened.error());
    store_.emplace(std::move(*opened));
  }
  return &*store_;
}

Result<DocumentPtr> Archive::list() {
  std::error_code error;
  if (!store_ && !std::filesystem::exists(path_, error)) return json_document("[]\n");
  const auto entries = open().and_then([](history::Store* store) { return store->list(); });
  if (!entries) return tl::unexpected(entries.error());
  std::vector<history::ListedSnapshot> list;
  for (const history::Entry& entry : *entries) list.push_back(history::list_entry(entry));
  std::string out;
  codec::append_json(out, list);
  return json_document(out + "\n");
}

Result<Answers*> Archive::at(std::string_view id) {
  const auto number = parse_number<std::int64_t>(id);
  if (!number) return usage_error(fmt::format("at={}: not the id of a saved state", id));
  const auto held = std::ranges::find(recent_, *number, &decltype(recent_)::value_type::first);
  if (held != recent_.end()) {
    recent_.splice(recent_.begin(), recent_, held);
    return &recent_.front().second;
  }
  auto snapshot = open().and_then([&](history::Store* store) { return store->load(*number); });
  if (!snapshot) return tl::unexpected(snapshot.error());
  recent_.emplace_front(*number, Answers(std::make_shared<live::State>(0, std::move(*snapshot))));
  if (recent_.size() > kMostHeld) recent_.pop_back();
  return &recent_.front().second;
}

}  // namespace nsmap::serve
