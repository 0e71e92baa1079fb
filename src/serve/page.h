#pragma once

#include <string>
#include <string_view>

namespace nsmap::serve {

// The page at /, which gets all it shows from the API.
std::string_view page_html();

// The Content-Security-Policy of a page: its own inline scripts and styles by their hashes, workers
// that it makes itself, and this server.
std::string content_policy(std::string_view html);

}  // namespace nsmap::serve
