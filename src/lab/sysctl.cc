#include "lab/sysctl.h"

#include <algorithm>

namespace nsmap::lab {
namespace {

// In a setting's name dots stand for slashes, and slashes for dots.
std::string path_of(std::string name) {
  for (char& c : name) {
    if (c == '.')
      c = '/';
    else if (c == '/')
      c = '.';
  }
  return "/proc/sys/" + name;
}

}  // namespace

SysResult<std::string> read_sysctl(const System& system, const std::string& name) {
  constexpr std::size_t kLimit = 4096;
  auto text = system.kernel.read_file(os::kNoDir, path_of(name).c_str(), kLimit);
  if (text) text->resize(std::min(text->find('\n'), text->size()));
  return text;
}

SysResult<void> write_sysctl(const System& system, const std::string& name,
                             const std::string& value) {
  return system.changes.write_setting(path_of(name), value);
}

}  // namespace nsmap::lab
