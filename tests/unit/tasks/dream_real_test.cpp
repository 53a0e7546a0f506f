// The published files themselves, where they are on the machine: every row, and the challenge's score of real
// predictions against the published values.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <map>

#include "harness/base/json.h"
#include "harness/data/reader.h"
#include "tests/unit/data/temp_files.h"
#include "tests/unit/tasks/dream_support.h"

namespace seqbench {
namespace {

namespace fs = std::filesystem;

fs::path published_folder() {
  const char* variable = std::getenv("SEQBENCH_TEST_DATA");
  return (variable != nullptr ? fs::path(variable) : fs::path(SEQBENCH_SOURCE_DIR) / ".." / "shared" / "data") / "dream";
}

std::vector<fs::path> published_files() {
  std::vector<fs::path> paths;
  for (const char* sub : {".", "samples", "test_subsets", "public_leaderboard"}) {
    for (const auto& entry : fs::directory_iterator(published_folder() / sub)) {
      const std::string name = entry.path().filename();
      if (entry.is_regular_file() && name != "SOURCES.md" && name != "sample_submission.json") paths.push_back(entry.path());
    }
  }
  std::ranges::sort(paths);
  return paths;
}

Json read_json(const fs::path& path) {
  data::LineReader lines(path, {.line_bytes = 64U << 20, .total_bytes = 64U << 20});
  std::string_view line;
  std::string text;
  while (lines.next(line)) text.append(line);
  return parse_json(text, path.string());
}

class DreamReal : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!fs::exists(published_folder())) return;
    files_ = new test::TempFiles;
    report_ = test::dream_import(files_->path() / "data", published_files());
    dataset_ = test::dream_real(files_->path() / "data", test::dream_params()).release();
  }
  static void TearDownTestSuite() {
    delete dataset_;
    delete files_;
  }
  void SetUp() override {
    if (dataset_ == nullptr) {
      GTEST_SKIP() << "*** NOT TESTED: the published DREAM files are not at " << published_folder()
                   << "; set SEQBENCH_TEST_DATA to a folder that holds dream/ ***";
    }
  }
  /// Scores of a file of predictions by test index; rows that it has not stay without.
  static std::vector<Score> scores(const char* file) {
    const Json json = read_json(published_folder() / file);
    std::vector<std::int64_t> rows;
    std::vector<double> predictions;
    const auto& index = std::get<std::vector<std::int64_t>>(dataset_->examples().fields.at("test_index"));
    for (std::size_t row = 0; row < index.size(); ++row) {
      const auto found = json.find(std::to_string(index[row]));
      if (index[row] < 0 || found == json.end()) continue;
      rows.push_back(static_cast<std::int64_t>(row));
      predictions.push_back(found->get<double>());
    }
    return test::dream_task().scores(*dataset_, rows, predictions);
  }

  static inline test::TempFiles* files_ = nullptr;
  static inline Dataset* dataset_ = nullptr;
  static inline std::vector<std::string> report_;
};

TEST_F(DreamReal, EveryRowIsAccountedFor) {
  const auto& counts = dataset_->examples().counts;
  EXPECT_EQ(counts.at("training rows"), 7369);
  EXPECT_EQ(counts.at("test rows"), 71103);
  EXPECT_EQ(counts.at("repeated"), 1);
  EXPECT_EQ(counts.at("in the test set"), 0);
  EXPECT_EQ(counts.at("with N"), 31);
  std::map<std::string, std::int64_t> subsets;
  for (const std::string& name : std::get<std::vector<std::string>>(dataset_->examples().fields.at("subset"))) ++subsets[name];
  EXPECT_EQ(subsets.at("high"), 968);
  EXPECT_EQ(subsets.at("low"), 997);
  EXPECT_EQ(subsets.at("yeast"), 578);
  EXPECT_EQ(subsets.at("random"), 6349);
  EXPECT_EQ(subsets.at("challenging"), 1953);
  const auto has = [&](const std::string& line) { return std::ranges::find(report_, line) != report_.end(); };
  for (const char* line : {"demo_train.txt.gz: 6370 rows, 0 repeated (the first stays), 25 with N",
                           "gpra_vaishnav2022_measured.tsv.gz: 40310 rows, 30573 different sequences", "plasmid.json: 8294 letters",
                           "ground.json: 9045 rows of the public board, all", "SNVs_pairs_rebuilt.tsv.gz: 44339 pairs of the subset SNVs",
                           "SNVs_exp_indices.json: 4670 pairs of the public board, SNVs"}) {
    EXPECT_TRUE(has(line)) << line << " is not in " << testing::PrintToString(report_);
  }
  EXPECT_EQ(report_.size(), 22U);
}

