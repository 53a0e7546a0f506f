// The published tables themselves, where they are on the machine.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "harness/base/text.h"
#include "harness/data/reader.h"
#include "tests/unit/data/temp_files.h"
#include "tests/unit/tasks/tf_support.h"

namespace seqbench {
namespace {

namespace fs = std::filesystem;
using test::tf_table;

fs::path published_folder() {
  const char* variable = std::getenv("SEQBENCH_TEST_DATA");
  return (variable != nullptr ? fs::path(variable) : fs::path(SEQBENCH_SOURCE_DIR) / ".." / "shared" / "data") / "tf";
}

class TfReal : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(published_folder())) {
      GTEST_SKIP() << "*** NOT TESTED: the published TF tables are not at " << published_folder()
                   << "; set SEQBENCH_TEST_DATA to a folder that holds tf/ ***";
    }
  }
  std::unique_ptr<Dataset> load(const std::vector<std::string>& names, const test::TfSettings& settings) {
    std::vector<fs::path> paths;
    for (const std::string& name : names) paths.push_back(published_folder() / name);
    report_ = test::tf_import(paths, files_.path() / "tf");
    return test::tf_real(files_.path() / "tf", settings);
  }

  test::TempFiles files_;
  std::vector<std::string> report_;
};

const std::string kGenes = "genes_expression_hg19.tsv.gz";

TEST_F(TfReal, ReMap) {
  const auto dataset = load({kGenes, "k562_remap2018_gene_tfs.tsv.gz", "k562_remap2018_experiments.tsv"},
                            tf_table("remap2018", "k562"));
  const Examples& examples = dataset->examples();
  EXPECT_EQ(examples.rows(), 11756);
  EXPECT_EQ(examples.counts.at("factors"), 199);
  EXPECT_EQ(examples.counts.at("rows of the table"), 16797);
  EXPECT_EQ(examples.counts.at("rows of the table without expression"), 16797 - 11733);  // some ids are two genes
  EXPECT_EQ(examples.counts.at("genes not in the table"), 15780 - 11756);
  EXPECT_EQ(std::get<SetView>(dataset->view("tf_set").data).features, 199);
}

TEST_F(TfReal, EncodeGeo) {
  const auto dataset = load({kGenes, "k562_encodegeo_gene_tfs.tsv.gz", "k562_encodegeo_experiments.tsv"},
                            tf_table("encodegeo", "k562"));
  EXPECT_EQ(dataset->examples().rows(), 15258);
  EXPECT_EQ(dataset->examples().counts.at("factors"), 135);
}

TEST_F(TfReal, TablesAreToldApartByTheirExperiments) {
  (void)load({kGenes, "k562_encodegeo_gene_tfs.tsv.gz", "k562_remap2018_gene_tfs.tsv.gz", "k562_remap2018_experiments.tsv",
              "k562_encodegeo_experiments.tsv"},
             tf_table("encodegeo", "k562"));
  ASSERT_EQ(report_.size(), 2u);
  EXPECT_TRUE(report_[0].starts_with("remap2018, k562: 11756 genes, 199 factors")) << report_[0];
  EXPECT_TRUE(report_[1].starts_with("encodegeo, k562: 15258 genes, 135 factors")) << report_[1];
}

TEST_F(TfReal, PeaksOfBothCells) {
  const std::vector<std::string> names = {kGenes, "k562_chipseq_peaks_13tf_hg19.bed.gz",
                                          "gm12878_chipseq_peaks_13tf_hg19.bed.gz"};
  const auto k562 = load(names, tf_table("peaks13", "k562"));
  EXPECT_EQ(k562->examples().rows(), 15780);
  EXPECT_EQ(k562->examples().counts.at("factors"), 13);
  EXPECT_EQ(k562->examples().counts.at("peaks"), 215251);
  EXPECT_EQ(k562->examples().counts.at("duplicate peaks"), 0);
  const auto gm12878 = test::tf_real(files_.path() / "tf", tf_table("peaks13", "gm12878"));
  EXPECT_EQ(gm12878->examples().rows(), 15780);
  EXPECT_EQ(gm12878->examples().counts.at("peaks"), 239002);
  EXPECT_NE(gm12878->examples().targets, k562->examples().targets);
  auto without = tf_table("peaks13", "k562");
  without["exclude"] = std::vector<std::string>{"POLR2A", "TBP"};
  EXPECT_EQ(std::get<SetView>(test::tf_real(files_.path() / "tf", without)->view("tf_set").data).features, 11);
}

