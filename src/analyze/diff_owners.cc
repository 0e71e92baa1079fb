#include <fmt/format.h>

#include <unordered_set>

#include "analyze/diff_facts.h"
#include "analyze/ends.h"

// Who is in a namespace and what it answers on.

namespace nsmap::analyze {
namespace {

using model::Process;
using model::Socket;

// "tcp 0.0.0.0:80", "udp [::]%eth0:68".
std::string listener_text(const Scene& scene, const Socket& socket) {
  const bool v6 = socket.family == model::SocketFamily::inet6;
  const IpAddress local = socket.local.value_or(IpAddress::any(v6));
  std::string address = local.is_v6() ? "[" + local.text() + "]" : local.text();
  if (socket.bound_to) address += "%" + scene.link(*socket.bound_to);
  return fmt::format("{} {}:{}", socket.protocol, address, socket.local_port);
}

const Process* owner_of(const Scene& scene, const Socket& socket) {
  return socket.owners.empty() ? nullptr
                               : scene.side.snapshot.index.find(socket.owners.front().pid);
}

// Listeners by what they listen on; several sockets on one (SO_REUSEPORT) are one. Whose they are
// is compared by name, as a server that starts anew is the same server.
Facts listeners(const Scene& scene, bool compare_owners) {
  Facts facts;
  std::unordered_set<std::string> known;
  for (const Socket& socket : scene.ns.sockets) {
    if (!is_waiting(socket)) continue;
    const std::string what = listener_text(scene, socket);
    if (!known.insert(what).second) continue;
    const Process* owner = owner_of(scene, socket);
    Fact fact{what, what, owner ? process_name(*owner) : "", {}};
    if (compare_owners) fact.values = {{"owner", owner ? owner->comm : ""}};
    facts.push_back(std::move(fact));
  }
  return facts;
}

// The kernel's threads (kthreadd is their father) have no command line.
bool is_kernel_thread(const Process& process) {
  constexpr Pid kKthreadd{2};
  return process.command.empty() && (process.pid == kKthreadd || process.parent == kKthreadd);
}

// The other snapshot has the process, but not where it is.
bool is_lost(const Scene& other, const Process& process) {
  const Process* there = other.side.snapshot.index.find(process.pid);
  return there && there->start_ticks == process.start_ticks && !there->net;
}

Facts processes(const Comparison& comparison, const Scene& scene, const Scene& other) {
  // A process is itself within a boot; where all is another, one of the same name will do.
  const bool by_pid = comparison.pair.identical;
  Facts facts;
  for (const Process* process : scene.side.snapshot.index.processes_in(scene.ns.id)) {
    if (process->zombie || is_kernel_thread(*process)) continue;
    if (comparison.context.observers.contains({process->pid, process->start_ticks})) continue;
    if (by_pid && is_lost(other, *process)) continue;
    std::string key =
        by_pid ? fmt::format("{} {}", process->pid.value, process->start_ticks) : process->comm;
    facts.push_back({std::move(key), process_name(*process), {}, {}});
  }
  return facts;
}

}  // namespace

void compare_listeners(Comparison& comparison) {
  const bool owners = comparison.context.same_privileges;
  compare_facts(comparison, DiffSubject::listener, listeners(comparison.before, owners),
                listeners(comparison.after, owners));
}

void compare_processes(Comparison& comparison) {
  // By name alone, those that could not be placed could not be told from those that are not there.
  if (!comparison.pair.identical && !comparison.context.same_privileges) return;
  compare_facts(comparison, DiffSubject::process,
                processes(comparison, comparison.before, comparison.after),
                processes(comparison, comparison.after, comparison.before));
}

}  // namespace nsmap::analyze
