#include <string_view>

#include "collect/containers_runtimes.h"

// systemd-nspawn stays as the parent of its machine's first process. The machine is called what
// -M says or, failing that, after its directory or image (systemd-nspawn(1)).

namespace nsmap::collect {
namespace {

// Short options with a value (nspawn.c, getopt string).
constexpr std::string_view kWithValue = "DMuSLZEijp";

struct Naming {
  std::string_view machine;
  std::string_view directory;
  std::string_view image;
};

void note(Naming& naming, char option, std::string_view value) {
  if (option == 'M') naming.machine = value;
  if (option == 'D') naming.directory = value;
  if (option == 'i') naming.image = value;
}

void note_long(Naming& naming, std::string_view word) {
  const auto equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  const std::string_view value = equals == word.npos ? std::string_view() : word.substr(equals + 1);
  if (name == "--machine") note(naming, 'M', value);
  if (name == "--directory") note(naming, 'D', value);
  if (name == "--image") note(naming, 'i', value);
}

// Options end where the machine's own command begins.
Naming parse_naming(std::span<const std::string_view> words) {
  Naming naming;
  for (std::size_t i = 1; i < words.size() && words[i].starts_with('-'); ++i) {
    if (words[i].starts_with("--")) {
      note_long(naming, words[i]);
      continue;
    }
    const auto at = words[i].find_first_of(kWithValue, 1);
    if (at == std::string_view::npos) continue;
    const bool glued = at + 1 < words[i].size();
    const std::string_view value = glued                  ? words[i].substr(at + 1)
                                   : i + 1 < words.size() ? words[i + 1]
                                                          : std::string_view();
    note(naming, words[i][at], value);
    if (!glued) ++i;
  }
  return naming;
}

std::string_view name_of(const Naming& naming) {
  if (!naming.machine.empty()) return naming.machine;
  if (!naming.directory.empty()) return base_name(naming.directory);
  std::string_view image = base_name(naming.image);
  if (image.ends_with(".raw")) image.remove_suffix(4);
  return image;
}

}  // namespace

bool is_nspawn(const model::Process& process) { return process.comm == "systemd-nspawn"; }

void find_nspawn_machines(ContainerSearch& search, Processes nspawns) {
  for (const model::Process* nspawn : nspawns) {
    const std::string_view name = name_of(parse_naming(words_of(*nspawn)));
    const Processes children = children_of(search, *nspawn);
    if (name.empty() || children.empty()) continue;
    FoundContainer& found = add_container(search, "nspawn", name, nspawn);
    if (children.front()->net && nspawn->net == children.front()->net)
      found.container.network_mode = "host";
    for (const model::Process* child : children) claim(search, *child, found);
  }
}

}  // namespace nsmap::collect
