// The kernel's own list of namespaces, listns(2) of Linux 6.19: the proof that the other sources
// found them all. It gives only ids; what is on the list and was found by no other source is opened
// by its id and read like any other, and either difference is a diagnostic.

#include <fmt/format.h>

#include <cerrno>
#include <system_error>
#include <unordered_map>
#include <unordered_set>

#include "collect/sources.h"

namespace nsmap::collect {
namespace {

constexpr const char* kName = "listns";

SysResult<std::unordered_set<std::uint64_t>> listed_ids(os::Kernel& kernel) {
  std::unordered_set<std::uint64_t> ids;
  std::uint64_t last = 0;
  for (;;) {
    const auto page = kernel.list_namespaces(os::NamespaceType::net, last);
    if (!page) return tl::unexpected(page.error());
    if (page->empty()) return ids;
    ids.insert(page->begin(), page->end());
    last = page->back();
  }
}

void add_listed(const Search& search, std::uint64_t id, model::Coverage& row) {
  auto ns = search.kernel.open_namespace(os::NamespaceType::net, id);
  if (!ns) {
    // ESTALE: it is gone since it was listed.
    if (ns.error().value == ESTALE || ns.error().value == ENOENT) return;
    ++row.refused;
    search.report.add(kName,
                      fmt::format("opening namespace {} of the kernel's list: {}", id,
                                  std::generic_category().message(ns.error().value)),
                      ns.error().value);
    return;
  }
  model::Holder holder;
  holder.kind = model::HolderKind::listed;
  const auto added = search.registry.add(std::move(*ns), holder);
  if (!added) return;
  ++row.found;
  search.report.add(kName, "the kernel lists this namespace, and no source found what holds it", 0,
                    *added);
}

}  // namespace

void search_kernel_list(const Search& search) {
  const std::int64_t start = search.kernel.boottime_ns();
  const auto listed = listed_ids(search.kernel);
  if (!listed) return;  // ENOSYS before Linux 6.19
  model::Coverage row{kName, listed->size(), 0, 0, 0, 0};
  std::unordered_set<std::uint64_t> known{search.leave_out};
  for (const FoundNamespace* found : search.registry.all()) {
    const auto id = search.kernel.namespace_id(found->fd);
    if (!id) continue;
    known.insert(*id);
    if (!listed->contains(*id))
      search.report.add(kName, "this namespace is not on the kernel's list", 0, found->id);
  }
  for (const std::uint64_t id : *listed)
    if (!known.contains(id)) add_listed(search, id, row);
  row.took_ns = search.kernel.boottime_ns() - start;
  search.report.count(row);
}

}  // namespace nsmap::collect
