#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "model/firewall.h"

// What a rule's line is put together from.

namespace nsmap::syntax {

// One statement in iptables' words.
struct Piece {
  enum class Kind {
    source,  // -s; these stand first, in this order, once each
    destination,
    in,
    out,
    protocol,
    fragment,
    match,   // -m
    target,  // -j
    jump,    // -j or -g with a chain or verdict
  };
  Kind kind = Kind::match;
  std::string name = {};     // the match's or target's
  std::string options = {};  // of kinds before match: the whole
  bool glued = false;        // to the options of the one before, without a space
};

constexpr std::size_t kOwnPieces = 6;  // kinds before match

std::optional<Piece> match_piece(std::string_view via, const model::firewall::Match& match);
std::optional<Piece> one_of_piece(const model::firewall::OneOf& of);

std::optional<Piece> piece(std::string_view via, const model::firewall::Nat& nat);
std::optional<Piece> piece(std::string_view via, const model::firewall::Log& log);
std::optional<Piece> piece(std::string_view via, const model::firewall::Reject& reject);
std::optional<Piece> piece(std::string_view via, const model::firewall::Tproxy& proxy);
std::optional<Piece> piece(std::string_view via, const model::firewall::Queue& queue);
std::optional<Piece> piece(std::string_view via, const model::firewall::Assign& assign);
std::optional<Piece> piece(std::string_view via, const model::firewall::Synproxy& synproxy);
std::optional<Piece> piece(std::string_view via, const model::firewall::Duplicate& copy);
std::optional<Piece> piece(std::string_view via, const model::firewall::StripOption& strip);
std::optional<Piece> piece(std::string_view via, const model::firewall::Verdict& verdict);

// "10.0.0.0/8", "1.2.0.0/255.255.0.255"; an empty mask is all ones.
std::string masked_address(const Octets& address, const Octets& mask);
std::string address_text(const Octets& address);
// "0x1", "0x1/0xff".
std::string mark_text(std::uint64_t mark, std::uint64_t mask);
// "80", "80:90".
std::string ports_text(const Octets& first, const Octets& last, char between = ':');

}  // namespace nsmap::syntax
