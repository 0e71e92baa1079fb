#include "history/parts.h"

#include <fmt/format.h>

#include <cstdint>
#include <utility>

#include "codec/json.h"
#include "codec/json_read.h"

namespace nsmap::history {

// What a snapshot is, apart from what it holds.
struct Head {
  std::uint32_t version = codec::kSnapshotVersion;
  model::Host host;
  std::vector<model::Coverage> coverage;
  std::vector<model::Diagnostic> diagnostics;
};
BOOST_DESCRIBE_STRUCT(Head, (), (version, host, coverage, diagnostics))

// How long an address or a route still lives, and which of its list it is.
struct Lifetime {
  std::uint64_t at = 0;
  std::optional<std::uint32_t> valid_s;
  std::optional<std::uint32_t> preferred_s;
};
BOOST_DESCRIBE_STRUCT(Lifetime, (), (at, valid_s, preferred_s))

// What passes by itself in a namespace, counters excepted.
struct Passing {
  std::vector<Lifetime> addresses;
  std::vector<Lifetime> routes;
  std::vector<model::Neighbour> neighbours;
  std::vector<model::FdbEntry> fdb;
  std::vector<model::Socket> sockets;
};
BOOST_DESCRIBE_STRUCT(Passing, (), (addresses, routes, neighbours, fdb, sockets))

namespace {

// Of every link of every namespace, one after the other: most of them change from one snapshot to
// the next, and numbers alone compress better than with their names between them.
using Numbers = std::vector<std::uint64_t>;

template <typename T>
std::string text_of(const T& value) {
  std::string text;
  codec::append_json(text, value);
  return text;
}

template <typename Use>
void each_counter(model::Counters& counters, const Use& use) {
  boost::mp11::mp_for_each<codec::Members<model::Counters>>(
      [&](auto member) { use(counters.*member.pointer); });
}

std::vector<Lifetime> take_lifetimes(std::vector<model::Address>& addresses) {
  std::vector<Lifetime> taken;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    model::Address& address = addresses[i];
    if (!address.valid_s && !address.preferred_s) continue;
    taken.push_back(
        {i, std::exchange(address.valid_s, {}), std::exchange(address.preferred_s, {})});
  }
  return taken;
}

std::vector<Lifetime> take_lifetimes(std::vector<model::Route>& routes) {
  std::vector<Lifetime> taken;
  for (std::size_t i = 0; i < routes.size(); ++i)
    if (routes[i].expires_s) taken.push_back({i, std::exchange(routes[i].expires_s, {}), {}});
  return taken;
}

// Moves what passes out of the namespace.
Passing take_passing(model::Namespace& ns, Numbers& numbers) {
  for (model::Link& link : ns.links)
    each_counter(link.counters,
                 [&](std::uint64_t& counter) { numbers.push_back(std::exchange(counter, 0)); });
  return {take_lifetimes(ns.addresses), take_lifetimes(ns.routes), std::exchange(ns.neighbours, {}),
          std::exchange(ns.fdb, {}), std::exchange(ns.sockets, {})};
}

// Puts the counters back; false: there are not as many as links want.
bool give_counters(std::vector<model::Namespace>& namespaces, const Numbers& numbers) {
  std::size_t next = 0;
  for (model::Namespace& ns : namespaces)
    for (model::Link& link : ns.links)
      each_counter(link.counters, [&](std::uint64_t& counter) {
        if (next < numbers.size()) counter = numbers[next];
        ++next;
      });
  return next == numbers.size();
}

bool give_passing(model::Namespace& ns, Passing& passing) {
  for (const Lifetime& lifetime : passing.addresses) {
    if (lifetime.at >= ns.addresses.size()) return false;
    ns.addresses[lifetime.at].valid_s = lifetime.valid_s;
    ns.addresses[lifetime.at].preferred_s = lifetime.preferred_s;
  }
  for (const Lifetime& lifetime : passing.routes) {
    if (lifetime.at >= ns.routes.size()) return false;
    ns.routes[lifetime.at].expires_s = lifetime.valid_s;
  }
  ns.neighbours = std::move(passing.neighbours);
  ns.fdb = std::move(passing.fdb);
  ns.sockets = std::move(passing.sockets);
  return true;
}

// Reads texts one after the other, until one is not what it should be.
class Reader {
 public:
  Reader(const std::vector<std::string>& texts, std::string_view what)
      : texts_(texts), what_(what) {}

  template <typename T>
  T next() {
    if (error_) return {};
    if (next_ == texts_.size()) return fail("parts are missing"), T();
    auto value = codec::from_json<T>(texts_[next_++], what_);
    if (value) return std::move(*value);
    error_ = value.error();
    return {};
  }
  bool at_end() const { return error_ || next_ == texts_.size(); }
  void fail(std::string_view why) {
    error_ = usage_error(fmt::format("{}: {}", what_, why)).value();
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  const std::vector<std::string>& texts_;
  const std::string_view what_;
  std::size_t next_ = 0;
  std::optional<Error> error_;
};

void check_version(Reader& reader, const Head& head) {
  if (head.version > codec::kSnapshotVersion)
    reader.fail(fmt::format("a snapshot of version {}, and this nsmap reads up to {}", head.version,
                            codec::kSnapshotVersion));
}

}  // namespace

std::vector<Part> split(model::Snapshot snapshot) {
  Numbers numbers;
  std::vector<Passing> passing;
  for (model::Namespace& ns : snapshot.namespaces) passing.push_back(take_passing(ns, numbers));
  const Head head{codec::kSnapshotVersion, std::move(snapshot.host), std::move(snapshot.coverage),
                  std::move(snapshot.diagnostics)};
  std::vector<Part> parts = {{"head", text_of(head)},
                             {"counters", text_of(numbers)},
                             {"passing", text_of(passing)},
                             {"processes", text_of(snapshot.processes)},
                             {"containers", text_of(snapshot.containers)}};
  for (const model::Namespace& ns : snapshot.namespaces)
    parts.push_back({fmt::format("{}:{}", ns.id.dev, ns.id.ino), text_of(ns)});
  return parts;
}

Result<model::Snapshot> join(const std::vector<std::string>& texts, std::string_view what) {
  Reader reader(texts, what);
  model::Snapshot snapshot;
  auto head = reader.next<Head>();
  check_version(reader, head);
  snapshot.host = std::move(head.host);
  snapshot.coverage = std::move(head.coverage);
  snapshot.diagnostics = std::move(head.diagnostics);
  const auto numbers = reader.next<Numbers>();
  auto passing = reader.next<std::vector<Passing>>();
  snapshot.processes = reader.next<std::vector<model::Process>>();
  snapshot.containers = reader.next<std::vector<model::Container>>();
  while (!reader.at_end()) snapshot.namespaces.push_back(reader.next<model::Namespace>());
  bool fits = passing.size() == snapshot.namespaces.size();
  for (std::size_t i = 0; fits && i < passing.size(); ++i)
    fits = give_passing(snapshot.namespaces[i], passing[i]);
  if (!reader.error() && !(fits && give_counters(snapshot.namespaces, numbers)))
    reader.fail("its parts do not fit together");
  if (reader.error()) return tl::unexpected(*reader.error());
  return snapshot;
}

}  // namespace nsmap::history
