#include "anonymise/texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsmap::anonymise {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

class AnonymiseTexts : public testing::Test {
 protected:
  std::string of(std::string_view text) { return texts_.of(text); }
  std::string ip(std::string_view text) { return addresses_.of(*IpAddress::parse(text)).text(); }
  std::string mac(std::string_view text) { return addresses_.of(*Mac::parse(text)).text(); }

  static constexpr Key kKey{1, 2, 3};
  Addresses addresses_{kKey};
  Texts texts_{kKey, addresses_};
};

TEST_F(AnonymiseTexts, WordsAreReplacedWhereverTheyStand) {
  const std::string acme = of("acme"), shop = of("shop");
  EXPECT_THAT(acme, MatchesRegex("x[a-z]{6}"));
  EXPECT_NE(acme, shop);
  EXPECT_EQ(of("acme-shop.1"), acme + "-" + shop + ".1");
  EXPECT_EQ(of("/run/netns/acme"), "/run/netns/" + acme);
  EXPECT_EQ(of("k8s_POD_shop-0_acme"), "k8s_POD_" + shop + "-0_" + acme);
  EXPECT_EQ(of("net.acme=shop"), "net." + acme + "=" + shop);
  EXPECT_EQ(of("acme7"), acme + "7");
  EXPECT_EQ(of(""), "");
  EXPECT_EQ(of("日本"), of("日本"));
  EXPECT_THAT(of("日本"), MatchesRegex("x[a-z]{6}"));
}

TEST_F(AnonymiseTexts, StandardNamesStay) {
  for (const char* text :
       {"lo",     "eth0", "docker0", "br0",      "eth0.100",   "eth0:1",   "wlan0",  "vxlan42",
        "enp3s0", "eno1", "ens18",   "wlp2s0f1", "ip6tnl0",    "ip_vti0",  "bridge", "host",
        "none",   "12",   "/",       "-",        "4026531840", "enp0s31f6"})
    EXPECT_EQ(of(text), text);
  EXPECT_THAT(of("veth5393de7"), MatchesRegex("veth"
                                              "x[a-z]{6}"));
  EXPECT_THAT(of("cali1a2b3c4d5e6"), StartsWith("calix"));
  EXPECT_THAT(of("enx0242ac110002"), AllOf(StartsWith("enx"), Not(HasSubstr("0242ac"))));
  EXPECT_THAT(of("br-acme"), AllOf(StartsWith("br-x"), Not(HasSubstr("acme"))));
  for (const char* text : {"engine", "ensign", "entropy", "tunnel", "brand"})
    EXPECT_THAT(of(text), MatchesRegex("x[a-z]{6}"));
}

TEST_F(AnonymiseTexts, AddressesAreWhatTheyAreElsewhere) {
  EXPECT_EQ(of("10.1.2.3"), ip("10.1.2.3"));
  EXPECT_EQ(of("10.1.2.3:80"), ip("10.1.2.3") + ":80");
  EXPECT_EQ(of("[fd00::7]:80"), "[" + ip("fd00::7") + "]:80");
  EXPECT_EQ(of("10.1.2.3, 10.1.2.4."), ip("10.1.2.3") + ", " + ip("10.1.2.4") + ".");
  EXPECT_EQ(of("10.1.2.0/24"), addresses_.of(*Prefix::parse("10.1.2.0/24")).text());
  EXPECT_EQ(of("fe80::1:2%eth0"), ip("fe80::1:2") + "%eth0");
  EXPECT_EQ(of("02:42:ac:11:00:02"), mac("02:42:ac:11:00:02"));
  EXPECT_EQ(of("0.0.0.0"), "0.0.0.0");
  std::string dashed = ip("10.1.2.3");
  std::ranges::replace(dashed, '.', '-');
  EXPECT_EQ(of("ip-10-1-2-3"), "ip-" + dashed);
  std::string hyphened = mac("02:42:ac:11:00:02");
  std::ranges::replace(hyphened, ':', '-');
  EXPECT_EQ(of("02-42-ac-11-00-02"), hyphened);
}

