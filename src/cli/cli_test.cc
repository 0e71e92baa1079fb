#include "cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "analyze/test_host.h"
#include "cli/progress.h"
#include "codec/compress.h"
#include "codec/json.h"
#include "os/files.h"
#include "page/page.h"

namespace nsmap::cli {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// The program in an environment of its own: a small host, and streams that are strings.
class Cli : public testing::Test {
 protected:
  Cli() {
    std::string pattern = (fs::temp_directory_path() / "cli-test-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    snapshot_.host.privileged = true;
    environment_.collect = [this](collect::Facts) { return Result<model::Snapshot>(snapshot_); };
    environment_.own_netns = [] { return analyze::kBlue; };
    environment_.read_in = [this](std::size_t) { return SysResult<std::string>(in_); };
    environment_.write_out = [this](std::string_view text) {
      out_ += text;
      return SysResult<void>();
    };
    environment_.write_err = [this](std::string_view text) { err_ += text; };
  }
  ~Cli() override { fs::remove_all(directory_); }

  int nsmap(const std::vector<std::string>& arguments) {
    out_.clear();
    err_.clear();
    const int status = run(arguments, environment_);
    EXPECT_LE(std::ranges::count(err_, '\n'), 1) << err_;
    EXPECT_TRUE(err_.empty() || err_.starts_with("nsmap: ")) << err_;
    return status;
  }
  std::string path(const char* name) const { return (directory_ / name).string(); }
  std::string write(const char* name, std::string_view content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }
  std::string json() const { return codec::snapshot_to_json(snapshot_); }

  fs::path directory_;
  model::Snapshot snapshot_ = analyze::test_host();
  Environment environment_;
  std::string in_, out_, err_;
};

TEST_F(Cli, SnapshotGoesToStandardOutputOrAFile) {
  EXPECT_EQ(nsmap({"snapshot"}), 0);
  EXPECT_EQ(out_, json());
  EXPECT_EQ(nsmap({"snapshot", "-o", path("a.json")}), 0);
  EXPECT_THAT(out_, IsEmpty());
  EXPECT_EQ(os::read_whole(path("a.json"), 1 << 20), json());
  EXPECT_EQ(nsmap({"snapshot", "-o", path("a.zst")}), 0);
  EXPECT_TRUE(codec::is_compressed(*os::read_whole(path("a.zst"), 1 << 20)));
}

TEST_F(Cli, FromReadsWhatSnapshotWrote) {
  environment_.collect = [](collect::Facts) -> Result<model::Snapshot> {
    return read_error("not asked for");
  };
  const std::string saved = json();
  for (const std::string& file : {write("a.json", saved), write("a.zst", codec::compress(saved)),
                                  write("unnamed", codec::compress(saved))}) {
    EXPECT_EQ(nsmap({"snapshot", "--from", file}), 0) << err_;
    EXPECT_EQ(out_, saved);
  }
  in_ = saved;
  EXPECT_EQ(nsmap({"--from", "-", "snapshot"}), 0) << err_;
  EXPECT_EQ(out_, saved);
}

TEST_F(Cli, BadSnapshotsAreOneLineAndExit2) {
  const std::string saved = json();
  const std::string packed = codec::compress(saved);
  const std::pair<std::string, const char*> cases[] = {
      {path("none"), "No such file"},
      {directory_.string(), "Is a directory"},
      {write("empty", ""), "cut short"},
      {write("cut", saved.substr(0, saved.size() / 2)), "cut short"},
      {write("cut.zst", packed.substr(0, packed.size() / 2)), "cut short"},
      {write("plain.zst", saved), "damaged"},
      {write("foreign", "{\"a\":1}"), "not an nsmap snapshot"},
      {write("binary",
             "\x7f"
             "ELF"),
       "not JSON"},
      {write("newer", R"({"format":"nsmap.snapshot","version":9})"), "a newer nsmap"},
  };
  for (const auto& [file, error] : cases) {
    EXPECT_EQ(nsmap({"snapshot", "--from", file, "-o", path("out")}), 2) << file;
    EXPECT_THAT(err_, AllOf(HasSubstr(error), HasSubstr(file))) << file;
    EXPECT_THAT(out_, IsEmpty());
    EXPECT_FALSE(fs::exists(path("out")));
  }
}

TEST_F(Cli, WrongUseIsOneLineAndExit2) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--nonsense"},
                                             {"nonsense"},
                                             {"ls", "--from"},
                                             {"show"},
                                             {"whois"},
                                             {"ls", "extra"},
                                             {"snapshot", "-o", path("no/such/place")},
                                             {"graph", "-o", path("a.doc")},
                                             {"graph", "--format", "png"},
                                             {"show", "nothing-like-it"},
                                             {"show", "127.0.0.1"},
                                             {"ls", "--columns", "nonsense"},
                                             {"--width", "x"}}) {
    EXPECT_EQ(nsmap(arguments), 2) << testing::PrintToString(arguments);
    EXPECT_THAT(err_, Not(IsEmpty())) << testing::PrintToString(arguments);
  }
}

