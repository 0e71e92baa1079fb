#include "codec/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "codec/json_read.h"
#include "codec/random_snapshot.h"

namespace nsmap::codec {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kHead = R"({"format":"nsmap.snapshot","version":1)";

// A snapshot's JSON with those members after its header.
std::string document(std::string_view members) {
  return std::string(kHead) + (members.empty() ? "" : ",") + std::string(members) + "}";
}

// Why the text is no snapshot; empty when it is one.
std::string refusal(std::string_view text) {
  const auto snapshot = snapshot_from_json(text, "a.json");
  if (snapshot) return "";
  EXPECT_EQ(snapshot.error().kind, Error::Kind::usage);
  EXPECT_THAT(snapshot.error().text, StartsWith("a.json: "));
  return snapshot.error().text.substr(8);
}

std::string refusal_of(std::string_view members) { return refusal(document(members)); }

model::Snapshot loaded(std::string_view members) {
  const auto snapshot = snapshot_from_json(document(members), "a.json");
  EXPECT_TRUE(snapshot) << (snapshot ? "" : snapshot.error().text);
  return snapshot.value_or(model::Snapshot());
}

template <typename T>
std::string written(const T& value) {
  std::string out;
  append_json(out, value);
  return out;
}

TEST(JsonWrite, SnapshotBeginsWithFormatAndVersionAndEndsTheLine) {
  const std::string json = snapshot_to_json({});
  EXPECT_THAT(json, StartsWith(R"({"format":"nsmap.snapshot","version":1,"host":{)"));
  EXPECT_TRUE(json.ends_with("\"containers\":[]}\n"));
}

TEST(JsonWrite, LeavesOutWhatIsAbsentAndWritesListsAndFalse) {
  EXPECT_EQ(written(model::Name{}), "{}");
  EXPECT_EQ(written(model::Nexthop{}),
            R"({"id":0,"blackhole":false,"fdb":false,"group":[],"flags":0})");
  EXPECT_THAT(written(model::Link{}), Not(HasSubstr("null")));
  EXPECT_THAT(written(model::Link{}), Not(HasSubstr("\"data\"")));
  EXPECT_THAT(written(model::Link{}), Not(HasSubstr("\"mac\"")));
}

TEST(JsonWrite, SpellsNamesAsTheDesignSays) {
  model::Holder holder;
  holder.kind = model::HolderKind::bind_mount;
  holder.link = model::LinkRef{{4, 4026532281}, IfIndex(3)};
  EXPECT_EQ(written(holder), R"({"kind":"bind_mount","copies":0,)"
                             R"("link":{"namespace":{"dev":4,"ino":4026532281},"index":3}})");
  EXPECT_EQ(written(model::SocketFamily::unix_), "\"unix\"");
}

TEST(JsonWrite, WritesNumbersWhole) {
  EXPECT_EQ(written(std::uint64_t{18446744073709551615u}), "18446744073709551615");
  EXPECT_EQ(written(std::int64_t{-9223372036854775807 - 1}), "-9223372036854775808");
}

TEST(JsonWrite, WritesAddressesAsText) {
  EXPECT_EQ(written(*Prefix::parse("fd00::/8")), "\"fd00::/8\"");
  EXPECT_EQ(written(*Mac::parse("02:42:ac:11:00:02")), "\"02:42:ac:11:00:02\"");
}

TEST(JsonWrite, EscapesHostileText) {
  EXPECT_EQ(written(std::string("\"><script>\x1b[2J\n\\")),
            "\"\\\"><script>\\u001b[2J\\u000a\\\\\"");
}

// What is given out in pieces, as one.
std::string given(const model::Snapshot& snapshot) {
  std::string all;
  EXPECT_TRUE(give_json(snapshot, [&](std::string_view piece) {
    all += piece;
    return SysResult<void>();
  }));
  return all;
}

// More of everything than goes into one piece, and long lists within.
model::Snapshot long_snapshot() {
  model::Snapshot snapshot = RandomSnapshot(1).make();
  snapshot.namespaces.resize(100);
  snapshot.namespaces[0].links.resize(600);
  snapshot.namespaces[50].routes.resize(257);
  snapshot.namespaces[51].sockets.resize(256);
  snapshot.namespaces[99].rules.resize(1000);
  snapshot.processes.resize(5000);
  for (std::size_t i = 0; i < snapshot.processes.size(); ++i)
    snapshot.processes[i].pid = Pid(static_cast<std::int32_t>(i));
  return snapshot;
}

TEST(JsonPieces, AreTheWholeInItsOrder) {
  EXPECT_EQ(given({}), snapshot_to_json({}));
  EXPECT_EQ(given(long_snapshot()), snapshot_to_json(long_snapshot()));
  for (std::uint32_t seed = 0; seed < 100; ++seed) {
    const model::Snapshot snapshot = RandomSnapshot(seed).make();
    ASSERT_EQ(given(snapshot), snapshot_to_json(snapshot)) << seed;
  }
}

TEST(JsonPieces, EndWithTheFirstFailure) {
  int pieces = 0;
  const auto result = give_json(long_snapshot(), [&](std::string_view) -> SysResult<void> {
    if (++pieces == 3) return tl::unexpected(Errno{ENOSPC});
    return {};
  });
  EXPECT_EQ(result.error(), Errno{ENOSPC});
  EXPECT_EQ(pieces, 3);
}

TEST(JsonRoundTrip, HoldsForRandomSnapshots) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const model::Snapshot snapshot = RandomSnapshot(seed).make();
    const auto back = snapshot_from_json(snapshot_to_json(snapshot), "random");
    ASSERT_TRUE(back) << seed << ": " << back.error().text;
    ASSERT_EQ(*back, snapshot) << seed;
  }
}

