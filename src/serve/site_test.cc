#include "serve/site.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>

#include "codec/compress.h"
#include "codec/json.h"
#include "serve/openapi.h"
#include "serve/target.h"
#include "serve/test_state.h"

namespace nsmap::serve {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

constexpr std::string_view kBearer = "Bearer secret-of-this-test";

Call get(std::string_view target) {
  return {.method = "GET", .target = target, .host = "localhost:1", .authorization = kBearer};
}

std::string body(const Reply& reply) { return std::string(reply.document->bytes(reply.encoding)); }

std::string header(const Reply& reply, std::string_view name) {
  for (const auto& [key, value] : reply.headers)
    if (key == name) return value;
  return "";
}

class SiteTest : public testing::Test {
 protected:
  SiteTest() { site_.publish(test_state(1)); }
  Reply get(std::string_view target) { return site_.answer(serve::get(target)); }

  Site site_{{.token = "secret-of-this-test", .hosts = {}, .run = "RUN"}};
};

TEST_F(SiteTest, GivesTheSnapshot) {
  const Reply reply = get("/api/v1/snapshot");
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.document->type(), kJson);
  EXPECT_EQ(body(reply), codec::snapshot_to_json(test_state(1)->snapshot));
  EXPECT_EQ(header(reply, "Nsmap-State"), "1-RUN");
}

TEST_F(SiteTest, MakesADocumentOnceAState) {
  const Reply first = get("/api/v1/snapshot");
  EXPECT_EQ(get("/api/v1/snapshot").document, first.document);
  EXPECT_EQ(get("/api/v1/namespaces/web").document, get("/api/v1/namespaces/201").document);
  site_.publish(test_state(2));
  EXPECT_NE(get("/api/v1/snapshot").document, first.document);
}

TEST_F(SiteTest, SaysWhenNothingIsNew) {
  Call call = serve::get("/api/v1/graph");
  const std::string etag = header(site_.answer(call), "ETag");
  const std::string listed = "\"x\", " + etag;
  call.if_none_match = listed;
  EXPECT_EQ(site_.answer(call).status, 304u);
  site_.publish(test_state(2));
  EXPECT_EQ(site_.answer(call).status, 200u);
}

TEST_F(SiteTest, CompressesForThoseWhoTakeIt) {
  Call call = serve::get("/api/v1/snapshot");
  call.accept_encoding = "gzip, zstd";
  const Reply reply = site_.answer(call);
  EXPECT_EQ(reply.encoding, Encoding::zstd);
  EXPECT_EQ(header(reply, "Vary"), "Accept-Encoding");
  EXPECT_EQ(codec::decompress(body(reply), "it", 1 << 20), reply.document->bytes({}));
}

TEST_F(SiteTest, NamesNamespacesAsPeopleDo) {
  for (const char* name : {"201", "web", "pid:20", "net:[201]", "deadbeef0000", "172.17.0.2"}) {
    const Reply reply = get(std::string("/api/v1/namespaces/") + name);
    EXPECT_EQ(reply.status, 200u) << name;
    EXPECT_THAT(body(reply), StartsWith("{\"title\":\"web\",\"namespace\":{\"id\":{")) << name;
  }
  EXPECT_EQ(get("/api/v1/namespaces/prod%2Fapi-1").status, 200u);
  EXPECT_EQ(get("/api/v1/namespaces/prod/api-1").status, 200u);
}

TEST_F(SiteTest, TellsNoneFromSeveral) {
  EXPECT_EQ(get("/api/v1/namespaces/nothing").status, 404u);
  EXPECT_EQ(get("/api/v1/namespaces/").status, 404u);
  model::Snapshot snapshot = analyze::test_host();
  snapshot.containers.push_back(analyze::test_container("feed00000000", "blue", analyze::kBare));
  site_.publish(test_state(2, snapshot));
  const Reply reply = get("/api/v1/namespaces/blue");
  EXPECT_EQ(reply.status, 409u);
  EXPECT_THAT(body(reply), AllOf(HasSubstr("\"candidates\":[{\"id\":{\"dev\":4,\"ino\":203},"),
                                 HasSubstr("\"ino\":206")));
}

TEST_F(SiteTest, AnswersWhois) {
  EXPECT_THAT(body(get("/api/v1/whois?q=%3A80")), HasSubstr("\"title\":\"web\""));
  EXPECT_EQ(body(get("/api/v1/whois?q=nobody")), "[]\n");
  EXPECT_EQ(get("/api/v1/whois").status, 400u);
  EXPECT_EQ(get("/api/v1/whois?q=:99999999").status, 400u);
}

