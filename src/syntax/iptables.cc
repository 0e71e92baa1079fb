#include "syntax/iptables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>

#include "base/ip.h"
#include "base/text.h"
#include "syntax/dialect.h"
#include "syntax/iptables_parts.h"

namespace nsmap::syntax {
namespace {

using namespace model::firewall;

Piece match(std::string name, std::string options) {
  return {Piece::Kind::match, std::move(name), std::move(options)};
}

std::string inverted(bool invert) { return invert ? "! " : ""; }

// --- matches that are no comparison ------------------------------------------------------------

std::optional<Piece> limit_piece(const Limit& limit) {
  static constexpr std::pair<std::uint64_t, const char*> kUnits[] = {
      {1, "sec"}, {60, "min"}, {3600, "hour"}, {86400, "day"}};
  constexpr std::uint32_t kUsualBurst = 5;
  if (limit.bytes || limit.invert) return std::nullopt;
  for (const auto& [seconds, name] : kUnits) {
    if (seconds != limit.per_s) continue;
    std::string options = fmt::format("--limit {}/{}", limit.rate, name);
    if (limit.burst != kUsualBurst) options += fmt::format(" --limit-burst {}", limit.burst);
    return match("limit", std::move(options));
  }
  return std::nullopt;
}

std::optional<Piece> chance_piece(const Chance& chance) {
  if (chance.probability)
    return match("statistic",
                 fmt::format("--mode random {}--probability {:.11f}", inverted(chance.invert),
                             static_cast<double>(*chance.probability) / 0x80000000));
  if (!chance.every) return std::nullopt;
  return match("statistic", fmt::format("--mode nth {}--every {} --packet {}",
                                        inverted(chance.invert), *chance.every, chance.packet));
}

std::optional<Piece> ipset_piece(const IpsetMatch& set) {
  std::string options = fmt::format("{}--match-set {} ", inverted(set.invert), set.set);
  for (std::size_t at = 0; at < set.directions.size(); ++at)
    options += (at > 0 ? "," : "") + set.directions[at];
  if (!set.options.empty()) options += " " + set.options;
  return match("set", std::move(options));
}

std::optional<Piece> extension_piece(const Extension& extension) {
  return Piece{extension.target ? Piece::Kind::target : Piece::Kind::match, extension.name,
               extension.options};
}

// What iptables has no words for has no overload, but this one.
struct PieceOf {
  std::string_view via;

