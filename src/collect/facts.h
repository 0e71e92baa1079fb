#pragma once

namespace nsmap::collect {

// What is read of a namespace beside its identity, names and holders.
enum class Facts {
  all,
  // What a lab is made of: links, addresses, routes, rules, nexthops, settings. Without the
  // sockets, namespaces that a socket alone holds are not found either.
  wiring,
};

}  // namespace nsmap::collect
