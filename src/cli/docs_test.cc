#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "analyze/diff.h"
#include "analyze/flows.h"
#include "analyze/ports.h"
#include "analyze/whois.h"
#include "cli/results.h"
#include "codec/schema.h"
#include "history/listed.h"
#include "view/graph.h"
#include "view/results.h"
#include "view/rules.h"

// Holds docs/snapshot.md against the types it documents: every member, and none but those.

namespace nsmap::cli {
namespace {

using Fields = std::vector<codec::FieldSchema>;

std::vector<std::string> read_lines() {
  std::ifstream file(NSMAP_TESTS_DIR "/../docs/snapshot.md");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// The cells of "| `name` | type | what | source |".
std::vector<std::string> cells(const std::string& row) {
  std::vector<std::string> found;
  std::istringstream stream(row.substr(1));
  for (std::string cell; std::getline(stream, cell, '|');) {
    const auto first = cell.find_first_not_of(" `");
    const auto last = cell.find_last_not_of(" `");
    found.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
  }
  return found;
}

// The members that the tables under "### TYPE" list.
std::map<std::string, Fields> documented() {
  std::map<std::string, Fields> types;
  std::string type;
  for (const std::string& line : read_lines()) {
    if (line.starts_with("#")) type = line.starts_with("### ") ? line.substr(4) : "";
    if (type.empty()) continue;
    Fields& fields = types[type];
    if (!line.starts_with("| `")) continue;
    const auto row = cells(line);
    EXPECT_GE(row.size(), 4u) << line;
    EXPECT_FALSE(row.at(2).empty()) << line;
    fields.push_back({row.at(0), row.at(1)});
  }
  return types;
}

std::vector<codec::StructSchema> schema() {
  std::vector<codec::StructSchema> types;
  codec::add_schema<model::Snapshot>(types);
  codec::add_schema<view::ListedNamespace>(types);
  codec::add_schema<view::ShownNamespace>(types);
  codec::add_schema<view::ShownFirewall>(types);
  codec::add_schema<LabDifference>(types);
  codec::add_schema<history::ListedSnapshot>(types);
  codec::add_schema<PrunedHistory>(types);
  codec::add_schema<analyze::WhoisAnswer>(types);
  codec::add_schema<analyze::Flow>(types);
  codec::add_schema<analyze::OpenPort>(types);
  codec::add_schema<analyze::Difference>(types);
  codec::add_schema<view::Graph>(types);
  return types;
}

std::string text(const Fields& fields) {
  std::string out;
  for (const codec::FieldSchema& field : fields) out += field.name + ": " + field.type + "\n";
  return out;
}

TEST(SnapshotDocument, DocumentsEveryMemberAndInventsNone) {
  auto documents = documented();
  for (const codec::StructSchema& type : schema()) {
    EXPECT_EQ(text(documents[type.name]), text(type.fields)) << "in " << type.name;
    documents.erase(type.name);
  }
  for (const auto& [name, fields] : documents) ADD_FAILURE() << name << " is not in the program";
}

template <typename Enum>
void expect_values(const char* name) {
  for (const std::string& line : read_lines()) {
    if (!line.starts_with(std::string("| ") + name + " |")) continue;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<Enum>>([&](auto enumerator) {
      const std::string value(codec::json_enumerator(enumerator.name));
      EXPECT_NE(line.find("`" + value + "`"), std::string::npos) << name << " " << value;
    });
    return;
  }
  ADD_FAILURE() << name << " is not documented";
}

TEST(SnapshotDocument, DocumentsEveryValueOfEnumerations) {
  expect_values<model::HolderKind>("HolderKind");
  expect_values<model::OperState>("OperState");
  expect_values<model::Family>("Family");
  expect_values<model::SocketFamily>("SocketFamily");
  expect_values<analyze::WhoisKind>("WhoisKind");
  expect_values<analyze::DiffChange>("DiffChange");
  expect_values<analyze::DiffSubject>("DiffSubject");
  expect_values<view::BoxStyle>("BoxStyle");
  expect_values<view::PortState>("PortState");
  expect_values<view::WireStyle>("WireStyle");
}

}  // namespace
}  // namespace nsmap::cli
