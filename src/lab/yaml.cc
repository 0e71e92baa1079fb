#include "lab/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"

namespace nsmap::lab::yaml {
namespace {

Mark mark(const YAML::Mark& at) { return {at.line + 1, at.column + 1}; }

// What stops the parser, whose handler cannot.
struct Wrong {
  Mark where;
  std::string what;
};

// Builds the tree from the parser's events, so that an alias is a pointer and not a copy, and its
// weight is known before anybody follows it.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(Document& document) : document_(document) {}

  void OnDocumentStart(const YAML::Mark& at) override {
    if (document_.root) throw Wrong{mark(at), "a second document; a lab is one"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& at, YAML::anchor_t anchor) override {
    attach(make(at, Node::Kind::null, anchor));
  }
  void OnScalar(const YAML::Mark& at, const std::string&, YAML::anchor_t anchor,
                const std::string& value) override {
    Node& node = make(at, Node::Kind::scalar, anchor);
    node.text = value;
    attach(node);
  }
  void OnAlias(const YAML::Mark& at, YAML::anchor_t anchor) override {
    const Node* const node = anchors_.at(anchor);
    if (std::find(open_.begin(), open_.end(), node) != open_.end())
      throw Wrong{mark(at), "an alias stands within what it is an alias of"};
    attach(*node);
  }
  void OnSequenceStart(const YAML::Mark& at, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open_.push_back(&make(at, Node::Kind::sequence, anchor));
    keys_.push_back(nullptr);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& at, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open_.push_back(&make(at, Node::Kind::map, anchor));
    keys_.push_back(nullptr);
  }
  void OnMapEnd() override {
    finish(*open_.back());
    close();
  }

 private:
  Node& make(const YAML::Mark& at, Node::Kind kind, YAML::anchor_t anchor) {
    Node& node = document_.nodes.emplace_back();
    node.where = mark(at);
    node.kind = kind;
    if (anchor != 0) anchors_[anchor] = &node;
    return node;
  }

  void close() {
    const Node& done = *open_.back();
    open_.pop_back();
    keys_.pop_back();
    attach(done);
  }

  void attach(const Node& node) {
    if (open_.empty()) {
      document_.root = &node;
      return;
    }
    Node& parent = *open_.back();
    grow(parent, node.size);
    if (parent.kind == Node::Kind::sequence) {
      parent.items.push_back(&node);
    } else if (const Node* const key = std::exchange(keys_.back(), nullptr)) {
      parent.map.emplace_back(key, &node);
    } else {
      if (node.kind != Node::Kind::scalar) throw Wrong{node.where, "a key that is no plain text"};
      keys_.back() = &node;
    }
  }

  static void grow(Node& node, std::size_t by) {
    node.size += by;
    if (node.size > kMaxNodes)
      throw Wrong{node.where, fmt::format("this comes to more than {} parts; are there aliases of "
                                          "aliases?",
                                          kMaxNodes)};
  }

  // The merge key of YAML 1.1 (https://yaml.org/type/merge.html): what a map says itself goes
  // before what it takes over.
  static void merge(Node& map) {
    const auto is_merge = [](const auto& entry) { return entry.first->text == "<<"; };
    const auto found = std::find_if(map.map.begin(), map.map.end(), is_merge);
    if (found == map.map.end()) return;
    const Node& from = *found->second;
    map.map.erase(found);
    std::unordered_set<std::string_view> known;
    for (const auto& [key, value] : map.map) known.insert(key->text);
    const auto sources =
        from.kind == Node::Kind::sequence ? from.items : std::vector<const Node*>{&from};
    for (const Node* const source : sources) {
      if (source->kind != Node::Kind::map) throw Wrong{source->where, "<< merges maps only"};
      grow(map, source->size);
      for (const auto& entry : source->map)
        if (known.insert(entry.first->text).second) map.map.push_back(entry);
    }
  }

  static void finish(Node& map) {
    std::unordered_map<std::string_view, const Node*> known;
    for (const auto& [key, value] : map.map) {
      const auto [first, is_new] = known.emplace(key->text, key);
      if (!is_new)
        throw Wrong{key->where, fmt::format("'{}' is here twice; the first is at line {}",
                                            terminal_text(key->text), first->second->where.line)};
    }
    merge(map);
  }

  Document& document_;
  std::vector<Node*> open_;
  std::vector<const Node*> keys_;  // of each open map: the key whose value is to come
  std::unordered_map<YAML::anchor_t, const Node*> anchors_;
};

// Where the text stops being UTF-8 or holds a byte that no text has; nothing: nowhere.
std::optional<Mark> not_text(std::string_view text) {
  Mark at{1, 1};
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    if (line.find('\0') != std::string_view::npos || clean_text(line, line.size()) != line)
      return at;
    text.remove_prefix(std::min(end + 1, text.size()));
    ++at.line;
  }
  return std::nullopt;
}

}  // namespace

tl::unexpected<Error> error_at(const std::string& file, Mark where, std::string_view what) {
  if (where.line == 0) return usage_error(fmt::format("{}: {}", file, what));
  return usage_error(fmt::format("{}:{}:{}: {}", file, where.line, where.column, what));
}

Result<Document> read(std::string_view text, const std::string& file) {
  if (text.size() > kMaxBytes)
    return error_at(file, {1, 1}, fmt::format("more than {} MiB", kMaxBytes >> 20));
  if (const auto where = not_text(text)) return error_at(file, *where, "this is no UTF-8 text");
  Document document;
  Builder builder(document);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) continue;
  } catch (const Wrong& wrong) {
    return error_at(file, wrong.where, wrong.what);
  } catch (const YAML::DeepRecursion& error) {
    return error_at(file, mark(error.mark), "this is nested too deeply");
  } catch (const YAML::Exception& error) {
    return error_at(file, mark(error.mark), "this is no YAML: " + error.msg);
  }
  if (!document.root) return error_at(file, {1, 1}, "there is nothing in it");
  return document;
}

}  // namespace nsmap::lab::yaml
