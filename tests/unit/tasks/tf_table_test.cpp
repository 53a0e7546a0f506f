#include "tasks/tf_expression/table.h"

#include <gtest/gtest.h>

#include "tests/unit/data/temp_files.h"

namespace seqbench::tasks::tf_expression {
namespace {

/// "first-last", or "" where no bin is covered.
std::string bins(bool minus, std::int64_t start, std::int64_t end) {
  Peak peak;
  if (!bins_of(10'000, minus, start, end, peak)) return "";
  return std::to_string(peak.first) + "-" + std::to_string(peak.last);
}

TEST(TfBins, AreHalfOpenAndMirrored) {
  EXPECT_EQ(bins(false, 4'000, 4'001), "0-0");
  EXPECT_EQ(bins(false, 3'000, 4'000), "");
  EXPECT_EQ(bins(false, 3'999, 4'001), "0-0");
  EXPECT_EQ(bins(false, 4'099, 4'101), "0-1");
  EXPECT_EQ(bins(false, 10'000, 10'001), "60-60");
  EXPECT_EQ(bins(false, 15'999, 17'000), "119-119");
  EXPECT_EQ(bins(false, 16'000, 17'000), "");
  EXPECT_EQ(bins(false, 0, 99'000), "0-119");
  EXPECT_EQ(bins(true, 4'000, 4'001), "119-119");
  EXPECT_EQ(bins(true, 4'099, 4'301), "116-119");
  EXPECT_EQ(bins(true, 15'999, 17'000), "0-0");
}

TEST(TfBins, SpansAreReadBack) {
  for (const bool minus : {false, true}) {
    for (const std::int64_t first : {0, 1, 59, 118}) {
      const Peak peak{3, static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(first + 1)};
      const Span span = span_of(10'000, minus, peak);
      EXPECT_EQ(span.end - span.start, 200);
      Peak back{.factor = 3};
      ASSERT_TRUE(bins_of(10'000, minus, span.start, span.end, back));
      EXPECT_EQ(back, peak);
    }
  }
}

TEST(TfSentence, AsInThePaper) {
  const std::vector<std::string> names = {"A", "B", "Z"};
  EXPECT_EQ(sentence_of({}), "The gene has no transcription factor");
  EXPECT_EQ(sentence_of(std::span(names).first(1)), "The gene has a transcription factor A");
  EXPECT_EQ(sentence_of(std::span(names).first(2)), "The gene has a set of transcription factors A and B");
  EXPECT_EQ(sentence_of(names), "The gene has a set of transcription factors A, B, and Z");
}

TEST(TfTable, FactorsAreLeftOut) {
  Table table;
  table.factors = {"MAX", "MYC", "POLR2A", "TBP"};
  table.genes = {{.id = "a", .chromosome = "chr1", .peaks = {{0, 1, 2}, {2, 3, 4}, {2, 5, 6}, {3, 7, 8}}}};
  const std::vector<std::string> unknown = {"POLR2B"};
  EXPECT_EQ(test::input_error([&] { leave_out(table, unknown); }),
            "'exclude': the table has no factor 'POLR2B'; nearest: 'POLR2A'");
  const std::vector<std::string> some = {"POLR2A", "MAX"};
  leave_out(table, some);
  EXPECT_EQ(table.factors, (std::vector<std::string>{"MYC", "TBP"}));
  EXPECT_EQ(table.genes[0].peaks, (std::vector<Peak>{{1, 7, 8}}));
  EXPECT_EQ(table.genes[0].bound(), std::vector<std::uint16_t>{1});
}

TEST(TfTable, PartsAreWholeChromosomes) {
  EXPECT_EQ(part_of("chr1"), Part::kTest);
  EXPECT_EQ(part_of("chr5"), Part::kValidation);
  EXPECT_EQ(part_of("chr10"), Part::kTrain);
  EXPECT_EQ(part_of("unknown"), Part::kTrain);
}

}  // namespace
}  // namespace seqbench::tasks::tf_expression
