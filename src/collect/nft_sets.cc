#include "collect/nft_sets.h"

#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <compare>
#include <utility>

#include "collect/nft_rule.h"
#include "collect/nft_userdata.h"

namespace nsmap::collect {
namespace {

using namespace model::firewall;

constexpr std::uint32_t kMostKey = NFT_DATA_VALUE_MAXLEN;
constexpr std::uint32_t kHostOrder = 1;  // of nft(8)'s notes: 1 host, 2 network

// The lengths of a concatenation's parts, where the kernel keeps them.
std::vector<std::uint32_t> part_lengths(netlink::Attributes description) {
  std::vector<std::uint32_t> lengths;
  for (const netlink::Attribute part : NftAttributes(description).nested(NFTA_SET_DESC_CONCAT))
    lengths.push_back(NftAttributes(part.nested()).u32(NFTA_SET_FIELD_LEN).value_or(0));
  return lengths;
}

// Integers are in the order that the program noted down, if it did.
void note_order(DeclaredParts& declared, Bytes userdata, NftNote note) {
  if (declared.parts.size() != 1 || declared.parts[0].type != model::DataType::integer) return;
  declared.coding[0].host_order = note_number(userdata, note) == kHostOrder;
}

void read_key(const NftAttributes& attributes, NftSet& about, Set& set) {
  about.key_length = attributes.u32(NFTA_SET_KEY_LEN).value_or(0);
  DeclaredParts key =
      declared_parts(attributes.u32(NFTA_SET_KEY_TYPE).value_or(0), about.key_length,
                     part_lengths(attributes.nested(NFTA_SET_DESC)));
  note_order(key, attributes.bytes(NFTA_SET_USERDATA), NftNote::set_key_order);
  // Keys of intervals are compared byte by byte, so nft(8) turns them (nft_set_rbtree.c).
  if (set.interval)
    for (PartCoding& part : key.coding) part.host_order = false;
  set.key = std::move(key.parts);
  about.key = std::move(key.coding);
}

void read_data(const NftAttributes& attributes, NftSet& about, Set& set) {
  const Bytes userdata = attributes.bytes(NFTA_SET_USERDATA);
  const std::uint32_t type = attributes.u32(NFTA_SET_DATA_TYPE).value_or(0);
  about.object_type = attributes.u32(NFTA_SET_OBJ_TYPE).value_or(0);
  if (about.object_type != 0) set.object_kind = object_kind(about.object_type);
  about.verdicts = set.map && type == NFT_DATA_VERDICT;
  if (!set.map || about.verdicts || about.object_type != 0) return;
  about.data_length = attributes.u32(NFTA_SET_DATA_LEN).value_or(0);
  about.data_ranges = note_number(userdata, NftNote::set_data_ranges) != 0;
  const std::uint32_t ends = about.data_ranges ? 2 : 1;
  DeclaredParts data = declared_parts(type, about.data_length / ends, {});
  note_order(data, userdata, NftNote::set_data_order);
  set.data = std::move(data.parts);
  for (std::uint32_t end = 0; end < ends; ++end)
    about.data.insert(about.data.end(), data.coding.begin(), data.coding.end());
}

void read_flags(std::uint32_t flags, Set& set) {
  const auto has = [&](std::uint32_t flag) { return (flags & flag) != 0; };
  set.anonymous = has(NFT_SET_ANONYMOUS);
  set.constant = has(NFT_SET_CONSTANT);
  set.interval = has(NFT_SET_INTERVAL);
  set.map = has(NFT_SET_MAP) || has(NFT_SET_OBJECT);
  set.timeout = has(NFT_SET_TIMEOUT);
  set.dynamic = has(NFT_SET_EVAL);
}

std::optional<std::uint64_t> some(std::optional<std::uint64_t> number) {
  return number.value_or(0) != 0 ? number : std::nullopt;
}

std::vector<Statement> statements_of(const NftAttributes& attributes, std::size_t one,
                                     std::size_t several, Family family) {
  return attributes.has(one) ? decode_stateful_one(attributes.nested(one), family)
                             : decode_stateful(attributes.nested(several), family);
}

// --- elements --------------------------------------------------------------------------------

Bytes value_of(const NftAttributes& attributes, std::size_t type) {
  return NftAttributes(attributes.nested(type)).bytes(NFTA_DATA_VALUE);
}

// The data in the model's form, of ranges in two.
bool read_data(Bytes bytes, const NftSet& about, Element& element) {
  if (bytes.size() < about.data_length || about.data.empty()) return false;
  if (!about.data_ranges) {
    auto data = decode_parts(bytes, about.data);
    if (data) element.data = std::move(*data);
    return data.has_value();
  }
  const auto middle = about.data.begin() + static_cast<std::ptrdiff_t>(about.data.size() / 2);
  auto first = decode_parts(bytes, Coding(about.data.begin(), middle));
  auto last = decode_parts(bytes.subspan(about.data_length / 2), Coding(middle, about.data.end()));
  if (!first || !last) return false;
  element.data = std::move(*first);
  if (*last != element.data) element.data_last = std::move(*last);
  return true;
}

// What the element is mapped to.
bool read_target(const NftAttributes& attributes, const NftSet& about, Element& element) {
  element.object = attributes.text(NFTA_SET_ELEM_OBJREF);
  if (!attributes.has(NFTA_SET_ELEM_DATA)) return true;
  const NftAttributes data(attributes.nested(NFTA_SET_ELEM_DATA));
  if (!data.has(NFTA_DATA_VERDICT)) return read_data(data.bytes(NFTA_DATA_VALUE), about, element);
  element.verdict = read_verdict(data.nested(NFTA_DATA_VERDICT));
  return element.verdict.has_value();
}

// The one before, as numbers are counted down.
Octets before(Octets number) {
  for (std::size_t at = number.size(); at-- > 0;) {
    const bool borrows = number[at] == std::byte{0};
    number[at] = static_cast<std::byte>(std::to_integer<unsigned>(number[at]) - 1);
    if (!borrows) break;
  }
  return number;
}

Octets highest(std::size_t size) {
  Octets octets(size);
  std::fill_n(octets.data(), size, std::byte{0xff});
  return octets;
}

// By key, what stands for all others last.
std::strong_ordering by_key(const Element& a, const Element& b) {
  if (a.catchall != b.catchall) return a.catchall <=> b.catchall;
  return a.first <=> b.first;
}

// Sorted, each moved once: elements are large.
template <typename T, typename Less>
std::vector<T> in_order(std::vector<T> all, Less less) {
  if (std::ranges::is_sorted(all, less)) return all;
  std::vector<T*> places;
  places.reserve(all.size());
  for (T& one : all) places.push_back(&one);
  std::ranges::stable_sort(places, [&](const T* a, const T* b) { return less(*a, *b); });
  std::vector<T> sorted;
  sorted.reserve(all.size());
  for (T* const one : places) sorted.push_back(std::move(*one));
  return sorted;
}

std::vector<Element> singles(std::vector<RawElement> raw) {
  std::vector<Element> elements;
  elements.reserve(raw.size());
  for (RawElement& one : raw) elements.push_back(std::move(one.element));
  return elements;
}

// Gives each beginning its end: the key before the next, whether that ends it or begins another
// (nft(8) leaves out the end of an interval that the next one follows at once).
std::vector<Element> paired(std::vector<RawElement> raw) {
  std::vector<Element> elements;
  for (std::size_t at = 0; at < raw.size(); ++at) {
    if (raw[at].end) continue;
    Element& element = raw[at].element;
    if (!element.catchall && element.last.empty())
      element.last = at + 1 < raw.size() && !raw[at + 1].element.catchall
                         ? before(raw[at + 1].element.first)
                         : highest(element.first.size());
    elements.push_back(std::move(element));
  }
  return elements;
}

// From the kernel's form of keys to the model's. False: a key that cannot be in such a set.
bool recode(Element& element, const Coding& coding) {
  if (element.catchall) return true;
  auto first = decode_parts(element.first, coding);
  if (!first) return false;
  element.first = std::move(*first);
  if (element.last.empty()) return true;
  auto last = decode_parts(element.last, coding);
  if (!last) return false;
  element.last = *last == element.first ? Octets() : std::move(*last);
  return true;
}

std::string name_of(const Value& value) {
  const auto* const field = std::get_if<model::PacketField>(&value);
  return field != nullptr ? std::string(info(*field).name) : std::string();
}

// What the parts of a key are called, empty where they have no name.
std::vector<std::string> names_of(const Value& key) {
  const auto* const several = std::get_if<Box<Concatenation>>(&key);
  if (several == nullptr) return {name_of(key)};
  std::vector<std::string> names;
  for (const Value& part : (*several)->parts) names.push_back(name_of(part));
  return names;
}

}  // namespace

bool NftSet::use(const Coding& coding, const Value& looked_up) {
  // The kernel orders intervals byte by byte, which is no order of numbers that are turned.
  if (interval && std::ranges::any_of(coding, &PartCoding::host_order)) return false;
  if (!used) {
    used = coding;
    names = names_of(looked_up);
  }
  return *used == coding;
}

std::optional<NftSet> read_set(const NftAttributes& attributes, Set& set) {
  NftSet about;
  const Bytes userdata = attributes.bytes(NFTA_SET_USERDATA);
  about.raw_name = attributes.raw_text(NFTA_SET_NAME);
  set.name = clean_text(about.raw_name);
  set.handle = attributes.u64(NFTA_SET_HANDLE);
  read_flags(attributes.u32(NFTA_SET_FLAGS).value_or(0), set);
  about.interval = set.interval;
  read_key(attributes, about, set);
  read_data(attributes, about, set);
  if (about.key_length == 0 || about.key_length > kMostKey || about.data_length > kMostKey)
    return std::nullopt;
  set.auto_merge = note_number(userdata, NftNote::set_auto_merge) != 0;
  set.timeout_ms = some(attributes.u64(NFTA_SET_TIMEOUT));
  set.gc_interval_ms = some(attributes.u32(NFTA_SET_GC_INTERVAL));
  set.size = NftAttributes(attributes.nested(NFTA_SET_DESC)).u32(NFTA_SET_DESC_SIZE);
  if (attributes.u32(NFTA_SET_POLICY) == NFT_SET_POL_MEMORY) set.policy = "memory";
  set.comment = note_text(userdata, NftNote::set_comment);
  set.statements = statements_of(attributes, NFTA_SET_EXPR, NFTA_SET_EXPRESSIONS, Family::inet);
  return about;
}

void describe_key(const NftSet& about, Set& set) {
  if (!about.used || about.used->size() != set.key.size()) return;
  for (std::size_t at = 0; at < set.key.size(); ++at) {
    KeyPart& part = set.key[at];
    const std::uint32_t bytes = (*about.used)[at].bytes;
    if ((part.bits + 7) / 8 != bytes) part.bits = 8 * bytes;
    if (part.type == model::DataType::integer) part.typeof_ = about.names[at];
  }
}

std::optional<RawElement> read_element(netlink::Attributes from, const NftSet& about,
                                       Family family) {
  const NftAttributes attributes(from);
  const std::uint32_t flags = attributes.u32(NFTA_SET_ELEM_FLAGS).value_or(0);
  RawElement raw;
  Element& element = raw.element;
  raw.end = (flags & NFT_SET_ELEM_INTERVAL_END) != 0;
  element.catchall = (flags & NFT_SET_ELEM_CATCHALL) != 0;
  const Bytes key = value_of(attributes, NFTA_SET_ELEM_KEY);
  const Bytes key_end = value_of(attributes, NFTA_SET_ELEM_KEY_END);
  const bool sound = element.catchall || key.size() == about.key_length;
  if (!attributes.good() || !sound || (!key_end.empty() && key_end.size() != key.size()))
    return std::nullopt;
  element.first = Octets(key);
  element.last = Octets(key_end);
  if (!raw.end && !read_target(attributes, about, element)) return std::nullopt;
  element.timeout_ms = some(attributes.u64(NFTA_SET_ELEM_TIMEOUT));
  element.expires_ms = attributes.u64(NFTA_SET_ELEM_EXPIRATION);
  element.comment = note_text(attributes.bytes(NFTA_SET_ELEM_USERDATA), NftNote::comment);
  element.statements =
      statements_of(attributes, NFTA_SET_ELEM_EXPR, NFTA_SET_ELEM_EXPRESSIONS, family);
  return raw;
}

std::vector<Element> finish_elements(std::vector<RawElement> raw, const NftSet& about) {
  const bool interval = about.interval;
  if (interval) {
    // Of the same key the end of one interval comes before the beginning of the next.
    raw = in_order(std::move(raw), [](const RawElement& a, const RawElement& b) {
      const auto order = by_key(a.element, b.element);
      return order != 0 ? order < 0 : a.end && !b.end;
    });
  }
  std::vector<Element> elements = interval ? paired(std::move(raw)) : singles(std::move(raw));
  std::erase_if(elements, [&](Element& element) { return !recode(element, about.coding()); });
  return in_order(std::move(elements),
                  [](const Element& a, const Element& b) { return by_key(a, b) < 0; });
}

}  // namespace nsmap::collect
