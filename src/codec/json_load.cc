#include <array>

#include "codec/json.h"
#include "codec/json_read.h"
#include "codec/link_data.h"

namespace nsmap::codec {

namespace json = boost::json;

template <>
MaybeProblem read_struct(const json::object& object, model::Link& link) {
  if (auto problem = read_members(object, link)) return problem;
  const auto* data = object.if_contains("data");
  if (!data) return {};
  auto problem = read_link_data(*data, link.kind, link.data);
  return problem ? std::move(*problem).under("data") : MaybeProblem();
}

namespace {

// What comes before the snapshot's own members.
struct Header {
  std::string format;
  std::uint32_t version = 0;
};
BOOST_DESCRIBE_STRUCT(Header, (), (format, version))

// Deeper than any snapshot nests.
constexpr std::size_t kMaxDepth = 64;

std::string syntax_error(const json::error_code& error, std::size_t offset) {
  if (error == json::error::incomplete) return "it is cut short";
  return fmt::format("not JSON: {} near byte {}", error.message(), offset);
}

Result<void> check_header(const json::object& object, std::string_view what) {
  Header header;
  if (read_members(object, header) || header.format != kSnapshotFormat)
    return usage_error(fmt::format("{}: not an nsmap snapshot", what),
                       "a file made by nsmap snapshot -o FILE");
  if (header.version > kSnapshotVersion)
    return usage_error(fmt::format("{}: a snapshot of version {}, and this nsmap reads up to {}",
                                   what, header.version, kSnapshotVersion),
                       "a newer nsmap");
  return {};
}

}  // namespace

Result<json::value> parse_json(std::string_view text, std::string_view what,
                               json::storage_ptr storage) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::stream_parser parser(std::move(storage), options);
  json::error_code error;
  const std::size_t offset = parser.write_some(text.data(), text.size(), error);
  if (!error && text.find_first_not_of(" \t\r\n", offset) != std::string_view::npos)
    error = json::error::extra_data;
  if (!error) parser.finish(error);
  if (error) return usage_error(fmt::format("{}: {}", what, syntax_error(error, offset)));
  return parser.release();
}

tl::unexpected<Error> misfit(std::string_view what, const Problem& problem) {
  if (problem.path.empty()) return usage_error(fmt::format("{}: {}", what, problem.what));
  return usage_error(fmt::format("{}: {}: {}", what, problem.path, problem.what));
}

Result<model::Snapshot> snapshot_from_json(std::string_view text, std::string_view what) {
  json::monotonic_resource memory;
  const auto document = parse_json(text, what, &memory);
  if (!document) return tl::unexpected(document.error());
  const auto* object = document->if_object();
  if (!object) return usage_error(fmt::format("{}: not an nsmap snapshot", what));
  if (auto checked = check_header(*object, what); !checked)
    return tl::unexpected(std::move(checked.error()));
  model::Snapshot snapshot;
  if (const auto problem = read_members(*object, snapshot)) return misfit(what, *problem);
  return snapshot;
}

}  // namespace nsmap::codec
