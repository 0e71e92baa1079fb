#pragma once

#include <string_view>
#include <vector>

#include "model/firewall.h"

// Statements as tests write them down: constants in hexadecimal.

namespace nsmap::collect {

inline Octets hex(std::string_view text) { return Octets::parse(text).value(); }

inline model::firewall::Statement statement(model::firewall::Action action) {
  return {{}, std::move(action)};
}

inline model::firewall::Statement match(
    model::firewall::Value left, std::string_view right, std::string_view mask = "",
    model::firewall::Compare compare = model::firewall::Compare::eq) {
  return statement(
      model::firewall::Match{std::move(left), compare, hex(mask), hex(right), Octets()});
}

inline model::firewall::Statement range(
    model::firewall::Value left, std::string_view first, std::string_view last,
    model::firewall::Compare compare = model::firewall::Compare::in) {
  return statement(
      model::firewall::Match{std::move(left), compare, Octets(), hex(first), hex(last)});
}

inline model::firewall::Statement verdict(model::firewall::Verdict::Kind kind,
                                          std::string_view chain = "") {
  return statement(model::firewall::Verdict{kind, std::string(chain)});
}

inline model::firewall::Value both(model::firewall::Value first, model::firewall::Value second) {
  return Box(model::firewall::Concatenation{{std::move(first), std::move(second)}});
}

inline model::firewall::Value looked_up(model::firewall::Value key, std::string_view map,
                                        std::optional<std::uint32_t> part = {}) {
  return Box(model::firewall::MapLookup{std::move(key), std::string(map), part});
}

}  // namespace nsmap::collect
