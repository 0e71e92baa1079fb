#include "anonymise/anonymise.h"

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>

#include "anonymise/addresses.h"
#include "anonymise/constants.h"
#include "anonymise/fields.h"
#include "anonymise/texts.h"

namespace nsmap::anonymise {
namespace {

template <typename T>
using Members = boost::describe::describe_members<T, boost::describe::mod_public>;

template <typename T>
concept Number = std::integral<T> || std::is_enum_v<T> || requires(T id) {
  { id.value } -> std::same_as<typename T::Value&>;  // an Id
};

template <typename T>
concept ByItself = std::same_as<T, IpAddress> || std::same_as<T, Prefix> || std::same_as<T, Mac>;

// Goes through a described value, member by member.
class Walk {
 public:
  explicit Walk(const Key& key) : addresses_(key), texts_(key, addresses_) {}

  template <typename Struct>
  void members(Struct& value) {
    boost::mp11::mp_for_each<Members<Struct>>([&](auto member) {
      auto& field = value.*member.pointer;
      using Value = std::decay_t<decltype(field)>;
      if constexpr (std::same_as<Value, std::string> ||
                    std::same_as<Value, std::vector<std::string>>) {
        constexpr std::optional<Kind> kind = kind_of<Struct>(member.name);
        static_assert(kind.has_value(), "this text of the model has no row in anonymise/fields.h");
        texts(field, *kind);
      } else {
        go(field);
      }
    });
  }

  std::size_t other_ranges() const { return other_ranges_; }

  // Messages are last: by then it is known which words are replaced elsewhere.
  void finish() {
    for (std::string* const message : messages_) *message = texts_.of_message(*message);
  }

 private:
  template <Number T>
  void go(T&) {}
  template <ByItself T>
  void go(T& value) {
    value = addresses_.of(value);
  }
  template <typename T>
  void go(std::optional<T>& value) {
    if (value) go(*value);
  }
  template <typename T>
  void go(std::vector<T>& values) {
    for (T& value : values) go(value);
  }
  template <typename... T>
  void go(std::variant<T...>& value) {
    std::visit([this](auto& held) { this->go(held); }, value);
  }
  void go(std::monostate&) {}
  void go(Shared<model::firewall::Firewall>& firewall) {
    if (*firewall == model::firewall::Firewall()) return;
    other_ranges_ += replace_constants(firewall.edit(), addresses_, texts_);
    members(firewall.edit());
  }
  template <typename T>
  void go(Box<T>& box) {
    go(*box);
  }
  void go(model::firewall::Value& value) {
    std::visit([this](auto& held) { this->go(held); }, value);
  }
  void go(model::firewall::Action& action) {
    std::visit([this](auto& held) { this->go(held); }, action);
  }
  // What packets are searched for is a text of any form.
  void go(model::firewall::Extension& extension) {
    if (extension.name == "string")
      extension.options = "--string " + texts_.of_comment(extension.options);
    else
      members(extension);
  }
  // Done by replace_constants, which knows what they are.
  void go(Octets&) {}
  template <typename Struct>
  requires boost::describe::has_describe_members<Struct>::value void go(Struct& value) {
    members(value);
  }

  void texts(std::vector<std::string>& values, Kind kind) {
    for (std::string& value : values) texts(value, kind);
  }
  void texts(std::string& value, Kind kind) {
    switch (kind) {
      case Kind::name:
        value = texts_.of_name(value);
        return;
      case Kind::text:
        value = texts_.of(value);
        return;
      case Kind::message:
        messages_.push_back(&value);
        return;
      case Kind::sysctl:
        value = texts_.of_sysctl(value);
        return;
      case Kind::bridge_id:
        value = texts_.of_bridge_id(value);
        return;
      case Kind::sci:
        value = texts_.of_sci(value);
        return;
      case Kind::rule:
        value = texts_.of_rule(value);
        return;
      case Kind::comment:
        value = texts_.of_comment(value);
        return;
      case Kind::options:
        value = texts_.of_options(value);
        return;
      case Kind::kept:
        return;
    }
  }

  std::size_t other_ranges_ = 0;
  Addresses addresses_;
  Texts texts_;
  std::vector<std::string*> messages_;
};

}  // namespace

model::Snapshot anonymise(model::Snapshot snapshot, const Key& key) {
  Walk walk(key);
  walk.members(snapshot);
  walk.finish();
  if (walk.other_ranges() != 0) {
    model::Diagnostic& diagnostic = snapshot.diagnostics.emplace_back();
    diagnostic.source = "anonymise";
    diagnostic.what = fmt::format(
        "of {} of the ranges of addresses in rules the ends alone were replaced: "
        "they are other ranges than they were",
        walk.other_ranges());
  }
  std::ranges::sort(snapshot.containers, {}, &model::Container::id);
  return snapshot;
}

}  // namespace nsmap::anonymise
