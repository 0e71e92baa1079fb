#include <unordered_map>

#include "base/number.h"
#include "lab/file_read.h"
#include "lab/link_kinds.h"

namespace nsmap::lab {
namespace {

using yaml::Node;

// A link on its way from the file: what is told of its other end, and its settings, which can be
// judged when the kind is known.
struct LinkText {
  Link link;
  std::optional<PeerText> peer;
  std::vector<std::pair<const Node*, const Node*>> settings;
};

void read_address(Reading& reading, const Node& node, Address& address) {
  const std::string text = reading.text(node);
  const auto prefix = Prefix::parse(text);
  if (prefix) {
    address.address = prefix->address;
    address.prefix = prefix->length;
  } else {
    const bool has_length = text.find('/') != std::string::npos || !IpAddress::parse(text);
    reading.fail(node.where, fmt::format("'{}' is no address{} such as 10.0.0.1/24",
                                         terminal_text(text), has_length ? "" : " with a length"));
  }
}

constexpr Key<Address> kAddress[] = {
    {"address", read_address},
    {"peer",
     [](Reading& reading, const Node& node, Address& address) {
       read_scalar<IpAddress::parse>(reading, node, "address", address.peer);
     }},
};

void read_addresses(Reading& reading, const Node& node, LinkText& text) {
  for (const Node* item : items(reading, node, "addresses")) {
    Address& address = text.link.addresses.emplace_back();
    address.where = item->where;
    if (item->kind == Node::Kind::map)
      read_map(reading, *item, "an address", kAddress, address);
    else
      read_address(reading, *item, address);
  }
}

constexpr Key<Impairment> kImpairment[] = {
    {"rate",
     [](Reading& reading, const Node& node, Impairment& impairment) {
       read_scalar<to_rate>(reading, node, "rate such as 10mbit", impairment.rate_bps);
     }},
    {"delay",
     [](Reading& reading, const Node& node, Impairment& impairment) {
       read_scalar<to_time>(reading, node, "time such as 20ms", impairment.delay_us);
     }},
    {"jitter",
     [](Reading& reading, const Node& node, Impairment& impairment) {
       read_scalar<to_time>(reading, node, "time such as 2ms", impairment.jitter_us);
     }},
    {"loss",
     [](Reading& reading, const Node& node, Impairment& impairment) {
       read_scalar<to_percent>(reading, node, "share such as 0.5%", impairment.loss_percent);
     }},
};

constexpr Key<LinkName> kLinkName[] = {
    {"namespace", text_of<&LinkName::ns, LinkName>},
    {"name", text_of<&LinkName::link, LinkName>},
};

// A link's name, or a map that also says in which namespace it is.
void read_parent(Reading& reading, const Node& node, LinkText& text) {
  LinkName& parent = text.link.parent.emplace();
  parent.ns = reading.ns;
  if (node.kind == Node::Kind::map)
    read_map(reading, node, "a parent", kLinkName, parent);
  else
    parent.link = reading.text(node);
}

void read_peer(Reading& reading, const Node& node, LinkText& text);

constexpr Key<LinkText> kLink[] = {
    {"kind", [](Reading& reading, const Node& node,
                LinkText& text) { text.link.kind = reading.text(node); }},
    {"up",
     [](Reading& reading, const Node& node, LinkText& text) {
       read_scalar<to_bool>(reading, node, "switch; write true or false", text.link.up);
     }},
    {"mtu",
     [](Reading& reading, const Node& node, LinkText& text) {
       read_scalar<parse_number<std::uint32_t>>(reading, node, "number of bytes", text.link.mtu);
     }},
    {"mac",
     [](Reading& reading, const Node& node, LinkText& text) {
       read_scalar<Mac::parse>(reading, node, "MAC such as 02:00:00:00:00:01", text.link.mac);
     }},
    {"master", [](Reading& reading, const Node& node,
                  LinkText& text) { text.link.master = reading.text(node); }},
    {"peer", read_peer},
    {"parent", read_parent},
    {"addresses", read_addresses},
    {"impair", [](Reading& reading, const Node& node,
                  LinkText& text) { text.link.impair = read_impairment(reading, node); }},
};

// Keys that are for the map a link stands in.
bool is_outer_key(std::string_view key, bool is_peer) {
  return is_peer ? key == "namespace" || key == "name" : key == "count";
}

void read_body(Reading& reading, const Node& body, bool is_peer, LinkText& text) {
  for (const auto& [key, value] : entries(reading, body, is_peer ? "a peer" : "a link")) {
    if (reading.failed()) return;
    if (is_outer_key(key->text, is_peer)) continue;
    if (is_peer && key->text == "peer")
      reading.fail(key->where, "a peer has no peer; the link it stands in is one");
    if (!read_key(reading, kLink, key->text, *value, text)) text.settings.emplace_back(key, value);
  }
}

void read_peer(Reading& reading, const Node& node, LinkText& text) {
  PeerText& peer = text.peer.emplace();
  peer.name.ns = reading.ns;
  std::size_t outer = 0;
  for (const auto& [key, value] : entries(reading, node, "a peer"))
    if (is_outer_key(key->text, true))
      read_key(reading, kLinkName, key->text, *value, peer.name), ++outer;
  peer.bare = node.map.size() == outer;
  peer.link.where = node.where;
  if (peer.name.link.empty()) reading.fail(node.where, "a peer has no 'name'");
}

std::vector<std::string_view> all_keys(const KindInfo& kind) {
  auto keys = names_of(kLink);
  keys.insert(keys.end(), kind.settings.begin(), kind.settings.end());
  return keys;
}

void read_setting(Reading& reading, const KindInfo& kind, const Node& key, const Node& value,
                  Link& link) {
  const auto& known = kind.settings;
  if (std::find(known.begin(), known.end(), key.text) == known.end())
    return reading.fail(key.where,
                        fmt::format("a {} has no '{}'{}", kind.name, terminal_text(key.text),
                                    did_you_mean(key.text, all_keys(kind))));
  std::string text = reading.text(value);
  const std::string wanted = wrong_setting(link.kind, key.text, text);
  if (!wanted.empty() && !reading.failed())
    reading.fail(value.where, fmt::format("'{}' is no {} of a {}; it is to be {}",
                                          terminal_text(text), key.text, kind.name, wanted));
  link.settings[key.text] = std::move(text);
}

// Once the kind is known, the rest of the keys are its settings.
void finish(Reading& reading, LinkText& text) {
  if (reading.failed()) return;
  const KindInfo* const kind = find_kind(text.link.kind);
  if (!kind && text.link.kind.empty())
    return reading.fail(text.link.where, "a link has no 'kind', and no 'peer' to be a veth");
  if (!kind)
    return reading.fail(text.link.where, fmt::format("a lab makes no links of kind '{}'{}",
                                                     terminal_text(text.link.kind),
                                                     did_you_mean(text.link.kind, kind_names())));
  for (const auto& [key, value] : text.settings)
    read_setting(reading, *kind, *key, *value, text.link);
}

// The other end, which is of the same kind.
void finish_peer(Reading& reading, const Node& body, LinkText& text) {
  const auto node = std::find_if(body.map.begin(), body.map.end(),
                                 [](const auto& entry) { return entry.first->text == "peer"; });
  LinkText other;
  other.link.where = node->second->where;
  const std::string ns = std::exchange(reading.ns, text.peer->name.ns);
  read_body(reading, *node->second, true, other);
  reading.ns = ns;
  if (other.link.kind.empty()) other.link.kind = text.link.kind;
  finish(reading, other);
  text.peer->link = std::move(other.link);
  text.peer->owner = {reading.ns, text.link.name};
  text.link.peer = text.peer->name;
  reading.peers.push_back(std::move(*text.peer));
}

void read_link(Reading& reading, const Node& name, const Node& body, Namespace& ns) {
  reading.count_part(name.where);
  LinkText text;
  text.link.where = name.where;
  text.link.name = reading.text(name);
  read_body(reading, body, false, text);
  if (text.peer && text.link.kind.empty()) text.link.kind = "veth";
  finish(reading, text);
  if (text.peer && !reading.failed()) finish_peer(reading, body, text);
  ns.links.push_back(std::move(text.link));
}

std::string key_of(const LinkName& name) { return name.ns + '\n' + name.link; }

// Where every namespace and link is, to be found by name; the first of a name.
struct Places {
  std::unordered_map<std::string, std::size_t> namespaces;
  std::unordered_map<std::string, std::size_t> links;  // in its namespace

