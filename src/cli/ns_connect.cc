#include <fmt/format.h>

#include <algorithm>

#include "cli/ns.h"
#include "cli/ns_wire.h"

namespace nsmap::cli {
namespace {

// A namespace to be joined: opened, and as a snapshot has it.
struct Place {
  const OpenPlace& open;
  const model::Namespace& ns;
};

Result<lab::Address> parse_address(const std::string& text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  const int most = address ? address->bits() : 0;
  const auto prefix = slash == text.npos ? std::optional<Prefix>() : Prefix::parse(text);
  if (!address || (slash != text.npos && !prefix))
    return usage_error(fmt::format("'{}' is no address", text), "one like 10.0.0.1/24");
  lab::Address made;
  made.address = *address;
  made.prefix = prefix ? prefix->length : static_cast<std::uint8_t>(most);
  return made;
}

// The addresses of a family: those given, the first for A, the second for B; else free ones.
Result<void> add_addresses(const std::vector<std::string>& given, const lab::AddressPool& pool,
                           const model::Snapshot& snapshot, lab::WireEnd& a, lab::WireEnd& b) {
  if (given.empty()) {
    const auto free = lab::free_subnets(snapshot, pool, 1);
    if (!free) return tl::unexpected(free.error());
    const lab::WireSubnet& wire = free->front();
    a.link.addresses.push_back({{}, wire.near, wire.subnet.length, {}});
    b.link.addresses.push_back({{}, wire.far, wire.subnet.length, {}});
    return {};
  }
  lab::WireEnd* const ends[] = {&a, &b};
  if (given.size() > 2) return usage_error("ns connect: more than two addresses of a family");
  for (std::size_t i = 0; i < given.size(); ++i) {
    auto address = parse_address(given[i]);
    if (!address) return tl::unexpected(address.error());
    if (address->address.is_v6() != pool.from.address.is_v6())
      return usage_error(fmt::format("ns connect: {} is of the other family", given[i]));
    ends[i]->link.addresses.push_back(std::move(*address));
  }
  return {};
}

lab::WireEnd wire_end(const Place& place, const std::string& name, const std::string& other,
                      const Options& options) {
  lab::WireEnd end{place.open.net, free_index(place.ns), {}};
  end.link.kind = "veth";
  end.link.name = name.empty() ? free_name(place.ns, other) : name;
  if (options.mtu != 0) end.link.mtu = static_cast<std::uint32_t>(options.mtu);
  return end;
}

Result<void> check_names(const Place& place, const lab::WireEnd& end) {
  const std::string& name = end.link.name;
  if (const std::string_view wrong = lab::wrong_link_name(name); !wrong.empty())
    return usage_error(fmt::format("ns connect: interface '{}': {}", name, wrong));
  if (find_link(place.ns, name))
    return usage_error(fmt::format("{} has a {} already", place.open.title, name), "another name");
  return {};
}

Result<void> put_on_bridge(const Place& place, const std::string& bridge, lab::WireEnd& end) {
  const model::Link* link = find_link(place.ns, bridge);
  if (!link || link->kind != "bridge")
    return usage_error(fmt::format("{} has no bridge {}", place.open.title, bridge), "nsmap show");
  end.master = link->index;
  return {};
}

// Those given, and free ones of the families that both ends have. Gives why a family is left out,
// in a line; empty: none is.
Result<std::string> choose_addresses(const ActionRequest& request, const model::Snapshot& snapshot,
                                     const std::vector<OpenPlace>& opened, lab::WireEnd& a,
                                     lab::WireEnd& b) {
  const Options& options = request.options;
  std::string reason;
  for (const bool v6 : {false, true}) {
    const auto& given = v6 ? options.addr6 : options.addr4;
    if (given.empty() && !options.bridge.empty()) continue;
    const auto without = std::ranges::find_if(opened, [&](const OpenPlace& place) {
      return v6 && given.empty() && is_v6_disabled_in(request.system, place.net);
    });
    if (without != opened.end()) {
      reason = fmt::format("IPv6 is disabled in {}: no addresses of it\n", without->title);
      continue;
    }
    const auto pool = pool_of(options.pools, v6);
    if (!pool) return tl::unexpected(pool.error());
    if (auto added = add_addresses(given, *pool, snapshot, a, b); !added)
      return tl::unexpected(added.error());
  }
  return reason;
}

// With a bridge the second end is in the namespace nsmap runs in, and has no addresses.
Result<Answer> run_connect(const ActionRequest& request) {
  const Options& options = request.options;
  std::vector<std::string> wanted = options.things;
  if (wanted.size() == 1 && options.bridge.empty())
    return usage_error("ns connect: what to connect it to is missing", "a second one, or --bridge");
  if (wanted.size() == 1) wanted.push_back(".");
  const auto snapshot = request.collect();
  if (!snapshot) return tl::unexpected(snapshot.error());
  const auto opened = open_places(request, wanted, false, &*snapshot);
  if (!opened) return tl::unexpected(opened.error());
  const model::Namespace* ns_a = find_opened(*snapshot, request.system, opened->front().net);
  const model::Namespace* ns_b = find_opened(*snapshot, request.system, opened->back().net);
  if (!ns_a || !ns_b) return read_error("ns connect: a namespace is gone");
  const Place place_a{opened->front(), *ns_a};
  const Place place_b{opened->back(), *ns_b};
  if (ns_a == ns_b) return usage_error("ns connect: both are the same namespace");
  lab::WireEnd a = wire_end(place_a, options.name_a, wanted.back(), options);
  lab::WireEnd b = wire_end(place_b, options.name_b, wanted.front(), options);
  for (const auto& [place, end] : {std::pair(&place_a, &a), std::pair(&place_b, &b)})
    if (auto right = check_names(*place, *end); !right) return tl::unexpected(right.error());
  if (!options.bridge.empty())
    if (auto put = put_on_bridge(place_b, options.bridge, b); !put)
      return tl::unexpected(put.error());
  const auto reason = choose_addresses(request, *snapshot, *opened, a, b);
  if (!reason) return tl::unexpected(reason.error());
  return lab::connect(request.system, a, b).map([&] {
    return Answer{fmt::format("{} ⇄ {}\n{}", text_of(a, opened->front().title),
                              text_of(b, opened->back().title), *reason)};
  });
}

constexpr Option kOptions[] = {
    {"--addr4", "A[,B]", "IPv4 addresses of its ends; free ones without it", &Options::addr4},
    {"--addr6", "A[,B]", "IPv6 addresses of its ends; free ones without it", &Options::addr6},
    {"--pool", "PREFIX,…", "where free ones are taken from (10.213.0.0/16, fd00:213::/48)",
     &Options::pools},
    {"--mtu", "BYTES", "of both ends", &Options::mtu},
    {"--name-a", "NAME", "of the interface in the first", &Options::name_a},
    {"--name-b", "NAME", "of the interface in the second", &Options::name_b},
    {"--bridge", "BRIDGE", "make the second end a port of a bridge there", &Options::bridge},
};

}  // namespace

const Action kNsConnect{
    .name = "connect",
    .summary = "join two namespaces by a veth with addresses",
    .thing = "NAMESPACE",
    .thing_help = "the two; with --bridge and one, the second is the one nsmap runs in",
    .least = 1,
    .most = 2,
    .options = kOptions,
    .more = "The wire goes with either namespace, or with ip link del of either end.",
    .run = run_connect,
};

}  // namespace nsmap::cli
