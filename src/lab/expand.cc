#include "lab/expand.h"

#include <fmt/format.h>

#include <cctype>
#include <charconv>

namespace nsmap::lab {
namespace {

constexpr int kMaxDepth = 32;  // of parentheses and signs

// Recursive descent over one expression. What is wrong first is kept; from there on every value is
// 0 and the rest is skipped.
class Expression {
 public:
  Expression(std::string_view text, const Counters& counters) : rest_(text), counters_(counters) {}

  tl::expected<std::int64_t, std::string> value() {
    const std::int64_t result = sum();
    if (error_.empty() && !rest_.empty()) fail(fmt::format("'{}' is not expected", rest_));
    if (!error_.empty()) return tl::unexpected(error_);
    return result;
  }

 private:
  char peek() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
    return rest_.empty() ? '\0' : rest_.front();
  }
  char take() {
    const char first = peek();
    if (!rest_.empty()) rest_.remove_prefix(1);
    return first;
  }
  std::int64_t fail(std::string why) {
    if (error_.empty()) error_ = std::move(why);
    rest_ = {};
    return 0;
  }

  std::int64_t sum() {
    std::int64_t left = product();
    while (peek() == '+' || peek() == '-') {
      const char operation = take();
      left = apply(operation, left, product());
    }
    return left;
  }
  std::int64_t product() {
    std::int64_t left = factor();
    while (peek() == '*' || peek() == '/' || peek() == '%') {
      const char operation = take();
      left = apply(operation, left, factor());
    }
    return left;
  }
  std::int64_t factor() {
    if (++depth_ > kMaxDepth) return fail("it is nested too deeply");
    const std::int64_t result = unguarded_factor();
    --depth_;
    return result;
  }
  std::int64_t unguarded_factor() {
    const char first = peek();
    if (std::isdigit(static_cast<unsigned char>(first))) return number();
    if (first == 'i' || first == 'n') return counter(take());
    if (first == '-') return take(), apply('-', 0, factor());
    if (first != '(')
      return fail(first == '\0' ? "a number or i is missing"
                                : fmt::format("'{}' is no number, nor i or n", rest_));
    take();
    const std::int64_t inner = sum();
    return take() == ')' ? inner : fail("a ')' is missing");
  }

  std::int64_t number() {
    std::int64_t result = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), result);
    if (error != std::errc()) return fail("a number is too large");
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return result;
  }
  std::int64_t counter(char name) {
    const auto& value = name == 'i' ? counters_.i : counters_.n;
    if (value) return *value;
    return fail(name == 'i' ? "there is no count here; write $${ for a plain ${"
                            : "the namespace has no count");
  }

  std::int64_t apply(char operation, std::int64_t left, std::int64_t right) {
    std::int64_t result = 0;
    bool overflow = false;
    if (operation == '+') overflow = __builtin_add_overflow(left, right, &result);
    if (operation == '-') overflow = __builtin_sub_overflow(left, right, &result);
    if (operation == '*') overflow = __builtin_mul_overflow(left, right, &result);
    if (operation == '/' || operation == '%') {
      if (right == 0) return fail("it divides by zero");
      overflow = right == -1 && left == INT64_MIN;
      if (!overflow) result = operation == '/' ? left / right : left % right;
    }
    return overflow ? fail("its value is too large") : result;
  }

  std::string_view rest_;
  const Counters& counters_;
  std::string error_;
  int depth_ = 0;
};

}  // namespace

tl::expected<std::string, std::string> expand(std::string_view text, const Counters& counters) {
  std::string result;
  for (;;) {
    const auto dollar = text.find('$');
    result += text.substr(0, dollar);
    if (dollar == std::string_view::npos) return result;
    text.remove_prefix(dollar + 1);
    if (!text.starts_with('{')) {
      result += '$';
      if (text.starts_with('$')) text.remove_prefix(1);
      continue;
    }
    const auto end = text.find('}');
    if (end == std::string_view::npos)
      return tl::unexpected<std::string>("${ without its }; write $${ for a plain ${");
    const auto expression = text.substr(1, end - 1);
    const auto value = Expression(expression, counters).value();
    if (!value) return tl::unexpected(fmt::format("${{{}}}: {}", expression, value.error()));
    result += std::to_string(*value);
    text.remove_prefix(end + 1);
  }
}

std::string unexpanded(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at != text.size(); ++at) {
    result += text[at];
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (text[at] == '$' && (next == '$' || next == '{')) result += '$';
  }
  return result;
}

}  // namespace nsmap::lab
