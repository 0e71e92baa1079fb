#pragma once

#include <string_view>

#include <boost/json/fwd.hpp>

#include "codec/json_read.h"
#include "model/link.h"

namespace nsmap::codec {

// Reads what a link of that kind (IFLA_INFO_KIND) knows beside what all links know. A kind that has
// nothing of its own, or that nobody knows, leaves `data` holding nothing.
MaybeProblem read_link_data(const boost::json::value& json, std::string_view kind,
                            model::LinkData& data);

}  // namespace nsmap::codec
