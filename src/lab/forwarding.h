#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/namespaces.h"

// Forwarding in the namespace nsmap runs in: switched on with all that goes along written down
// before, and set back as it was.
//
// Writing net.ipv4.ip_forward writes the forwarding of every interface as well, and turns
// conf.all.accept_redirects round (net/ipv4/devinet.c inet_forward_change); writing
// net.ipv6.conf.all.forwarding writes that of every interface (net/ipv6/addrconf.c
// addrconf_fixup_forwarding) and, where that is 0, their force_forwarding. Written back, they leave
// what the kernel leaves, not what was there: an interface that forwarded before does not any more.
// Such side effects are settings too, with the one that causes them.
//
// A host that forwards IPv6 forgets what it learned from router advertisements, its default route
// above all, and takes no more of them, but by interfaces whose accept_ra is 2
// (Documentation/networking/ip-sysctl.rst). So it is made 2 first where it is 1 and in use.
//
// The journal has a line a record:
//
//     set NAME BEFORE AFTER [CAUSE]    is about to be written
//     back NAME VALUE                  is about to be set back to that
//     forget NAME                      is not ours any more

namespace nsmap::lab {

struct Setting {
  std::string name;    // of sysctl(8)
  std::string before;  // its value then
  std::string after;   // as we left it
  std::string cause;   // the setting whose writing changes this one too; empty: written for itself
  std::optional<std::string> back = {};  // a run that was killed was setting it back to that
  friend bool operator==(const Setting&, const Setting&) = default;
};

struct SettingValue {
  std::string name;
  std::string value;
  friend bool operator==(const SettingValue&, const SettingValue&) = default;
};

// A journal's settings that are still ours. A line without its end was never carried out.
std::vector<Setting> parse_settings(std::string_view journal);

// A setting's value now; nothing: it is no more.
using ReadSetting = std::function<std::optional<std::string>(const std::string& name)>;

// What is to be written, in this order (what has side effects first) and where it is not so by
// then, to set back those that none of `needed` is or causes. A value that is not as we left it is
// somebody's choice and stays, with all that it causes; what is needed keeps its value.
std::vector<SettingValue> values_back(const std::vector<Setting>& settings,
                                      const std::set<std::string>& needed, const ReadSetting& read);

// What is to be 1 so that packets of a family are forwarded, from and to `via` where it is given.
std::string forwarding_setting(const System& system, bool v6, const std::string& via);
// What an interface of ours has to have beside that.
std::vector<SettingValue> own_forwarding(const System& system, const std::string& link);

// Switches settings of forwarding_setting() on. `learners` are the interfaces with addresses or
// routes from router advertisements. Gives what has changed, "net.ipv4.ip_forward was 0, is 1".
Result<std::vector<std::string>> switch_on(const System& system, const std::string& journal,
                                           const std::vector<std::string>& names,
                                           const std::vector<std::string>& learners);

// Sets back what nothing needs any more. Gives what became of it, a text each, and of what of
// `needless` is needed by others. The journal goes with the last.
Result<std::vector<std::string>> set_back(const System& system, const std::string& journal,
                                          const std::set<std::string>& needed,
                                          const std::vector<std::string>& needless);

}  // namespace nsmap::lab
