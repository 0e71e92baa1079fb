#pragma once

#include <string>
#include <variant>
#include <vector>

#include "lab/lab.h"

namespace nsmap::lab {

enum class Change { add, remove, alter };

// What a step is about. A link that is altered is told as it is to be.
struct NamespacePart {};
struct LinkPart {
  Link link;
  Link was;          // alter: as it is now
  bool mtu = false;  // alter: which of these differ
  bool mac = false;
  bool master = false;
  bool up = false;
  bool settings = false;
};
struct AddressPart {
  std::string link;
  Address address;
};
struct ImpairmentPart {
  std::string link;
  Impairment impairment;
};
struct NftablesPart {
  std::string text;  // of the whole namespace; empty: none
};
using Part = std::variant<NamespacePart, LinkPart, AddressPart, ImpairmentPart, Route, Rule, Sysctl,
                          NftablesPart, Process>;

struct Step {
  Change change = Change::add;
  std::string ns;
  Part part;
  Mark where;        // in the lab file
  std::string text;  // for a reader, without the sign: "link web1:eth0, veth to router:web1"
};

struct Plan {
  std::vector<Step> steps;         // in an order in which they can be done
  std::vector<std::string> extra;  // what somebody else added inside: told, never removed
};

// What leads from what there is to what is wanted. `made` is what earlier runs made: of what is not
// wanted only that is removed. An empty `want` takes the lab away.
//
// Pure: `have` is the lab as a snapshot tells it (lab/observe.h) with the processes that run; what
// a snapshot does not tell (nftables, settings of no account for forwarding) is taken to be as
// `made` says.
Plan make_plan(const Lab& want, const Lab& have, const Lab& made);

}  // namespace nsmap::lab
