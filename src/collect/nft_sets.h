#pragma once

#include <linux/netfilter/nfnetlink.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collect/nft_attributes.h"
#include "collect/nft_types.h"
#include "model/firewall.h"

// Sets and maps of nf_tables. The kernel keeps bytes; what they mean is for the rules that look
// them up, and what programs noted down beside (nft_userdata.h).

namespace nsmap::collect {

// A set as far as the kernel's description of it goes.
struct NftSet {
  std::string raw_name = {};  // as the kernel has it
  std::uint32_t key_length = 0;
  std::uint32_t data_length = 0;  // zero: no map, or one to verdicts or objects
  bool interval = false;
  bool verdicts = false;          // a map to them
  std::uint32_t object_type = 0;  // NFT_OBJECT_*; zero: no map to objects
  bool data_ranges = false;
  Coding key = {};   // as declared
  Coding data = {};  // a part each; of ranges those of the first and then those of the last
  // As the first rule has it that looks something up there; it decides, as it does in the kernel.
  std::optional<Coding> used = {};
  std::vector<std::string> names = {};  // what its parts are called there

  const Coding& coding() const { return used ? *used : key; }
  // Whether a key like this is one of the set, by what the rules before have looked up there.
  bool use(const Coding& coding, const model::firewall::Value& looked_up);
};

// The sets of one table by their raw names.
using NftSets = std::map<std::string, NftSet, std::less<>>;

// Reads what an NFT_MSG_NEWSET says into `set`; nothing where it makes no sense.
std::optional<NftSet> read_set(const NftAttributes& attributes, model::firewall::Set& set);

// Says in the set's description what its use has told: the lengths of its key's parts, and what
// those are of whose type says nothing.
void describe_key(const NftSet& about, model::firewall::Set& set);

// An element as the kernel lists it: intervals still in two, the end of one being the first key
// behind it.
struct RawElement {
  model::firewall::Element element = {};
  bool end = false;
};

// Reads what one NFTA_LIST_ELEM says; nothing where it makes no sense.
std::optional<RawElement> read_element(netlink::Attributes attributes, const NftSet& about,
                                       model::firewall::Family family);

// The elements in the model's form, in the order of their keys, with intervals paired.
std::vector<model::firewall::Element> finish_elements(std::vector<RawElement> raw,
                                                      const NftSet& about);

}  // namespace nsmap::collect
