#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/ns.h"

namespace nsmap::cli {
namespace {

Result<Answer> run_rm(const ActionRequest& request) {
  const auto stale = lab::remove_names(request.system, request.options.things);
  if (!stale) return tl::unexpected(stale.error());
  Answer answer;
  if (!stale->empty())
    answer.note = fmt::format("no namespace was mounted on {}: an empty file is gone",
                              fmt::join(*stale, ", "));
  return answer;
}

}  // namespace

const Action kNsRm{
    .name = "rm",
    .summary = "take names away, and with them namespaces that nothing else holds",
    .thing = "NAME",
    .thing_help = "as nsmap ns ls has it, or the path it is mounted on",
    .most = kAnyNumber,
    .more =
        "A namespace with processes in it, or with other names, stays: nsmap show tells what\n"
        "holds it.",
    .run = run_rm,
};

}  // namespace nsmap::cli
