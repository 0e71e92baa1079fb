#include "cli/ns.h"

namespace nsmap::cli {
namespace {

constexpr Group::Member kMembers[] = {&kNsAdd,      &kNsRm,    &kNsAdopt,  &kNsConnect,
                                      &kNsInternet, &kNsRoute, &kNsImpair, &kLs,
                                      &kNsExec,     &kNsShell, &kNsId};

}  // namespace

const Group kNs{
    .name = "ns",
    .summary = "make, name and enter network namespaces, one at a time",
    .members = kMembers,
    .more = "Names are files in /run/netns, as those of ip netns: each sees the other's.",
};

}  // namespace nsmap::cli
