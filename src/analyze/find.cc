#include "analyze/find.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/number.h"

namespace nsmap::analyze {
namespace {

using model::Container;
using model::Holder;
using model::Index;
using model::Namespace;
using model::NetnsId;

// How many namespaces an error lists before it says "and more".
constexpr std::size_t kMaxListed = 8;
// A container's id may be shortened to this many characters.
constexpr std::size_t kMinIdPrefix = 4;

// The namespaces found so far, each once.
using Found = std::set<NetnsId>;

struct Search {
  const Index& index;
  const Titles& titles;
  std::optional<NetnsId> own;
};

// --- spellings that say what they are: PREFIX:NUMBER -------------------------------------------

Found by_pid(const Search& search, std::uint64_t number) {
  Found found;
  if (number > INT32_MAX) return found;
  const Pid pid(static_cast<std::int32_t>(number));
  if (const auto* process = search.index.find(pid); process && process->net) return {*process->net};
  for (const Namespace& ns : search.index.snapshot().namespaces)
    for (const Holder& holder : ns.holders)
      if (holder.kind == model::HolderKind::thread && holder.tid == pid) found.insert(ns.id);
  return found;
}

Found by_inode(const Search& search, std::uint64_t number) {
  Found found;
  for (const Namespace& ns : search.index.snapshot().namespaces)
    if (!ns.id.hidden() && ns.id.ino == number) found.insert(ns.id);
  return found;
}

Found by_hidden(const Search& search, std::uint64_t number) {
  const NetnsId id{0, number};
  return search.index.find(id) ? Found{id} : Found{};
}

struct Numbered {
  std::string_view before;
  std::string_view after;
  Found (*find)(const Search&, std::uint64_t);
};

constexpr Numbered kNumbered[] = {
    {"pid:", "", by_pid},
    {"ino:", "", by_inode},
    {"net:[", "]", by_inode},
    {"hidden:", "", by_hidden},
};

// What a numbered spelling finds; nothing when the argument is none.
std::optional<Found> by_number(const Search& search, std::string_view argument) {
  for (const Numbered& spelling : kNumbered) {
    if (!argument.starts_with(spelling.before) || !argument.ends_with(spelling.after)) continue;
    argument.remove_prefix(spelling.before.size());
    argument.remove_suffix(std::min(argument.size(), spelling.after.size()));
    if (const auto number = parse_number<std::uint64_t>(argument))
      return spelling.find(search, *number);
    return Found{};
  }
  return {};
}

// --- names --------------------------------------------------------------------------------------

// Calls `visit(name, id)` for all names that people may know a namespace by.
template <typename Visit>
void for_each_name(const Search& search, Visit visit) {
  for (const Namespace& ns : search.index.snapshot().namespaces) {
    visit(search.titles.of(ns.id), ns.id);
    for (const model::Name& name : ns.names) {
      visit(name.name, ns.id);
      visit(name.path, ns.id);
    }
  }
  for (const Container& container : search.index.snapshot().containers) {
    if (!container.net) continue;
    visit(container.name, *container.net);
    visit(container.id, *container.net);
    if (!container.pod) continue;
    visit(container.pod->name, *container.net);
    visit(fmt::format("{}/{}", container.pod->ns, container.pod->name), *container.net);
  }
}

Found by_name(const Search& search, std::string_view argument) {
  Found found;
  for_each_name(search, [&](std::string_view name, NetnsId id) {
    if (!name.empty() && name == argument) found.insert(id);
  });
  return found;
}

Found by_id_prefix(const Search& search, std::string_view argument) {
  Found found;
  if (argument.size() < kMinIdPrefix) return found;
  for (const Container& container : search.index.snapshot().containers)
    if (container.net && container.id.starts_with(argument)) found.insert(*container.net);
  return found;
}

Found by_address(const Search& search, std::string_view argument) {
  Found found;
  const auto wanted = IpAddress::parse(argument);
  if (!wanted) return found;
  for (const Namespace& ns : search.index.snapshot().namespaces)
    for (const model::Address& address : ns.addresses)
      if (address.address == *wanted) found.insert(ns.id);
  return found;
}

// The most exact first: what one finds, the next is not asked for.
constexpr Found (*kByText[])(const Search&, std::string_view) = {by_name, by_id_prefix, by_address};

Found by_text(const Search& search, std::string_view argument) {
  for (const auto by : kByText)
    if (Found found = by(search, argument); !found.empty()) return found;
  return {};
}

// --- errors -------------------------------------------------------------------------------------

// How many single characters make one text the other (Levenshtein), as far as `limit`.
std::size_t distance(std::string_view a, std::string_view b, std::size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit) return limit + 1;
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, replaced}));
    }
  }
  return row.back();
}