TEST_F(SiteTest, WantsTheToken) {
  for (const std::string_view path : Site::paths()) {
    Call call = serve::get(path);
    call.authorization = "Bearer secret-of-this-tesT";
    const bool open = path == "/" || path == "/healthz";
    EXPECT_EQ(site_.answer(call).status, open ? 200u : 401u) << path;
    call.authorization = {};
    EXPECT_EQ(site_.answer(call).status, open ? 200u : 401u) << path;
  }
  Call unknown = serve::get("/nothing");
  EXPECT_EQ(site_.answer(unknown).status, 404u);
  unknown.authorization = {};
  EXPECT_EQ(site_.answer(unknown).status, 401u);
}

TEST_F(SiteTest, RefusesOtherPagesAndNames) {
  Call call = serve::get("/api/v1/snapshot");
  call.origin = "http://localhost:1";
  EXPECT_EQ(site_.answer(call).status, 200u);
  call.origin = "http://localhost:2";
  EXPECT_EQ(site_.answer(call).status, 403u);
  call = serve::get("/");
  call.host = "evil.example";
  EXPECT_EQ(site_.answer(call).status, 421u);
  call.one_host = false;
  EXPECT_EQ(site_.answer(call).status, 400u);
}

TEST_F(SiteTest, ChangesNothing) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", ""}) {
    Call call = serve::get("/api/v1/snapshot");
    call.method = method;
    const Reply reply = site_.answer(call);
    EXPECT_EQ(reply.status, 405u) << method;
    EXPECT_EQ(header(reply, "Allow"), "GET, HEAD");
  }
  Call call = serve::get("/api/v1/snapshot");
  call.has_body = true;
  EXPECT_EQ(site_.answer(call).status, 413u);
}

TEST_F(SiteTest, RefusesBadTargets) {
  EXPECT_EQ(get("/api/v1/whois?q=%zz").status, 400u);
  EXPECT_EQ(get("/%00").status, 400u);
  EXPECT_EQ(get("http://localhost/").status, 400u);
  EXPECT_EQ(get("*").status, 400u);
  EXPECT_EQ(get("").status, 400u);
  EXPECT_EQ(get("/" + std::string(kLongestTarget, 'x')).status, 414u);
}

TEST_F(SiteTest, EscapesWhatItSaysBack) {
  EXPECT_EQ(body(get("/%22%0a%ff")), "{\"error\":\"there is no /\\\"\\u000a\\\\xff\"}\n");
}

TEST_F(SiteTest, GivesThePageNoMoreThanItNeeds) {
  const Reply reply = get("/");
  EXPECT_THAT(header(reply, "Content-Security-Policy"), StartsWith("default-src 'none'; "));
  EXPECT_THAT(reply.headers, Contains(Pair("X-Content-Type-Options", "nosniff")));
  EXPECT_THAT(reply.headers, Contains(Pair("Referrer-Policy", "no-referrer")));
  EXPECT_THAT(reply.headers, Contains(Pair("Cache-Control", "no-store")));
}

