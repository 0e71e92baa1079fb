#include "analyze/whois.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyze/ends.h"
#include "analyze/find.h"
#include "analyze/published.h"
#include "base/number.h"

namespace nsmap::analyze {
namespace {

using model::Container;
using model::Index;
using model::Link;
using model::LinkRef;
using model::Namespace;
using model::Process;
using model::Socket;

// A container's id may be shortened to this many characters.
constexpr std::size_t kMinIdPrefix = 4;

struct Search {
  const Index& index;
  const Titles& titles;
  std::vector<WhoisAnswer> answers;

  const model::Snapshot& snapshot() const { return index.snapshot(); }
};

// --- what an answer says of whose the thing is ---------------------------------------------------

void tell_container(const Container& container, WhoisAnswer& answer) {
  answer.container = container_name(container);
  answer.image = container.image;
}

void tell_namespace(const Search& search, model::NetnsId id, WhoisAnswer& answer) {
  answer.ns = id;
  answer.title = search.titles.of(id);
  const auto& containers = search.index.containers_in(id);
  const Namespace* ns = search.index.find(id);
  // Containers in the host's namespace share it: none of them owns what is there.
  if (!containers.empty() && !(ns && ns->host)) tell_container(*containers.front(), answer);
}

void tell_process(const Search& search, const Process& process, WhoisAnswer& answer) {
  answer.pid = process.pid;
  answer.command = process.command.empty() ? process.comm : process.command;
  if (const Container* container = search.index.container(process.container))
    tell_container(*container, answer);
}

void tell_pid(const Search& search, Pid pid, WhoisAnswer& answer) {
  answer.pid = pid;
  if (const Process* process = search.index.find(pid)) tell_process(search, *process, answer);
}

void tell_link(const Search& search, LinkRef ref, WhoisAnswer& answer) {
  answer.index = ref.index;
  const Link* link = search.index.find(ref);
  if (!link) return;
  answer.interface = link->name;
  if (!link->served_by.empty()) tell_pid(search, link->served_by.front().pid, answer);
  if (!link->peer) return;
  const Link* peer = search.index.find(*link->peer);
  answer.peer = WhoisPeer{*link->peer, peer ? peer->name : "", search.titles.of(link->peer->ns)};
}

WhoisAnswer answer_in(const Search& search, WhoisKind kind, std::string what, model::NetnsId id) {
  WhoisAnswer answer;
  answer.kind = kind;
  answer.what = std::move(what);
  tell_namespace(search, id, answer);
  return answer;
}

std::string address_text(const model::Address& address) {
  return fmt::format("{}/{}", address.address.text(), address.prefix);
}

// --- interfaces ---------------------------------------------------------------------------------

void add_link(Search& search, WhoisKind kind, std::string what, LinkRef ref) {
  WhoisAnswer answer = answer_in(search, kind, std::move(what), ref.ns);
  tell_link(search, ref, answer);
  for (const model::Address* address : search.index.addresses_of(ref))
    answer.addresses.push_back(address_text(*address));
  search.answers.push_back(std::move(answer));
}

bool is_called(const Link& link, std::string_view name) {
  return link.name == name || std::ranges::find(link.altnames, name) != link.altnames.end();
}

void find_interfaces_in(Search& search, const Namespace& ns, std::string_view name) {
  for (const Link& link : ns.links)
    if (is_called(link, name))
      add_link(search, WhoisKind::interface_, link.name, {ns.id, link.index});
}

void find_interfaces(Search& search, std::string_view thing) {
  for (const Namespace& ns : search.snapshot().namespaces) find_interfaces_in(search, ns, thing);
}

// --- addresses ----------------------------------------------------------------------------------

// Adds what neighbour entries know of a thing that is nobody's here.
template <typename Matches>
void find_neighbours(Search& search, Matches matches) {
  for (const Namespace& ns : search.snapshot().namespaces)
    for (const model::Neighbour& neighbour : ns.neighbours) {
      if (!matches(neighbour)) continue;
      WhoisAnswer answer =
          answer_in(search, WhoisKind::neighbour,
                    fmt::format("{} at {}", neighbour.address.text(), neighbour.mac.text()), ns.id);
      answer.index = neighbour.index;
      if (const Link* link = search.index.find({ns.id, neighbour.index}))
        answer.interface = link->name;
      search.answers.push_back(std::move(answer));
    }
}

void find_addresses(Search& search, std::string_view thing) {
  const auto wanted = IpAddress::parse(thing);
  if (!wanted) return;
  const std::size_t before = search.answers.size();
  for (const Namespace& ns : search.snapshot().namespaces)
    for (const model::Address& address : ns.addresses) {
      if (address.address != *wanted) continue;
      WhoisAnswer answer = answer_in(search, WhoisKind::address, address_text(address), ns.id);
      tell_link(search, {ns.id, address.index}, answer);
      search.answers.push_back(std::move(answer));
    }
  if (search.answers.size() == before)
    find_neighbours(search, [&](const auto& neighbour) { return neighbour.address == *wanted; });
}

void find_macs(Search& search, std::string_view thing) {
  std::string lower(thing);
  std::ranges::replace(lower, '-', ':');
  const auto wanted = Mac::parse(lower);
  if (!wanted || wanted->empty() || thing.find_first_of(":-") == std::string_view::npos) return;
  const std::size_t before = search.answers.size();
  for (const Namespace& ns : search.snapshot().namespaces)
    for (const Link& link : ns.links)
      if (link.mac == *wanted)
        add_link(search, WhoisKind::mac, wanted->text(), {ns.id, link.index});
  if (search.answers.size() == before)
    find_neighbours(search, [&](const auto& neighbour) { return neighbour.mac == *wanted; });
}

// --- ports --------------------------------------------------------------------------------------

struct Port {
  std::uint16_t number = 0;
  std::string protocol;  // empty: any
};

// ":8080", ":53/udp".
std::optional<Port> parse_port(std::string_view thing) {
  if (!thing.starts_with(':')) return std::nullopt;
  const auto slash = thing.find('/');
  const std::string_view digits =
      thing.substr(1, slash == std::string_view::npos ? slash : slash - 1);
  const auto number = parse_number<std::uint16_t>(digits);
  if (!number || *number == 0) return std::nullopt;
  Port port{*number, {}};
  if (slash != std::string_view::npos) port.protocol = thing.substr(slash + 1);
  return port;
}

std::string socket_text(const Socket& socket) {
  if (!socket.local) return fmt::format("{} {}", socket.protocol, socket.name);
  const std::string address =
      socket.local->is_v6() ? "[" + socket.local->text() + "]" : socket.local->text();
  return fmt::format("{} {}:{} {}", socket.protocol, address, socket.local_port, socket.state);
}

// One answer for each process that holds the socket, or one if none does.
void add_socket(Search& search, WhoisKind kind, const Namespace& ns, const Socket& socket) {
  WhoisAnswer answer = answer_in(search, kind, socket_text(socket), ns.id);
  if (socket.owners.empty()) search.answers.push_back(answer);
  std::optional<Pid> told;
  for (const model::SocketOwner& owner : socket.owners) {
    if (told == owner.pid) continue;  // the same process through another descriptor
    told = owner.pid;
    search.answers.push_back(answer);
    tell_pid(search, owner.pid, search.answers.back());
  }
}

void find_published(Search& search, const Port& port) {
  for (const Published& published : published_ports(search.index, search.titles)) {
    if (published.port != port.number) continue;
    if (!port.protocol.empty() && published.protocol != port.protocol) continue;
    WhoisAnswer answer;
    answer.kind = WhoisKind::published;
    const std::string address = published.address ? published.address->text() : "*";
    const bool host = search.index.host() && published.ns == search.index.host()->id;
    answer.what = fmt::format("{} {}:{}{} to port {}", published.protocol, address, published.port,
                              host ? "" : " of " + published.title, published.to.port);
    if (published.to.ns) tell_namespace(search, *published.to.ns, answer);
    if (published.to.pid) tell_pid(search, *published.to.pid, answer);
    if (answer.container.empty()) answer.container = published.to.container;
    search.answers.push_back(std::move(answer));
  }
}

void find_ports(Search& search, std::string_view thing) {
  const auto port = parse_port(thing);
  if (!port) return;
  for (const Namespace& ns : search.snapshot().namespaces)
    for (const Socket& socket : ns.sockets)
      if (socket.local_port == port->number && is_waiting(socket) &&
          (port->protocol.empty() || socket.protocol == port->protocol))
        add_socket(search, WhoisKind::port, ns, socket);
  find_published(search, *port);
}

// --- numbers ------------------------------------------------------------------------------------

// The number in "812" or, with its prefix, "pid:812".
template <typename Int>
std::optional<Int> number_of(std::string_view thing, std::string_view prefix) {
  if (thing.starts_with(prefix)) thing.remove_prefix(prefix.size());
  return parse_number<Int>(thing);
}

void find_process(Search& search, std::string_view thing) {
  const auto number = number_of<std::int32_t>(thing, "pid:");
  const Process* process = number ? search.index.find(Pid(*number)) : nullptr;
  if (!process) return;
  WhoisAnswer answer;
  answer.kind = WhoisKind::process;
  answer.what = process_name(*process);
  if (process->net) tell_namespace(search, *process->net, answer);
  tell_process(search, *process, answer);
  search.answers.push_back(std::move(answer));
}

void add_namespace(Search& search, const Namespace& ns) {
  search.answers.push_back(answer_in(search, WhoisKind::namespace_, plain_name(ns.id), ns.id));
}

void find_inodes(Search& search, std::string_view thing) {
  const auto number = number_of<std::uint64_t>(thing, "ino:");
  if (!number || *number == 0) return;
  for (const Namespace& ns : search.snapshot().namespaces) {
    if (!ns.id.hidden() && ns.id.ino == *number) add_namespace(search, ns);
    for (const Socket& socket : ns.sockets)
      if (socket.inode.value == *number) add_socket(search, WhoisKind::socket, ns, socket);
  }
}

// --- names --------------------------------------------------------------------------------------

bool is_called(const Container& container, std::string_view name) {
  return container.name == name || container.id == name ||
         (name.size() >= kMinIdPrefix && container.id.starts_with(name)) ||
         (container.pod && (container.pod->name == name ||
                            fmt::format("{}/{}", container.pod->ns, container.pod->name) == name));
}

void find_containers(Search& search, std::string_view thing) {
  for (const Container& container : search.snapshot().containers) {
    if (!is_called(container, thing)) continue;
    WhoisAnswer answer;
    answer.kind = WhoisKind::container;
    answer.what = container_name(container);
    if (container.net) tell_namespace(search, *container.net, answer);
    if (container.pid) tell_pid(search, *container.pid, answer);
    tell_container(container, answer);
    search.answers.push_back(std::move(answer));
  }
}

void find_namespaces(Search& search, std::string_view thing) {
  for (const Namespace& ns : search.snapshot().namespaces) {
    const bool named = std::ranges::find(ns.names, thing, &model::Name::name) != ns.names.end();
    if (named || plain_name(ns.id) == thing || search.titles.of(ns.id) == thing)
      add_namespace(search, ns);
  }
}

// What a thing may be; each is asked.
constexpr void (*kFinders[])(Search&, std::string_view) = {
    find_interfaces, find_addresses, find_macs,       find_ports,
    find_process,    find_inodes,    find_containers, find_namespaces};

// "NS:eth0", split at its last colon; nothing where either side is empty or the whole is of another
// form that has colons.
std::optional<std::pair<std::string_view, std::string_view>> split_interface(
    std::string_view thing) {
  const auto colon = thing.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == thing.size())
    return std::nullopt;
  if (IpAddress::parse(thing) || Mac::parse(thing)) return std::nullopt;
  const std::pair split{thing.substr(0, colon), thing.substr(colon + 1)};
  const bool numbered = split.first == "pid" || split.first == "ino";
  return numbered ? std::nullopt : std::optional(split);
}

}  // namespace

Result<std::vector<WhoisAnswer>> whois(const Index& index, const Titles& titles,
                                       std::string_view thing) {
  Search search{index, titles, {}};
  if (thing.empty()) return search.answers;
  if (thing.starts_with(':') && !parse_port(thing) && !IpAddress::parse(thing))
    return usage_error(fmt::format("whois {}: not a port", thing), ":8080 or :53/udp");
  for (const auto find : kFinders) find(search, thing);
  if (!search.answers.empty()) return std::move(search.answers);
  if (const auto split = split_interface(thing)) {
    const auto ns = find_namespace(index, titles, split->first, std::nullopt);
    if (!ns) return tl::unexpected(ns.error());
    find_interfaces_in(search, **ns, split->second);
  }
  return std::move(search.answers);
}

}  // namespace nsmap::analyze
