// The FASTA files themselves, where they are on the machine.

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <utility>

#include "harness/data/home.h"
#include "tests/unit/data/temp_files.h"
#include "tests/unit/tasks/promoter_support.h"

namespace seqbench {
namespace {

namespace fs = std::filesystem;

fs::path fasta_folder() {
  const char* variable = std::getenv("SEQBENCH_TEST_DATA");
  return (variable != nullptr ? fs::path(variable) : fs::path(SEQBENCH_SOURCE_DIR) / ".." / "shared" / "data") / "promoter";
}

class PromoterReal : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(fasta_folder())) {
      GTEST_SKIP() << "*** NOT TESTED: the promoter FASTA files are not at " << fasta_folder()
                   << "; set SEQBENCH_TEST_DATA to a folder that holds promoter/ ***";
    }
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(fasta_folder())) {
      if (entry.path().extension() == ".gz") paths.push_back(entry.path());
    }
    std::vector<std::pair<std::string, fs::path>> copies;
    for (const ImportedFile& file : test::promoter_task().import_files(paths).files) copies.emplace_back(file.role, file.source);
    data::install_files(files_.path() / "promoter", copies);
  }
  std::map<std::string, std::int64_t> counts(const std::string& positives, const std::string& negatives, std::int64_t rows = 0) const {
    return test::promoter_real(files_.path() / "promoter", positives, negatives, rows)->examples().counts;
  }

 private:
  test::TempFiles files_;
};

using Counts = std::map<std::string, std::int64_t>;

Counts expected(std::int64_t promoters, std::int64_t others, std::int64_t repeated, std::int64_t groups) {
  return {{"promoters in the file", promoters}, {"others in the file", others}, {"repeated", repeated}, {"in both classes", 0},
          {"promoters", promoters},             {"rows", promoters + others - repeated}, {"groups", groups}};
}

TEST_F(PromoterReal, CountsAreThoseOfTheFiles) {
  EXPECT_EQ(counts("mouse_300", "metagenome"), expected(3086, 5359, 0, 3061 + 1000));
  EXPECT_EQ(counts("human_300", "bacteria"), expected(2929, 6636, 1, 2910 + 12));
  EXPECT_EQ(counts("mouse_300", "mouse_genomic"), expected(3086, 3333, 0, 3061 + 100));
  Counts dbtss = expected(1354, 3530, 21, 1315 + 655);
  dbtss["promoters"] = 1334;
  EXPECT_EQ(counts("mouse_dbtss_251", "mouse_nonpromoter"), dbtss);
  Counts mouse = expected(1255, 3530, 3, 1241 + 655);
  mouse["promoters"] = 1253;
  EXPECT_EQ(counts("mouse_251", "mouse_nonpromoter"), mouse);
}

TEST_F(PromoterReal, ThePaperHas2570RowsAnd53PercentPromoters) {
  const Counts drawn = counts("mouse_300", "metagenome", 2570);
  EXPECT_EQ(drawn.at("rows"), 2570);
  EXPECT_EQ(drawn.at("promoters"), 1362);
}

}  // namespace
}  // namespace seqbench
