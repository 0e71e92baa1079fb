#include "serve/target.h"

#include "base/text.h"
#include "serve/words.h"

namespace nsmap::serve {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

enum class Plus { itself, space };

// Undoes percent-encoding (RFC 3986, 2.1) and, in a query, that of blanks as '+'.
std::optional<std::string> decode(std::string_view text, Plus plus) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus == Plus::space) c = ' ';
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return {};
      const int high = digit_of(text[i + 1]), low = digit_of(text[i + 2]);
      if (high < 0 || low < 0) return {};
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return {};
    out += c;
  }
  return clean_text(out);
}

}  // namespace

std::optional<std::string_view> Target::parameter(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return {};
}

Result<Target> parse_target(std::string_view text) {
  if (!text.starts_with('/')) return usage_error("the target must begin with /");
  auto [encoded_path, query] = split(text, '?');
  const auto malformed = [] { return usage_error("the target is not well encoded"); };
  const auto path = decode(encoded_path, Plus::itself);
  if (!path) return malformed();
  Target target{*path};
  while (!query.empty()) {
    const auto [pair, rest] = split(query, '&');
    const auto [encoded_key, encoded_value] = split(pair, '=');
    auto key = decode(encoded_key, Plus::space), value = decode(encoded_value, Plus::space);
    if (!key || !value) return malformed();
    target.query.emplace_back(std::move(*key), std::move(*value));
    query = rest;
  }
  return target;
}

}  // namespace nsmap::serve