/// The ready-made matrix, read here anew: its ranges as bits.
TEST_F(TfReal, OwnBinsAreTheReadyMadeOnes) {
  const std::string reference = "k562_gene_tf_bins_13x120x100nt.tsv.gz";
  const auto dataset = load({kGenes, "k562_chipseq_peaks_13tf_hg19.bed.gz", reference}, tf_table("peaks13", "k562"));
  EXPECT_EQ(report_.back(), reference + ": 15780 genes, equal to the bins that the peaks give");
  const BitView view = std::get<BitView>(dataset->view("tf_bins").data);
  ASSERT_EQ(view.height, 13);
  std::vector<std::string> columns = data::header_of(published_folder() / reference);
  columns.erase(columns.begin(), columns.begin() + 3);
  data::TableReader table(published_folder() / reference, columns);  // n_ones, then the factors
  std::int64_t ones = 0;
  for (std::int64_t row = 0; table.next(); ++row) {
    const at::Tensor bits = view.gather(std::span(&row, 1));
    const std::vector<std::uint8_t> own(bits.const_data_ptr<std::uint8_t>(), bits.const_data_ptr<std::uint8_t>() + 13 * 120);
    std::vector<std::uint8_t> made(13 * 120);
    for (std::size_t factor = 0; factor < 13; ++factor) {
      std::string_view left = table.cell(factor + 1);
      while (!left.empty()) {
        const std::string range(left.substr(0, left.find(',')));
        left.remove_prefix(std::min(range.size() + 1, left.size()));
        const std::size_t dash = range.find('-');
        const int first = static_cast<int>(*parse_int(std::string_view(range).substr(0, dash))), last = dash == range.npos ? first : static_cast<int>(*parse_int(range.substr(dash + 1)));
        for (int bin = first; bin <= last; ++bin) made[factor * 120 + static_cast<std::size_t>(bin)] = 1;
      }
    }
    ASSERT_EQ(own, made) << row;
    ASSERT_EQ(table.integer(0), std::ranges::count(own, 1)) << row;
    ones += table.integer(0);
  }
  EXPECT_NEAR(static_cast<double>(ones) / (15780.0 * 13 * 120), 0.022, 0.0005);
}

TEST_F(TfReal, ChromosomeFourOfGm12878) {
  const auto dataset = load({kGenes, "gene_annotation_hg19_hg38.tsv.gz", "gm12878_chr4_tf_chipseq_hg38.bed.gz"},
                            tf_table("peaks_chr4", "gm12878"));
  EXPECT_EQ(dataset->examples().counts.at("factors"), 151);
  EXPECT_EQ(dataset->examples().counts.at("peaks"), 112109);
  EXPECT_EQ(dataset->examples().rows(), 617);
}

TEST_F(TfReal, DeepDiff) {
  std::vector<std::string> names = {"gene_annotation_hg19_hg38.tsv.gz"};
  for (const char* cell : {"cell1", "cell2"}) {
    for (const char* part : {"train", "valid", "test", "expr"}) {
      names.push_back("deepdiff_" + std::string(cell) + "_" + part + ".csv.gz");
    }
  }
  const auto k562 = load(names, tf_table("histone_deepdiff", "k562"));
  const auto h1 = test::tf_real(files_.path() / "tf", tf_table("histone_deepdiff", "h1"));
  EXPECT_EQ(k562->examples().ids, h1->examples().ids);
  EXPECT_EQ(k562->examples().counts.at("histone marks"), 5);
  EXPECT_EQ(k562->examples().counts.at("histone bins"), 200);
  for (const Part part : {Part::kTrain, Part::kValidation, Part::kTest}) {
    EXPECT_EQ(std::ranges::count(k562->examples().published_split, part), 200);
  }
  const auto& chromosomes = std::get<std::vector<std::string>>(k562->examples().fields.at("chromosome"));
  EXPECT_EQ(std::ranges::count(chromosomes, "unknown"), 4);
}

TEST_F(TfReal, AttentiveChromeAndChromoformer) {
  const auto toy = load({"attentivechrome_toy_train.csv.gz", "attentivechrome_toy_valid.csv.gz",
                         "attentivechrome_toy_test.csv.gz", "chromoformer_demo_promoters.tsv.gz"},
                        tf_table("histone_attentivechrome", "toy"));
  EXPECT_EQ(toy->examples().rows(), 30);
  EXPECT_EQ(toy->examples().counts.at("histone bins"), 100);
  double positives = 0;
  for (const double label : toy->examples().targets) positives += label;
  EXPECT_EQ(positives, 3 + 5 + 2);
  const auto demo = test::tf_real(files_.path() / "tf", tf_table("histone_chromoformer", "h1"));
  EXPECT_EQ(demo->examples().rows(), 100);
  EXPECT_EQ(std::get<DenseView>(demo->view("histone").data).features(), 7 * 400);
}

}  // namespace
}  // namespace seqbench
