#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"

// What programs note down beside tables, chains, rules, sets and elements, in libnftnl's form
// (libnftnl/udata.h): type, length and value, a byte each for the first two. The kernel keeps it
// and does not look at it.

namespace nsmap::collect {

// Types by what they are noted beside.
enum class NftNote : std::uint8_t {
  comment = 0,  // of tables, chains, rules, elements and objects
  set_key_order = 0,
  set_data_order = 1,
  set_auto_merge = 2,
  set_key_typeof = 3,
  set_data_typeof = 4,
  set_data_ranges = 6,
  set_comment = 7,
};

// The value of that type; empty: none, or not in that form.
Bytes note(Bytes userdata, NftNote type);
// The same as clean text.
std::string note_text(Bytes userdata, NftNote type);
// The same as a number, which is written in the writer's own byte order; zero: none.
std::uint32_t note_number(Bytes userdata, NftNote type);

}  // namespace nsmap::collect
