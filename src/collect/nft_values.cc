#include "collect/nft_values.h"

#include <netinet/in.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <iterator>
#include <utility>

namespace nsmap::collect {
namespace {

using namespace model::firewall;
using model::FieldSource;
using model::PacketField;

constexpr std::uint32_t kByte = 8;  // bits

// --- masks -----------------------------------------------------------------------------------

bool all_ones(const Octets& mask) {
  return std::ranges::all_of(mask, [](std::byte byte) { return byte == std::byte{0xff}; });
}

Octets ones(std::size_t size) {
  Octets octets(size);
  std::fill_n(octets.data(), size, std::byte{0xff});
  return octets;
}

template <typename Operator>
Octets combine(const Octets& a, const Octets& b, Operator with) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  Octets both(a);
  for (std::size_t at = 0; at < std::min(a.size(), b.size()); ++at) both[at] = with(a[at], b[at]);
  return both;
}

bool within(const Octets& value, const Octets& mask) {
  for (std::size_t at = 0; at < value.size(); ++at)
    if ((value[at] & ~mask[at]) != std::byte{0}) return false;
  return true;
}

// Ones without a gap, in bits.
struct Run {
  std::uint32_t before = 0;
  std::uint32_t ones = 0;
  std::uint32_t after = 0;
};

std::optional<Run> run_of_ones(const Octets& mask) {
  Run run;
  for (const std::byte byte : mask)
    for (unsigned bit = kByte; bit-- > 0;) {
      const bool one = (std::to_integer<unsigned>(byte) >> bit & 1) != 0;
      if (one && run.after != 0) return std::nullopt;
      ++(one ? run.ones : run.ones == 0 ? run.before : run.after);
    }
  return run.ones != 0 ? std::optional(run) : std::nullopt;
}

Run run_of(const Octets& mask, std::uint32_t size, bool& gaps) {
  if (mask.empty()) return {0, kByte * size, 0};
  const auto run = run_of_ones(mask);
  gaps = !run;
  return run.value_or(Run{});
}

// --- slices ----------------------------------------------------------------------------------

struct Narrowed {
  Value value = {};
  std::uint32_t bytes = 0;
};

std::uint32_t bytes_of(std::uint32_t bits) { return (bits + kByte - 1) / kByte; }

std::optional<PacketField> field_at(const Loaded& loaded, std::uint32_t offset,
                                    std::uint32_t bits) {
  return loaded.header ? model::header_field(*loaded.header, offset, bits) : std::nullopt;
}

// The bits of the value itself, which are fewer than the register's for a slice shifted already.
std::uint32_t own_bits(const Loaded& loaded) {
  if (const auto* const field = std::get_if<PacketField>(&loaded.value)) return info(*field).bits;
  if (const auto* const payload = std::get_if<Payload>(&loaded.value)) return payload->length;
  if (const auto* const option = std::get_if<ExtensionHeader>(&loaded.value))
    return option->present ? kByte * loaded.size : option->length;
  return kByte * loaded.size;
}

// The named field that the run of what is loaded is.
std::optional<Narrowed> named(const Loaded& loaded, const Run& run) {
  const auto* const payload = std::get_if<Payload>(&loaded.value);
  if (payload == nullptr || payload->length != kByte * loaded.size) return std::nullopt;
  const auto field = field_at(loaded, payload->offset + run.before, run.ones);
  if (!field) return std::nullopt;
  return Narrowed{*field, static_cast<std::uint32_t>(info(*field).bytes())};
}

// The slice without a name that it is.
std::optional<Narrowed> unnamed(const Loaded& loaded, const Run& run) {
  if (const auto* const payload = std::get_if<Payload>(&loaded.value);
      payload != nullptr && payload->length == kByte * loaded.size)
    return Narrowed{Payload{payload->base, payload->offset + run.before, run.ones},
                    bytes_of(run.ones)};
  const auto* const option = std::get_if<ExtensionHeader>(&loaded.value);
  if (option == nullptr || option->present || option->length != kByte * loaded.size)
    return std::nullopt;
  ExtensionHeader slice = *option;
  slice.offset += run.before;
  slice.length = run.ones;
  return Narrowed{slice, bytes_of(run.ones)};
}

// The value alone, whatever mask there is: by name where it has one.
Value whole(const Loaded& loaded) {
  if (auto found = named(loaded, {0, kByte * loaded.size, 0})) return std::move(found->value);
  return loaded.value;
}

// `size` bytes, of which the first must be zeros, as the last `bytes` of them.
std::optional<Octets> trimmed(const Octets& octets, std::uint32_t bytes) {
  if (octets.size() <= bytes) return octets;
  const std::size_t cut = octets.size() - bytes;
  if (!Octets(Bytes(octets).first(cut)).is_zero()) return std::nullopt;
  return Octets(Bytes(octets).last(bytes));
}

std::optional<Octets> moved(const Octets& octets, const Run& run, std::uint32_t bytes) {
  return trimmed(run.after != 0 ? shift_right(octets, run.after) : octets, bytes);
}

// --- comparisons -----------------------------------------------------------------------------

// In network order, all of one size; `last` is empty but for ranges.
struct Comparison {
  Compare compare = Compare::eq;
  Octets mask = {};
  Octets right = {};
  Octets last = {};
};

void push(Value left, Comparison comparison, std::vector<Statement>& statements) {
  if (all_ones(comparison.mask)) comparison.mask = Octets();
  Match match{std::move(left), comparison.compare, std::move(comparison.mask),
              std::move(comparison.right), std::move(comparison.last)};
  // nft(8) writes a range as two comparisons.
  if (match.compare == Compare::le && !statements.empty())
    if (auto* const before = std::get_if<Match>(&statements.back().action);
        before != nullptr && before->compare == Compare::ge && statements.back().via.empty() &&
        before->left == match.left && before->mask == match.mask) {
      before->compare = Compare::in;
      before->last = std::move(match.right);
      return;
    }
  statements.push_back({{}, std::move(match)});
}

// As a comparison of the bits that the mask leaves, without a mask.
bool push_narrowed(std::optional<Narrowed> narrowed, const Run& run, const Comparison& comparison,
                   std::vector<Statement>& statements) {
  if (!narrowed) return false;
  if (!comparison.mask.empty() &&
      (!within(comparison.right, comparison.mask) || !within(comparison.last, comparison.mask)))
    return false;
  const auto right = moved(comparison.right, run, narrowed->bytes);
  const auto last = moved(comparison.last, run, narrowed->bytes);
  if (!right || !last) return false;
  push(std::move(narrowed->value), {comparison.compare, {}, *right, *last}, statements);
  return true;
}

// As a comparison of a longer field of which only part was loaded.
bool push_widened(const Loaded& loaded, const Comparison& comparison,
                  std::vector<Statement>& statements) {
  const auto* const payload = std::get_if<Payload>(&loaded.value);
  if (payload == nullptr || !loaded.header) return false;
  const auto field = model::header_field_around(*loaded.header, payload->offset, payload->length);
  if (!field) return false;
  const auto& about = info(*field);
  const std::size_t before = (payload->offset - about.offset) / kByte;
  if ((payload->offset - about.offset) % kByte != 0 || about.bits % kByte != 0) return false;
  const auto place = [&](const Octets& octets) {
    Octets all(octets.empty() ? 0 : about.bytes());
    std::copy(octets.begin(), octets.end(), all.data() + (octets.empty() ? 0 : before));
    return all;
  };
  const Octets mask = comparison.mask.empty() ? ones(loaded.size) : comparison.mask;
  push(*field, {comparison.compare, place(mask), place(comparison.right), place(comparison.last)},
       statements);
  return true;
}

Octets part_of(const Octets& octets, std::size_t from, std::size_t size) {
  return octets.empty() ? Octets() : Octets(Bytes(octets).subspan(from, size));
}

// As one comparison each of the fields that were loaded at once: nft(8) loads neighbours together.
bool push_split(const Loaded& loaded, const Comparison& comparison,
                std::vector<Statement>& statements) {
  const auto* const payload = std::get_if<Payload>(&loaded.value);
  if (payload == nullptr || comparison.compare != Compare::eq) return false;
  std::vector<Statement> parts;
  for (std::uint32_t from = 0; from < loaded.size;) {
    std::uint32_t size = loaded.size - from;
    while (size != 0 && !field_at(loaded, payload->offset + kByte * from, kByte * size)) --size;
    if (size == 0) return false;
    const auto field = field_at(loaded, payload->offset + kByte * from, kByte * size);
    const Octets mask = part_of(comparison.mask, from, size);
    if (mask.empty() || !mask.is_zero())
      push(*field, {Compare::eq, mask, part_of(comparison.right, from, size), {}}, parts);
    from += size;
  }
  std::ranges::move(parts, std::back_inserter(statements));
  return true;
}

bool push_best(const Loaded& loaded, Comparison comparison, std::vector<Statement>& statements) {
  bool gaps = false;
  const Run run = run_of(comparison.mask, loaded.size, gaps);
  const bool slice = std::holds_alternative<Payload>(loaded.value) ||
                     std::holds_alternative<ExtensionHeader>(loaded.value);
  if (slice) {
    if (!gaps && push_narrowed(named(loaded, run), run, comparison, statements)) return true;
    if (push_widened(loaded, comparison, statements) || push_split(loaded, comparison, statements))
      return true;
    if (!gaps && push_narrowed(unnamed(loaded, run), run, comparison, statements)) return true;
  }
  push(whole(loaded), std::move(comparison), statements);
  return true;
}

bool is_ordering(Compare compare) {
  switch (compare) {
    case Compare::eq:
    case Compare::ne:
      return false;
    case Compare::lt:
    case Compare::le:
    case Compare::gt:
    case Compare::ge:
    case Compare::in:
    case Compare::not_in:
      return true;
  }
  return true;
}

bool is_text(const Value& value) {
  const auto* const field = std::get_if<PacketField>(&value);
  const auto* const fib = std::get_if<Fib>(&value);
  return fib != nullptr
             ? fib->result == Fib::Result::oif_name
             : field != nullptr && (info(*field).type == model::DataType::interface_name ||
                                    info(*field).type == model::DataType::text);
}

// The rule's bytes, in network order and of the value's length. Where they are fewer, the rest does
// not matter, but for texts of which they have the end: the registers are filled up with zeros.
bool widen(const Loaded& loaded, Bytes bytes, Octets& value, Octets& mask) {
  Octets all(loaded.size);
  Octets used(loaded.size);
  if (bytes.size() > loaded.size) {
    const Bytes rest = bytes.subspan(loaded.size);
    if (bytes.size() > padded(loaded.size) || !Octets(rest).is_zero()) return false;
    bytes = bytes.first(loaded.size);
  }
  std::ranges::copy(bytes, all.data());
  const bool ended = is_text(loaded.value) && std::ranges::count(bytes, std::byte{0}) != 0;
  std::fill_n(used.data(), ended ? loaded.size : bytes.size(), std::byte{0xff});
  value = in_network_order(all, loaded.host_order);
  mask = all_ones(used) ? Octets() : in_network_order(used, loaded.host_order);
  return true;
}

}  // namespace

