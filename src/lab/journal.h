#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/lab.h"
#include "model/identity.h"
#include "os/change.h"
#include "os/kernel.h"

// What a lab has made, in a directory of its own (/run/nsmap/labs/NAME), written before it is made:
// whatever moment the program is killed at, what is there is in the journal.
//
// Each run writes the lab it works towards (run-N.yaml, the user's file as it is) and then appends
// to `journal`, a record a line, fields separated by blanks:
//
//     begin N                   run N sets out for run-N.yaml
//     namespace NAME DEV INO    is made and about to be pinned: the file is ours if it leads there
//     link NAME INDEX           is about to be made in the host's namespace
//     kept WHAT                 was in the host's namespace before us, and stays
//     sysctl NAME VALUE         what a setting of the host's namespace was before us
//     end N                     all of run-N.yaml is there, and nothing else of ours

namespace nsmap::lab {

// A directory in it for each lab.
inline constexpr std::string_view kLabsDirectory = "/run/nsmap/labs";

// What the journal of a lab says.
struct Made {
  Lab lab;   // all that may be there: of an interrupted run both what it left and what it went for
  Lab last;  // what the last run that came to its end made
  bool interrupted = false;  // a run did not come to its end
  int runs = 0;
  std::map<std::string, model::NetnsId> namespaces;  // as made last, by name
  std::map<std::string, IfIndex> host_links;
  std::map<std::string, std::string> host_sysctls;  // before the first change
  std::set<std::string> kept;
};

class Journal {
 public:
  // `directory`: of this lab; made when absent.
  Journal(os::Kernel& kernel, os::Changes& changes, std::string directory)
      : kernel_(kernel), changes_(changes), directory_(std::move(directory)) {}

  // One process at a time changes a lab.
  Result<UniqueFd> lock();
  // Nothing made is a journal that is not there.
  Result<Made> read() const;

  Result<void> begin(int run, const Lab& lab);
  Result<void> note(const std::vector<std::string>& records);
  Result<void> end(int run);
  // The lab is gone: so goes its journal.
  Result<void> remove();

  const std::string& directory() const { return directory_; }

 private:
  std::string path(const std::string& file) const { return directory_ + "/" + file; }

  os::Kernel& kernel_;
  os::Changes& changes_;
  std::string directory_;
};

// Records for note().
std::string namespace_record(const std::string& name, model::NetnsId id);
std::string link_record(const std::string& name, IfIndex index);
std::string kept_record(const std::string& what);
std::string sysctl_record(const std::string& name, const std::string& value);

// What of a lab's part in the host's namespace is there already, each for kept_record().
std::vector<std::string> already_there(const Namespace& want, const Namespace& host);

// What either of two labs has. Where they differ in what a look at the system cannot tell
// (nftables, sysctls, impairments, commands), neither is believed.
Lab unite(const Lab& a, const Lab& b);

}  // namespace nsmap::lab