TEST(JsonRead, MissingMembersKeepTheirDefaultAndUnknownOnesArePassedOver) {
  const auto snapshot = loaded(
      R"("later":[1,{"a":null}],"namespaces":[{"id":{"dev":4,"ino":7},"colour":"red","links":[{}]}])");
  ASSERT_EQ(snapshot.namespaces.size(), 1u);
  EXPECT_EQ(snapshot.namespaces[0].id, (model::NetnsId{4, 7}));
  EXPECT_EQ(snapshot.namespaces[0].links, std::vector{model::Link()});
}

TEST(JsonRead, KindTellsWhatDataIs) {
  const auto snapshot = loaded(R"("namespaces":[{"links":[
      {"kind":"macvtap","data":{"mode":"bridge"}}, {"kind":"ip6gre","data":{"ttl":64}},
      {"kind":"later","data":{"ttl":64}}, {"kind":"vrf"}]}])");
  const auto& links = snapshot.namespaces.at(0).links;
  EXPECT_EQ(std::get<model::MacvlanData>(links[0].data).mode, "bridge");
  EXPECT_EQ(std::get<model::TunnelData>(links[1].data).ttl, 64);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(links[2].data));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(links[3].data));
}

struct Bad {
  const char* members;
  const char* error;
};

class JsonReadBad : public testing::TestWithParam<Bad> {};

