#include "base/text.h"

#include <gtest/gtest.h>

namespace nsmap {
namespace {

TEST(CleanText, KeepsValidUtf8AndEscapesEveryOtherByte) {
  EXPECT_EQ(clean_text("eth0"), "eth0");
  EXPECT_EQ(clean_text("größe€😀"), "größe€😀");
  EXPECT_EQ(clean_text("a\xff\xc3"), "a\\xff\\xc3");
  EXPECT_EQ(clean_text("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
  EXPECT_EQ(clean_text("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
}

TEST(CleanText, CutsAtACharacter) {
  EXPECT_EQ(clean_text("abcdef", 3), "abc…");
  EXPECT_EQ(clean_text("ab€", 3), "ab…");
  EXPECT_EQ(clean_text(std::string(2 << 20, 'x'), 10), "xxxxxxxxxx…");
}

TEST(TerminalText, NothingMovesTheCursor) {
  EXPECT_EQ(terminal_text("\x1b[31mred\r\n"), "\\x1b[31mred\\x0d\\x0a");
  EXPECT_EQ(terminal_text("\xc2\x9b"
                          "31m"),
            "\\u{009b}31m")
      << "C1 CSI";
  EXPECT_EQ(terminal_text("a\u202eb"), "a\\u{202e}b");
}

TEST(JsonText, EscapesWhatRfc8259Demands) {
  std::string out;
  append_json_text(out, "a\"b\\c\x01€");
  EXPECT_EQ(out, "a\\\"b\\\\c\\u0001€");
}

TEST(XmlText, NoMarkupSurvives) {
  EXPECT_EQ(xml_text("\"><script>'&"), "&quot;&gt;&lt;script&gt;&#39;&amp;");
  EXPECT_EQ(xml_text(std::string_view("\0", 1)), "\\x00");
}

TEST(DotText, NoEscapeSequenceSurvives) { EXPECT_EQ(dot_text("a\"b\\N\n"), "a\\\"b\\\\N\\\\x0a"); }

TEST(DisplayWidth, CountsColumnsNotBytes) { EXPECT_EQ(display_width("a⇄b"), 3u); }

}  // namespace
}  // namespace nsmap
