#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/lab.h"
#include "model/link.h"
#include "netlink/request.h"

// The kinds of link that a lab can make, and the settings each has: one row each in a table. The
// names and texts of the settings are those of a snapshot's `data` (model/link.h).

namespace nsmap::lab {

struct KindInfo {
  std::string_view name;  // IFLA_INFO_KIND
  bool pair = false;      // both ends come of one request: veth, netkit
  bool needs_parent = false;
  bool takes_parent = false;
  std::vector<std::string_view> settings;
  std::vector<std::string_view> required;  // but none where collect_metadata is true
};

// Null: a lab cannot make that kind.
const KindInfo* find_kind(std::string_view kind);
std::vector<std::string_view> kind_names();

// What a setting's text may be, in words for a message; empty: `text` is right.
std::string wrong_setting(std::string_view kind, std::string_view setting, std::string_view text);

// Whether a link that is there can be given another value.
bool can_change(std::string_view kind, std::string_view setting);

// The settings of a link in a snapshot, those that a lab can make and that differ from what the
// kernel gives a new link of that kind.
std::map<std::string, std::string> settings_of(const model::Link& link);

// The settings in which a link that is there differs from one of its kind that is wanted; what
// neither has is as of a new link.
std::vector<std::string> differing_settings(const Link& wanted, const Link& is);

// IFLA_INFO_DATA that makes a link with its settings.
Result<netlink::AttributeList> creation_data(const Link& link);
// IFLA_INFO_DATA that gives a link which has the settings of `is` those of `wanted`, where they
// differ and can be changed; what a new link has where `wanted` says nothing.
Result<netlink::AttributeList> change_data(const Link& is, const Link& wanted);
// Appends what a link stands on, for kinds that say so in IFLA_INFO_DATA (the tunnels). False: this
// kind says it by IFLA_LINK.
bool append_parent(netlink::AttributeList& data, std::string_view kind, IfIndex parent);

}  // namespace nsmap::lab