// --- headers ---------------------------------------------------------------------------------

namespace {

struct Follows {
  std::uint32_t number;
  FieldSource header;
};

std::optional<FieldSource> find(std::span<const Follows> table, std::uint64_t number) {
  const auto found = std::ranges::find(table, number, &Follows::number);
  return found == table.end() ? std::nullopt : std::optional(found->header);
}

constexpr Follows kByEtherType[] = {
    {0x0800, FieldSource::ip}, {0x86dd, FieldSource::ip6}, {0x0806, FieldSource::arp}};
constexpr std::uint32_t kVlanEtherTypes[] = {0x8100, 0x88a8};
constexpr Follows kByNfProtocol[] = {{2, FieldSource::ip}, {10, FieldSource::ip6}};
constexpr Follows kByProtocol[] = {
    {IPPROTO_ICMP, FieldSource::icmp},      {IPPROTO_IGMP, FieldSource::igmp},
    {IPPROTO_TCP, FieldSource::tcp},        {IPPROTO_UDP, FieldSource::udp},
    {IPPROTO_DCCP, FieldSource::dccp},      {IPPROTO_ESP, FieldSource::esp},
    {IPPROTO_AH, FieldSource::ah},          {IPPROTO_ICMPV6, FieldSource::icmpv6},
    {IPPROTO_COMP, FieldSource::comp},      {IPPROTO_SCTP, FieldSource::sctp},
    {IPPROTO_UDPLITE, FieldSource::udplite}};

}  // namespace

