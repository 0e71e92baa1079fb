#include "lab/forwarding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace nsmap::lab {

void PrintTo(const SettingValue& value, std::ostream* out) {
  *out << value.name << "=" << value.value;
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Values = std::vector<SettingValue>;

constexpr const char* kForward = "net.ipv4.ip_forward";
constexpr const char* kEth0 = "net.ipv4.conf.eth0.forwarding";
constexpr const char* kRedirects = "net.ipv4.conf.all.accept_redirects";

Values back(const std::vector<Setting>& settings, const std::set<std::string>& needed,
            const std::map<std::string, std::string>& now) {
  return values_back(settings, needed, [&](const std::string& name) {
    const auto found = now.find(name);
    return found == now.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(ForwardingJournal, IsWhatIsStillOurs) {
  const auto settings = parse_settings(
      "set net.a 0 1\n"
      "set net.b 1 1 net.a\n"
      "set net.c 0 1\n"
      "back net.a 0\n"
      "back net.d 5\n"
      "forget net.c\n"
      "forget net.never\n"
      "set net.torn 0 1");
  EXPECT_THAT(settings, ElementsAre(Setting{"net.a", "0", "1", "", "0"},
                                    Setting{"net.b", "1", "1", "net.a", {}},
                                    Setting{"net.d", "5", "5", "", "5"}));
}

TEST(ForwardingJournal, WhatIsSetAgainIsNotBeingSetBack) {
  EXPECT_THAT(parse_settings("set net.a 0 1\nback net.a 0\nset net.a 0 1\n"),
              ElementsAre(Setting{"net.a", "0", "1", "", {}}));
}

TEST(SetBack, WhatIsAsWeLeftItAndWhatItCausedAfterIt) {
  const std::vector<Setting> settings = {{kRedirects, "0", "0", kForward, {}},
                                         {kEth0, "1", "1", kForward, {}},
                                         {kForward, "0", "1", "", {}}};
  EXPECT_EQ(back(settings, {}, {{kForward, "1"}, {kEth0, "1"}, {kRedirects, "0"}}),
            (Values{{kForward, "0"}, {kRedirects, "0"}, {kEth0, "1"}}));
}

TEST(SetBack, NotWhatSomebodyChangedNorWhatThatCaused) {
  const std::vector<Setting> settings = {{kEth0, "1", "1", kForward, {}},
                                         {kForward, "0", "1", "", {}}};
  EXPECT_THAT(back(settings, {}, {{kForward, "2"}, {kEth0, "1"}}), IsEmpty());
}

TEST(SetBack, NotWhatIsNeededNorWhatThatCauses) {
  const std::vector<Setting> settings = {{kEth0, "0", "1", kForward, {}},
                                         {kForward, "0", "1", "", {}}};
  EXPECT_THAT(back(settings, {kForward}, {{kForward, "1"}, {kEth0, "1"}}), IsEmpty());
}

TEST(SetBack, WhatIsNeededKeepsItsValueWhenItsCauseGoes) {
  const std::vector<Setting> settings = {{kEth0, "0", "1", kForward, {}},
                                         {kForward, "0", "1", "", {}}};
  const std::string own = "net.ipv4.conf.to-red.forwarding";
  EXPECT_EQ(back(settings, {kEth0, own}, {{kForward, "1"}, {kEth0, "1"}, {own, "1"}}),
            (Values{{kForward, "0"}, {kEth0, "1"}, {own, "1"}}));
}

TEST(SetBack, AnInterfaceOnceItsCauseIsGone) {
  const std::vector<Setting> settings = {{kEth0, "0", "1", kForward, {}}};
  EXPECT_EQ(back(settings, {}, {{kForward, "0"}, {kEth0, "1"}}), (Values{{kEth0, "0"}}));
}

TEST(SetBack, NotAnInterfaceWhenOthersMadeAllForward) {
  const std::vector<Setting> settings = {{kEth0, "0", "1", "", {}}};
  EXPECT_THAT(back(settings, {}, {{kForward, "1"}, {kEth0, "1"}}), IsEmpty());
  EXPECT_EQ(back(settings, {}, {{kForward, "0"}, {kEth0, "1"}}), (Values{{kEth0, "0"}}));
}

TEST(SetBack, WhatAKilledRunWasSettingBackWhateverItIsNow) {
  const std::vector<Setting> settings = {{kEth0, "1", "1", kForward, "1"},
                                         {kForward, "0", "1", "", "0"}};
  EXPECT_EQ(back(settings, {}, {{kForward, "0"}, {kEth0, "0"}}),
            (Values{{kForward, "0"}, {kEth0, "1"}}));
}

// What a killed run was writing back of what is needed stands before what would undo it once more.
TEST(SetBack, FirstWhatHasSideEffects) {
  const std::string own = "net.ipv4.conf.to-red.forwarding";
  const auto settings = parse_settings("back " + own + " 1\nset " + kForward + " 0 1\n");
  EXPECT_EQ(back(settings, {own}, {{kForward, "1"}, {own, "1"}}),
            (Values{{kForward, "0"}, {own, "1"}}));
}

TEST(SetBack, NothingOfAnInterfaceThatIsNoMore) {
  EXPECT_THAT(back({{kEth0, "0", "1", "", {}}}, {}, {{kForward, "0"}}), IsEmpty());
}

}  // namespace
}  // namespace nsmap::lab
