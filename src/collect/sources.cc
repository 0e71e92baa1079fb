#include "collect/sources.h"

namespace nsmap::collect {

const std::vector<Source>& namespace_sources() {
  static const std::vector<Source> sources = {
      {"proc.fd", search_descriptors},
      {"tun", search_tuns},
      {"mounts", search_mounts},
  };
  return sources;
}

}  // namespace nsmap::collect