  std::optional<Piece> operator()(const Match& match) const { return match_piece(via, match); }
  std::optional<Piece> operator()(const Box<OneOf>& of) const { return one_of_piece(*of); }
  std::optional<Piece> operator()(const Box<Limit>& limit) const { return limit_piece(*limit); }
  std::optional<Piece> operator()(const Box<Chance>& chance) const { return chance_piece(*chance); }
  std::optional<Piece> operator()(const Box<IpsetMatch>& set) const { return ipset_piece(*set); }
  std::optional<Piece> operator()(const Box<Extension>& extension) const {
    return extension_piece(*extension);
  }
  std::optional<Piece> operator()(const Box<Quota>& quota) const {
    return match("quota", fmt::format("{}--quota {}", inverted(quota->invert), quota->bytes));
  }
  std::optional<Piece> operator()(const Notrack&) const {
    if (via == "NOTRACK") return Piece{Piece::Kind::target, "NOTRACK", {}};
    return Piece{Piece::Kind::target, "CT", "--notrack"};
  }
  template <typename T>
  requires requires(const T& t) { piece(std::string_view(), t); }
  std::optional<Piece> operator()(const T& statement) const { return piece(via, statement); }
  template <typename T>
  requires requires(const T& t) { piece(std::string_view(), t); }
  std::optional<Piece> operator()(const Box<T>& statement) const { return piece(via, *statement); }
  std::optional<Piece> operator()(const std::monostate&) const { return std::nullopt; }
  std::optional<Piece> operator()(const Lookup&) const { return std::nullopt; }
  std::optional<Piece> operator()(const Counter&) const { return std::nullopt; }
  std::optional<Piece> operator()(const Box<VerdictMap>&) const { return std::nullopt; }
  std::optional<Piece> operator()(const ConnectionLimit&) const { return std::nullopt; }
  std::optional<Piece> operator()(const Last&) const { return std::nullopt; }
  std::optional<Piece> operator()(const Box<SetUpdate>&) const { return std::nullopt; }
  std::optional<Piece> operator()(const Box<ObjectRef>&) const { return std::nullopt; }
  std::optional<Piece> operator()(const Box<Forward>&) const { return std::nullopt; }
  std::optional<Piece> operator()(const FlowOffload&) const { return std::nullopt; }
  std::optional<Piece> operator()(const Box<Opaque>&) const { return std::nullopt; }
};

// --- a line ------------------------------------------------------------------------------------

// Those whose options may come from several statements.
bool takes_several(std::string_view name) {
  static constexpr std::string_view kNames[] = {"tcp",  "udp",       "udplite",  "sctp",
                                                "dccp", "conntrack", "iprange",  "owner",
                                                "ecn",  "devgroup",  "addrtype", "tos"};
  return std::ranges::find(kNames, name) != std::end(kNames);
}

// Whether what comes after it is met by fewer packets for its sake, so that nothing may move
// before it.
bool is_stateful(std::string_view name) {
  static constexpr std::string_view kNames[] = {"limit",     "hashlimit", "recent",    "quota",
                                                "statistic", "set",       "connlimit", "nfacct"};
  return std::ranges::find(kNames, name) != std::end(kNames);
}

// Options of one match, without those that say again what was said.
void join_addrtype(std::string& text, const std::string& options) {
  for (const std::string_view again : {" --limit-iface-in", " --limit-iface-out"})
    if (text.ends_with(again) && options.ends_with(again)) text.resize(text.size() - again.size());
}

class Line {
 public:
  // False: there is no line that says this too.
  bool add(Piece piece) {
    if (!target_.empty() && !continues_target(piece)) return false;
    switch (piece.kind) {
      case Piece::Kind::match:
        return add_match(std::move(piece));
      case Piece::Kind::target:
        return add_target(std::move(piece));
      case Piece::Kind::jump:
        target_ = std::move(piece.options);
        return true;
      case Piece::Kind::source:
      case Piece::Kind::destination:
      case Piece::Kind::in:
      case Piece::Kind::out:
      case Piece::Kind::protocol:
      case Piece::Kind::fragment:
        break;
    }
    std::string& own = own_[static_cast<std::size_t>(piece.kind)];
    if (stateful_ || !own.empty()) return false;
    own = std::move(piece.options);
    return true;
  }

  std::string text(const std::string& comment) const {
    std::string text;
    const auto append = [&](std::string_view part) {
      if (part.empty()) return;
      if (!text.empty()) text += ' ';
      text += part;
    };
    for (const std::string& own : own_) append(own);
    if (!comment.empty()) append("-m comment --comment " + iptables_text(comment));
    append(matches_);
    append(target_);
    return text;
  }

 private:
  bool continues_target(const Piece& piece) const {
    return piece.kind == Piece::Kind::target && piece.name == "TCPOPTSTRIP" && last_ == piece.name;
  }

  bool add_target(Piece piece) {
    if (!target_.empty()) {
      target_ += "," + piece.options.substr(piece.options.rfind(' ') + 1);
      return true;
    }
    target_ = "-j " + piece.name;
    if (!piece.options.empty()) target_ += " " + piece.options;
    last_ = std::move(piece.name);
    return true;
  }

  bool add_match(Piece piece) {
    stateful_ = stateful_ || is_stateful(piece.name);
    if (piece.glued) {
      if (last_ != piece.name) return false;
      matches_ += piece.options;
      last_.clear();
      return true;
    }
    const std::string option = option_of(piece.options);
    const bool again = std::ranges::find(said_, option) != said_.end();
    if (last_ == piece.name && takes_several(piece.name) && !option.empty() && !again) {
      join_addrtype(matches_, piece.options);
    } else {
      matches_ += (matches_.empty() ? "-m " : " -m ") + piece.name;
      said_.clear();
    }
    if (!piece.options.empty()) matches_ += " " + piece.options;
    said_.push_back(option);
    last_ = std::move(piece.name);
    return true;
  }

