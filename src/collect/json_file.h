#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>
#include <tl/expected.hpp>

#include "model/owner.h"
#include "os/kernel.h"

// Reading other people's JSON: bounded, and never surprised by a value of another type.

namespace nsmap::collect {

// Why a file gave no document.
struct JsonFailure {
  enum class Kind {
    absent,     // not there (any more)
    refused,    // not permitted
    malformed,  // there, and not what it should be; `why` says what is wrong
  };
  Kind kind = Kind::absent;
  int error = 0;  // errno, if a call failed
  std::string why;
};

template <typename T>
using JsonResult = tl::expected<T, JsonFailure>;

inline constexpr std::size_t kMaxJsonBytes = 8u << 20;

// Parses a document of at most kMaxJsonBytes, nested at most 32 deep.
JsonResult<boost::json::value> parse_json(std::string_view text);
// Reads a regular file and parses it; any other kind of file is malformed.
JsonResult<boost::json::value> read_json(os::Kernel& kernel, const std::string& path);

// The value under one key after the other; null when there is none or one on the way is no object.
using JsonPath = std::initializer_list<std::string_view>;
const boost::json::value* find_json(const boost::json::value& root, JsonPath path);
// The string there, made clean and at most `limit` bytes; empty when there is none.
std::string text_at(const boost::json::value& root, JsonPath path, std::size_t limit = 1024);
// The object or array there; an empty one when there is none.
const boost::json::object& object_at(const boost::json::value& root, JsonPath path);
const boost::json::array& array_at(const boost::json::value& root, JsonPath path);
// The integer there; 0 when there is none.
std::int64_t integer_at(const boost::json::value& root, JsonPath path);
// The strings of an object as labels: the first 64, each at most 1 KiB; other values are left out.
std::vector<model::KeyValue> labels_of(const boost::json::object& object);

}  // namespace nsmap::collect
