#include <fmt/format.h>

#include <algorithm>

#include "analyze/find.h"
#include "base/number.h"
#include "base/text.h"
#include "cli/ns.h"
#include "codec/json_write.h"
#include "view/results.h"

namespace nsmap::cli {
namespace {

constexpr std::size_t kMostListed = 20;

// "  processes   nginx (812), nginx (813) and 7 more\n"; nothing without any.
std::string row(std::string_view label, const std::vector<std::string>& texts) {
  if (texts.empty()) return "";
  std::string list;
  for (std::size_t i = 0; i < std::min(texts.size(), kMostListed); ++i)
    list += (i == 0 ? "" : ", ") + terminal_text(texts[i]);
  if (texts.size() > kMostListed) list += fmt::format(" and {} more", texts.size() - kMostListed);
  return fmt::format("  {:<12}{}\n", label, list);
}

std::string describe(const Request& request, const std::string& who, const model::Namespace& ns) {
  std::vector<std::string> names, containers, processes;
  for (const model::Name& name : ns.names)
    names.push_back(name.path.empty() ? name.name : name.path);
  for (const model::Container* container : request.index().containers_in(ns.id))
    containers.push_back(
        fmt::format("{} ({})", analyze::container_name(*container), container->runtime));
  for (const model::Process* process : request.index().processes_in(ns.id))
    processes.push_back(analyze::process_name(*process));
  const std::string title = request.titles().of(ns.id), plain = analyze::plain_name(ns.id);
  return fmt::format("{} is in {}\n", terminal_text(who),
                     title == plain ? plain : terminal_text(title) + ", " + plain) +
         row("names", names) + row("containers", containers) + row("processes", processes);
}

std::string id_json(const Request& request, const model::Namespace& ns) {
  std::string out;
  codec::append_json(out, view::list_namespace(request.index(), request.titles().of(ns.id), ns));
  return out + "\n";
}

std::string who_is(const Request& request, Pid pid) {
  const auto* process = request.index().find(pid);
  return process ? analyze::process_name(*process) : fmt::format("thread {}", pid.value);
}

Result<Answer> run_id(const Request& request) {
  const auto& things = request.options.things;
  std::optional<Pid> pid;
  if (!things.empty()) {
    const auto number = parse_number<std::int32_t>(things.front());
    if (!number)
      return usage_error(fmt::format("process {}: that is no pid", things.front()), "a number");
    pid = Pid(*number);
  }
  const std::string place = pid ? fmt::format("pid:{}", pid->value) : ".";
  const auto ns = analyze::find_namespace(request.index(), request.titles(), place, request.own);
  if (!ns && pid)
    return usage_error(
        fmt::format("process {}: there is none, or its namespace is not known", pid->value),
        "it as root, if you are not");
  if (!ns) return tl::unexpected(ns.error());
  if (request.options.json) return Answer{id_json(request, **ns)};
  return Answer{describe(request, pid ? who_is(request, *pid) : "nsmap", **ns)};
}

}  // namespace

const Command kNsId{
    .name = "id",
    .summary = "in which namespace a process is, and who shares it",
    .thing = "PID",
    .thing_help = "without one, nsmap's own namespace",
    .least = 0,
    .run = run_id,
};

}  // namespace nsmap::cli
