#include "render/clip.h"

#include "base/text.h"

namespace nsmap::render {
namespace {

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

}  // namespace

std::string_view fitting(std::string_view text, std::size_t columns) {
  std::size_t size = 0;
  std::size_t used = 0;
  while (size < text.size()) {
    std::size_t next = size + 1;
    while (next < text.size() && continues_character(text[next])) ++next;
    used += display_width(text.substr(size, next - size));
    if (used > columns) break;
    size = next;
  }
  return text.substr(0, size);
}

std::string clipped(std::string_view text, std::size_t columns) {
  if (fitting(text, columns).size() == text.size()) return std::string(text);
  return std::string(fitting(text, columns - 1)) + "…";
}

}  // namespace nsmap::render
