#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "serve/document.h"

namespace nsmap::serve {

// A request, as far as the answer depends on it. Headers that are not there are empty.
struct Call {
  std::string_view method = {};
  std::string_view target = {};  // as sent: "/api/v1/whois?q=%3A8080"
  std::string_view host = {};
  bool one_host = true;  // the Host header stands there exactly once (RFC 9112, 3.2)
  std::string_view origin = {};
  std::string_view authorization = {};
  std::string_view accept_encoding = {};
  std::string_view if_none_match = {};
  std::string_view last_event_id = {};
  bool has_body = false;
};

using Headers = std::vector<std::pair<std::string_view, std::string>>;

struct Reply {
  unsigned status = 200;
  DocumentPtr document;  // null: there is no body
  Encoding encoding = Encoding::identity;
  Headers headers = {};
  // When set, changes follow the headers, those after this state's number first.
  std::optional<std::uint64_t> events_after = {};
};

}  // namespace nsmap::serve
