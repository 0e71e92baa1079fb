#include "model/packet_field.h"

#include <algorithm>
#include <iterator>

namespace nsmap::model {
namespace {

constexpr PacketFieldInfo kFields[] = {
#define NSMAP_PACKET_FIELD(name, text, source, key, bits, type) \
  {text, FieldSource::source, key, bits, DataType::type},
    NSMAP_PACKET_FIELDS(NSMAP_PACKET_FIELD)
#undef NSMAP_PACKET_FIELD
};

template <typename Wanted>
std::optional<PacketField> find(Wanted wanted) {
  const auto found = std::ranges::find_if(kFields, wanted);
  if (found == std::end(kFields)) return std::nullopt;
  return static_cast<PacketField>(found - std::begin(kFields));
}

}  // namespace

const PacketFieldInfo& info(PacketField field) { return kFields[static_cast<std::size_t>(field)]; }

std::optional<PacketField> packet_field(std::string_view name) {
  return find([&](const PacketFieldInfo& field) { return field.name == name; });
}

std::optional<PacketField> header_field(FieldSource header, unsigned offset, unsigned bits) {
  if (header >= FieldSource::meta) return std::nullopt;
  return find([&](const PacketFieldInfo& field) {
    return field.source == header && field.offset == offset && field.bits == bits;
  });
}

std::optional<PacketField> header_field_around(FieldSource header, unsigned offset, unsigned bits) {
  if (header >= FieldSource::meta) return std::nullopt;
  return find([&](const PacketFieldInfo& field) {
    return field.source == header && field.offset <= offset &&
           offset + bits <= field.offset + unsigned{field.bits};
  });
}

}  // namespace nsmap::model