TEST(SiteCrowded, MakesNoMoreForThoseWhoAreSlow) {
  Site site({.token = "secret-of-this-test", .hosts = {}, .run = "RUN", .most_held = 50'000});
  std::vector<DocumentPtr> held;
  Reply reply;
  std::uint64_t number = 1;
  for (reply.status = 200; reply.status == 200 && number < 100; ++number) {
    site.publish(test_state(number));
    reply = site.answer(get("/api/v1/snapshot"));
    held.push_back(reply.document);
    // What there is costs nothing to give again.
    EXPECT_EQ(site.answer(get("/api/v1/snapshot")).status, reply.status);
  }
  EXPECT_EQ(reply.status, 503u);
  EXPECT_GT(number, 3u);
  EXPECT_LT(number, 50u);
  held.clear();
  EXPECT_EQ(site.answer(get("/api/v1/snapshot")).status, 200u);
}

TEST_F(SiteTest, LetsOnlySoManyFollow) {
  EXPECT_EQ(get("/api/v1/events").events_after, 1u);
  site_.counts().streams = 1000;
  EXPECT_EQ(get("/api/v1/events").status, 503u);
}

TEST(SiteWithoutState, SaysNotYet) {
  Site site({.token = "secret-of-this-test", .hosts = {}, .run = "RUN"});
  for (const std::string_view path : Site::paths()) {
    const bool stateless = path == "/" || path == "/api/v1/openapi.json";
    const unsigned expected = stateless ? 200 : path == "/api/v1/history" ? 404 : 503;
    EXPECT_EQ(site.answer(get(path)).status, expected) << path;
  }
}

TEST(OpenApi, HasEveryPath) {
  for (const std::string_view path : Site::paths())
    EXPECT_THAT(std::string(openapi_json()), HasSubstr("\"" + std::string(path) + "\": {"));
}

// A site with a history of three states, the second of which has one namespace less.
class SiteWithHistory : public testing::Test {
 protected:
  SiteWithHistory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "site-test-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    path_ = directory_ / "history.db";
    site_ = std::make_unique<Site>(
        SiteOptions{.token = "secret-of-this-test", .hosts = {}, .run = "RUN", .history = path_});
    auto store = *history::Store::open(path_, history::Access::create);
    for (std::uint64_t number = 1; number <= 3; ++number) {
      model::Snapshot snapshot = test_state(number)->snapshot;
      if (number == 2)
        std::erase_if(snapshot.namespaces,
                      [](const model::Namespace& ns) { return ns.id == analyze::kBlue; });
      EXPECT_TRUE(store.save(snapshot));
    }
    site_->publish(test_state(9));
  }
  ~SiteWithHistory() override { std::filesystem::remove_all(directory_); }
  Reply get(std::string_view target) { return site_->answer(serve::get(target)); }

  std::filesystem::path directory_;
  std::string path_;
  std::unique_ptr<Site> site_;
};

TEST_F(SiteWithHistory, ListsTheStates) {
  EXPECT_THAT(
      body(get("/api/v1/history")),
      AllOf(StartsWith(R"([{"id":1,"time":"1970-01-01T00:00:01Z",)"), HasSubstr(R"("id":3)")));
}

TEST_F(SiteWithHistory, AnswersFromEach) {
  for (const char* path : {"snapshot", "namespaces", "graph"}) {
    const std::string now = fmt::format("/api/v1/{}", path);
    EXPECT_THAT(body(get(now + "?at=3")), HasSubstr("blue")) << path;
    EXPECT_THAT(body(get(now + "?at=2")), Not(HasSubstr("blue"))) << path;
  }
  EXPECT_EQ(get("/api/v1/namespaces/blue?at=1").status, 200u);
  EXPECT_EQ(get("/api/v1/namespaces/blue?at=2").status, 404u);
  EXPECT_EQ(get("/api/v1/namespaces/blue").status, 200u);
  EXPECT_EQ(header(get("/api/v1/graph?at=2"), "Nsmap-State"), "at-2");
  EXPECT_EQ(header(get("/api/v1/graph"), "Nsmap-State"), "9-RUN");
}

TEST_F(SiteWithHistory, ComparesAStateWithTheNewestOrAnother) {
  EXPECT_EQ(body(get("/api/v1/diff?before=1")), "[]\n");
  EXPECT_THAT(body(get("/api/v1/diff?before=2")), HasSubstr(R"("change":"added")"));
  EXPECT_THAT(body(get("/api/v1/diff?before=1&at=2")), HasSubstr(R"("change":"removed")"));
  EXPECT_EQ(body(get("/api/v1/diff?before=3&at=3")), "[]\n");
}

TEST_F(SiteWithHistory, SaysWhatIsNotThere) {
  for (const char* target : {"/api/v1/snapshot?at=4", "/api/v1/snapshot?at=", "/api/v1/graph?at=x",
                             "/api/v1/diff?before=99", "/api/v1/namespaces?at=-1"})
    EXPECT_EQ(get(target).status, 404u) << target;
  EXPECT_EQ(get("/api/v1/diff").status, 400u);
}

TEST_F(SiteTest, WithoutAHistorySaysHowToHaveOne) {
  for (const char* target : {"/api/v1/history", "/api/v1/graph?at=1", "/api/v1/diff?before=1"}) {
    const Reply reply = get(target);
    EXPECT_EQ(reply.status, 404u) << target;
    EXPECT_THAT(body(reply), HasSubstr("--history")) << target;
  }
}

}  // namespace
}  // namespace nsmap::serve
