#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "lab/exec.h"
#include "lab/run.h"

// Labs without root. Such a lab lives in a user namespace of its own, in which its user is root,
// with a mount namespace, whose /run is empty at first, and a network namespace, which is to the
// lab the host's. Once the caller is in those three, everything is as it is for root: names are in
// /run/netns, the journal is in /run/nsmap.
//
// Namespaces last as long as a process is in them: the keeper, one for each lab, which does
// nothing. A record outside tells its pid: in $XDG_RUNTIME_DIR/nsmap or, where that is not the
// user's own, in /tmp/nsmap-UID.

namespace nsmap::lab {

struct UserHome {
  std::string runtime_directory;  // $XDG_RUNTIME_DIR; may be empty
  Warn warn;
};

// These do some work, up(), plan_up() or down(), where the lab is: they move the calling process,
// which has one thread until the work begins, into the lab's namespaces, where it stays.
using UserWork = std::function<Result<Outcome>()>;

// A keeper that this has started ends with the work's failure.
Result<Outcome> user_up(const System& system, const UserHome& home, const std::string& name,
                        const UserWork& up);

// Of a lab that nobody keeps the work is done in namespaces that are new, and gone with the caller.
Result<Outcome> user_plan_up(const System& system, const UserHome& home, const std::string& name,
                             const UserWork& plan_up);

// Ends the keeper as well, when nothing of the lab is left. Nothing: the lab was gone, and of it
// just a record was there. One whose keeper alone was killed is taken down as any other.
Result<std::optional<Outcome>> user_down(const System& system, const UserHome& home,
                                         const std::string& name, const UserWork& down);

// Moves the calling process, which has one thread, into the namespaces of a lab that is up.
Result<void> enter_user_lab(const System& system, const UserHome& home, const std::string& name);

// Whether the caller may make a lab where it is.
bool may_do_without(os::Kernel& kernel);

// Why user namespaces cannot be made, and what to do about it, as far as the system tells.
Error no_user_namespace(const System& system, Errno error);

}  // namespace nsmap::lab
