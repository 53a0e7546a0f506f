#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tasks/gfp_fluorescence/genotypes.h"
#include "tests/unit/tasks/gfp_support.h"

namespace seqbench {
namespace {

using tasks::gfp_fluorescence::kSymbols;
using tasks::gfp_fluorescence::kWildType;

TEST(GfpViews, EveryDeclaredViewIsThereAndHasAllRows) {
  const auto twin = test::gfp_twin(400);
  const std::int64_t rows = twin->examples().rows();
  for (const ViewInfo& info : test::gfp_task().views) EXPECT_EQ(twin->view(info.name).name, info.name);
  EXPECT_EQ(std::get<TextView>(twin->view("protein").data).rows.size(), static_cast<std::size_t>(rows));
  EXPECT_EQ(std::get<CodeView>(twin->view("one_hot").data).codes.size(0), rows);
  EXPECT_EQ(std::get<SetView>(twin->view("mutations").data).offsets.size(0), rows + 1);
}

TEST(GfpViews, OneHotSpellsTheProteinAndPadsBehindIt) {
  for (const char* stop : {"keep", "delete", "truncate"}) {
    const auto twin = test::gfp_twin(2000, 0, stop);
    const auto proteins = std::get<TextView>(twin->view("protein").data).rows;
    const auto codes = std::get<CodeView>(twin->view("one_hot").data);
    ASSERT_EQ(codes.symbols, 21);
    ASSERT_EQ(codes.codes.scalar_type(), at::kByte);
    ASSERT_EQ(codes.codes.size(1), 237);
    const auto* code = codes.codes.const_data_ptr<std::uint8_t>();
    bool any_shorter = false;
    for (std::size_t row = 0; row < proteins.size(); ++row) {
      std::string spelled;
      for (std::size_t i = 0; i < 237; ++i) {
        const std::uint8_t c = code[row * 237 + i];
        ASSERT_EQ(c == 21, i >= proteins[row].size()) << row << " " << i;
        if (c < 21) spelled += kSymbols[c];
      }
      ASSERT_EQ(spelled, proteins[row]);
      ASSERT_EQ(codes.lengths.const_data_ptr<std::int64_t>()[row], static_cast<std::int64_t>(proteins[row].size()));
      any_shorter = any_shorter || proteins[row].size() < 237;
    }
    EXPECT_EQ(any_shorter, std::string(stop) != "keep") << stop;
  }
}

TEST(GfpViews, StopRuleChangesOnlyRowsWithAStop) {
  const auto kept = std::get<TextView>(test::gfp_twin(2000, 0, "keep")->view("protein").data).rows;
  const auto cut = std::get<TextView>(test::gfp_twin(2000, 0, "truncate")->view("protein").data).rows;
  std::int64_t with_stop = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const std::size_t stop = kept[i].find('*');
    with_stop += stop != std::string::npos ? 1 : 0;
    EXPECT_EQ(cut[i], kept[i].substr(0, stop));
  }
  EXPECT_GT(with_stop, 20);
  EXPECT_EQ(test::gfp_twin(2000)->examples().counts.at("with stop codon"), with_stop);
}

TEST(GfpViews, MutationsRebuildTheSequenceUnderEveryStopRule) {
  const auto kept = std::get<TextView>(test::gfp_twin(2000)->view("protein").data).rows;
  for (const char* stop : {"keep", "delete", "truncate"}) {
    const auto sets = std::get<SetView>(test::gfp_twin(2000, 0, stop)->view("mutations").data);
    ASSERT_EQ(sets.features, 237 * 21);
    const auto* offsets = sets.offsets.const_data_ptr<std::int64_t>();
    const auto* members = sets.members.const_data_ptr<std::int64_t>();
    ASSERT_EQ(offsets[kept.size()], sets.members.size(0));
    for (std::size_t row = 0; row < kept.size(); ++row) {
      ASSERT_TRUE(std::is_sorted(members + offsets[row], members + offsets[row + 1]));
      std::string sequence(kWildType);
      for (std::int64_t i = offsets[row]; i < offsets[row + 1]; ++i) {
        sequence[static_cast<std::size_t>(members[i] / 21)] = kSymbols[static_cast<std::size_t>(members[i] % 21)];
      }
      ASSERT_EQ(sequence, kept[row]);
    }
  }
}

TEST(GfpTask, DeclaresWhatItOffers) {
  const TaskEntry task = test::gfp_task();
  EXPECT_EQ(task.metrics.front(), "spearman_break_random");
  EXPECT_EQ(task.splits, (std::vector<std::string>{"published", "kfold", "holdout", "stratified", "grouped", "subsample"}));
  const auto twin = test::gfp_twin(300);
  for (const std::string& slice : task.slices) {
    const auto& field = std::get<std::vector<std::int64_t>>(twin->examples().fields.at(slice));
    EXPECT_EQ(static_cast<std::int64_t>(field.size()), twin->examples().rows());
  }
}

TEST(GfpScores, TellBrightRowsFromDarkOnes) {
  const auto twin = test::gfp_twin(3000);
  const std::vector<double>& truth = twin->examples().targets;
  std::vector<std::int64_t> rows, bright;
  std::vector<double> own, halved;  // halved: bright rows as they are, dark ones all alike below them
  for (std::size_t i = 0; i < truth.size(); ++i) {
    rows.push_back(static_cast<std::int64_t>(i));
    own.push_back(truth[i]);
    halved.push_back(truth[i] > 2.5 ? truth[i] : 1.0);
  }
  const auto score = [&](const std::vector<double>& predictions, const std::string& name) {
    for (const Score& one : test::gfp_task().scores(*twin, rows, predictions)) {
      if (one.name == name) return one.value;
    }
    ADD_FAILURE() << name;
    return 0.0;
  };
  for (const char* name : {"bright_auroc", "bright_spearman", "dark_spearman"}) EXPECT_NEAR(score(own, name), 1, 1e-3) << name;
  EXPECT_EQ(score(own, "bright_mse"), 0);
  EXPECT_EQ(score(halved, "bright_auroc"), 1);
  EXPECT_NEAR(score(halved, "bright_spearman"), 1, 1e-3);
  EXPECT_LT(std::abs(score(halved, "dark_spearman")), 0.2) << "ties are in a random order";
  EXPECT_GT(score(halved, "dark_mse"), 0.05);
  std::vector<double> upside_down;
  for (const double value : own) upside_down.push_back(-value);
  EXPECT_EQ(score(upside_down, "bright_auroc"), 0);
}

}  // namespace
}  // namespace seqbench
