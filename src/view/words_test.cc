#include "view/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "view/list.h"
#include "view/show.h"
#include "view/test_host.h"

namespace nsmap::view {
namespace {

using testing::busy_host;
using ::testing::HasSubstr;
using testing::Host;

TEST(Words, NumbersHaveCommas) {
  EXPECT_EQ(number(7), "7");
  EXPECT_EQ(number(1903), "1,903");
  EXPECT_EQ(number(1234567), "1,234,567");
  EXPECT_EQ(counted(1, "port", "ports"), "1 port");
}

TEST(Words, NaturalOrder) {
  EXPECT_TRUE(natural_less("web2", "web10"));
  EXPECT_FALSE(natural_less("web10", "web2"));
  EXPECT_TRUE(natural_less("web", "web1"));
  EXPECT_TRUE(natural_less("a9b2", "a9b10"));
  EXPECT_FALSE(natural_less("x007", "x7"));
  EXPECT_FALSE(natural_less("x7", "x007"));
  EXPECT_TRUE(natural_less("99999999999999999998", "99999999999999999999"));
}

TEST(Words, Endpoints) {
  EXPECT_EQ(endpoint_text({}, 80), "*:80");
  EXPECT_EQ(endpoint_text(IpAddress::any(true), 80), "*:80");
  EXPECT_EQ(endpoint_text(IpAddress::parse("::1"), 80), "[::1]:80");
  EXPECT_EQ(published_text({"tcp", "127.0.0.1", 18080, 80}), "127.0.0.1:18080→80/tcp");
}

TEST(Words, HowToFreeEachKindOfHolder) {
  const Host host(busy_host());
  const Words words{host.index, host.titles};
  using model::HolderKind;
  model::Holder holder;
  for (const HolderKind kind : {HolderKind::process, HolderKind::thread, HolderKind::fd,
                                HolderKind::socket, HolderKind::tun}) {
    holder = testing::holder_of(kind, Pid(812));
    EXPECT_EQ(how_to_free(words, holder), "kill 812");
  }
  holder = testing::holder_of(HolderKind::bind_mount, Pid(812), "/run/netns/x");
  EXPECT_EQ(how_to_free(words, holder), "umount /run/netns/x");
  holder.mnt_ns = Inode(4026531841);  // where pid 1 lives
  EXPECT_EQ(how_to_free(words, holder), "umount /run/netns/x");
  holder.mnt_ns = Inode(5);
  EXPECT_EQ(how_to_free(words, holder), "nsenter -t 812 -m umount /run/netns/x");
  EXPECT_EQ(how_to_free(words, testing::holder_of(HolderKind::link)), "");
}

TEST(Words, ACommandToTypeIsSafeToPaste) {
  const Host host(busy_host());
  const auto holder =
      testing::holder_of(model::HolderKind::bind_mount, {}, "/run/netns/x; rm -rf 'y'");
  EXPECT_EQ(how_to_free({host.index, host.titles}, holder),
            "umount '/run/netns/x; rm -rf '\\''y'\\'''");
}

TEST(List, ColumnsByName) {
  const Host host(busy_host());
  const auto table = make_list(host.index, host.titles, {{"inode", "namespace"}, false});
  ASSERT_TRUE(table);
  ASSERT_EQ(table->columns.size(), 2u);
  EXPECT_EQ(table->columns[0].name, "INODE");
  EXPECT_EQ(table->rows.size(), host.snapshot->namespaces.size());
  EXPECT_EQ(table->rows[1][1].plain(), "web");
}

TEST(List, AnUnknownColumnIsNamedWithThoseThereAre) {
  const Host host(busy_host());
  const auto table = make_list(host.index, host.titles, {{"colour"}, false});
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().kind, Error::Kind::usage);
  EXPECT_THAT(table.error().text, HasSubstr("colour"));
  EXPECT_THAT(table.error().hint, HasSubstr("addresses"));
}

TEST(List, WideHasEveryColumn) {
  const Host host(busy_host());
  EXPECT_EQ(make_list(host.index, host.titles, {{}, true})->columns.size(), list_columns().size());
}

TEST(Show, SectionsWithNothingInThemAreLeftOut) {
  const Host host(busy_host());
  const Sheet sheet = make_sheet(host.index, host.titles, *host.index.find(model::NetnsId{4, 140}));
  std::vector<std::string> titles;
  for (const Section& section : sheet.sections) titles.push_back(section.title);
  EXPECT_THAT(titles,
              ::testing::ElementsAre("identity", "what keeps it alive", "interfaces", "addresses"));
}

}  // namespace
}  // namespace nsmap::view
