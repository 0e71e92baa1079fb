#include "collect/json_file.h"

#include <sys/stat.h>

#include <cerrno>

#include <boost/json/parse.hpp>

#include "base/text.h"

namespace nsmap::collect {
namespace {

constexpr std::size_t kMostLabels = 64;
constexpr std::size_t kLabelBytes = 1024;

tl::unexpected<JsonFailure> malformed(std::string why) {
  return tl::unexpected(JsonFailure{JsonFailure::Kind::malformed, 0, std::move(why)});
}

// A process that dies takes its files along, so ESRCH is absence as ENOENT is.
tl::unexpected<JsonFailure> failed(int error) {
  using Kind = JsonFailure::Kind;
  const bool absent = error == ENOENT || error == ESRCH || error == ENOTDIR;
  const bool refused = error == EACCES || error == EPERM;
  return tl::unexpected(JsonFailure{absent    ? Kind::absent
                                    : refused ? Kind::refused
                                              : Kind::malformed,
                                    error, "it cannot be read"});
}

}  // namespace

JsonResult<boost::json::value> parse_json(std::string_view text) {
  if (text.size() > kMaxJsonBytes) return malformed("it is larger than 8 MiB");
  boost::json::error_code error;
  boost::json::value value = boost::json::parse(text, error);
  if (error) return malformed("it is no JSON: " + error.message());
  return value;
}

JsonResult<boost::json::value> read_json(os::Kernel& kernel, const std::string& path) {
  const auto stat = kernel.stat(os::kNoDir, path.c_str());
  if (!stat) return failed(stat.error().value);
  if (!S_ISREG(stat->mode)) return malformed("it is no regular file");
  const auto text = kernel.read_file(os::kNoDir, path.c_str(), kMaxJsonBytes + 1);
  if (!text) return failed(text.error().value);
  return parse_json(*text);
}

const boost::json::value* find_json(const boost::json::value& root, JsonPath path) {
  const boost::json::value* at = &root;
  for (const std::string_view key : path) {
    const boost::json::object* object = at->if_object();
    at = object ? object->if_contains(key) : nullptr;
    if (!at) return nullptr;
  }
  return at;
}

std::string text_at(const boost::json::value& root, JsonPath path, std::size_t limit) {
  const boost::json::value* value = find_json(root, path);
  const boost::json::string* text = value ? value->if_string() : nullptr;
  return text ? clean_text({text->data(), text->size()}, limit) : std::string();
}

const boost::json::object& object_at(const boost::json::value& root, JsonPath path) {
  static const boost::json::object kEmpty;
  const boost::json::value* value = find_json(root, path);
  const boost::json::object* object = value ? value->if_object() : nullptr;
  return object ? *object : kEmpty;
}

const boost::json::array& array_at(const boost::json::value& root, JsonPath path) {
  static const boost::json::array kEmpty;
  const boost::json::value* value = find_json(root, path);
  const boost::json::array* array = value ? value->if_array() : nullptr;
  return array ? *array : kEmpty;
}

std::int64_t integer_at(const boost::json::value& root, JsonPath path) {
  const boost::json::value* value = find_json(root, path);
  const std::int64_t* number = value ? value->if_int64() : nullptr;
  return number ? *number : 0;
}

std::vector<model::KeyValue> labels_of(const boost::json::object& object) {
  std::vector<model::KeyValue> labels;
  for (const auto& [key, value] : object) {
    if (labels.size() == kMostLabels) break;
    if (const boost::json::string* text = value.if_string())
      labels.push_back({clean_text({key.data(), key.size()}, kLabelBytes),
                        clean_text({text->data(), text->size()}, kLabelBytes)});
  }
  return labels;
}

}  // namespace nsmap::collect
