#include "lab/lab.h"

#include <algorithm>

namespace nsmap::lab {
namespace {

template <typename T>
const T* find_named(const std::vector<T>& all, const std::string& name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const T& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

bool same(const Impairment& a, const Impairment& b) {
  return a.rate_bps == b.rate_bps && a.delay_us == b.delay_us && a.jitter_us == b.jitter_us &&
         a.loss_percent == b.loss_percent;
}

const Namespace* find(const Lab& lab, const std::string& ns) {
  return find_named(lab.namespaces, ns);
}

const Link* find(const Namespace& ns, const std::string& link) {
  return find_named(ns.links, link);
}

const Link* find(const Lab& lab, const LinkName& name) {
  const Namespace* ns = find(lab, name.ns);
  return ns ? find(*ns, name.link) : nullptr;
}

}  // namespace nsmap::lab
