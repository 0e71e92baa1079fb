#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "analyze/names.h"
#include "base/result.h"
#include "base/sink.h"
#include "cli/environment.h"
#include "lab/namespaces.h"
#include "model/index.h"

// A sub-command that answers is a row (`Command`) that says what it is called and takes, and a
// function from a snapshot to bytes. Reading the snapshot and writing the bytes is the business of
// cli.cc. One that acts on the host, or goes on, is an `Action`; most
// come in groups, as `nsmap ns`.

namespace nsmap::cli {

// All that can be said on the command line.
struct Options {
  // Common to all commands.
  // Which snapshot it is about: at most one is set; empty all: the live host.
  std::string from;      // a file, "-" for standard input
  std::string at;        // a time, of the history
  std::string snapshot;  // a file, "-", or a time
  std::string history;   // the history's file; empty: the user's own
  bool json = false;
  bool no_color = false;
  std::size_t width = 0;  // columns; 0: the terminal's

  // Of some commands.
  std::vector<std::string> things;   // what a command is about
  std::vector<std::string> columns;  // ls
  std::vector<std::string> ignore;   // diff
  bool wide = false;                 // ls
  bool packet_order = false;         // rules
  bool unused = false;               // rules
  std::string by;                    // rules
  std::string as;                    // rules
  std::string output;                // a file; empty: standard output
  std::string format;                // graph
  std::vector<std::string> program;  // what stands after --
  std::string mount_at;              // ns add
  std::string name;                  // lab export
  std::vector<std::string> addr4;    // ns connect
  std::vector<std::string> addr6;    // ns connect
  std::vector<std::string> pools;    // ns connect, internet
  std::size_t mtu = 0;               // ns connect, bytes; 0: the kernel's
  std::string name_a;                // ns connect
  std::string name_b;                // ns connect
  std::string bridge;                // ns connect
  std::string via;                   // ns internet
  bool off = false;                  // ns internet
  bool no_lo = false;                // ns add
  std::string user;                  // ns exec, shell
  bool dns = false;                  // ns exec, shell
  bool all = false;                  // ns exec, watch
  bool user_ns = false;              // lab
  bool anonymise = false;            // snapshot
  std::string key_file;              // snapshot
  std::size_t keep = 0;              // history prune; 0: not said
  std::string older_than;            // history prune
  bool dry_run = false;              // history prune
  std::vector<std::string> listen;   // serve
  std::string socket;                // serve
  std::string every;                 // serve
  std::string token_file;            // serve
  std::string tls_cert;              // serve
  std::string tls_key;               // serve
  std::vector<std::string> hosts;    // serve
};

// An option of one command, and where its value goes.
struct Option {
  const char* spelling;  // "-o,--output"
  const char* value;     // "FILE"; empty for a flag
  const char* help;
  std::variant<bool Options::*, std::size_t Options::*, std::string Options::*,
               std::vector<std::string> Options::*>
      target;
};

// What a command takes that answers in text; of commands, cli takes them for all.
inline constexpr Option kJson = {"--json", "", "answer as JSON", &Options::json};
inline constexpr Option kNoColor = {"--no-color", "", "no colours; NO_COLOR does the same",
                                    &Options::no_color};
inline constexpr Option kWidth = {"--width", "COLUMNS", "fit into so many columns",
                                  &Options::width};

// What those say that follow a host whose events they cannot hear.
inline constexpr std::string_view kDeaf =
    "the kernel's events cannot be heard without root: changes are told late, and what comes and "
    "goes in between is not";

struct Request {
  Request(const Options& options_, const model::Snapshot& snapshot_)
      : options(options_), snapshot(snapshot_), width(options_.width) {}
  Request(const Request&) = delete;  // the titles refer to the index
  Request& operator=(const Request&) = delete;

  const Options& options;
  const model::Snapshot& snapshot;
  std::optional<model::NetnsId> own;  // the namespace nsmap runs in, when the snapshot is live
  std::size_t width;                  // columns to fit into; 0: any
  bool color = false;
  // Reads one more snapshot: a file's, that of standard input (-), of a time or, empty, of the live
  // host.
  std::function<Result<model::Snapshot>(const std::string& word)> load;

  // Made when first asked for: a snapshot's copy needs neither.
  const model::Index& index() const;
  const analyze::Titles& titles() const;

 private:
  mutable std::optional<model::Index> index_;
  mutable std::optional<analyze::Titles> titles_;
};

using Namespaces = std::vector<const model::Namespace*>;

// The namespaces that the command's arguments name, in their order.
Result<Namespaces> named_namespaces(const Request& request);

struct Answer {
  std::string bytes = {};          // for standard output or Options::output
  bool yes = true;                 // exit status 0; else 1
  std::string note = {};           // for standard error; may be empty
  std::optional<int> status = {};  // exit with that instead
  Giver pieces = {};               // what there is in place of `bytes`, when set
};

// The snapshot as JSON. It must outlive the answer.
Answer snapshot_answer(const model::Snapshot& snapshot);

// Said on standard error of answers from a live host that was not read by root.
inline constexpr const char* kNotPrivileged =
    "without root, what belongs to other users' processes is missing; sudo nsmap shows all";

inline constexpr std::size_t kAnyNumber = 1000;

struct Command {
  const char* name;
  const char* summary;
  const char* thing = nullptr;  // what its arguments are, "NAMESPACE"; null: it takes none
  const char* thing_help = nullptr;
  std::size_t least = 1;  // how many of them
  std::size_t most = 1;
  collect::Facts facts = collect::Facts::usual;  // what it needs of the live host
  std::span<const Option> options = {};
  const char* more = "";  // after the options in its help
  // Its text says what was not permitted; of other answers, cli.cc says it on standard error.
  bool tells_refused = false;
  // Looks at the options before the snapshot is read, and may say which one that is.
  Result<void> (*settle)(Options& options) = nullptr;
  Result<Answer> (*run)(const Request& request);
};

struct ActionRequest {
  const Options& options;
  const Environment& environment;
  lab::System system;
  // Reads the live host or, where the action takes --from, a saved snapshot.
  std::function<Result<model::Snapshot>()> collect;
  // Says something on standard error, at once.
  std::function<void(std::string_view line)> warn;
};

// What acts on the host. It looks at no more of the host than it asks for.
struct Action {
  const char* name;
  const char* summary;
  const char* thing = nullptr;  // what its arguments are, "NAME"; null: it takes none
  const char* thing_help = nullptr;
  std::size_t least = 1;  // how many of them
  std::size_t most = 1;
  bool takes_program = false;                    // after --
  bool takes_from = false;                       // has --from and --at, for `collect`
  collect::Facts facts = collect::Facts::usual;  // what `collect` gives, of the live host
  std::span<const Option> options = {};
  const char* more = "";  // after the options in its help
  Result<Answer> (*run)(const ActionRequest& request);
};

// Sub-commands of one subject: `nsmap NAME MEMBER`.
struct Group {
  using Member = std::variant<const Action*, const Command*>;
  const char* name;
  const char* summary;
  std::span<const Member> members;
  const char* more = "";
};

extern const Command kMap;  // what runs when no command is named
extern const Command kLs;
extern const Command kShow;
extern const Command kRules;
extern const Command kWhois;
extern const Command kFlows;
extern const Command kPorts;
extern const Command kGraph;
extern const Command kSnapshot;
extern const Command kDiff;
extern const Action kWatch;

extern const Action kServe;

extern const Group kNs;
extern const Group kLab;
extern const Group kHistory;

}  // namespace nsmap::cli
