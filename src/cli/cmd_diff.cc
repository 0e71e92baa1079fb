#include <fmt/format.h>

#include "analyze/diff.h"
#include "cli/command.h"
#include "cli/ignore.h"
#include "cli/source.h"
#include "codec/json_write.h"
#include "render/terminal.h"
#include "view/diff.h"

namespace nsmap::cli {
namespace {

using analyze::DiffSubject;

constexpr std::string_view kNow = "now";

constexpr Option kOptions[] = {kIgnore};

std::string source_of(const std::string& snapshot) { return snapshot == kNow ? "" : snapshot; }

// B is what the command answers from.
Result<void> settle(Options& options) {
  if (const auto right = ignored(options); !right) return tl::unexpected(right.error());
  if (options.things.size() == 2) {
    if (!is_live(options))
      return usage_error("diff: B is given twice, as an argument and by --from or --at");
    options.snapshot = source_of(options.things[1]);
  }
  if (options.things[0] == "-" && (options.from == "-" || options.snapshot == "-"))
    return usage_error("diff: standard input is just one snapshot", "a file for one of them");
  return {};
}

std::string text(const Request& request, const Request& before,
                 const std::vector<analyze::Difference>& differences) {
  if (request.options.json) {
    std::string out;
    codec::append_json(out, differences);
    return out + "\n";
  }
  const view::Tree tree = view::make_diff(differences, {before.index(), before.titles()},
                                          {request.index(), request.titles()});
  return render::terminal(tree, {request.width, request.color});
}

Result<Answer> run_diff(const Request& request) {
  const auto subjects = ignored(request.options);
  if (!subjects) return tl::unexpected(subjects.error());
  const auto other = request.load(source_of(request.options.things[0]));
  if (!other) return tl::unexpected(other.error());
  const Request before(request.options, *other);
  const auto differences = analyze::diff({before.index(), before.titles()},
                                         {request.index(), request.titles()}, *subjects);
  return Answer{text(request, before, differences), differences.empty()};
}

}  // namespace

const Command kDiff{
    .name = "diff",
    .summary = "what changed between two snapshots; exit 1 where something did",
    .thing = "SNAPSHOT",
    .thing_help =
        "A, and B to compare it with: files of nsmap snapshot, - for standard input, times of the "
        "history (14:30, -2h, '#12'), or now, the live host; B is now where it is not given",
    .most = 2,
    .options = kOptions,
    .settle = settle,
    .run = run_diff,
};

}  // namespace nsmap::cli