Headers Headers::of_family(Family family) {
  switch (family) {
    case Family::ip:
      return {.network = FieldSource::ip};
    case Family::ip6:
      return {.network = FieldSource::ip6};
    case Family::arp:
      return {.network = FieldSource::arp};
    case Family::inet:
    case Family::bridge:
    case Family::netdev:
      return {};
  }
  return {};
}

void Headers::learn(const Match& match) {
  const auto* const field = std::get_if<PacketField>(&match.left);
  if (field == nullptr || match.compare != Compare::eq || !match.mask.empty()) return;
  const std::uint64_t number = match.right.number();
  if (*field == PacketField::meta_nfproto) network = find(kByNfProtocol, number);
  if (*field == PacketField::meta_protocol || *field == PacketField::ether_type ||
      *field == PacketField::vlan_type) {
    vlan = vlan || std::ranges::count(kVlanEtherTypes, number) != 0;
    network = find(kByEtherType, number);
  }
  if (*field == PacketField::meta_l4proto || *field == PacketField::ip_protocol ||
      *field == PacketField::ip6_nexthdr)
    transport = find(kByProtocol, number);
}

std::optional<FieldSource> Headers::of(const Payload& payload) const {
  constexpr std::uint32_t kEtherBits = 112;
  switch (payload.base) {
    case Payload::Base::link:
      if (payload.offset + payload.length <= kEtherBits) return FieldSource::ether;
      return vlan ? std::optional(FieldSource::vlan) : std::nullopt;
    case Payload::Base::network:
      return network;
    case Payload::Base::transport:
      return transport.value_or(FieldSource::th);
    case Payload::Base::inner:
      return std::nullopt;
  }
  return std::nullopt;
}

