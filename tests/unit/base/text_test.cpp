#include "harness/base/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "harness/base/streams.h"

namespace seqbench {
namespace {

using Views = std::vector<std::string_view>;

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split("a\tb\t", '\t'), (Views{"a", "b", ""}));
  EXPECT_EQ(split("", ','), (Views{""}));
  EXPECT_EQ(split(",", ','), (Views{"", ""}));
  EXPECT_EQ(split("abc", ','), (Views{"abc"}));
}

TEST(ParseDouble, TakesWholeFiniteDecimalsOnly) {
  EXPECT_EQ(parse_double("1.5"), 1.5);
  EXPECT_EQ(parse_double("-2e-3"), -2e-3);
  EXPECT_EQ(parse_double("7"), 7.0);
  EXPECT_EQ(parse_double("0.1"), 0.1);
  for (const char* text : {"", " 1", "1 ", "1,5", "1.5x", "nan", "inf", "-inf", "NaN", "infinity", "1e999", "0x10",
                           "+1", "--1", "1e", "."}) {
    EXPECT_EQ(parse_double(text), std::nullopt) << text;
  }
}

TEST(ParseInt, TakesWhole64BitIntegersOnly) {
  EXPECT_EQ(parse_int("0"), 0);
  EXPECT_EQ(parse_int("-42"), -42);
  EXPECT_EQ(parse_int("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_int("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  for (const char* text : {"", "1.0", "1e3", "9223372036854775808", "+1", " 1", "1 ", "0x1"}) {
    EXPECT_EQ(parse_int(text), std::nullopt) << text;
  }
}

TEST(FormatDouble, IsTheShortestTextThatReadsBack) {
  EXPECT_EQ(format_double(0.1), "0.1");
  EXPECT_EQ(format_double(1), "1");
  EXPECT_EQ(format_double(1e-4), "1e-04");
  EXPECT_EQ(format_double(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(format_double(1e300), "1e+300");
  EXPECT_EQ(format_double(-std::numeric_limits<double>::max()), "-1.7976931348623157e+308");
  EXPECT_EQ(format_double(std::nan("")), "nan");
  EXPECT_EQ(format_double(-std::nan("")), "nan");
  EXPECT_EQ(format_double(HUGE_VAL), "inf");
  EXPECT_EQ(format_double(-HUGE_VAL), "-inf");
}

TEST(FormatDouble, RoundTripsOverAllMagnitudes) {
  Draws draws = Streams(11).open("test").at();
  for (int i = 0; i < 5000; ++i) {
    const double value = std::ldexp(draws.uniform() - 0.5, static_cast<int>(draws.below(2000)) - 1000);
    ASSERT_EQ(parse_double(format_double(value)), value);
  }
}

TEST(EditDistance, CountsEachKindOfEditOnce) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("batch", "batsh"), 1u);
  EXPECT_EQ(edit_distance("batch", "bath"), 1u);
  EXPECT_EQ(edit_distance("batch", "batcch"), 1u);
  EXPECT_EQ(edit_distance("train", "trian"), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("ca", "abc"), 3u);  // optimal string alignment: no edit inside a swapped pair
}

std::string random_word(Draws& draws) {
  std::string word(draws.below(7), ' ');
  for (char& letter : word) letter = static_cast<char>('a' + draws.below(3));
  return word;
}

TEST(EditDistance, IsSymmetricAndBounded) {
  Draws draws = Streams(12).open("test").at();
  for (int i = 0; i < 2000; ++i) {
    const std::string a = random_word(draws), b = random_word(draws);
    const std::size_t distance = edit_distance(a, b);
    ASSERT_EQ(distance, edit_distance(b, a)) << a << " " << b;
    ASSERT_EQ(distance == 0, a == b);
    ASSERT_LE(distance, std::max(a.size(), b.size()));
    ASSERT_GE(distance, std::max(a.size(), b.size()) - std::min(a.size(), b.size()));
  }
}

TEST(Nearest, SuggestsWithinTwoOrAThird) {
  const std::vector<std::string> keys = {"learning_rate", "epochs", "batch", "seeds"};
  EXPECT_EQ(nearest("learing_rate", keys), "learning_rate");
  EXPECT_EQ(nearest("larnng_rte", keys), "learning_rate");  // distance 3 = 10 / 3
  EXPECT_EQ(nearest("larnngrte", keys), std::nullopt);      // distance 4 > 9 / 3
  EXPECT_EQ(nearest("bxxch", keys), "batch");
  EXPECT_EQ(nearest("bxxxh", keys), std::nullopt);
  EXPECT_EQ(nearest("epochs", keys), "epochs");
  EXPECT_EQ(nearest("x", {}), std::nullopt);
}

TEST(Nearest, TiesGoToTheFirstInTheAlphabet) {
  EXPECT_EQ(nearest("cat", std::vector<std::string>{"hat", "bat", "rat"}), "bat");
  EXPECT_EQ(nearest("cat", std::vector<std::string>{"ab", "rat", "hat"}), "hat");
}

TEST(Printable, ReplacesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("a\tb\x1b[2J\x7f"), "a?b?[2J?");
  EXPECT_EQ(printable("é – 漢 🧬"), "é – 漢 🧬");
  EXPECT_EQ(printable("\xc2\x9bm"), "?m");  // U+009B, the one-byte escape sequence introducer
  EXPECT_EQ(printable("a\xff\xc3"), "a??");
  EXPECT_EQ(printable(std::string_view("\0x", 2)), "?x");
}

TEST(Printable, CutsAtTheLimitButNotInsideACharacter) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdef", 5), "abcde...");
  EXPECT_EQ(printable("aéb", 2), "a...");
  EXPECT_EQ(printable(std::string(500, 'x')).size(), 203u);
}

TEST(Utf8, AcceptsWellFormedText) {
  for (const char* text : {"", "abc", "é", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80",
                           "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_valid_utf8(text)) << text;
  }
}

TEST(Utf8, RefusesOverlongSurrogateTooLargeAndCutSequences) {
  for (const char* text : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xc3", "\xe2\x82", "\xe2\x28\xa1",
                           "\xf0\x9f\xa7", "\xc3\xc3"}) {
    EXPECT_FALSE(is_valid_utf8(text)) << text;
  }
}

TEST(Utf8, TheFaultIsWhereItBegins) {
  EXPECT_EQ(utf8_fault("eight bytes of ASCII, then \xc3\xa9"), std::string_view::npos);
  EXPECT_EQ(utf8_fault("01234567\xc3\xa9\xff"), 10u);
  EXPECT_EQ(utf8_fault("0123456\xc3"), 7u);
}

TEST(Utf8, CodePointsAreCountedNotBytes) {
  EXPECT_EQ(count_code_points(""), 0u);
  EXPECT_EQ(count_code_points("a\xc3\xa9\xf0\x9f\xa7\xac"), 3u);
}

TEST(Counted, IsPluralUnlessOne) {
  EXPECT_EQ(counted(0, "row"), "0 rows");
  EXPECT_EQ(counted(1, "row"), "1 row");
}

TEST(Join, PutsSeparatorsBetween) {
  EXPECT_EQ(join({}, ", "), "");
  EXPECT_EQ(join(std::vector<std::string>{"a"}, ", "), "a");
  EXPECT_EQ(join(std::vector<std::string>{"a", "", "b"}, ", "), "a, , b");
}

}  // namespace
}  // namespace seqbench