  explicit Places(const Lab& lab) {
    for (std::size_t i = 0; i != lab.namespaces.size(); ++i) {
      const Namespace& ns = lab.namespaces[i];
      namespaces.emplace(ns.name, i);
      for (std::size_t at = 0; at != ns.links.size(); ++at)
        links.emplace(key_of({ns.name, ns.links[at].name}), at);
    }
  }
};

void join_peer(Reading& reading, Places& places, PeerText& peer, Lab& lab) {
  const std::string shown = terminal_text(peer.name.ns + ":" + peer.name.link);
  const auto ns = places.namespaces.find(peer.name.ns);
  if (ns == places.namespaces.end())
    return reading.fail(peer.link.where, fmt::format("there is no namespace '{}' for the peer",
                                                     terminal_text(peer.name.ns)));
  auto& links = lab.namespaces[ns->second].links;
  const auto [place, is_new] = places.links.emplace(key_of(peer.name), links.size());
  if (is_new) {
    reading.count_part(peer.link.where);
    peer.link.name = peer.name.link;
    peer.link.peer = peer.owner;
    links.push_back(std::move(peer.link));
    return;
  }
  const Link& there = links[place->second];
  if (there.peer != peer.owner)
    reading.fail(peer.link.where, fmt::format("{} is a link already (line {}), and not the peer of "
                                              "this one",
                                              shown, there.where.line));
  else if (!peer.bare)
    reading.fail(peer.link.where,
                 fmt::format("{} is told of at line {}; say here its namespace and name only",
                             shown, there.where.line));
}

}  // namespace

Impairment read_impairment(Reading& reading, const Node& node) {
  Impairment impairment;
  impairment.where = node.where;
  read_map(reading, node, "impair", kImpairment, impairment);
  return impairment;
}

void read_links(Reading& reading, const Node& node, Namespace& ns) {
  const Counters outer = reading.counters;
  for (const auto& [name, body] : entries(reading, node, "links")) {
    const auto count = count_of(reading, *body);
    for (std::int64_t i = 1; i <= count.value_or(1) && !reading.failed(); ++i) {
      if (count) reading.counters.i = i;
      read_link(reading, *name, *body, ns);
    }
    reading.counters = outer;
  }
}

void join_peers(Reading& reading, Lab& lab) {
  if (reading.failed()) return;
  Places places(lab);
  for (PeerText& peer : reading.peers) join_peer(reading, places, peer, lab);
}

}  // namespace nsmap::lab