TEST_F(Cli, UnreadableHostIsExit3) {
  environment_.collect = [](collect::Facts) -> Result<model::Snapshot> {
    return read_error("reading /proc: no such directory", "mounting it");
  };
  EXPECT_EQ(nsmap({}), 3);
  EXPECT_EQ(err_, "nsmap: reading /proc: no such directory; try mounting it\n");
}

TEST_F(Cli, HelpAndVersionAreAnswers) {
  EXPECT_EQ(nsmap({"--version"}), 0);
  EXPECT_THAT(out_, StartsWith("nsmap "));
  EXPECT_EQ(nsmap({"--help"}), 0);
  for (const char* word : {"ls", "show", "whois", "graph", "snapshot", "--from", "Exit status"})
    EXPECT_THAT(out_, HasSubstr(word));
  EXPECT_EQ(nsmap({"whois", "--help"}), 0);
  EXPECT_THAT(out_, AllOf(HasSubstr("THING"), HasSubstr(":53/udp"), HasSubstr("--json")));
}

TEST_F(Cli, MapAsJsonIsTheSnapshot) {
  EXPECT_EQ(nsmap({"--json"}), 0);
  EXPECT_EQ(out_, json());
}

TEST_F(Cli, ListShowAndWhoisGiveJsonArrays) {
  EXPECT_EQ(nsmap({"ls", "--json"}), 0);
  EXPECT_THAT(out_, StartsWith(R"([{"id":{"dev":4,"ino":100},"title":"host","host":true,)"));
  EXPECT_THAT(out_, HasSubstr(R"("title":"web","host":false,"names":[],"containers":[{"id":)"));
  EXPECT_EQ(nsmap({"show", "web", ".", "--json"}), 0);
  EXPECT_THAT(out_, AllOf(StartsWith(R"([{"title":"web","namespace":{"id":{"dev":4,"ino":201})"),
                          HasSubstr(R"(},{"title":"blue","namespace":)")));
  EXPECT_EQ(nsmap({"whois", ":80", "--json"}), 0);
  EXPECT_THAT(out_, StartsWith(R"([{"kind":"port","what":"tcp 0.0.0.0:80 listen","namespace":)"));
}

TEST_F(Cli, TextAnswersNameThings) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {}, {"ls"}, {"show", "web"}, {"whois", "172.17.0.2"}, {"graph"}}) {
    EXPECT_EQ(nsmap(arguments), 0) << err_;
    EXPECT_THAT(out_, HasSubstr("web")) << testing::PrintToString(arguments);
    EXPECT_THAT(out_, Not(HasSubstr("\x1b")));
  }
}

TEST_F(Cli, WhoisOfNothingIsExit1) {
  EXPECT_EQ(nsmap({"whois", "10.9.8.7"}), 1);
  EXPECT_THAT(err_, HasSubstr("10.9.8.7"));
  EXPECT_THAT(out_, IsEmpty());
  EXPECT_EQ(nsmap({"whois", "10.9.8.7", "--json"}), 1);
  EXPECT_EQ(out_, "[]\n");
}

