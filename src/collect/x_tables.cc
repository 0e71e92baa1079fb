#include <fcntl.h>
#include <fmt/format.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/netfilter_arp/arp_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <system_error>

#include "base/text.h"
#include "collect/collectors.h"
#include "collect/ipset_names.h"
#include "collect/xt_entries.h"

// The legacy tables of x_tables: each is one blob, which getsockopt(2) of a socket of the family
// gives. Asking for a table that is not there makes it (x_tables.c xt_find_table_lock), so only
// those are asked for that /proc lists. Bridges' tables have no such list, and are left alone.

namespace nsmap::collect {
namespace {

using namespace model::firewall;

// What the kernel takes for too much (XT_MAX_TABLE_SIZE).
constexpr std::size_t kMostBytes = 512u << 20;

// A table's outline: the structures of the families are the same but for the number of hooks.
struct Outline {
  std::array<std::uint32_t, NF_INET_NUMHOOKS> entry{}, underflow{};
  std::uint32_t valid_hooks = 0, size = 0;
};

struct Asker {
  Family family;
  const char* word;   // of a message
  const char* names;  // of tables, in /proc
  int socket_family, level, get_info, get_entries;
  SysResult<Outline> (*outline)(os::Kernel&, Fd, const Asker&, std::string_view table);
};

template <typename Info>
SysResult<Outline> outline(os::Kernel& kernel, Fd socket, const Asker& asker,
                           std::string_view table) {
  Info info{};
  table.copy(info.name, sizeof info.name - 1);
  const auto answer = kernel.socket_option(socket, asker.level, asker.get_info,
                                           std::as_writable_bytes(std::span(&info, 1)));
  if (!answer) return tl::unexpected(answer.error());
  Outline out{.valid_hooks = info.valid_hooks, .size = info.size};
  std::ranges::copy(info.hook_entry, out.entry.begin());
  std::ranges::copy(info.underflow, out.underflow.begin());
  return out;
}

constexpr Asker kAskers[] = {
    {Family::ip, "ip", "ip_tables_names", AF_INET, IPPROTO_IP, IPT_SO_GET_INFO, IPT_SO_GET_ENTRIES,
     outline<ipt_getinfo>},
    {Family::ip6, "ip6", "ip6_tables_names", AF_INET6, IPPROTO_IPV6, IP6T_SO_GET_INFO,
     IP6T_SO_GET_ENTRIES, outline<ip6t_getinfo>},
    {Family::arp, "arp", "arp_tables_names", AF_INET, IPPROTO_IP, ARPT_SO_GET_INFO,
     ARPT_SO_GET_ENTRIES, outline<arpt_getinfo>},
};

// The request and the answer are this head and then the entries, which begin where those of
// ip6t_get_entries do: behind the name, the size and the padding to eight bytes.
struct Entries {
  std::unique_ptr<std::byte[]> place;
  std::size_t size = 0;
  static constexpr std::size_t kHead = offsetof(ipt_get_entries, entrytable);

  Bytes bytes() const { return {place.get() + kHead, size}; }
};

SysResult<Entries> ask_entries(os::Kernel& kernel, Fd socket, const Asker& asker,
                               std::string_view table, std::uint32_t size) {
  static_assert(Entries::kHead == offsetof(ip6t_get_entries, entrytable) &&
                Entries::kHead == offsetof(arpt_get_entries, entrytable));
  if (size > kMostBytes) return tl::unexpected(Errno{E2BIG});
  Entries entries{std::make_unique_for_overwrite<std::byte[]>(Entries::kHead + size), size};
  ipt_get_entries head{};
  table.copy(head.name, sizeof head.name - 1);
  head.size = size;
  std::memcpy(entries.place.get(), &head, Entries::kHead);
  const auto answer = kernel.socket_option(socket, asker.level, asker.get_entries,
                                           {entries.place.get(), Entries::kHead + size});
  if (!answer) return tl::unexpected(answer.error());
  if (*answer != Entries::kHead + size) return tl::unexpected(Errno{EAGAIN});
  return entries;
}

class Tables {
 public:
  explicit Tables(Reading& reading) : reading_(reading), ipsets_(ipset_names(reading.kernel)) {}

  std::size_t read() {
    for (const Asker& asker : kAskers) read(asker);
    return found_;
  }

 private:
  void read(const Asker& asker) {
    std::array<char, 4096> buffer;
    const std::string path = std::string("/proc/thread-self/net/") + asker.names;
    const auto names = reading_.kernel.read_once(os::kNoDir, path.c_str(), buffer);
    if (!names || names->empty()) return;
    const auto socket = reading_.kernel.datagram_socket(asker.socket_family);
    if (!socket) return say(asker, "", socket.error().value);
    for (std::string_view rest = *names; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      if (const auto name = rest.substr(0, end); !name.empty()) read(asker, *socket, name);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }

  // Another one may be put in its place between the two questions (EAGAIN).
  void read(const Asker& asker, Fd socket, std::string_view name) {
    constexpr int kAttempts = 8;
    int error = 0;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      const auto outline = asker.outline(reading_.kernel, socket, asker, name);
      if (!outline && outline.error().value == ENOENT) return;
      if (!outline) return say(asker, name, outline.error().value);
      const auto entries = ask_entries(reading_.kernel, socket, asker, name, outline->size);
      if (entries) return add(asker, name, *outline, entries->bytes());
      error = entries.error().value;
      if (error != EAGAIN) break;
    }
    say(asker, name, error);
  }

  void add(const Asker& asker, std::string_view name, const Outline& outline, Bytes entries) {
    Table table;
    table.backend = Backend::x_tables;
    table.family = asker.family;
    table.name = clean_text(name);
    const XtBlob blob{asker.family, entries, outline.valid_hooks, outline.entry, outline.underflow};
    if (!decode_entries(blob, ipsets_.get(), table)) say(asker, name, 0);
    for (const Chain& chain : table.chains) found_ += chain.rules.size();
    reading_.ns.firewall.edit().tables.push_back(std::move(table));
  }

  void say(const Asker& asker, std::string_view name, int error) {
    const std::string why =
        error == 0 ? "an entry is malformed" : std::generic_category().message(error);
    reading_.report.add(
        "x_tables", fmt::format("reading x_tables: {} {}: {}", asker.word, clean_text(name), why),
        error, reading_.ns.id);
  }

  Reading& reading_;
  std::unique_ptr<IpsetNames> ipsets_;
  std::size_t found_ = 0;
};

}  // namespace

std::size_t collect_x_tables(Reading& reading) {
  if (!reading.abilities.x_tables) return 0;
  return Tables(reading).read();
}

}  // namespace nsmap::collect
