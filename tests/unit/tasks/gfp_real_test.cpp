// The published tables themselves, where they are on the machine.

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <map>
#include <set>

#include "harness/data/home.h"
#include "tests/unit/data/temp_files.h"
#include "tests/unit/tasks/gfp_support.h"

namespace seqbench {
namespace {

namespace fs = std::filesystem;

fs::path published_folder() {
  const char* variable = std::getenv("SEQBENCH_TEST_DATA");
  return (variable != nullptr ? fs::path(variable) : fs::path(SEQBENCH_SOURCE_DIR) / ".." / "shared" / "data") / "gfp";
}

std::vector<double> targets_of(const Examples& examples, Part part) {
  std::vector<double> targets;
  for (std::size_t i = 0; i < examples.targets.size(); ++i) {
    if (examples.published_split[i] == part) targets.push_back(examples.targets[i]);
  }
  return targets;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double mse_of_constant(const std::vector<double>& values, double constant) {
  std::vector<double> squares;
  for (const double value : values) squares.push_back((value - constant) * (value - constant));
  return mean(squares);
}

class GfpReal : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(published_folder())) {
      GTEST_SKIP() << "*** NOT TESTED: the published GFP tables are not at " << published_folder()
                   << "; set SEQBENCH_TEST_DATA to a folder that holds gfp/ ***";
    }
  }
  /// Imports two of the published files and loads them.
  std::unique_ptr<Dataset> load(const char* split_file, const char* stop = "keep") const {
    const std::vector<fs::path> paths = {published_folder() / "amino_acid_genotypes_to_brightness.tsv.gz",
                                         published_folder() / split_file, published_folder() / "avgfp_wt.fasta"};
    std::vector<std::pair<std::string, fs::path>> copies;
    for (const ImportedFile& file : test::gfp_task().import_files(paths).files) {
      copies.emplace_back(file.role, file.source);
    }
    data::install_files(files_.path() / split_file, copies);
    return test::gfp_real(files_.path() / split_file, stop);
  }

 private:
  test::TempFiles files_;
};

TEST_F(GfpReal, CountsAndConstantsAsPublished) {
  const auto dataset = load("tape_fluorescence_valid.tsv.gz");
  const Examples& examples = dataset->examples();
  EXPECT_EQ(examples.counts, (std::map<std::string, std::int64_t>{{"rows", 54025},
                                                                  {"duplicates", 0},
                                                                  {"with stop codon", 2310},
                                                                  {"wild type", 1},
                                                                  {"max mutations", 15}}));
  const auto train = targets_of(examples, Part::kTrain);
  const auto test = targets_of(examples, Part::kTest);
  EXPECT_EQ(train.size(), 21446u);
  EXPECT_EQ(targets_of(examples, Part::kValidation).size(), 5362u);
  EXPECT_EQ(test.size(), 27217u);
  EXPECT_NEAR(mean(train), 3.180587, 5e-7);
  EXPECT_NEAR(mse_of_constant(test, mean(train)), 2.155, 5e-4);
  EXPECT_NEAR(mse_of_constant(test, mean(test)), 0.949, 5e-4);
  EXPECT_EQ(std::set<std::string>(examples.ids.begin(), examples.ids.end()).size(), 54025u);
}

TEST_F(GfpReal, SplitByNumberOfMutations) {
  const auto dataset = load("tape_fluorescence_valid.tsv.gz");
  const Examples& examples = dataset->examples();
  const auto& mutations = std::get<std::vector<std::int64_t>>(examples.fields.at("num_mutations"));
  std::map<std::int64_t, std::array<std::int64_t, 3>> counts;
  for (std::size_t i = 0; i < mutations.size(); ++i) {
    ++counts[mutations[i]][static_cast<std::size_t>(examples.published_split[i])];
  }
  const std::map<std::int64_t, std::array<std::int64_t, 3>> published = {
      {0, {1, 0, 0}},     {1, {877, 237, 0}}, {2, {10433, 2577, 0}}, {3, {10135, 2548, 0}}, {4, {0, 0, 9759}},
      {5, {0, 0, 7215}},  {6, {0, 0, 4643}},  {7, {0, 0, 2783}},     {8, {0, 0, 1526}},     {9, {0, 0, 714}},
      {10, {0, 0, 352}},  {11, {0, 0, 142}},  {12, {0, 0, 50}},      {13, {0, 0, 25}},      {14, {0, 0, 6}},
      {15, {0, 0, 2}}};
  EXPECT_EQ(counts, published);
}

TEST_F(GfpReal, BothFormsOfTheSplitGiveTheSameExamples) {
  const auto by_validation = load("tape_fluorescence_valid.tsv.gz");
  const auto by_table = load("gfp_tape_splits.tsv.gz");
  EXPECT_EQ(by_validation->examples().ids, by_table->examples().ids);
  EXPECT_EQ(by_validation->examples().published_split, by_table->examples().published_split);
}

TEST_F(GfpReal, DeletedStopsGiveTapesLengths) {
  const auto dataset = load("tape_fluorescence_valid.tsv.gz", "delete");
  const auto proteins = std::get<TextView>(dataset->view("protein").data).rows;
  std::map<std::size_t, std::int64_t> lengths;
  for (std::size_t i = 0; i < proteins.size(); ++i) {
    if (dataset->examples().published_split[i] == Part::kValidation) ++lengths[proteins[i].size()];
  }
  EXPECT_EQ(lengths, (std::map<std::size_t, std::int64_t>{{235, 1}, {236, 126}, {237, 5235}}));
}

}  // namespace
}  // namespace seqbench
