#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

// Bytes that are sent to whoever asks for them, and how they are compressed (RFC 9110, 8.4).

namespace nsmap::serve {

enum class Encoding { identity, zstd, gzip };

// As in Content-Encoding; empty for identity.
std::string_view name(Encoding encoding);

// What to send to a client that says `accepted` in Accept-Encoding: the best of those it gives the
// highest weight, and identity where it gives none of them any.
Encoding choose_encoding(std::string_view accepted);

std::string gzip(std::string_view bytes);

// One answer, shared by all who ask for it and by those it is still being sent to. It is compressed
// when first asked for, once in each way. For one thread.
class Document {
 public:
  Document(std::string_view type, std::string bytes) : type_(type), bytes_(std::move(bytes)) {}

  std::string_view type() const { return type_; }  // as in Content-Type
  std::string_view bytes(Encoding encoding) const;
  std::size_t size() const { return bytes_.size(); }
  // Whether compressing it is worth the while.
  bool is_long() const;

 private:
  std::string_view type_;
  std::string bytes_;
  mutable std::map<Encoding, std::string> compressed_;
};

using DocumentPtr = std::shared_ptr<const Document>;

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kHtml = "text/html; charset=utf-8";
inline constexpr std::string_view kMetrics = "text/plain; version=0.0.4; charset=utf-8";

inline DocumentPtr json_document(std::string bytes) {
  return std::make_shared<const Document>(kJson, std::move(bytes));
}

}  // namespace nsmap::serve
