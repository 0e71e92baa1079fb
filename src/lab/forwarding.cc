#include "lab/forwarding.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>

#include "lab/records.h"
#include "lab/sysctl.h"

namespace nsmap::lab {
namespace {

constexpr std::size_t kMostBytes = 16 << 20;  // of a journal
constexpr const char* kOff = "0";
constexpr const char* kOn = "1";
constexpr const char* kForward4 = "net.ipv4.ip_forward";
constexpr const char* kForward6 = "net.ipv6.conf.all.forwarding";

std::string conf(bool v6, std::string link, std::string_view leaf) {
  std::replace(link.begin(), link.end(), '.', '/');
  return fmt::format("net.ipv{}.conf.{}.{}", v6 ? 6 : 4, link, leaf);
}

std::optional<std::string> value_of(const System& system, const std::string& name) {
  const auto value = read_sysctl(system, name);
  return value ? std::optional(*value) : std::nullopt;
}

Result<void> write(const System& system, const SettingValue& wanted) {
  if (const auto done = write_sysctl(system, wanted.name, wanted.value); !done)
    return failure(fmt::format("setting {} to {}", wanted.name, wanted.value), done.error());
  return {};
}

// --- the journal --------------------------------------------------------------------------------

template <typename Settings>
auto find(Settings& settings, std::string_view name) {
  const auto found = std::ranges::find(settings, name, &Setting::name);
  return found == settings.end() ? nullptr : &*found;
}

void take_record(std::string_view line, std::vector<Setting>& settings) {
  const auto field = [&] { return std::string(next_field(line)); };
  const std::string kind = field();
  const std::string name = field();
  Setting* known = find(settings, name);
  if (kind == "forget") {
    std::erase_if(settings, [&](const Setting& each) { return each.name == name; });
  } else if (kind == "set") {
    if (!known) known = &settings.emplace_back();
    *known = {name, field(), field(), field(), {}};  // in this order: a braced list
  } else if (kind == "back") {
    const std::string value = field();
    // What is needed is written back too, ours or not: here only in case we are killed.
    if (!known) known = &settings.emplace_back(Setting{name, value, value, {}, {}});
    known->back = value;
  }
}

std::string set_record(const Setting& setting) {
  return fmt::format("set {} {} {}{}{}", setting.name, setting.before, setting.after,
                     setting.cause.empty() ? "" : " ", setting.cause);
}

Result<void> note(const System& system, const std::string& journal,
                  const std::vector<std::string>& records) {
  if (records.empty()) return {};
  const std::string text = fmt::format("{}\n", fmt::join(records, "\n"));
  if (const auto done = system.changes.append_file(journal, text); !done)
    return failure("writing " + journal, done.error());
  return {};
}

Result<std::vector<Setting>> read_journal(const System& system, const std::string& journal) {
  const auto text = system.kernel.read_file(os::kNoDir, journal.c_str(), kMostBytes);
  if (!text && text.error().value == ENOENT) return std::vector<Setting>();
  if (!text) return failure("reading " + journal, text.error());
  return parse_settings(*text);
}

// --- on -----------------------------------------------------------------------------------------

// What writing 1 to a setting of all interfaces makes of others, and writing 0 then.
struct SideEffect {
  std::string name;
  std::string after_on;  // empty: nothing
  std::string after_off;
};

std::vector<SideEffect> side_effects_of(const System& system, const std::string& cause) {
  std::vector<SideEffect> effects;
  const bool v6 = cause == kForward6;
  if (!v6 && cause != kForward4) return effects;
  const auto links =
      system.kernel.list(os::kNoDir, v6 ? "/proc/sys/net/ipv6/conf" : "/proc/sys/net/ipv4/conf");
  for (const std::string& link : links.value_or(std::vector<std::string>())) {
    if (v6) effects.push_back({conf(v6, link, "force_forwarding"), "", kOff});
    if (link != "all") effects.push_back({conf(v6, link, "forwarding"), kOn, kOff});
  }
  if (!v6) effects.push_back({conf(v6, "all", "accept_redirects"), kOff, kOn});
  return effects;
}

// Those that writing 0 would not undo. Of a setting of which we know what was there before us, that
// stays what was before, though another causes it now.
std::vector<Setting> side_effects(const System& system, const std::vector<Setting>& known,
                                  const std::string& cause) {
  std::vector<Setting> added;
  for (const SideEffect& effect : side_effects_of(system, cause)) {
    const auto now = value_of(system, effect.name);
    if (!now || *now == effect.after_off) continue;
    const Setting* ours = find(known, effect.name);
    const bool untouched = ours && ours->after == *now;
    added.push_back({effect.name,
                     untouched ? ours->before : *now,
                     effect.after_on.empty() ? *now : effect.after_on,
                     cause,
                     {}});
  }
  return added;
}

std::vector<Setting> kept_learning(const System& system, const std::vector<std::string>& learners) {
  std::vector<Setting> added;
  for (const std::string& link : learners)
    if (const std::string name = conf(true, link, "accept_ra"); value_of(system, name) == "1")
      added.push_back({name, "1", "2", kForward6, {}});
  return added;
}

// One that is on only because all are, and that by us, is to stay on when those go off.
Result<void> note_if_caused(const System& system, const std::string& journal,
                            const std::vector<Setting>& known, const std::string& name) {
  const Setting* cause = name.starts_with("net.ipv4.conf.") ? find(known, kForward4) : nullptr;
  if (!cause || find(known, name) || value_of(system, kForward4) != cause->after) return {};
  return note(system, journal, {set_record({name, kOff, kOn, kForward4, {}})});
}

// Appends to `said` what has changed.
Result<void> switch_one_on(const System& system, const std::string& journal,
                           const std::vector<Setting>& known, const std::string& name,
                           const std::vector<std::string>& learners,
                           std::vector<std::string>& said) {
  auto written = name == kForward6 ? kept_learning(system, learners) : std::vector<Setting>();
  written.push_back({name, kOff, kOn, {}, {}});
  std::vector<std::string> records;
  for (const Setting& setting : side_effects(system, known, name))
    records.push_back(set_record(setting));
  for (const Setting& setting : written) records.push_back(set_record(setting));
  if (auto noted = note(system, journal, records); !noted) return noted;
  for (const Setting& setting : written) {
    if (auto done = write(system, {setting.name, setting.after}); !done) return done;
    said.push_back(fmt::format("{} was {}, is {}", setting.name, setting.before, setting.after));
  }
  return {};
}

// --- back ---------------------------------------------------------------------------------------

// Whether somebody else has since made all interfaces forward, this one among them.
bool is_taken_over(const std::vector<Setting>& settings, const Setting& setting,
                   const ReadSetting& read) {
  return setting.name.starts_with("net.ipv4.conf.") && setting.name.ends_with(".forwarding") &&
         !find(settings, kForward4) && read(kForward4) != kOff;
}

std::string end_of(const std::vector<Setting>& settings, const Setting& setting,
                   const std::set<std::string>& needed, const ReadSetting& read,
                   const std::string& now) {
  if (setting.back) return *setting.back;
  const bool stays = now != setting.after || needed.contains(setting.name) ||
                     is_taken_over(settings, setting, read);
  return stays ? now : setting.before;
}

bool is_kept(const Setting& setting, const std::set<std::string>& needed) {
  return needed.contains(setting.name) || needed.contains(setting.cause);
}

// What became of a setting that was ours; empty: nothing that a reader would miss.
std::string fate(const Setting& setting, const std::optional<std::string>& now, bool kept,
                 bool needless) {
  if (!now || setting.before == setting.after || (kept && !needless)) return {};
  if (kept) return fmt::format("{} stays {}: others need it", setting.name, *now);
  if (*now == setting.before) return fmt::format("{} is {} again", setting.name, *now);
  return fmt::format("{} stays {}: {}", setting.name, *now,
                     *now == setting.after ? "others have switched forwarding on"
                                           : "that is not what nsmap left it at");
}

Result<void> close_journal(const System& system, const std::string& journal,
                           const std::vector<Setting>& settings,
                           const std::vector<SettingValue>& values,
                           const std::set<std::string>& needed) {
  std::vector<std::string> records;
  bool any = false;
  for (const Setting& setting : settings) {
    const bool kept = is_kept(setting, needed);
    any |= kept;
    records.push_back(kept ? set_record(setting) : "forget " + setting.name);
  }
  // What is needed and never was ours.
  for (const SettingValue& value : values)
    if (!find(settings, value.name)) records.push_back("forget " + value.name);
  if (any) return note(system, journal, records);
  if (const auto done = system.changes.remove_file(journal); !done && done.error().value != ENOENT)
    return failure("removing " + journal, done.error());
  return {};
}

}  // namespace

std::vector<Setting> parse_settings(std::string_view journal) {
  std::vector<Setting> settings;
  for_each_record(journal, [&](std::string_view line) { take_record(line, settings); });
  return settings;
}

std::vector<SettingValue> values_back(const std::vector<Setting>& settings,
                                      const std::set<std::string>& needed,
                                      const ReadSetting& read) {
  std::vector<SettingValue> values;
  std::set<std::string> others_choice;  // what somebody changed, and what is needed
  for (const Setting& setting : settings) {
    if (!setting.cause.empty()) continue;
    const auto now = read(setting.name);
    if (!now) continue;
    const std::string end = end_of(settings, setting, needed, read, *now);
    if (end != setting.before) others_choice.insert(setting.name);
    if (end != *now || setting.back) values.push_back({setting.name, end});
  }
  for (const Setting& setting : settings) {
    if (setting.cause.empty() || others_choice.contains(setting.cause)) continue;
    if (const auto now = read(setting.name))
      values.push_back({setting.name, end_of(settings, setting, needed, read, *now)});
  }
  if (values.empty()) return values;
  for (const std::string& name : needed)
    if (const auto now = read(name);
        now && std::ranges::find(values, name, &SettingValue::name) == values.end())
      values.push_back({name, *now});
  std::stable_partition(values.begin(), values.end(), [](const SettingValue& value) {
    return value.name == kForward4 || value.name == kForward6;
  });
  return values;
}

std::string forwarding_setting(const System& system, bool v6, const std::string& via) {
  if (via.empty()) return v6 ? kForward6 : kForward4;
  if (!v6) return conf(v6, via, "forwarding");
  // Linux 6.17 (net/ipv6/ip6_output.c ip6_forward); before that all interfaces forward or none.
  std::string forced = conf(v6, via, "force_forwarding");
  return value_of(system, forced) ? forced : kForward6;
}

std::vector<SettingValue> own_forwarding(const System& system, const std::string& link) {
  std::vector<SettingValue> values;
  for (const std::string& name :
       {conf(false, link, "forwarding"), conf(true, link, "force_forwarding")})
    if (value_of(system, name)) values.push_back({name, kOn});
  return values;
}

Result<std::vector<std::string>> switch_on(const System& system, const std::string& journal,
                                           const std::vector<std::string>& names,
                                           const std::vector<std::string>& learners) {
  std::vector<std::string> said;
  for (const std::string& name : names) {
    const auto known = read_journal(system, journal);
    if (!known) return tl::unexpected(known.error());
    const auto now = read_sysctl(system, name);
    if (!now) return failure("reading " + name, now.error());
    const auto done = *now == kOff ? switch_one_on(system, journal, *known, name, learners, said)
                                   : note_if_caused(system, journal, *known, name);
    if (!done) return tl::unexpected(done.error());
  }
  return said;
}

Result<std::vector<std::string>> set_back(const System& system, const std::string& journal,
                                          const std::set<std::string>& needed,
                                          const std::vector<std::string>& needless) {
  const auto settings = read_journal(system, journal);
  if (!settings) return tl::unexpected(settings.error());
  std::vector<std::string> said;
  if (settings->empty()) return said;
  const ReadSetting read = [&](const std::string& name) { return value_of(system, name); };
  const auto values = values_back(*settings, needed, read);
  std::vector<std::string> records;
  for (const SettingValue& wanted : values)
    records.push_back(fmt::format("back {} {}", wanted.name, wanted.value));
  if (auto noted = note(system, journal, records); !noted) return tl::unexpected(noted.error());
  for (const SettingValue& wanted : values)
    if (const auto now = read(wanted.name); now && *now != wanted.value)
      if (auto done = write(system, wanted); !done) return tl::unexpected(done.error());
  for (const Setting& setting : *settings) {
    const bool left = std::ranges::find(needless, setting.name) != needless.end();
    auto text = fate(setting, read(setting.name), is_kept(setting, needed), left);
    if (!text.empty()) said.push_back(std::move(text));
  }
  if (auto closed = close_journal(system, journal, *settings, values, needed); !closed)
    return tl::unexpected(closed.error());
  return said;
}

}  // namespace nsmap::lab
