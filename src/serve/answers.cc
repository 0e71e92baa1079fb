#include "serve/answers.h"

#include <fmt/format.h>

#include "analyze/whois.h"
#include "codec/json.h"
#include "page/page.h"
#include "serve/metrics.h"
#include "view/results.h"

namespace nsmap::serve {
namespace {

std::string snapshot_json(const live::State& state) {
  return codec::snapshot_to_json(state.snapshot);
}

std::string graph_json(const live::State& state) {
  return page::graph_json(state.index, state.titles) + "\n";
}

std::string namespaces_json(const live::State& state) {
  std::vector<view::ListedNamespace> list;
  for (const model::Namespace& ns : state.snapshot.namespaces)
    list.push_back(view::list_namespace(state.index, state.titles.of(ns.id), ns));
  std::string out;
  codec::append_json(out, list);
  return out + "\n";
}

}  // namespace

DocumentPtr Answers::keep(const std::string& key, std::string (*make)(const live::State&),
                          bool may_make) {
  DocumentPtr& document = documents_[key];
  if (!document && may_make) document = json_document(make(*state_));
  return document;
}

DocumentPtr Answers::snapshot(bool may_make) { return keep("snapshot", snapshot_json, may_make); }
DocumentPtr Answers::namespaces(bool may_make) {
  return keep("namespaces", namespaces_json, may_make);
}
DocumentPtr Answers::graph(bool may_make) { return keep("graph", graph_json, may_make); }

DocumentPtr Answers::one_namespace(const model::Namespace& ns) {
  DocumentPtr& document = documents_[fmt::format("{}:{}", ns.id.dev, ns.id.ino)];
  if (!document) {
    std::string out;
    codec::append_json(out, view::show_namespace(state_->index, state_->titles.of(ns.id), ns));
    document = json_document(out + "\n");
  }
  return document;
}

std::string_view Answers::metrics() {
  return keep("metrics", host_metrics, true)->bytes(Encoding::identity);
}

Result<DocumentPtr> Answers::whois(std::string_view thing) const {
  return analyze::whois(state_->index, state_->titles, thing).map([](const auto& answers) {
    std::string out;
    codec::append_json(out, answers);
    return json_document(out + "\n");
  });
}

}  // namespace nsmap::serve
