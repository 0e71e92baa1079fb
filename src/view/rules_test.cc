#include "view/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/words.h"

namespace nsmap::view {
namespace {

namespace fw = model::firewall;
using fw::Verdict;
using testing::ElementsAre;

fw::Rule rule(std::vector<fw::Action> actions, std::uint64_t handle, std::uint32_t position) {
  fw::Rule out;
  out.handle = handle;
  out.position = position;
  for (fw::Action& action : actions) out.statements.push_back({{}, std::move(action)});
  return out;
}

fw::Chain chain(const char* name, std::optional<fw::Hook> hook, std::vector<fw::Rule> rules) {
  fw::Chain out;
  out.name = name;
  out.hook = hook;
  out.rules = std::move(rules);
  if (hook) {
    out.priority = -10;
    out.type = "filter";
    out.policy = Verdict{Verdict::Kind::drop, {}};
  }
  return out;
}

class Rules : public testing::Test {
 protected:
  Rules() {
    model::Namespace ns;
    ns.id = {4, 100};
    ns.names = {{"web", "netns", "/run/netns/web"}};
    fw::Table table;
    table.name = "mine";
    table.chains = {chain("in", fw::Hook::input,
                          {rule({fw::Counter{12, 720}, Verdict{Verdict::Kind::jump, "more"}}, 4, 0),
                           rule({fw::Counter{}, Verdict{}}, 5, 1),
                           rule({Verdict{Verdict::Kind::jump, "more"}}, 6, 2)}),
                    chain("more", {}, {rule({fw::Nat{.kind = fw::Nat::Kind::masquerade}}, 7, 0)}),
                    chain("lost", {}, {})};
    fw::Set set;
    set.name = "ports";
    set.elements.resize(2);
    table.sets = {set};
    ns.firewall.edit().tables = {table};
    snapshot_.namespaces = {ns};
  }

  fw::VirtualService& add_service() {
    fw::VirtualService service{.family = fw::Family::ip6, .protocol = 6};
    service.address = IpAddress::parse("2001:db8::1");
    service.port = 80;
    service.scheduler = "wrr";
    auto& services = snapshot_.namespaces[0].firewall.edit().services;
    services.push_back(service);
    return services.back();
  }

  ShownFirewall shown(const RulesOptions& options = {}) {
    const model::Index index(snapshot_);
    return show_firewall(analyze::Titles(index), snapshot_.namespaces[0], options);
  }

  // Titles of sections, and their lines.
  std::vector<std::string> text(const RulesOptions& options = {}) {
    std::vector<std::string> out;
    for (const Section& section : make_rules(shown(options), options).sections) {
      out.push_back(section.title);
      for (const Line& line : section.lines) {
        out.push_back("  " + line.lead.plain());
        for (const Text& item : line.items) out.back() += " | " + item.plain();
      }
    }
    return out;
  }

  model::Snapshot snapshot_;
};

TEST_F(Rules, AreShownInOrder) {
  EXPECT_THAT(text(),
              ElementsAre("input at filter - 10 (-10) · inet mine in · nft · policy drop",
                          "  4 | jump more | 12 packets, 720 B | by hand",
                          "  5 | accept | 0 packets, 0 B | by hand", "  6 | jump more | by hand",
                          "inet mine more · nft · from in", "  7 | masquerade | by hand", "sets",
                          "  set | inet mine ports | 2 elements"));
}

TEST_F(Rules, AreFollowedOnceInPlace) {
  EXPECT_THAT(
      text({.packet_order = true}),
      ElementsAre("input at filter - 10 (-10) · inet mine in · nft · policy drop",
                  "  4 | jump more | 12 packets, 720 B | by hand",
                  "  7 |   masquerade  more | by hand", "  5 | accept | 0 packets, 0 B | by hand",
                  "  6 | jump more | by hand", "sets", "  set | inet mine ports | 2 elements"));
}

TEST_F(Rules, ThatNothingMet) {
  EXPECT_THAT(text({.unused = true}),
              ElementsAre("input at filter - 10 (-10) · inet mine in · nft · policy drop",
                          "  5 | accept | 0 packets, 0 B | by hand"));
}

TEST_F(Rules, OfAWriter) {
  EXPECT_THAT(text({.by = "docker"}), ElementsAre());
  EXPECT_EQ(text({.by = "by hand"}).size(), 6u);
}

TEST_F(Rules, TellProgramsTheSame) {
  const ShownFirewall firewall = shown();
  ASSERT_EQ(firewall.chains.size(), 3u);
  const ShownRule& first = firewall.chains[0].rules[0];
  EXPECT_EQ(first.packets, 12u);
  EXPECT_EQ(first.number, 1u);
  EXPECT_EQ(firewall.chains[1].rules[0].nat, "masquerade");
  EXPECT_FALSE(firewall.chains[1].rules[0].packets);
  EXPECT_THAT(firewall.chains[1].callers, ElementsAre("in"));
  EXPECT_THAT(firewall.chains[2].callers, ElementsAre());
}

TEST(WriterText, DoubtsWhatIsNotSure) {
  EXPECT_EQ(writer_text({"docker", true, ""}), "docker");
  EXPECT_EQ(writer_text({"docker", false, ""}), "docker?");
  EXPECT_EQ(writer_text({"kube-proxy", true, "default/web"}), "kube-proxy default/web");
  EXPECT_EQ(writer_text({"by hand", false, ""}), "by hand");
}

TEST_F(Rules, TellServicesOfIpvs) {
  fw::VirtualService& service = add_service();
  service.persistent_s = 300;
  service.destinations = {{*IpAddress::parse("2001:db8::2"), 8080, "masquerade", 3, 1, 0},
                          {*IpAddress::parse("10.0.0.2"), 0, "tunnel", 1, 0, 0}};
  fw::VirtualService by_mark{.family = fw::Family::ip6};
  by_mark.mark = 7;
  snapshot_.namespaces[0].firewall.edit().services.push_back(by_mark);
  EXPECT_EQ(shown().services.size(), 2u);
  const Sheet sheet = make_rules(shown());
  const auto section = std::ranges::find(sheet.sections, "virtual services", &Section::title);
  ASSERT_NE(section, sheet.sections.end());
  std::vector<std::string> rows;
  for (const auto& row : section->table.rows) {
    std::string text;
    for (const Text& cell : row) text += cell.plain() + "|";
    rows.push_back(text);
  }
  EXPECT_THAT(rows, ElementsAre("tcp [2001:db8::1]:80|wrr, persistent 300 s|[2001:db8::2]:8080|"
                                "masquerade|3|1|0|",
                                "||10.0.0.2:*|tunnel|1|0|0|", "mark 7 of IPv6||none|||||"));
  RulesOptions unused;
  unused.unused = true;
  EXPECT_TRUE(shown(unused).services.empty());
}

}  // namespace
}  // namespace nsmap::view