TEST_F(DreamReal, PredictionsAreNoPartOfTheData) {
  std::vector<fs::path> paths = published_files();
  paths.push_back(published_folder() / "public_leaderboard" / "sample_submission.json");
  const std::string message = test::input_error([&] { (void)test::dream_task().import_files(paths); });
  EXPECT_TRUE(message.ends_with("predictions are no part of the data")) << message;
}

TEST_F(DreamReal, GpraOverlapsTheTestAndComesAlone) {
  Params params = test::dream_params();
  params.set("train", std::string("gpra_complex"));
  const auto gpra = test::dream_real(files_->path() / "data", params);
  EXPECT_EQ(gpra->examples().rows(), 20540);
  EXPECT_EQ(gpra->examples().counts.at("test rows"), 0);
}

TEST_F(DreamReal, PublicPhase) {
  struct Case {
    const char* file;
    double pearson, spearman, r2, rho;
  };
  for (const Case& one : {Case{"predictions/autosome_final_results.json.gz", 0.829026992654, 0.859636773828, 0.952433987011, 0.979033292436},
                          Case{"predictions/Camformers_public_leaderboard.json", 0.763213131115, 0.823446226111, 0.926175684310, 0.966628277981},
                          Case{"predictions/Unlock_DNA_public_leaderboard.json", 0.780567587424, 0.827137189164, 0.926167234243, 0.965462651438}}) {
    const std::vector<Score> scored = scores(one.file);
    EXPECT_NEAR(test::score_of(scored, "public_pearson_score"), one.pearson, 1e-9) << one.file;
    EXPECT_NEAR(test::score_of(scored, "public_spearman_score"), one.spearman, 1e-9) << one.file;
    EXPECT_NEAR(test::score_of(scored, "public_pearson_r2"), one.r2, 1e-9) << one.file;
    EXPECT_NEAR(test::score_of(scored, "public_spearman"), one.rho, 1e-9) << one.file;
  }
}

/// The published table itself: its "pearson" rows are r squared.
TEST_F(DreamReal, FinalPhase) {
  const std::vector<Score> scored = scores("predictions/autosome_final_results.json.gz");
  data::TableReader table(published_folder() / "scores" / "reference_scores.tsv",
                          {"team", "phase", "metric", "all", "high", "low", "yeast", "random", "challenging", "SNVs",
                           "motif_perturbation", "motif_tiling", "score"});
  const std::vector<std::string> names = {"all", "high", "low", "yeast", "random", "challenging", "SNVs", "motif_perturbation", "motif_tiling"};
  int found = 0;
  while (table.next()) {
    if (table.cell(0) != "autosome.org" || table.cell(1) != "final") continue;
    ++found;
    const bool pearson = table.cell(2) == "pearson_r2";
    for (std::size_t c = 0; c < names.size(); ++c) {
      const std::string slice = c == 0 ? "all" : "subset=" + names[c];
      EXPECT_NEAR(test::score_of(scored, pearson ? "final_pearson_r2" : "final_spearman", slice), table.number(3 + c),
                  names[c] == "SNVs" ? 2e-4 : 1e-9)
          << names[c];
    }
    EXPECT_NEAR(test::score_of(scored, pearson ? "final_pearson_score" : "final_spearman_score"), table.number(12), 4e-5);
  }
  EXPECT_EQ(found, 2);
  const std::map<std::string, std::int64_t> sizes = {{"all", 62058}, {"subset=high", 872}, {"subset=low", 898}, {"subset=yeast", 370},
                                                     {"subset=random", 5616}, {"subset=challenging", 1758},
                                                     {"subset=motif_perturbation", 2959}, {"subset=motif_tiling", 2361}};
  for (const Score& score : scored) {
    if (score.name != "final_spearman" || !sizes.contains(score.slice)) continue;
    EXPECT_EQ(score.n, sizes.at(score.slice)) << score.slice;
  }
}

TEST_F(DreamReal, APublicSubmissionHasNoFinalScore) {
  const std::vector<Score> scored = scores("predictions/Camformers_public_leaderboard.json");
  EXPECT_TRUE(std::isnan(test::score_of(scored, "final_pearson_score")));
}

}  // namespace
}  // namespace seqbench