TEST_P(JsonReadBad, IsToldWithItsPath) {
  EXPECT_EQ(refusal_of(GetParam().members), GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    All, JsonReadBad,
    testing::Values(Bad{R"("namespaces":[{},{"links":[{"mtu":"x"}]}])",
                        "namespaces[1].links[0].mtu: expected a number"},
                    Bad{R"("namespaces":[{"links":[{"mtu":-1}]}])",
                        "namespaces[0].links[0].mtu: -1 is out of range"},
                    Bad{R"("namespaces":[{"links":[{"mtu":4294967296}]}])",
                        "namespaces[0].links[0].mtu: 4294967296 is out of range"},
                    Bad{R"("namespaces":[{"id":{"ino":18446744073709551616}}])",
                        "namespaces[0].id.ino: expected a whole number of at most 64 bits"},
                    Bad{R"("namespaces":[{"id":{"ino":1.5}}])",
                        "namespaces[0].id.ino: expected a whole number of at most 64 bits"},
                    Bad{R"("namespaces":{})", "namespaces: expected a list"},
                    Bad{R"("namespaces":[7])", "namespaces[0]: expected an object"},
                    Bad{R"("namespaces":[{"host":null}])",
                        "namespaces[0].host: expected true or false"},
                    Bad{R"("namespaces":[{"addresses":[{"address":"10.0.0.256"}]}])",
                        "namespaces[0].addresses[0].address: expected an IP address"},
                    Bad{R"("namespaces":[{"routes":[{"dst":"10.0.0.0"}]}])",
                        "namespaces[0].routes[0].dst: expected ADDRESS/LENGTH"},
                    Bad{R"("namespaces":[{"links":[{"mac":"0x"}]}])",
                        "namespaces[0].links[0].mac: expected a link-layer address"},
                    Bad{R"("namespaces":[{"links":[{"altnames":["a",1]}]}])",
                        "namespaces[0].links[0].altnames[1]: expected a string"},
                    Bad{R"("namespaces":[{"holders":[{"kind":"ghost"}]}])",
                        "namespaces[0].holders[0].kind: unknown value \"ghost\""},
                    Bad{R"("namespaces":[{"links":[{"kind":"vlan","data":{"id":65536}}]}])",
                        "namespaces[0].links[0].data.id: 65536 is out of range"}));

TEST(JsonRead, RefusesWhatIsNoSnapshot) {
  const std::string whole = snapshot_to_json(RandomSnapshot(1).make());
  EXPECT_EQ(refusal(""), "it is cut short");
  EXPECT_EQ(refusal(whole.substr(0, whole.size() / 2)), "it is cut short");
  EXPECT_EQ(refusal("[]"), "not an nsmap snapshot");
  EXPECT_EQ(refusal("{}"), "not an nsmap snapshot");
  EXPECT_EQ(refusal(R"({"format":"other","version":1})"), "not an nsmap snapshot");
  EXPECT_EQ(refusal(R"({"format":7})"), "not an nsmap snapshot");
  EXPECT_EQ(refusal(whole + "x"), "not JSON: extra data near byte " + std::to_string(whole.size()));
  EXPECT_THAT(refusal("\x7f"
                      "ELF\x02\x01"),
              HasSubstr("not JSON: syntax error near byte 0"));
}

TEST(JsonRead, RefusesANewerVersionWithAHint) {
  const auto snapshot = snapshot_from_json(R"({"format":"nsmap.snapshot","version":2})", "a.json");
  ASSERT_FALSE(snapshot);
  EXPECT_THAT(snapshot.error().text, HasSubstr("version 2"));
  EXPECT_EQ(snapshot.error().hint, "a newer nsmap");
}

TEST(JsonRead, SurvivesHostileDocuments) {
  const std::string bomb(1'000'000, '[');
  EXPECT_THAT(refusal_of("\"later\":" + bomb), HasSubstr("not JSON"));
  EXPECT_THAT(refusal_of("\"host\":{\"hostname\":\"\xff\xfe\"}"), HasSubstr("not JSON"));
  EXPECT_THAT(refusal_of(R"("namespaces":[{"id":{"ino":1e400}}])"),
              HasSubstr("namespaces[0].id.ino"));
  EXPECT_THAT(refusal_of("\"namespaces\":[{\"id\":{\"ino\":" + std::string(5000, '9') + "}}]"),
              HasSubstr("namespaces[0].id.ino"));
}

TEST(JsonRead, CutsTextNoSourceGives) {
  const auto snapshot =
      loaded("\"processes\":[{\"command\":\"" + std::string(2'000'000, 'x') + "\"}]");
  EXPECT_LT(snapshot.processes.at(0).command.size(), 70'000u);
}

TEST(JsonRead, ReadsAPartAlone) {
  const model::Snapshot snapshot = RandomSnapshot(3).make();
  EXPECT_EQ(from_json<std::vector<model::Namespace>>(written(snapshot.namespaces), "a"),
            snapshot.namespaces);
  EXPECT_EQ(from_json<model::Host>("[", "a").error().text, "a: it is cut short");
  EXPECT_EQ(from_json<model::Host>("[]", "a").error().text, "a: expected an object");
  EXPECT_EQ(from_json<model::Namespace>(R"({"links":[{"mtu":-1}]})", "a").error().text,
            "a: links[0].mtu: -1 is out of range");
}

}  // namespace
}  // namespace nsmap::codec
