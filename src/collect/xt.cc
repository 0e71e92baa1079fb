#include "collect/xt.h"

#include <algorithm>

#include "base/text.h"

namespace nsmap::collect {
namespace {

using namespace model::firewall;

constexpr std::size_t kMostBytes = 1024;  // of what is not understood

Statement opaque(const XtExtension& extension) {
  Opaque opaque{
      clean_text(extension.name), !extension.target, extension.target, extension.revision, {}};
  opaque.bytes = Octets(extension.info.first(std::min(extension.info.size(), kMostBytes)));
  return {clean_text(extension.name), Action(Box(std::move(opaque)))};
}

}  // namespace

void decode_xt(const XtExtension& extension, Rule& rule) {
  rule.statements.push_back(opaque(extension));
}

}  // namespace nsmap::collect
