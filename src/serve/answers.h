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

  DocumentPtr snapshot();
  DocumentPtr namespaces();
  DocumentPtr graph();
  DocumentPtr one_namespace(const model::Namespace& ns);
  // What /metrics tells of the host.
  std::string_view metrics();
  // Not kept.
  Result<DocumentPtr> whois(std::string_view thing) const;

 private:
  DocumentPtr keep(const std::string& key, std::string (*make)(const live::State&));

  live::StatePtr state_;
  std::map<std::string, DocumentPtr> documents_;
};

// The picture of a state, for the page.
std::string graph_json(const live::State& state);

}  // namespace nsmap::serve
