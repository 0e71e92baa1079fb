// Fills a history as a host would over days: from one snapshot, so many more, each a minute later
// and with one namespace in a hundred changed, in turn by a new address, another MTU, a new
// process, or by being made anew. Prints what it came to as JSON.
//
// usage: bench_history SNAPSHOT HISTORY COUNT [--traffic]
// --traffic: from each to the next the counters of every link grow, a fifth of the neighbours are
// in another state, and a tenth of the namespaces have another connection

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "codec/json.h"
#include "history/store.h"

namespace {

using namespace nsmap;
using Clock = std::chrono::steady_clock;

class Host {
 public:
  explicit Host(model::Snapshot snapshot) : snapshot_(std::move(snapshot)) {}

  const model::Snapshot& snapshot() const { return snapshot_; }

  void pass_a_minute(bool traffic) {
    auto& host = snapshot_.host;
    host.time_ns += 60'000'000'000 + below(1'000'000);
    host.monotonic_ns += 60'000'000'000;
    host.took_ns = 20'000'000 + below(5'000'000);
    for (model::Coverage& coverage : snapshot_.coverage)
      coverage.took_ns +=
          coverage.took_ns == 0 ? 0 : below(coverage.took_ns) - coverage.took_ns / 2;
    read_again();
    const std::size_t changes = std::max<std::size_t>(1, snapshot_.namespaces.size() / 100);
    for (std::size_t i = 0; i < changes; ++i) change();
    if (traffic) pass_traffic();
  }

 private:
  std::int64_t below(std::int64_t end) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(end));
  }

  // nsmap is another process each time.
  void read_again() {
    if (!snapshot_.host.reader) return;
    const Pid before = *snapshot_.host.reader;
    const Pid now = new_pid();
    snapshot_.host.reader = now;
    for (model::Process& process : snapshot_.processes)
      if (process.pid == before) process.pid = now;
    for (model::Holder& holder : snapshot_.namespaces.front().holders)
      if (holder.pid == before) holder.pid = now;
  }

  Pid new_pid() { return Pid(next_pid_ += static_cast<std::int32_t>(1 + below(20))); }

  void change() {
    model::Namespace& ns = snapshot_.namespaces[1 + random_() % (snapshot_.namespaces.size() - 1)];
    switch (below(4)) {
      case 0:
        add_address(ns);
        break;
      case 1:
        ns.links.back().mtu = 1280 + static_cast<std::uint32_t>(below(220));
        break;
      case 2:
        start_process(ns);
        break;
      case 3:
        make_anew(ns);
        break;
    }
  }

  void add_address(model::Namespace& ns) {
    if (ns.addresses.size() > 8) ns.addresses.resize(3);
    const std::uint64_t bits = random_();
    ns.addresses.push_back(ns.addresses.back());
    ns.addresses.back().address =
        *IpAddress::from_bytes(std::as_bytes(std::span(&bits, 1)).first(4));
  }

  void start_process(model::Namespace& ns) {
    model::Process process = snapshot_.processes.back();
    process.pid = new_pid();
    process.start_ticks = random_() % 100'000'000;
    process.net = ns.id;
    model::Holder& holder = ns.holders.emplace_back();
    holder.pid = process.pid;
    snapshot_.processes.erase(snapshot_.processes.begin() + below(20) + 40);
    snapshot_.processes.push_back(std::move(process));
  }

  void make_anew(model::Namespace& ns) {
    const model::NetnsId before = ns.id;
    ns.id.ino = 4'026'540'000 + next_namespace_++;
    ns.ns_id = ns.cookie = next_namespace_ * 7;
    const std::uint64_t bits = random_();
    for (model::Link& link : ns.links)
      if (!link.mac.empty() && link.kind != "loopback")
        link.mac = *Mac::from_bytes(std::as_bytes(std::span(&bits, 1)).first(6));
    for (model::Link& link : snapshot_.namespaces.front().links)
      if (link.peer && link.peer->ns == before) link.peer->ns = ns.id;
    for (model::Process& process : snapshot_.processes)
      if (process.net == before) process.net = ns.id;
  }

  void pass_traffic() {
    for (model::Namespace& ns : snapshot_.namespaces) {
      for (model::Link& link : ns.links)
        if (link.kind != "loopback") count(link.counters);
      for (model::Neighbour& neighbour : ns.neighbours)
        if (below(5) == 0) neighbour.state = neighbour.state == "stale" ? "reachable" : "stale";
      if (below(10) == 0) connect(ns);
    }
  }

  void count(model::Counters& counters) {
    const auto received = static_cast<std::uint64_t>(1 + below(100'000));
    const auto sent = static_cast<std::uint64_t>(1 + below(100'000));
    counters.rx_packets += received;
    counters.rx_bytes += received * static_cast<std::uint64_t>(64 + below(1400));
    counters.tx_packets += sent;
    counters.tx_bytes += sent * static_cast<std::uint64_t>(64 + below(1400));
  }

  void connect(model::Namespace& ns) {
    if (ns.sockets.size() > 10) ns.sockets.erase(ns.sockets.begin());
    model::Socket& socket = ns.sockets.emplace_back();
    socket.protocol = "tcp";
    socket.state = "established";
    socket.local = socket.remote = IpAddress::any(false);
    socket.local_port = 443;
    socket.remote_port = static_cast<std::uint16_t>(32768 + below(28000));
    socket.inode = Inode(static_cast<std::uint64_t>(below(10'000'000)));
  }

  model::Snapshot snapshot_;
  std::mt19937_64 random_;
  std::int32_t next_pid_ = 5000;
  std::uint64_t next_namespace_ = 1;
};

template <typename T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "bench_history: {}\n", line(result.error()));
  std::exit(1);
}

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const bool traffic = argc > 4 && std::string_view(argv[4]) == "--traffic";
  std::ifstream file(argv[1], std::ios::binary);
  const std::string json{std::istreambuf_iterator<char>(file), {}};
  Host host(must(codec::snapshot_from_json(json, argv[1])));
  history::Store store = must(history::Store::open(argv[2], history::Access::create));
  const int count = std::atoi(argv[3]);
  const auto begin = Clock::now();
  for (int i = 0; i < count; ++i) {
    host.pass_a_minute(traffic);
    must(store.save(host.snapshot()));
  }
  const double saving = milliseconds_since(begin) / count;
  const auto entries = must(store.list());
  const auto loaded = Clock::now();
  const bool same = must(store.load(entries.back().id)) == host.snapshot();
  const double loading = milliseconds_since(loaded);
  fmt::print(
      "{{\"json_bytes\":{},\"file_bytes\":{},\"save_ms\":{:.1f},\"load_ms\":{:.1f},"
      "\"same\":{}}}\n",
      json.size(), std::filesystem::file_size(argv[2]), saving, loading, same);
  return same ? 0 : 1;
}
