#include "serve/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "serve/test_state.h"

namespace nsmap::serve {
namespace {

using testing::HasSubstr;

// Each sample follows its family's HELP and TYPE, and no sample comes twice.
void expect_well_formed(const std::string& text) {
  std::istringstream lines(text);
  std::set<std::string> families, samples;
  std::string family;
  EXPECT_TRUE(text.ends_with('\n'));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first, second, name;
    words >> first >> second >> name;
    if (first == "#" && second == "HELP") {
      family = name;
      EXPECT_TRUE(families.insert(name).second) << name;
    } else if (first == "#") {
      EXPECT_EQ(second, "TYPE");
      EXPECT_EQ(name, family);
    } else {
      EXPECT_EQ(line.substr(0, line.find_first_of("{ ")), family);
      EXPECT_TRUE(samples.insert(line.substr(0, line.rfind(' '))).second) << line;
    }
  }
}

TEST(Metrics, TellOfTheHost) {
  model::Snapshot snapshot = analyze::test_host();
  snapshot.namespaces[1].links[1].counters.rx_dropped = 7;
  snapshot.namespaces[1].links[1].kind = "veth";
  snapshot.namespaces[1].links[1].state = model::OperState::up;
  snapshot.host.took_ns = 12'000'000;
  snapshot.diagnostics.resize(2);
  snapshot.coverage = {{.source = "proc.fd", .refused = 3}};
  const std::string text = host_metrics(*test_state(5, snapshot));
  expect_well_formed(text);
  for (const char* line :
       {"nsmap_state_number 5\n", "nsmap_collection_duration_seconds 0.012\n",
        "nsmap_diagnostics 2\n", "nsmap_coverage_refused{source=\"proc.fd\"} 3\n",
        "nsmap_namespaces{kind=\"host\"} 1\n", "nsmap_namespaces{kind=\"container\"} 2\n",
        "nsmap_namespaces{kind=\"named\"} 1\n", "nsmap_namespaces{kind=\"process\"} 1\n",
        "nsmap_namespaces{kind=\"held\"} 1\n", "nsmap_namespaces{kind=\"hidden\"} 1\n",
        "nsmap_links{state=\"up\",kind=\"veth\"} 1\n",
        "nsmap_link_receive_dropped_total{namespace=\"web\",container=\"web\",interface=\"eth0\"} "
        "7\n",
        "nsmap_link_receive_dropped_total{namespace=\"host\",container=\"\",interface=\"br0\"} "
        "0\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(Metrics, TellOfTheServer) {
  const Counts counts{.replies = {{200, 8}, {404, 1}}, .streams = 2};
  const std::string text = own_metrics(counts);
  expect_well_formed(text);
  EXPECT_THAT(text, HasSubstr("nsmap_http_requests_total{code=\"404\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("nsmap_event_streams 2\n"));
}

TEST(Metrics, EscapeLabels) {
  EXPECT_EQ(label_text("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
  model::Snapshot snapshot = analyze::test_host();
  snapshot.namespaces[3].names[0].name = "x\"} 1\nfake 2";
  snapshot.namespaces[3].links = {analyze::test_link(2, "eth\"0")};
  expect_well_formed(host_metrics(*test_state(1, snapshot)));
}

}  // namespace
}  // namespace nsmap::serve
