#pragma once

#include <cstdint>
#include <limits>
#include <random>

#include "codec/json_names.h"
#include "codec/json_write.h"
#include "model/snapshot.h"

namespace nsmap::codec {

// Snapshots with every member filled at random, for tests: whatever the types allow, with an eye
// for the ends of ranges and for text that needs escaping. The same seed gives the same snapshot.
class RandomSnapshot {
 public:
  explicit RandomSnapshot(std::uint32_t seed) : random_(seed) {}

  model::Snapshot make() {
    model::Snapshot snapshot;
    fill(snapshot);
    return snapshot;
  }

 private:
  std::uint64_t below(std::uint64_t end) { return random_() % end; }

  template <typename T>
  void fill(T& value) {
    if constexpr (std::same_as<T, bool>)
      value = below(2) != 0;
    else if constexpr (std::integral<T>)
      value = number<T>();
    else if constexpr (detail::is_id<T>)
      fill(value.value);
    else if constexpr (std::is_enum_v<T>)
      value = enumerator<T>();
    else if constexpr (detail::is_a<T, std::optional>)
      value.reset(), below(2) ? fill(value.emplace()) : void();
    else if constexpr (detail::is_a<T, Box>)
      fill(*value);
    else if constexpr (detail::is_a<T, Shared>)
      fill(value.edit());
    else if constexpr (Tagged<T>)
      tagged(value);
    else if constexpr (std::same_as<T, std::vector<model::firewall::Value>> ||
                       std::same_as<T, std::vector<model::firewall::Statement>>)
      for (value.resize(depth_ < 3 ? below(3) : 0); auto& element : value) fill(element);
    else if constexpr (detail::is_a<T, std::vector>)
      for (value.resize(below(4)); auto& element : value) fill(element);
    else
      fill_members(value);
  }

  void fill(std::string& text) {
    static constexpr std::string_view kPieces[] = {
        "eth0",     "\"><script>", "\\",
        "\x1b[31m", "日本",        "😀",
        "\n",       "\x7f",        std::string_view("\0", 1)};
    for (std::uint64_t i = below(4); i != 0; --i) text += kPieces[below(std::size(kPieces))];
  }
  void fill(IpAddress& address) {
    std::array<std::uint64_t, 2> bits{random_(), below(2) ? 0 : random_()};
    address = *IpAddress::from_bytes(std::as_bytes(std::span(bits)).first(below(2) ? 4 : 16));
  }
  void fill(Prefix& prefix) {
    fill(prefix.address);
    prefix.length =
        static_cast<std::uint8_t>(below(static_cast<std::uint64_t>(prefix.address.bits()) + 1));
  }
  void fill(Mac& mac) {
    std::array<std::uint64_t, 4> bits{random_(), random_(), random_(), random_()};
    mac = *Mac::from_bytes(std::as_bytes(std::span(bits)).first(below(Mac::kMaxSize + 1)));
  }
  void fill(model::Link& link) {
    fill_members(link);
    alternative(link, below(std::variant_size_v<model::LinkData>));
  }

  template <typename T>
  void fill_members(T& value) {
    boost::mp11::mp_for_each<Members<T>>([&](auto member) {
      auto& field = value.*member.pointer;
      if constexpr (!detail::is_a<std::decay_t<decltype(field)>, std::variant>) fill(field);
    });
  }

  void fill(Octets& octets) {
    octets = Octets(below(20));
    for (std::size_t at = 0; at < octets.size(); ++at)
      octets[at] = static_cast<std::byte>(below(256));
  }
  void fill(model::PacketField& field) {
    field = static_cast<model::PacketField>(
        below(static_cast<std::uint64_t>(model::PacketField::socket_wildcard) + 1));
  }

  // Values and statements hold others: not for ever.
  template <typename T>
  void tagged(T& value) {
    if (++depth_ < 6)
      boost::mp11::mp_with_index<T::kTags.size()>(below(T::kTags.size()), [&](auto index) {
        auto& held = value.template emplace<index>();
        if constexpr (index != 0) fill(held);
      });
    --depth_;
  }

  // Makes the link one of the kind whose data is that alternative.
  void alternative(model::Link& link, std::size_t wanted) {
    boost::mp11::mp_with_index<std::variant_size_v<model::LinkData>>(wanted, [&](auto index) {
      auto& data = link.data.template emplace<index>();
      using Data = std::decay_t<decltype(data)>;
      if constexpr (!std::same_as<Data, std::monostate>) {
        fill_members(data);
        link.kind = std::same_as<Data, model::TunnelData> ? "sit" : Data::kKind;
      }
    });
  }

  template <typename Int>
  Int number() {
    using Limits = std::numeric_limits<Int>;
    const Int choices[] = {0, 1, Limits::min(), Limits::max(), static_cast<Int>(random_())};
    return choices[below(std::size(choices))];
  }

  template <typename Enum>
  Enum enumerator() {
    using Enumerators = boost::describe::describe_enumerators<Enum>;
    Enum value{};
    boost::mp11::mp_with_index<boost::mp11::mp_size<Enumerators>::value>(
        below(boost::mp11::mp_size<Enumerators>::value),
        [&](auto index) { value = boost::mp11::mp_at_c<Enumerators, index>::value; });
    return value;
  }

  std::mt19937_64 random_;
  int depth_ = 0;
};

}  // namespace nsmap::codec