TEST_F(AnonymiseTexts, ShortenedIdsStayShortenedIds) {
  const std::string id = "deadbeef0123456789abcdef0123456789abcdef0123456789abcdef01234567";
  const std::string made = of(id);
  EXPECT_EQ(made.size(), id.size());
  EXPECT_EQ(of(id.substr(0, 12)), made.substr(0, 12));
  EXPECT_EQ(of("/docker/" + id), "/docker/" + made);
  EXPECT_EQ(of("docker-" + id + ".scope"), "docker-" + made + ".scope");
  const std::string uid = "5f0e9d6c-1b2a-4c3d-8e4f-0123456789ab";
  std::string lower = of(uid);
  EXPECT_THAT(lower, AllOf(MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-"
                                        "[0-9a-f]{12}"),
                           Not(uid)));
  std::ranges::replace(lower, '-', '_');
  EXPECT_EQ(of("kubepods-pod5f0e9d6c"), "kubepods-" + of("pod5f0e9d6c"));
  EXPECT_EQ(of("5f0e9d6c_1b2a_4c3d_8e4f_0123456789ab"), lower);
}

TEST_F(AnonymiseTexts, OfMessagesNamesAreReplacedAndWordsStay) {
  const std::string web = texts_.of_name("web");
  (void)texts_.of("reading --with acme");
  EXPECT_EQ(texts_.of_message("reading web: Permission denied (13)"),
            "reading " + web + ": Permission denied (13)");
  EXPECT_EQ(texts_.of_message("opening /run/netns/acme: No such file"),
            "opening /run/netns/" + of("acme") + ": No such file");
  EXPECT_EQ(texts_.of_message("RTM_GETROUTE of 10.1.2.3 failed"),
            "RTM_GETROUTE of " + ip("10.1.2.3") + " failed");
  EXPECT_THAT(texts_.of_message("the link a1b2c3"),
              AllOf(StartsWith("the link x"), Not(HasSubstr("a1b2c3"))));
}

TEST_F(AnonymiseTexts, SysctlsKeepAllButTheInterface) {
  const std::string up = of("uplink");
  EXPECT_EQ(texts_.of_sysctl("net.ipv4.conf.uplink.rp_filter"),
            "net.ipv4.conf." + up + ".rp_filter");
  EXPECT_EQ(texts_.of_sysctl("net.ipv6.neigh.uplink.7.gc"), "net.ipv6.neigh." + up + ".7.gc");
  for (const char* name : {"net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding",
                           "net.ipv6.conf.default.accept_ra", "net.ipv4.conf.eth0.arp_ignore", ""})
    EXPECT_EQ(texts_.of_sysctl(name), name);
}

TEST_F(AnonymiseTexts, IdsOfBridgesAndMacsecHoldTheirMac) {
  std::string digits = mac("02:42:ac:11:00:01");
  std::erase(digits, ':');
  EXPECT_EQ(texts_.of_bridge_id("8000.0242ac110001"), "8000." + digits);
  EXPECT_EQ(texts_.of_sci("0242ac1100010001"), digits + "0001");
  EXPECT_EQ(texts_.of_bridge_id(""), "");
  EXPECT_EQ(texts_.of_bridge_id("8000.0"), "8000.0");
  EXPECT_EQ(texts_.of_sci(""), "");
}

TEST_F(AnonymiseTexts, NothingIsLostOfWhatIsOdd) {
  for (const std::string& text :
       {std::string("\0\x1b[31m", 6), std::string(":::::"), std::string("1.2.3.4.5.6.7.8"),
        std::string(5000, ':'), std::string("....///---"), std::string(5000, '-')})
    EXPECT_FALSE(of(text).empty());
  EXPECT_EQ(of(" \n\t\"<>"), " \n\t\"<>");
}

TEST_F(AnonymiseTexts, LongOnesTakeNoLongTime) {
  for (const char* piece : {":", "-", "a/", "1.", "f:", "0-", "f", " "}) {
    std::string text;
    while (text.size() < 100'000) text += piece;
    EXPECT_FALSE(of(text).empty());
    EXPECT_FALSE(texts_.of_message(text).empty());
  }
}

}  // namespace
}  // namespace nsmap::anonymise
