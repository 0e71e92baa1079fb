// Whatever a kernel might give for a legacy table: a header that says of which family it is and
// where its hooks enter, then the entries. Every extension's decoder is met this way too. What was
// decoded is written as iptables has it.

#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "collect/xt_entries.h"
#include "syntax/iptables.h"

namespace {

using namespace nsmap;

struct Header {
  std::uint32_t family;  // of kFamilies
  std::uint32_t valid_hooks;
  std::array<std::uint32_t, 5> entry, underflow;
};

constexpr model::firewall::Family kFamilies[] = {
    model::firewall::Family::ip, model::firewall::Family::ip6, model::firewall::Family::arp};

class AnySet final : public collect::IpsetNames {
 public:
  std::optional<std::string> name(std::uint16_t index) override {
    if (index % 2 == 1) return std::nullopt;
    return "set";
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = std::as_bytes(std::span(data, size));
  const auto header = read_at<Header>(input);
  if (!header) return 0;
  model::firewall::Firewall firewall;
  model::firewall::Table& table = firewall.tables.emplace_back();
  table.backend = model::firewall::Backend::x_tables;
  table.family = kFamilies[header->family % std::size(kFamilies)];
  table.name = "filter";
  AnySet sets;
  collect::decode_entries({table.family, input.subspan(sizeof(Header)), header->valid_hooks,
                           header->entry, header->underflow},
                          &sets, table);
  syntax::iptables_save(firewall, {table.family, table.backend, true});
  return 0;
}
