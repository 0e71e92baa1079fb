#include "collect/registry.h"

#include <algorithm>

namespace nsmap::collect {
std::optional<model::NetnsId> Registry::add(UniqueFd ns, model::Holder holder) {
  const auto type = kernel_.namespace_type(ns);
  if (!type || *type != os::NamespaceType::net) return std::nullopt;
  const auto stat = kernel_.stat(ns, "");
  if (!stat) return std::nullopt;
  const model::NetnsId id{stat->id.dev, stat->id.ino};
  const std::lock_guard lock(mutex_);
  FoundNamespace& found = entry(id);
  keep_locked(found, std::move(ns));
  found.holders.push_back(std::move(holder));
  return id;
}

Fd Registry::keep(model::NetnsId id, UniqueFd ns) {
  const std::lock_guard lock(mutex_);
  FoundNamespace& found = entry(id);
  keep_locked(found, std::move(ns));
  return found.fd;
}

FoundNamespace& Registry::entry(model::NetnsId id) {
  auto& found = found_[id];
  if (!found) {
    found = std::make_unique<FoundNamespace>();
    found->id = id;
  }
  return *found;
}

void Registry::keep_locked(FoundNamespace& found, UniqueFd ns) {
  if (found.fd.valid()) return;
  found.fd = std::move(ns);
  new_.push_back(&found);
  changed_.notify_one();
}

bool Registry::add(model::NetnsId id, const model::Holder& holder, bool even_unopened) {
  const std::lock_guard lock(mutex_);
  const auto known = found_.find(id);
  const bool opened = known != found_.end() && known->second->fd.valid();
  if (!opened && !even_unopened) return false;
  entry(id).holders.push_back(holder);
  return true;
}

void Registry::add_name(model::NetnsId id, model::Name name) {
  const std::lock_guard lock(mutex_);
  const auto found = found_.find(id);
  if (found == found_.end()) return;
  auto& names = found->second->names;
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
}

bool Registry::has(model::NetnsId id) const {
  const std::lock_guard lock(mutex_);
  return found_.contains(id);
}

FoundNamespace* Registry::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !new_.empty() || !more_; });
  if (new_.empty()) return nullptr;
  FoundNamespace* found = new_.front();
  new_.pop_front();
  return found;
}

void Registry::expect_more(bool more) {
  const std::lock_guard lock(mutex_);
  more_ = more;
  changed_.notify_all();
}

std::size_t Registry::waiting() const {
  const std::lock_guard lock(mutex_);
  return new_.size();
}

std::vector<FoundNamespace*> Registry::all() {
  const std::lock_guard lock(mutex_);
  std::vector<FoundNamespace*> found;
  for (const auto& [id, entry] : found_) found.push_back(entry.get());
  std::sort(found.begin(), found.end(),
            [](const auto* a, const auto* b) { return a->id.ino < b->id.ino; });
  return found;
}

}  // namespace nsmap::collect
