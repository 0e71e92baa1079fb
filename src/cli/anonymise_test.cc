#include "anonymise/anonymise.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "cli/cli.h"
#include "codec/compress.h"
#include "codec/json.h"
#include "os/files.h"
#include "view/test_host.h"

// `nsmap snapshot --anonymise`, and that whatever nsmap says of such a snapshot has the shape of
// what it says of the original.

namespace nsmap::cli {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class AnonymiseCommand : public testing::Test {
 protected:
  AnonymiseCommand() {
    std::string pattern = (fs::temp_directory_path() / "anonymise-test-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    snapshot_.host.privileged = true;
    environment_.collect = [this](collect::Facts) { return Result<model::Snapshot>(snapshot_); };
    environment_.own_netns = [] { return std::nullopt; };
    environment_.write_out = [this](std::string_view text) {
      out_ += text;
      return SysResult<void>();
    };
    environment_.write_err = [this](std::string_view text) { err_ += text; };
    std::ofstream(path("key")) << "sixteen bytes and more";
  }
  ~AnonymiseCommand() override { fs::remove_all(directory_); }

  std::string nsmap(const std::vector<std::string>& arguments, int status = 0) {
    out_.clear();
    err_.clear();
    EXPECT_EQ(run(arguments, environment_), status) << err_;
    return out_;
  }
  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  std::string anonymised(const char* name) {
    nsmap({"snapshot", "--anonymise", "--key-file", path("key"), "-o", path(name)});
    return path(name);
  }

  fs::path directory_;
  model::Snapshot snapshot_ = view::testing::busy_host().snapshot();
  Environment environment_;
  std::string out_, err_;
};

TEST_F(AnonymiseCommand, NamesOfTheOriginalAreGone) {
  const std::string json = nsmap({"snapshot", "--anonymise"});
  EXPECT_THAT(json, AllOf(HasSubstr("docker0"), HasSubstr("127.0.0.1")));
  for (const char* original :
       {"web",       "postgres",    "cart",         "envoy",       "router",       "lan-dns",
        "dnsmasq",   "pg_exporter", "vethc0ffee01", "veth3a1c9e2", "5f1c09a2be71", "192.168.1.23",
        "10.42.0.7", "fd42::7",     "fe80::1234",   "172.18.0.2",  "shop",         "registry",
        "httpd",     "sshd",        "up0",          "old10"})
    EXPECT_EQ(json.find(original), json.npos) << original;
}

TEST_F(AnonymiseCommand, AKeyFileMakesTheSameOfTheSame) {
  EXPECT_EQ(*os::read_whole(anonymised("a"), 1 << 24), *os::read_whole(anonymised("b"), 1 << 24));
  EXPECT_NE(nsmap({"snapshot", "--anonymise"}), nsmap({"snapshot", "--anonymize"}));
  const auto packed = *os::read_whole(anonymised("a.zst"), 1 << 24);
  EXPECT_EQ(codec::decompress(packed, "a.zst", 1 << 24), *os::read_whole(path("a"), 1 << 24));
}

TEST_F(AnonymiseCommand, WrongUseIsExit2) {
  nsmap({"snapshot", "--key-file", path("key")}, 2);
  EXPECT_THAT(err_, HasSubstr("--anonymise with it"));
  nsmap({"snapshot", "--anonymise", "--key-file", path("none")}, 2);
  EXPECT_THAT(err_, HasSubstr("No such file"));
  std::ofstream(path("short")) << "x";
  nsmap({"snapshot", "--anonymise", "--key-file", path("short")}, 2);
  EXPECT_THAT(err_, HasSubstr("16 bytes at least"));
}

// How often each sign that is no part of a name or number stands in a text, and how many lines it
// has.
std::map<char, long> shape(const std::string& text, std::string_view signs) {
  std::map<char, long> counts;
  for (const char sign : signs) counts[sign] = std::ranges::count(text, sign);
  return counts;
}

TEST_F(AnonymiseCommand, EveryAnswerHasTheSameShape) {
  const std::string file = anonymised("a.json");
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"ls", "--wide"},
                                             {"graph"},
                                             {"show", "host"},
                                             {"show", "pid:4121"},
                                             {"show", "ino:110"},
                                             {"ls", "--json"},
                                             {"whois", ":80"}}) {
    std::vector<std::string> again = arguments;
    again.insert(again.end(), {"--from", file});
    const std::string before = nsmap(arguments), after = nsmap(again);
    EXPECT_EQ(shape(before, "\n@>[]{}"), shape(after, "\n@>[]{}"))
        << testing::PrintToString(arguments) << before << after;
  }
}

TEST_F(AnonymiseCommand, ALabOfItNeedsNoMoreMending) {
  const std::string before = nsmap({"lab", "export"});
  const std::string after = nsmap({"lab", "export", "--from", anonymised("a.json")});
  EXPECT_EQ(shape(before, "#["), shape(after, "#[")) << before << after;
}

TEST_F(AnonymiseCommand, OfTwoTheDifferencesAreTheSame) {
  const std::string before = path("before.json"), hidden_before = anonymised("before.anon");
  nsmap({"snapshot", "-o", before});
  model::Namespace& host = snapshot_.namespaces[0];
  host.links[1].mtu = 1400;
  host.addresses.back().address = *IpAddress::parse("10.99.0.1");
  snapshot_.namespaces[3].routes.clear();
  snapshot_.namespaces.pop_back();
  const std::string after = path("after.json"), hidden_after = anonymised("after.anon");
  nsmap({"snapshot", "-o", after});
  const std::string plain = nsmap({"diff", before, after}, 1);
  const std::string hidden = nsmap({"diff", hidden_before, hidden_after}, 1);
  EXPECT_EQ(shape(plain, "\n+~?"), shape(hidden, "\n+~?")) << plain << hidden;
  EXPECT_THAT(hidden, AllOf(HasSubstr("mtu 1500 → 1400"), Not(HasSubstr("10.99.0.1"))));
}

}  // namespace
}  // namespace nsmap::cli
