#pragma once

#include <span>

#include "collect/reading.h"

namespace nsmap::collect {

// The collectors of one namespace's facts, each in the file of its name; collectors.cc is their
// table. Each returns how many facts it added to `reading.ns`.
std::size_t collect_links(Reading& reading);  // links.cc, link_kinds.cc
std::size_t collect_bpf(Reading& reading);    // bpf.cc: and tc filters; XDP comes with the links
std::size_t collect_addresses(Reading& reading);   // addresses.cc
std::size_t collect_routes(Reading& reading);      // routes.cc
std::size_t collect_rules(Reading& reading);       // rules.cc
std::size_t collect_nexthops(Reading& reading);    // nexthops.cc
std::size_t collect_neighbours(Reading& reading);  // neighbours.cc, proxy entries included
std::size_t collect_fdb(Reading& reading);         // fdb.cc
std::size_t collect_vlans(Reading& reading);       // vlans.cc
std::size_t collect_nsids(Reading& reading);       // nsids.cc: the numbers only
std::size_t collect_sockets(Reading& reading);     // sockets.cc
std::size_t collect_sysctls(Reading& reading);     // sysctls.cc
std::size_t collect_conntrack(Reading& reading);   // conntrack.cc
std::size_t collect_ipsets(Reading& reading);      // ipsets.cc
std::size_t collect_nf_tables(Reading& reading);   // nf_tables.cc, nft_*.cc
std::size_t collect_x_tables(Reading& reading);    // x_tables.cc: the legacy tables
std::size_t collect_hooks(Reading& reading);       // hooks.cc: the order of chains, after both
std::size_t collect_ipvs(Reading& reading);        // ipvs.cc

}  // namespace nsmap::collect
