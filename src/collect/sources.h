#pragma once

#include <optional>
#include <string>
#include <vector>

#include "collect/registry.h"
#include "collect/report.h"
#include "collect/sweep.h"
#include "os/kernel.h"

namespace nsmap::collect {

// A process that serves a TUN/TAP or macvtap device: it holds the descriptor that the device's
// frames come out of.
struct TunServerSeen {
  // Where the device is. Absent for a macvtap, whose driver does not tell (no TUNGETDEVNETNS in
  // drivers/net/tap.c).
  std::optional<model::NetnsId> ns;
  std::string name;  // the device's
  Pid pid;
  int fd = -1;
  friend bool operator==(const TunServerSeen&, const TunServerSeen&) = default;
};

// What a source of namespaces works with. All of it outlives the call.
struct Search {
  os::Kernel& kernel;
  unsigned threads = 1;
  const Sweep& sweep;
  Registry& registry;
  Report& report;
  std::vector<TunServerSeen>& tun_servers;  // what search_tuns saw
  std::uint64_t leave_out = 0;  // the id of a namespace that is not to be found; 0: none
};

// A place where namespaces are found: one row each in the table (sources.cc), in the order they
// run. Each adds what it finds to the registry, and counts what it looked at in the report under
// its name.
struct Source {
  const char* name;
  void (*search)(const Search&);
};

const std::vector<Source>& namespace_sources();

void search_descriptors(const Search&);  // source_descriptors.cc: nsfs descriptors
void search_tuns(const Search&);         // source_tuns.cc: TUN/TAP descriptors
void search_mounts(const Search&);       // source_mounts.cc: nsfs mounts of every mount namespace

// Sources that come after the namespaces found so far were read.
void search_sockets(const Search&, const std::vector<model::Namespace>& namespaces);
void search_kernel_list(const Search&);

}  // namespace nsmap::collect
