#include "base/text.h"

#include <fmt/format.h>
#include <wchar.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

namespace nsmap {
namespace {

struct Character {
  char32_t code = 0;
  std::size_t size = 0;  // in bytes; 0: the byte here begins no well-formed sequence
};

// The well-formed UTF-8 sequence that `text` begins with (RFC 3629: shortest form, no surrogates).
Character decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
  char32_t code = lead & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3f);
  }
  static constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {code, size};
}

void append_hex_byte(std::string& out, unsigned char byte) {
  fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
}

bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7f && code < 0xa0); }

// Characters that end a line or reorder the text around them (Unicode 15, UAX #9 and #14).
bool reorders(char32_t code) {
  return code == 0x2028 || code == 0x2029 || code == 0x061c || code == 0x200e || code == 0x200f ||
         (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

// Calls `visit(Character, bytes)` for each character, or byte that is none.
template <typename Visit>
void for_each_character(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const Character character = decode(text);
    const std::size_t size = std::max<std::size_t>(character.size, 1);
    visit(character, text.substr(0, size));
    text.remove_prefix(size);
  }
}

bool is_plain_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

}  // namespace

std::string clean_text(std::string_view bytes, std::size_t limit) {
  if (bytes.size() <= limit && is_plain_ascii(bytes)) return std::string(bytes);
  std::string out;
  bool cut = false;
  for_each_character(bytes.substr(0, std::min(bytes.size(), limit + 4)),
                     [&](Character character, std::string_view raw) {
                       cut = cut || out.size() + raw.size() > limit;
                       if (cut) return;
                       if (character.size == 0)
                         append_hex_byte(out, static_cast<unsigned char>(raw[0]));
                       else
                         out += raw;
                     });
  if (cut || bytes.size() > limit + 4) out += "…";
  return out;
}

std::string terminal_text(std::string_view text) {
  if (is_plain_ascii(text)) return std::string(text);
  std::string out;
  for_each_character(text, [&](Character character, std::string_view raw) {
    if (character.size == 0 || (character.code < 0x80 && is_control(character.code)))
      append_hex_byte(out, static_cast<unsigned char>(raw[0]));
    else if (is_control(character.code) || reorders(character.code))
      fmt::format_to(std::back_inserter(out), "\\u{{{:04x}}}",
                     static_cast<std::uint32_t>(character.code));
    else
      out += raw;
  });
  return out;
}

void append_json_text(std::string& out, std::string_view text) {
  std::size_t plain = 0;  // start of the run not yet copied
  const auto flush = [&](std::size_t end) { out.append(text.substr(plain, end - plain)); };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) continue;
    flush(i);
    plain = i + 1;
    if (c == '"' || c == '\\')
      out.append({'\\', static_cast<char>(c)});
    else
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
  }
  flush(text.size());
}

std::string xml_text(std::string_view text) {
  std::string out;
  for_each_character(text, [&](Character character, std::string_view raw) {
    switch (character.code) {
      case '&':
        out += "&amp;";
        return;
      case '<':
        out += "&lt;";
        return;
      case '>':
        out += "&gt;";
        return;
      case '"':
        out += "&quot;";
        return;
      case '\'':
        out += "&#39;";
        return;
      default:
        break;
    }
    const bool forbidden = character.size == 0 || character.code == 0xfffe ||
                           character.code == 0xffff || is_control(character.code) ||
                           reorders(character.code);
    if (forbidden)
      out += character.size <= 1
                 ? fmt::format("\\x{:02x}", static_cast<unsigned char>(raw[0]))
                 : fmt::format("\\u{{{:04x}}}", static_cast<std::uint32_t>(character.code));
    else
      out += raw;
  });
  return out;
}

std::string dot_text(std::string_view text) {
  std::string out;
  for (const char c : terminal_text(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string iptables_text(std::string_view text) {
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
           c == '-';
  };
  if (!text.empty() && std::ranges::all_of(text, is_plain)) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '\'') out += '\\';
    out += c;
  }
  return out += '"';
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for_each_character(text, [&](Character character, std::string_view) {
    const int columns = character.code < 0x80 ? 1 : wcwidth(static_cast<wchar_t>(character.code));
    width += columns > 0 ? static_cast<std::size_t>(columns) : columns == 0 ? 0 : 1;
  });
  return width;
}

}  // namespace nsmap
