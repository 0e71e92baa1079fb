#pragma once

#include <string_view>

namespace nsmap::serve {

// The API as OpenAPI 3.1: openapi.json beside this file.
std::string_view openapi_json();

}  // namespace nsmap::serve
