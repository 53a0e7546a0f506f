#include "reports/text.h"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/base/sha256.h"

namespace seqbench::reports {
namespace {

analyze::Summary summary(double mean, double sd, double low, double high) { return {mean, sd, low, high, 3, ""}; }

TEST(Numbers, HaveTwoDigitsOfTheHalfWidth) {
  EXPECT_EQ(mean_text(summary(0.123456, 0.0041, 0.1181, 0.1285)), "0.1235 ± 0.0041");
  EXPECT_EQ(interval_text(summary(0.123456, 0.0041, 0.1181, 0.1285)), "[0.1181, 0.1285]");
  EXPECT_EQ(mean_text(summary(1234.567, 30, 1200, 1270)), "1235 ± 30");
  EXPECT_EQ(mean_text(summary(0.5, NAN, 0.1, 0.9)), "0.50");
  EXPECT_EQ(interval_text(summary(-0.001, NAN, -0.2, 0.2)), "[-0.20, 0.20]");
  EXPECT_EQ(mean_text(summary(-0.001, NAN, -0.2, 0.2)), "0.00");
}

TEST(Numbers, DoWithoutAnInterval) {
  EXPECT_EQ(mean_text(summary(0.123456, 0.0041, NAN, NAN)), "0.1235 ± 0.0041");
  EXPECT_EQ(mean_text(summary(0.123456789, NAN, NAN, NAN)), "0.1235");
  EXPECT_EQ(interval_text(summary(0.1, 0.1, NAN, NAN)), "–");
  EXPECT_EQ(mean_text(summary(NAN, NAN, NAN, NAN)), "nan");
  EXPECT_EQ(mean_text(summary(INFINITY, NAN, NAN, NAN)), "inf");
  EXPECT_EQ(mean_text(summary(1e300, 1e299, NAN, NAN)), "1e+300 ± 1e+299");
  EXPECT_EQ(mean_text(summary(1e-20, 1e-21, NAN, NAN)), "1e-20 ± 1e-21");
  EXPECT_EQ(mean_text(summary(0.25, 0, NAN, NAN)), "0.25 ± 0");
  EXPECT_EQ(count_text(1234567), "1,234,567");
  EXPECT_EQ(count_text(-123), "-123");
  EXPECT_EQ(count_text(999), "999");
}

TEST(Csv, FollowsRfc4180AndDefusesFormulas) {
  EXPECT_EQ(csv_text("plain"), "plain");
  EXPECT_EQ(csv_text("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_text("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(csv_text("a\nb"), "\"a\nb\"");
  for (const char* formula : {"=1", "+1", "-1", "@a", "\ta"}) EXPECT_EQ(csv_text(formula), std::string("'") + formula);
  EXPECT_EQ(csv_line({"a", "b"}), "a,b\r\n");
}

TEST(Names, LoseWhatActsOnTheirSurroundings) {
  EXPECT_EQ(shown("a\u202Eb\u200Bc\u2028d\ufeffe"), "a?b?c?d?e");
  EXPECT_EQ(shown("ü\n\x1b"), "ü??");
  EXPECT_EQ(shown(std::string(300, 'x'), 10), std::string(10, 'x') + "...");
  EXPECT_EQ(shown("aaaaaaaaaü", 10), "aaaaaaaaa...");
  EXPECT_EQ(escaped("a|b<c>&[d](e)`f`*"), "a\\|b&lt;c\\>&amp;\\[d\\](e)\\`f\\`\\*");
  EXPECT_EQ(slug("controls/gfp_fluorescence"), "controls-gfp_fluorescence");
  EXPECT_EQ(slug("../../etc/passwd"), "etc-passwd");
  EXPECT_EQ(slug("a b/../c.d"), "a-b-c.d");
  EXPECT_EQ(slug(""), "report");
  EXPECT_EQ(slug(std::string(500, 'a')).size(), 100u);
}

TEST(Names, OfFilesAreTheirOwn) {
  EXPECT_EQ(file_name("controls/gfp", {"controls/gfp", "other"}), "controls-gfp");
  // Two names of one slug: the one that is its slug keeps it.
  EXPECT_EQ(file_name("a-b", {"a-b", "a/b"}), "a-b");
  EXPECT_EQ(file_name("a/b", {"a-b", "a/b"}), "a-b-" + sha256_hex("a/b").substr(0, 8));
  EXPECT_NE(file_name("a/b-c", {"a/b-c", "a-b/c"}), file_name("a-b/c", {"a/b-c", "a-b/c"}));
  // A slug that lost something names nothing for sure, whatever else the store holds.
  EXPECT_NE(file_name("a b", {"a b"}), file_name("a+b", {"a+b"}));
  const std::string one = std::string(100, 'x') + "1", two = std::string(100, 'x') + "2";
  EXPECT_NE(file_name(one, {one, two}), file_name(two, {one, two}));
}

TEST(Table, PadsByCharacters) {
  TextTable table({"row", "mse ↓"});
  table.add({"ü", "0.1"});
  table.add({"long name", "–"});
  EXPECT_EQ(table.markdown(), "| row       | mse ↓ |\n| --------- | ----: |\n| ü         |   0.1 |\n| long name |     – |\n");
  EXPECT_EQ(table.plain(), "row        mse ↓\nü            0.1\nlong name      –\n");
}

}  // namespace
}  // namespace seqbench::reports
