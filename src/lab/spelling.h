#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nsmap::lab {

// The one of `known` that is meant by a misspelt word, where one is near enough: at most a third of
// its letters to change. Empty: none is.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known);

// "; did you mean 'mtu'?", or all there are where none is near: "; there are: mtu, mac".
std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace nsmap::lab
