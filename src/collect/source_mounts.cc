#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string_view>
#include <system_error>
#include <tuple>
#include <unordered_set>

#include "base/text.h"
#include "collect/mount_copies.h"
#include "collect/mount_survey.h"
#include "collect/namespace_files.h"
#include "collect/sources.h"
#include "os/procfs.h"

namespace nsmap::collect {
namespace {

bool is_refusal(Errno error) { return error.value == EACCES || error.value == EPERM; }

class MountSearch {
 public:
  MountSearch(const Search& search, const MountSurvey& survey)
      : search_(search), kernel_(search.kernel), survey_(survey), names_(search.sweep) {}

  void note(const OriginalMount& original) {
    const NsfsMount& mount = survey_.mounts[original.mount];
    const MountView& view = survey_.view_of(mount);
    model::Holder holder;
    holder.kind = model::HolderKind::bind_mount;
    holder.pid = view.pid;
    holder.path = clean_text(survey_.path_of(mount));
    holder.mnt_ns = view.mnt_ns;
    holder.copies = original.copies;
    // A path is the name of the namespace it leads to, not of one that lies hidden under it.
    if (note_open(mount, holder))
      add_name(mount);
    else if (!note_hidden(mount, holder))
      return;
    ++found_;
  }

  std::uint64_t found() const { return found_; }
  std::uint64_t refused() const { return refused_; }

  void report_hidden() const {
    if (hidden_ == 0) return;
    search_.report.add(
        "mounts",
        fmt::format("{} mount(s) of network namespaces lie hidden under other mounts, where "
                    "nothing can be opened, the first at {}",
                    hidden_, first_hidden_));
  }

 private:
  model::NetnsId id_of(const NsfsMount& mount) const { return {search_.sweep.nsfs_dev, mount.ino}; }

  // Whether the mount is what its path leads to. Looked at before it is opened: by now something
  // else may be there, and opening that might hang or have effects.
  bool note_open(const NsfsMount& mount, const model::Holder& holder) {
    const char* path = survey_.path_of(mount).c_str() + 1;
    const MountView& view = survey_.view_of(mount);
    const auto stat = kernel_.stat(view.root, path);
    if (!stat && is_refusal(stat.error())) return note_refused(mount, holder);
    if (!stat || model::NetnsId{stat->id.dev, stat->id.ino} != id_of(mount)) return false;
    auto ns = kernel_.open(view.root, path, O_RDONLY | O_NONBLOCK);
    return ns && search_.registry.add(std::move(*ns), holder).has_value();
  }

  // Seen in the table of mounts, in a place we may not go to.
  bool note_refused(const NsfsMount& mount, const model::Holder& holder) {
    ++refused_;
    return search_.registry.add(id_of(mount), holder, true);
  }

  // A mount that something else was mounted over keeps its namespace alive all the same, but it
  // may as well have been unmounted since it was read: that takes another look.
  bool note_hidden(const NsfsMount& mount, const model::Holder& holder) {
    if (!is_still_mounted(mount)) return false;
    search_.registry.add(id_of(mount), holder, true);
    if (hidden_++ == 0)
      first_hidden_ =
          fmt::format("{} in mount namespace {}", terminal_text(holder.path), holder.mnt_ns->value);
    return true;
  }

  bool is_still_mounted(const NsfsMount& mount) {
    if (looked_again_ != &survey_.view_of(mount)) {
      looked_again_ = &survey_.view_of(mount);
      still_mounted_.clear();
      os::for_each_nsfs_mount(
          read_mountinfo(kernel_, *looked_again_),
          [&](const os::MountLine& line) { still_mounted_.emplace(line.id, line.root); });
    }
    return still_mounted_.contains({mount.id, fmt::format("net:[{}]", mount.ino)});
  }

  void add_name(const NsfsMount& mount) {
    model::Name name = names_.name_of(survey_.path_of(mount));
    if (named_.emplace(mount.ino, name.source, name.name).second)
      search_.registry.add_name(id_of(mount), std::move(name));
  }

  const Search& search_;
  os::Kernel& kernel_;
  const MountSurvey& survey_;
  NamingDirectories names_;
  std::set<std::tuple<std::uint64_t, std::string, std::string>> named_;
  const MountView* looked_again_ = nullptr;  // the view that still_mounted_ is of
  std::set<std::pair<std::uint32_t, std::string>> still_mounted_;
  std::uint64_t found_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t hidden_ = 0;
  std::string first_hidden_;
};

void report_survey(const MountSurvey& survey, Report& report) {
  if (survey.skipped != 0)
    report.add("mounts",
               fmt::format("{} of {} mount namespaces were not wholly read: their tables together "
                           "are over {} MiB",
                           survey.skipped, survey.views.size(), kMostMountinfo >> 20));
  if (survey.refused != 0)
    report.add("mounts",
               fmt::format("looking into {} mount namespace(s) failed: {}", survey.refused,
                           std::generic_category().message(survey.refusal)),
               survey.refusal);
}

}  // namespace

void search_mounts(const Search& search) {
  const std::int64_t start = search.kernel.boottime_ns();
  const MountSurvey survey = survey_mounts(search);
  MountSearch mounts(search, survey);
  for (const OriginalMount& original : fold_copies(survey.mounts)) mounts.note(original);
  mounts.report_hidden();
  report_survey(survey, search.report);
  check_namespace_files(search, survey);
  search.report.count({"mounts", survey.views.size(), mounts.found(),
                       survey.refused + mounts.refused(), survey.skipped,
                       search.kernel.boottime_ns() - start});
}

}  // namespace nsmap::collect
