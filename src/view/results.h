#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "model/index.h"

// A namespace as programs get it, beside the snapshot's own types. docs/snapshot.md documents every
// member.

namespace nsmap::view {

struct ListedContainer {
  std::string id;
  std::string name;
  std::string runtime;
  std::string image;
  std::optional<model::Pod> pod;
};
BOOST_DESCRIBE_STRUCT(ListedContainer, (), (id, name, runtime, image, pod))

// A line of `nsmap ls`.
struct ListedNamespace {
  model::NetnsId id;
  std::string title;
  bool host = false;
  std::vector<std::string> names;
  std::vector<ListedContainer> containers;
  std::vector<std::string> interfaces;
  std::vector<std::string> addresses;  // of interfaces other than the loopback
  std::uint64_t processes = 0;
  std::uint64_t holders = 0;
  std::uint64_t listeners = 0;
};
BOOST_DESCRIBE_STRUCT(ListedNamespace, (),
                      (id, title, host, names, containers, interfaces, addresses, processes,
                       holders, listeners))

// One namespace of `nsmap show`.
struct ShownNamespace {
  std::string title;
  model::Namespace ns;
  std::vector<model::Process> processes;     // those in it
  std::vector<model::Container> containers;  // those in it
};
BOOST_DESCRIBE_STRUCT(ShownNamespace, (), (title, ns, processes, containers))

ListedNamespace list_namespace(const model::Index& index, std::string title,
                               const model::Namespace& ns);
ShownNamespace show_namespace(const model::Index& index, std::string title,
                              const model::Namespace& ns);

}  // namespace nsmap::view
