#include "lab/internet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/number.h"
#include "lab/forward_drops.h"
#include "lab/forwarding.h"
#include "lab/masquerade.h"
#include "lab/records.h"
#include "lab/sysctl.h"
#include "netlink/transport.h"

namespace nsmap::lab {
namespace {

constexpr std::size_t kMostBytes = 1 << 16;  // of a record
constexpr std::size_t kMostOfOwner = 48;     // bytes of a name in a rule's comment

LinkEnd link_end(std::string_view text) {
  const auto index = parse_number<std::int32_t>(next_field(text)).value_or(0);
  return {IfIndex(index), std::string(text)};
}

void take_wire(std::string_view text, Internet& record) {
  const auto subnet = Prefix::parse(next_field(text));
  const auto near = IpAddress::parse(next_field(text));
  const auto far = IpAddress::parse(text);
  if (subnet && near && far) record.wires.push_back({*subnet, *near, *far});
}

void take_fact(std::string_view line, Internet& record) {
  const std::string_view kind = next_field(line);
  if (kind == "name") record.name = line;
  if (kind == "asked") record.asked = line;
  if (kind == "near") record.near = link_end(line);
  if (kind == "far") record.far = link_end(line);
  if (kind == "wire") take_wire(line, record);
  if (kind == "via") record.via = line;
  if (kind == "need") record.needs.emplace_back(line);
  if (kind == "made") record.made = true;
}

// --- masquerade ---------------------------------------------------------------------------------

// A name as a rule's comment has it: cut where a character ends.
std::string owner_of(const Internet& record) {
  std::size_t size = std::min(record.name.size(), kMostOfOwner);
  const auto continues = [&](std::size_t at) {
    return at < record.name.size() && (static_cast<unsigned char>(record.name[at]) & 0xc0) == 0x80;
  };
  while (size > 0 && continues(size)) --size;
  return record.name.substr(0, size);
}

std::vector<Masquerade> masquerades_of(const Internet& record) {
  std::vector<Masquerade> rules;
  for (const WireSubnet& wire : record.wires)
    rules.push_back({owner_of(record), wire.subnet, record.via});
  return rules;
}

// Applies a change to each rule of a record.
template <typename Change>
Result<void> masquerade(const System& system, const Internet& record, Change change) {
  const std::string doing = "masquerading for " + record.name;
  const auto netfilter = netlink::open_kernel(system.kernel, os::NetlinkProtocol::netfilter);
  if (!netfilter) return failure(doing, netfilter.error());
  for (const Masquerade& rule : masquerades_of(record))
    if (const auto failed = change(**netfilter, rule)) return failure(doing, *failed);
  return {};
}

Result<void> switch_on_own(const System& system, const std::string& link) {
  for (const SettingValue& own : own_forwarding(system, link))
    if (const auto done = write_sysctl(system, own.name, own.value); !done)
      return failure("setting " + own.name, done.error());
  return {};
}

// Whether the near end of a wire has an address that its record does not tell of.
bool has_other_address(const model::Namespace& near, const Internet& record) {
  return std::ranges::any_of(near.addresses, [&](const model::Address& address) {
    return address.index == record.near.index && !address.address.is_link_local() &&
           std::ranges::find(record.wires, address.address, &WireSubnet::near) ==
               record.wires.end();
  });
}

}  // namespace

std::string key_of(const model::Namespace& ns) {
  return fmt::format("{}-{}-{}", ns.id.dev, ns.id.ino, ns.cookie.value_or(0));
}

std::string text_of(const Internet& record) {
  std::string text = fmt::format("name {}\nasked {}\nnear {} {}\nfar {} {}\n", record.name,
                                 record.asked, record.near.index.value, record.near.name,
                                 record.far.index.value, record.far.name);
  for (const WireSubnet& wire : record.wires)
    text += fmt::format("wire {} {} {}\n", wire.subnet.text(), wire.near.text(), wire.far.text());
  if (!record.via.empty()) text += fmt::format("via {}\n", record.via);
  for (const std::string& need : record.needs) text += fmt::format("need {}\n", need);
  if (record.made) text += "made\n";
  return text;
}

Internet parse_internet(const std::string& key, std::string_view text) {
  Internet record;
  record.key = key;
  for_each_record(text, [&](std::string_view line) { take_fact(line, record); });
  return record;
}

bool has_wire(const model::Namespace& near, const Internet& record) {
  const bool there = std::ranges::any_of(near.links, [&](const model::Link& link) {
    return link.kind == "veth" && LinkEnd{link.index, link.name} == record.near;
  });
  // A run that was killed may not have come to the wire, and another one have come by its name.
  return there && (record.made || !has_other_address(near, record));
}

InternetBook::InternetBook(const System& system, const model::Namespace& near, Fd near_fd)
    : system_(system),
      near_(near_fd),
      directory_(fmt::format("{}/{}", kInternetDirectory, key_of(near))) {}

Result<std::vector<Internet>> InternetBook::read() const {
  std::vector<Internet> records;
  const auto files = system_.kernel.list(os::kNoDir, directory_.c_str());
  if (!files && files.error().value == ENOENT) return records;
  if (!files) return failure("listing " + directory_, files.error());
  for (const std::string& file : *files) {
    if (path(file) == forwarding_journal()) continue;
    const auto text = system_.kernel.read_file(os::kNoDir, path(file).c_str(), kMostBytes);
    if (!text) return failure("reading " + path(file), text.error());
    records.push_back(parse_internet(file, *text));
  }
  return records;
}

Result<void> InternetBook::append(const Internet& record, const std::string& text) const {
  if (const auto done = system_.changes.append_file(path(record.key), text); !done)
    return failure("writing " + path(record.key), done.error());
  return {};
}

Result<std::set<std::string>> InternetBook::needs_of_others(const Internet& record) const {
  const auto records = read();
  if (!records) return tl::unexpected(records.error());
  std::set<std::string> needed;
  for (const Internet& other : *records) {
    if (other.key == record.key) continue;
    needed.insert(other.needs.begin(), other.needs.end());
    for (const SettingValue& own : own_forwarding(system_, other.near.name))
      needed.insert(own.name);
  }
  return needed;
}

Result<void> InternetBook::make(const Internet& record, const WireEnd& near, const WireEnd& far,
                                bool& wired) const {
  if (auto done = masquerade(system_, record, add_masquerade); !done) return done;
  if (auto done = connect(system_, near, far); !done) return done;
  wired = true;
  if (auto done = switch_on_own(system_, record.near.name); !done) return done;
  return append(record, "made\n");
}

Result<std::vector<std::string>> InternetBook::give(
    const Internet& record, const WireEnd& near, const WireEnd& far,
    const std::vector<std::string>& learners) const {
  // Where there is no nf_tables, or none for us, nothing is begun.
  std::vector<Masquerade> there;
  const auto look = [&](netlink::Transport& netfilter, const Masquerade&) {
    return list_masquerades(netfilter, there);
  };
  if (auto looked = masquerade(system_, record, look); !looked)
    return tl::unexpected(looked.error());
  if (const auto made = system_.changes.make_directory(directory_); !made)
    return failure("making " + directory_, made.error());
  if (auto written = append(record, text_of(record)); !written)
    return tl::unexpected(written.error());
  bool wired = false;
  auto changed = switch_on(system_, forwarding_journal(), record.needs, learners);
  if (changed)
    if (auto made = make(record, near, far, wired); !made) changed = tl::unexpected(made.error());
  // What cannot be taken back now has its record, for the next run.
  if (!changed) static_cast<void>(take(record, wired));
  return changed;
}

Result<std::vector<std::string>> InternetBook::mend(
    const Internet& record, const std::vector<std::string>& learners) const {
  auto mended = switch_on(system_, forwarding_journal(), record.needs, learners);
  if (!mended) return mended;
  std::vector<Masquerade> there;
  const auto add = [&](netlink::Transport& netfilter, const Masquerade& rule) {
    there.clear();
    auto failed = list_masquerades(netfilter, there);
    if (failed || std::ranges::find(there, rule) != there.end()) return failed;
    mended->push_back(fmt::format("{} was not masqueraded, is", rule.source.text()));
    return add_masquerade(netfilter, rule);
  };
  if (auto done = masquerade(system_, record, add); !done) return tl::unexpected(done.error());
  if (auto done = switch_on_own(system_, record.near.name); !done)
    return tl::unexpected(done.error());
  return mended;
}

std::vector<std::string> InternetBook::obstacles() const {
  std::vector<std::string> found;
  if (const auto netfilter = netlink::open_kernel(system_.kernel, os::NetlinkProtocol::netfilter))
    static_cast<void>(list_forward_drops(**netfilter, found));
  return found;
}

Result<std::vector<std::string>> InternetBook::take(const Internet& record,
                                                    bool wire_is_there) const {
  if (wire_is_there)
    if (auto gone = disconnect(system_, near_, record.near.index); !gone)
      return tl::unexpected(gone.error());
  if (auto gone = masquerade(system_, record, remove_masquerade); !gone)
    return tl::unexpected(gone.error());
  const auto needed = needs_of_others(record);
  if (!needed) return tl::unexpected(needed.error());
  auto said = set_back(system_, forwarding_journal(), *needed, record.needs);
  if (!said) return said;
  if (const auto removed = system_.changes.remove_file(path(record.key)); !removed)
    return failure("removing " + path(record.key), removed.error());
  // Others' records are in it, or else nothing.
  static_cast<void>(system_.changes.remove_directory(directory_));
  return said;
}

}  // namespace nsmap::lab
