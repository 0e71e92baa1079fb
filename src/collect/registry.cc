#include "collect/registry.h"

#include <algorithm>

namespace nsmap::collect {
namespace {

void sort_by_inode(std::vector<FoundNamespace*>& found) {
  std::sort(found.begin(), found.end(),
            [](const auto* a, const auto* b) { return a->id.ino < b->id.ino; });
}

}  // namespace

std::optional<model::NetnsId> Registry::add(UniqueFd ns, model::Holder holder) {
  const auto type = kernel_.namespace_type(ns);
  if (!type || *type != os::NamespaceType::net) return std::nullopt;
  const auto stat = kernel_.stat(ns, "");
  if (!stat) return std::nullopt;
  const model::NetnsId id{stat->id.dev, stat->id.ino};
  const std::lock_guard lock(mutex_);
  auto& entry = found_[id];
  if (!entry) {
    entry = std::make_unique<FoundNamespace>();
    entry->id = id;
  }
  if (!entry->fd.valid()) {
    entry->fd = std::move(ns);
    new_.push_back(entry.get());
  }
  entry->holders.push_back(std::move(holder));
  return id;
}

bool Registry::add(model::NetnsId id, const model::Holder& holder, bool even_unopened) {
  const std::lock_guard lock(mutex_);
  auto found = found_.find(id);
  if (found == found_.end()) {
    if (!even_unopened) return false;
    found = found_.emplace(id, std::make_unique<FoundNamespace>()).first;
    found->second->id = id;
  } else if (!found->second->fd.valid() && !even_unopened) {
    return false;
  }
  found->second->holders.push_back(holder);
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

std::vector<FoundNamespace*> Registry::take_new() {
  const std::lock_guard lock(mutex_);
  std::vector<FoundNamespace*> found = std::move(new_);
  new_.clear();
  sort_by_inode(found);
  return found;
}

std::vector<FoundNamespace*> Registry::all() {
  const std::lock_guard lock(mutex_);
  std::vector<FoundNamespace*> found;
  for (const auto& [id, entry] : found_) found.push_back(entry.get());
  sort_by_inode(found);
  return found;
}

}  // namespace nsmap::collect