TEST_F(Cli, PictureFormatFollowsTheFilesName) {
  EXPECT_EQ(nsmap({"graph", "-o", path("a.svg")}), 0) << err_;
  EXPECT_THAT(*os::read_whole(path("a.svg"), 1 << 20), HasSubstr("<svg"));
  EXPECT_EQ(nsmap({"graph", "-o", path("a.mmd")}), 0) << err_;
  EXPECT_EQ(nsmap({"graph", "--format", "dot", "-o", path("picture")}), 0) << err_;
  EXPECT_THAT(*os::read_whole(path("picture"), 1 << 20), HasSubstr("graph"));
}

TEST_F(Cli, PageIsAPictureTooOrSaysWhyNot) {
  if (page::bare_page().empty()) {
    EXPECT_EQ(nsmap({"graph", "-o", path("a.html")}), 3);
    EXPECT_THAT(err_, HasSubstr("NSMAP_WEB"));
  } else {
    EXPECT_EQ(nsmap({"graph", "-o", path("a.html")}), 0) << err_;
    EXPECT_THAT(*os::read_whole(path("a.html"), 1 << 24), HasSubstr("id=\"nsmap-data\">{"));
  }
}

TEST_F(Cli, ColoursAreForTerminalsOnly) {
  environment_.out_is_terminal = true;
  EXPECT_EQ(nsmap({}), 0);
  EXPECT_THAT(out_, HasSubstr("\x1b["));
  EXPECT_EQ(nsmap({"--no-color"}), 0);
  EXPECT_THAT(out_, Not(HasSubstr("\x1b[")));
  environment_.no_color = true;
  EXPECT_EQ(nsmap({"ls"}), 0);
  EXPECT_THAT(out_, Not(HasSubstr("\x1b[")));
}

TEST_F(Cli, UnprivilegedSaysInOneLineWhatRootWouldAdd) {
  snapshot_.host.privileged = false;
  EXPECT_EQ(nsmap({"ls", "--json"}), 0);
  EXPECT_THAT(err_, HasSubstr("root"));
  EXPECT_EQ(nsmap({}), 0);
  EXPECT_THAT(err_, IsEmpty());  // the map's own foot says it
  EXPECT_EQ(nsmap({"ls", "--from", write("a.json", json())}), 0);
  EXPECT_THAT(err_, IsEmpty());
}

TEST_F(Cli, HostileArgumentsAndNamesStayOnTheirLine) {
  EXPECT_EQ(nsmap({"show", "a\nb\x1b[2J"}), 2);
  EXPECT_THAT(err_, AllOf(HasSubstr("a\\x0ab\\x1b[2J"), Not(HasSubstr("\x1b"))));
  snapshot_.namespaces[1].links[1].name = "e\x1b[31m\n";
  snapshot_.containers[2].name = "\"><script>alert(1)</script>\x1b]0;x\a";
  snapshot_.processes[1].command = std::string(2'000'000, 'x') + "\n\x1b[2J";
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"ls", "--wide"},
                                             {"show", "pid:20"},
                                             {"whois", "172.17.0.2"},
                                             {"graph"},
                                             {"graph", "--format", "svg"},
                                             {"graph", "--format", "mermaid"},
                                             {"snapshot"}}) {
    EXPECT_EQ(nsmap(arguments), 0) << err_;
    EXPECT_THAT(out_, Not(HasSubstr("\x1b"))) << testing::PrintToString(arguments);
  }
}

TEST_F(Cli, BrokenPipeIsQuiet) {
  environment_.write_out = [](std::string_view) -> SysResult<void> {
    return tl::unexpected(Errno{EPIPE});
  };
  EXPECT_EQ(nsmap({"snapshot"}), 0);
  EXPECT_THAT(err_, IsEmpty());
  environment_.write_out = [](std::string_view) -> SysResult<void> {
    return tl::unexpected(Errno{ENOSPC});
  };
  EXPECT_EQ(nsmap({"snapshot"}), 3);
  EXPECT_THAT(err_, HasSubstr("No space left"));
}

TEST(ProgressLine, ShowsUpAfterItsDelayAndIsWiped) {
  std::string seen;
  const auto write = [&](std::string_view text) { seen += text; };
  { const Progress quick("reading", write, std::chrono::minutes(1)); }
  EXPECT_EQ(seen, "");
  {
    const Progress slow("reading", write, std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  EXPECT_EQ(seen, "\rreading, 0 s\r\x1b[K");
}

}  // namespace
}  // namespace nsmap::cli
