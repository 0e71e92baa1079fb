#include "view/document.h"

namespace nsmap::view {

Text& Text::add(std::string text, Role role) {
  if (text.empty()) return *this;
  if (!spans_.empty() && spans_.back().role == role)
    spans_.back().text += text;
  else
    spans_.push_back({std::move(text), role});
  return *this;
}

Text& Text::add(const Text& other) {
  for (const Span& span : other.spans_) add(span.text, span.role);
  return *this;
}

Text& Text::join(const Text& other, const std::string& separator) {
  if (!empty() && !other.empty()) add(separator, Role::muted);
  return add(other);
}

std::string Text::plain() const {
  std::string out;
  for (const Span& span : spans_) out += span.text;
  return out;
}

}  // namespace nsmap::view
