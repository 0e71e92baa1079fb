#include "cli/lab.h"
#include "lab/exec.h"

namespace nsmap::cli {
namespace {

Result<Answer> run_exec(const ActionRequest& request) {
  const auto name = lab_name(request);
  if (!name) return tl::unexpected(name.error());
  if (auto in = lab::enter_user_lab(request.system, user_home(request), *name); !in)
    return tl::unexpected(in.error());
  const lab::NotRun why = lab::execute_here(request.system, request.options.program);
  return Answer{{}, false, line(why.error), why.status};
}

}  // namespace

const Action kLabExec{
    .name = "exec",
    .summary = "run a program where a lab made with --user-ns lives: FILE|NAME -- PROGRAM …",
    .thing = "FILE|NAME",
    .thing_help = "the lab file, or the lab's name",
    .takes_program = true,
    .more =
        "It is root there, in the namespace that is the lab's host, and /run/netns has the lab's\n"
        "names: nsmap lab exec shop -- nsmap is its map, nsmap lab exec shop -- bash a shell.",
    .run = run_exec,
};

}  // namespace nsmap::cli