  // The first word that begins with dashes.
  static std::string option_of(const std::string& options) {
    const std::size_t begin = options.find("--");
    if (begin == std::string::npos) return {};
    return options.substr(begin, options.find(' ', begin) - begin);
  }

  std::array<std::string, kOwnPieces> own_;
  std::string matches_;
  std::string target_;
  std::string last_;               // the match or target that more may be said of
  std::vector<std::string> said_;  // its options
  bool stateful_ = false;
};

// iptables-restore reads by the line.
bool has_control(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// --- a table -----------------------------------------------------------------------------------

std::string counter_text(const Counter& counter) {
  return fmt::format("[{}:{}]", counter.packets, counter.bytes);
}

Counter counter_of(const Rule& rule) {
  for (const Statement& statement : rule.statements)
    if (const auto* counter = std::get_if<Counter>(&statement.action)) return *counter;
  return {};
}

std::string policy_text(const Chain& chain) {
  if (!chain.hook) return "-";
  return chain.policy && chain.policy->kind == Verdict::Kind::drop ? "DROP" : "ACCEPT";
}

void add_rules(IptablesSave& out, const Table& table, const Chain& chain, bool counters) {
  for (const Rule& rule : chain.rules) {
    const auto text = iptables_rule(table, rule);
    if (!text) {
      ++out.unwritten;
      out.text += fmt::format("# {} {}: iptables has no words for this rule\n", chain.name,
                              rule.position + 1);
      continue;
    }
    if (counters) out.text += counter_text(counter_of(rule)) + " ";
    out.text += fmt::format("-A {}{}{}\n", chain.name, text->empty() ? "" : " ", *text);
  }
}

void add_table(IptablesSave& out, const Table& table, bool counters) {
  out.text += fmt::format("*{}\n", table.name);
  for (const Chain& chain : table.chains)
    out.text += fmt::format(":{} {} {}\n", chain.name, policy_text(chain),
                            counter_text(chain.policy_counter.value_or(Counter{})));
  for (const Chain& chain : table.chains) add_rules(out, table, chain, counters);
  out.text += "COMMIT\n";
}

}  // namespace

std::optional<std::string> iptables_rule(const Table&, const Rule& rule) {
  Line line;
  for (const Statement& statement : rule.statements) {
    if (std::holds_alternative<Counter>(statement.action)) continue;
    auto piece = std::visit(PieceOf{statement.via}, statement.action);
    if (!piece || !line.add(std::move(*piece))) return std::nullopt;
  }
  std::string text = line.text(rule.comment);
  if (has_control(text)) return std::nullopt;
  return text;
}

IptablesSave iptables_save(const Firewall& firewall, const IptablesOptions& options) {
  IptablesSave out;
  for (const Table& table : firewall.tables)
    if (table.family == options.family && table.backend == options.backend &&
        dialect_of(table) == Dialect::iptables)
      add_table(out, table, options.counters);
  return out;
}

std::string address_text(const Octets& address) {
  const auto parsed = IpAddress::from_bytes(address);
  return parsed ? parsed->text() : address.text();
}

std::string masked_address(const Octets& address, const Octets& mask) {
  if (mask.empty()) return fmt::format("{}/{}", address_text(address), address.size() * 8);
  std::size_t length = 0;
  bool ended = false, contiguous = true;
  for (const std::byte byte : mask) {
    const auto bits = std::to_integer<std::uint8_t>(byte);
    const int ones = std::countl_one(bits);
    contiguous = contiguous && std::popcount(bits) == ones && !(ended && bits != 0);
    ended = ended || ones < 8;
    length += static_cast<std::size_t>(ones);
  }
  return contiguous ? fmt::format("{}/{}", address_text(address), length)
                    : fmt::format("{}/{}", address_text(address), address_text(mask));
}

std::string mark_text(std::uint64_t mark, std::uint64_t mask) {
  return mask == 0xffffffff ? fmt::format("0x{:x}", mark)
                            : fmt::format("0x{:x}/0x{:x}", mark, mask);
}

std::string ports_text(const Octets& first, const Octets& last, char between) {
  if (first == last) return std::to_string(first.number());
  return fmt::format("{}{}{}", first.number(), between, last.number());
}

}  // namespace nsmap::syntax
