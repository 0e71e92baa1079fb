#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "history/store.h"
#include "serve/answers.h"

namespace nsmap::serve {

// The states that were saved, as they answer. For one thread.
class Archive {
 public:
  explicit Archive(std::string path) : path_(std::move(path)) {}

  // As nsmap history ls --json gives it; empty while there is no history.
  Result<DocumentPtr> list();
  // What the saved state of that id ("12") answers; valid until the next call. An error is of kind
  // usage where there is none.
  Result<Answers*> at(std::string_view id);

 private:
  Result<history::Store*> open();

  std::string path_;
  std::optional<history::Store> store_;
  std::list<std::pair<std::int64_t, Answers>> recent_;  // the last asked for first
};

}  // namespace nsmap::serve