// --- values ----------------------------------------------------------------------------------

Octets and_octets(const Octets& a, const Octets& b) { return combine(a, b, std::bit_and()); }
Octets xor_octets(const Octets& a, const Octets& b) { return combine(a, b, std::bit_xor()); }

std::optional<Plain> plain(const Loaded& loaded) {
  Plain found{
      {}, {loaded.size, loaded.host_order && loaded.size > 1, 0, loaded.size}, loaded.depth};
  bool gaps = false;
  const Run run = run_of(loaded.mask, loaded.size, gaps);
  const bool flips = !loaded.flip.empty() && !loaded.flip.is_zero();
  if (auto field = gaps || flips ? std::nullopt : named(loaded, run)) {
    found.value = std::move(field->value);
    found.coding.shift = run.after;
    found.coding.bytes = field->bytes;
    return found;
  }
  found.value = whole(loaded);
  if (!named(loaded, {0, kByte * loaded.size, 0}))
    found.coding.bytes = std::min(loaded.size, bytes_of(own_bits(loaded)));
  if (loaded.mask.empty() && !flips) return found;
  const Octets mask = loaded.mask.empty() ? ones(loaded.size) : loaded.mask;
  const Octets flip = loaded.flip.empty() ? Octets(loaded.size) : loaded.flip;
  if (mask.is_zero()) {
    found.value = flip;
    return found;
  }
  if (found.coding.bytes != loaded.size || ++found.depth > kMostDepth) return std::nullopt;
  found.value = Box(Bitwise{std::move(found.value), mask, flip});
  return found;
}

std::optional<Loaded> truncated(const Loaded& loaded, std::uint32_t size) {
  if (size >= loaded.size || size == 0 || loaded.host_order) return std::nullopt;
  Loaded cut = loaded;
  const auto first = [&](const Octets& octets) { return part_of(octets, 0, size); };
  if (auto* const payload = std::get_if<Payload>(&cut.value))
    payload->length = kByte * size;
  else if (auto* const option = std::get_if<ExtensionHeader>(&cut.value);
           option && !option->present)
    option->length = kByte * size;
  else
    return std::nullopt;
  cut.size = size;
  cut.mask = first(cut.mask);
  cut.flip = first(cut.flip);
  return cut;
}

std::optional<Loaded> shifted(const Loaded& loaded, bool left, std::uint32_t bits) {
  if (loaded.constant || (loaded.size > 1 && !loaded.host_order) || bits >= kByte * loaded.size)
    return std::nullopt;
  Loaded result{.size = loaded.size, .host_order = loaded.host_order, .depth = loaded.depth};
  bool gaps = false;
  const Run run = run_of(loaded.mask, loaded.size, gaps);
  const bool flips = !loaded.flip.empty() && !loaded.flip.is_zero();
  if (!left && !gaps && !flips && run.after == bits) {
    auto narrowed = named(loaded, run);
    if (!narrowed) narrowed = unnamed(loaded, run);
    if (narrowed) {
      result.value = std::move(narrowed->value);
      return result;
    }
  }
  auto value = plain(loaded);
  if (!value || value->coding.shift != 0 || ++value->depth > kMostDepth) return std::nullopt;
  result.depth = value->depth;
  result.value = Box(Shift{std::move(value->value), left, bits});
  return result;
}

bool append_matches(const Loaded& loaded, Compare compare, Bytes right, Bytes last,
                    std::vector<Statement>& statements) {
  if (loaded.constant || (is_ordering(compare) && loaded.host_order && loaded.size > 1))
    return false;
  Comparison comparison{compare, {}, {}, {}};
  if (!widen(loaded, right, comparison.right, comparison.mask)) return false;
  if (!last.empty() &&
      (last.size() != right.size() || !widen(loaded, last, comparison.last, comparison.mask)))
    return false;
  comparison.mask = and_octets(comparison.mask, loaded.mask);
  if (!loaded.flip.empty() && !loaded.flip.is_zero()) {
    if (is_ordering(compare)) return false;
    comparison.right = xor_octets(comparison.right, loaded.flip);
  }
  if (own_bits(loaded) < kByte * loaded.size) {
    const std::uint32_t bytes = bytes_of(own_bits(loaded));
    const auto short_right = trimmed(comparison.right, bytes);
    const auto short_last = trimmed(comparison.last, bytes);
    if (!short_right || !short_last || !comparison.mask.empty()) return false;
    push(loaded.value, {compare, {}, *short_right, *short_last}, statements);
    return true;
  }
  return push_best(loaded, std::move(comparison), statements);
}

}  // namespace nsmap::collect