// Names like the argument, nearest first, for the hint of an error.
std::string near_names(const Search& search, std::string_view argument) {
  constexpr std::size_t kNear = 2;
  constexpr std::size_t kLongest = 64;
  constexpr std::size_t kShown = 3;
  std::set<std::tuple<std::size_t, std::size_t, std::string>> near;  // shortest first
  const auto consider = [&](std::string_view name, NetnsId) {
    if (name.empty() || name.size() > kLongest || argument.size() > kLongest) return;
    const bool holds = argument.size() >= 3 && name.find(argument) != std::string_view::npos;
    const std::size_t far = holds ? 1 : distance(argument, name, kNear);
    if (far > kNear || far >= argument.size()) return;
    near.emplace(far, name.size(), name);
    if (near.size() > kShown) near.erase(std::prev(near.end()));
  };
  for_each_name(search, consider);
  std::string hint;
  for (const auto& [far, size, name] : near) hint += (hint.empty() ? "" : ", ") + name;
  return hint;
}

tl::unexpected<Error> not_found(const Search& search, std::string_view argument) {
  std::string hint = near_names(search, argument);
  if (hint.empty() && parse_number<std::uint64_t>(argument))
    hint = fmt::format("pid:{0} or ino:{0}", argument);
  if (hint.empty()) hint = "a name from nsmap ls";
  return usage_error(fmt::format("namespace {}: there is none of that name", argument), hint);
}

tl::unexpected<Error> ambiguous(const Search& search, std::string_view argument,
                                const Found& found) {
  std::string list;
  std::size_t listed = 0;
  for (const NetnsId id : found) {
    if (listed++ == kMaxListed) break;
    const std::string title = search.titles.of(id);
    const std::string plain = plain_name(id);
    list += (list.empty() ? "" : ", ") + (title == plain ? title : title + " " + plain);
  }
  if (found.size() > kMaxListed) list += fmt::format(" and {} more", found.size() - kMaxListed);
  return usage_error(
      fmt::format("namespace {}: {} namespaces answer to it: {}", argument, found.size(), list),
      "one of their inodes, as ino:" + std::to_string(found.begin()->ino));
}

Result<Found> search_for(const Search& search, std::string_view argument) {
  if (argument == ".") {
    if (search.own) return Found{*search.own};
    return usage_error("namespace .: a saved snapshot does not know where nsmap runs",
                       "host, or a name from nsmap ls");
  }
  const Namespace* host = search.index.host();
  if (argument == "host" && host) return Found{host->id};
  if (const auto found = by_number(search, argument)) return *found;
  return by_text(search, argument);
}

}  // namespace

Result<const Namespace*> find_namespace(const Index& index, const Titles& titles,
                                        std::string_view argument, std::optional<NetnsId> own) {
  const Search search{index, titles, own};
  const auto found = search_for(search, argument);
  if (!found) return tl::unexpected(found.error());
  if (found->size() > 1) return ambiguous(search, argument, *found);
  const Namespace* ns = found->empty() ? nullptr : index.find(*found->begin());
  if (!ns) return not_found(search, argument);
  return ns;
}

std::vector<const Namespace*> find_namespaces(const Index& index, const Titles& titles,
                                              std::string_view argument,
                                              std::optional<NetnsId> own) {
  std::vector<const Namespace*> namespaces;
  if (const auto found = search_for({index, titles, own}, argument))
    for (const NetnsId id : *found)
      if (const Namespace* ns = index.find(id)) namespaces.push_back(ns);
  return namespaces;
}

}  // namespace nsmap::analyze
