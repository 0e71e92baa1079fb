#include "codec/link_data.h"

#include <algorithm>
#include <iterator>

namespace nsmap::codec {
namespace {

struct Row {
  std::string_view kind;
  MaybeProblem (*read)(const boost::json::value& json, model::LinkData& data);
};

template <typename Alternative>
MaybeProblem read_as(const boost::json::value& json, model::LinkData& data) {
  return read_json(json, data.emplace<Alternative>());
}

// Which alternative of LinkData each kind's JSON is.
constexpr Row kRows[] = {
    {"bond", read_as<model::BondData>},        {"bridge", read_as<model::BridgeData>},
    {"erspan", read_as<model::TunnelData>},    {"geneve", read_as<model::GeneveData>},
    {"gre", read_as<model::TunnelData>},       {"gretap", read_as<model::TunnelData>},
    {"ip6erspan", read_as<model::TunnelData>}, {"ip6gre", read_as<model::TunnelData>},
    {"ip6gretap", read_as<model::TunnelData>}, {"ip6tnl", read_as<model::TunnelData>},
    {"ipip", read_as<model::TunnelData>},      {"ipvlan", read_as<model::IpvlanData>},
    {"ipvtap", read_as<model::IpvlanData>},    {"macsec", read_as<model::MacsecData>},
    {"macvlan", read_as<model::MacvlanData>},  {"macvtap", read_as<model::MacvlanData>},
    {"netkit", read_as<model::NetkitData>},    {"sit", read_as<model::TunnelData>},
    {"tun", read_as<model::TunData>},          {"vlan", read_as<model::VlanData>},
    {"vrf", read_as<model::VrfData>},          {"vti", read_as<model::TunnelData>},
    {"vti6", read_as<model::TunnelData>},      {"vxlan", read_as<model::VxlanData>},
    {"xfrm", read_as<model::XfrmData>},
};

}  // namespace

MaybeProblem read_link_data(const boost::json::value& json, std::string_view kind,
                            model::LinkData& data) {
  const auto row = std::ranges::find(kRows, kind, &Row::kind);
  return row == std::end(kRows) ? MaybeProblem() : row->read(json, data);
}

}  // namespace nsmap::codec
