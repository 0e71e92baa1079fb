#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "live/state.h"
#include "serve/document.h"

namespace nsmap::serve {

// What one state answers. Each document is made when it is first asked for, and once. For one
// thread.
class Answers {
 public:
  explicit Answers(live::StatePtr state) : state_(std::move(state)) {}

  const live::State& state() const { return *state_; }
  const live::StatePtr& shared_state() const { return state_; }

  // Of all the state; null: it is not there, and `may_make` says that it is not to be made.
  DocumentPtr snapshot(bool may_make);
  DocumentPtr namespaces(bool may_make);
  DocumentPtr graph(bool may_make);
  DocumentPtr one_namespace(const model::Namespace& ns);
  // What /metrics tells of the host.
  std::string_view metrics();
  // Not kept.
  Result<DocumentPtr> whois(std::string_view thing) const;

 private:
  DocumentPtr keep(const std::string& key, std::string (*make)(const live::State&), bool may_make);

  live::StatePtr state_;
  std::map<std::string, DocumentPtr> documents_;
};

}  // namespace nsmap::serve
