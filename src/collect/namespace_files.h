#pragma once

#include <string>
#include <vector>

#include "collect/mount_survey.h"
#include "collect/sources.h"

namespace nsmap::collect {

// The directories whose files are the names of network namespaces.
class NamingDirectories {
 public:
  // Docker's may be moved (dockerd --exec-root): the processes tell.
  explicit NamingDirectories(const Sweep& sweep);
  // The name that a mount at `path` gives, and by which convention.
  model::Name name_of(const std::string& path) const;

 private:
  std::vector<std::string> docker_;
};

// Looks at the entries of /run/netns and /run/docker/netns in nsmap's own mount namespace. A
// symbolic link to a namespace is a name; anything else that is no mount of a network namespace is
// a diagnostic that says what it is.
void check_namespace_files(const Search& search, const MountSurvey& survey);

}  // namespace nsmap::collect
