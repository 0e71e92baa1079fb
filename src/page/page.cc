#include "page/page.h"

#include <limits>

#include "codec/json.h"
#include "view/graph.h"

// Made by page_bytes.S.
extern "C" {
extern const char nsmap_page_begin[];
extern const char nsmap_page_end[];
}

namespace nsmap::page {
namespace {

// Where the page takes its data: an element that web/index.html has, empty.
constexpr std::string_view kPlace = R"(<script type="application/json" id="nsmap-data">)";

// Appends JSON for a script element. No name in it can end that or begin a comment there (HTML,
// "script data state"), nor break a line of JavaScript.
void append_for_script(std::string& out, std::string_view json) {
  constexpr std::string_view kSeparators = "\xe2\x80";  // then \xa8 or \xa9: U+2028, U+2029
  out.reserve(out.size() + json.size() + json.size() / 64);
  for (std::size_t i = 0; i < json.size(); ++i) {
    const std::string_view rest = json.substr(i);
    if (rest[0] == '<') {
      out += "\\u003c";
    } else if (rest.starts_with(kSeparators) && rest.size() > 2 &&
               (rest[2] == '\xa8' || rest[2] == '\xa9')) {
      out += rest[2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += rest[0];
    }
  }
}

}  // namespace

std::string_view bare_page() {
  return {nsmap_page_begin, static_cast<std::size_t>(nsmap_page_end - nsmap_page_begin)};
}

std::string graph_json(const model::Index& index, const analyze::Titles& titles) {
  const view::GraphOptions options{std::numeric_limits<std::size_t>::max(), true};
  std::string json;
  codec::append_json(json, view::make_graph(index, titles, options));
  return json;
}

Result<std::string> page_of(const model::Index& index, const analyze::Titles& titles) {
  const std::string_view page = bare_page();
  const std::size_t place = page.find(kPlace);
  if (place == std::string_view::npos)
    return change_error("html: this nsmap was built without its page (NSMAP_WEB=OFF)",
                        "svg, or a build with -DNSMAP_WEB=ON");
  const std::size_t end = place + kPlace.size();
  std::string out(page.substr(0, end));
  out += "{\"graph\":";
  append_for_script(out, graph_json(index, titles));
  out += ",\"snapshot\":";
  append_for_script(out, codec::snapshot_to_json(index.snapshot()));
  out += "}";
  out += page.substr(end);
  return out;
}

}  // namespace nsmap::page
