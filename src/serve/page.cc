#include "serve/page.h"

#include <fmt/format.h>

#include "page/page.h"
#include "serve/token.h"

namespace nsmap::serve {
namespace {

// The sources 'sha256-…' of all elements <TAG …>…</TAG>; 'none' without any.
std::string hashes(std::string_view html, std::string_view tag) {
  const std::string open = fmt::format("<{}", tag), close = fmt::format("</{}>", tag);
  std::string out;
  for (auto at = html.find(open); at != std::string_view::npos; at = html.find(open, at)) {
    const auto begin = html.find('>', at);
    const auto end = html.find(close, at);
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) break;
    out += fmt::format("{}'sha256-{}'", out.empty() ? "" : " ",
                       sha256_base64(html.substr(begin + 1, end - begin - 1)));
    at = end;
  }
  return out.empty() ? "'none'" : out;
}

}  // namespace

std::string_view page_html() {
  constexpr std::string_view kNone =
      "<!doctype html>\n<html lang=en><meta charset=utf-8><title>nsmap</title>\n"
      "<style>body{font:16px sans-serif;margin:2em}</style>\n"
      "<p>nsmap serves its API at /api/v1: /api/v1/openapi.json describes it.</p></html>\n";
  return page::bare_page().empty() ? kNone : page::bare_page();
}

std::string content_policy(std::string_view html) {
  return fmt::format(
      "default-src 'none'; script-src {}; style-src {}; img-src data:; connect-src 'self'; "
      "worker-src blob:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'",
      hashes(html, "script"), hashes(html, "style"));
}

}  // namespace nsmap::serve
