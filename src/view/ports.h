#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "analyze/ports.h"
#include "view/document.h"

namespace nsmap::view {

// A port a line: who answers on it, how it gets there, and from where it may be reached.
// `namespaces`: of several, each line begins with its own.
Table make_ports(const std::vector<analyze::OpenPort>& ports, bool namespaces);

// "ip nat DOCKER #12 (docker)", "inet edge pre handle 3", "legacy ip filter FORWARD policy".
std::string rule_name_text(const analyze::RuleName& rule);

// "8080", "9000-9010", "*".
std::string port_numbers_text(const analyze::OpenPort& port);
// "*:8080", "10.96.0.10:53", "[fd00::1]:9000-9010".
std::string address_and_port_text(const analyze::OpenPort& port);

// What tells most of who answers first: rules come before the proxy of those that rules do not
// meet.
std::vector<const analyze::PortAnswer*> answers_in_order(const analyze::OpenPort& port);
// "172.17.0.2:80 nginx[2211]": where the answer comes from, but for the namespace.
Text target_text(const analyze::PortAnswer& answer);
// "web 172.17.0.2:80 nginx[2211], db 172.17.0.3:80": of all answers, each once, `most` and how many
// more.
Text answered_by_text(const analyze::OpenPort& port, std::size_t most);
// "dnat ip nat DOCKER #3 (docker) · proxy docker-proxy[191]": how it gets to each of `most`
// answers.
Text ways_text(const analyze::OpenPort& port, std::size_t most);
// "anywhere", "10.0.0.0/8", "nowhere: dropped by …".
Text reach_text(const analyze::OpenPort& port);

}  // namespace nsmap::view
