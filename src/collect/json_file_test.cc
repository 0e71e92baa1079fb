#include "collect/json_file.h"

#include <gtest/gtest.h>

#include "os/fake_kernel.h"

namespace nsmap::collect {
namespace {

using Kind = JsonFailure::Kind;

TEST(JsonFile, ReadsARegularFile) {
  os::FakeKernel kernel;
  kernel.add_file("/a.json", R"({"a":{"b":"c"},"n":7})");
  const auto value = read_json(kernel, "/a.json");
  ASSERT_TRUE(value);
  EXPECT_EQ(text_at(*value, {"a", "b"}), "c");
  EXPECT_EQ(integer_at(*value, {"n"}), 7);
}

TEST(JsonFile, TellsWhyNot) {
  os::FakeKernel kernel;
  kernel.add_directory("/directory");
  kernel.add_device("/device", 1, 3);
  kernel.add_file("/secret", "{}");
  kernel.refuse("/secret", EACCES);
  kernel.add_file("/truncated", R"({"a":{"b")");
  kernel.add_file("/empty", "");
  kernel.add_file("/huge", "[" + std::string(kMaxJsonBytes, ' ') + "]");
  kernel.add_file("/deep", std::string(100000, '[') + std::string(100000, ']'));
  EXPECT_EQ(read_json(kernel, "/gone").error().kind, Kind::absent);
  EXPECT_EQ(read_json(kernel, "/secret").error().kind, Kind::refused);
  for (const char* path : {"/directory", "/device", "/truncated", "/empty", "/huge", "/deep"})
    EXPECT_EQ(read_json(kernel, path).error().kind, Kind::malformed) << path;
}

TEST(JsonFile, WrongTypesAreNothing) {
  const auto value = parse_json(R"({"a":[1],"b":"text","c":null,"d":1.5,"e":{"f":1}})");
  ASSERT_TRUE(value);
  EXPECT_EQ(text_at(*value, {"a"}), "");
  EXPECT_EQ(text_at(*value, {"b", "c"}), "");
  EXPECT_EQ(text_at(*value, {"e", "f"}), "");
  EXPECT_EQ(find_json(*value, {"nothing", "there"}), nullptr);
  EXPECT_TRUE(object_at(*value, {"a"}).empty());
  EXPECT_TRUE(array_at(*value, {"c"}).empty());
  EXPECT_EQ(integer_at(*value, {"d"}), 0);
}

TEST(JsonFile, LabelsAreBoundedAndClean) {
  boost::json::object many;
  for (int i = 0; i < 1000; ++i) many["k" + std::to_string(i)] = std::string(5000, 'x');
  const auto labels = labels_of(many);
  ASSERT_EQ(labels.size(), 64u);
  EXPECT_LE(labels[0].value.size(), 1024u + 3);
  const auto odd = parse_json(R"({"n":1,"esc":"\u001b[31m","html":"\"><script>"})");
  ASSERT_TRUE(odd);
  const auto kept = labels_of(odd->get_object());
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[1].value, "\"><script>");
}

}  // namespace
}  // namespace nsmap::collect
