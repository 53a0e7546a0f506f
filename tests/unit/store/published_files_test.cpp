#include "harness/store/published_files.h"

#include <gtest/gtest.h>

#include <fstream>

#include "harness/base/error.h"
#include "tests/support/temp_folder.h"

namespace seqbench::store {
namespace {

namespace fs = std::filesystem;

const std::string kHeader =
    "paper\ttable\trow\tcolumn\ttask\tmodel\tmetric\tsplit\tselected_on\tvalue\tlow\thigh\tn_"
    "eval\tn_eval_from\tstatus\tnote\tquote\n";

class PublishedFiles : public testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
    return folder_.path() / name;
  }
  void refused(const std::string& row, const std::string& expected) const {
    try {
      (void)read_published(write("p.tsv", kHeader + row));
      FAIL() << row;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find(expected), std::string::npos) << error.what();
    }
  }
  TempFolder folder_;
};

TEST_F(PublishedFiles, NumbersKeepTheirPrecision) {
  const Paper paper =
      read_published(write("p.tsv", "# made by hand\n" + kHeader +
                                        "p\tT\tr\ta\ttoy\tnet\tmse\ttest\tvalidation\t0.50\t\t\t64\tprinted\tprinted\tn\tq\n"
                                        "p\tT\tr\tb\t\t\tk\t\t\t110e6\t\t\t\t\tprinted\t\t\n"
                                        "p\tT\tr\tc\t\t\tk\t\t\t1e-4\t\t\t\t\tprinted\t\t\n"
                                        "p\tT\tr\td\ttoy\t\tf1\ttest\t\t\t0.85\t0.9\t\t\tprinted\t\t\n"
                                        "p\tT\tr\te\ttoy\t\tf1\ttest\t\t\t\t\t\t\tmissing\t\t\r\n"));
  ASSERT_EQ(paper.rows.size(), 5u);
  EXPECT_EQ(paper.name, "p");
  EXPECT_DOUBLE_EQ(half_unit(paper.rows[0]), 0.005);
  EXPECT_EQ(paper.rows[0].n_eval, 64);
  EXPECT_FALSE(paper.rows[0].n_eval_derived);
  EXPECT_EQ(paper.rows[0].quote, "q");
  EXPECT_DOUBLE_EQ(*paper.rows[1].value, 110e6);
  EXPECT_DOUBLE_EQ(half_unit(paper.rows[1]), 0.5e6);
  EXPECT_NEAR(half_unit(paper.rows[2]), 0.5e-4, 1e-18);
  EXPECT_DOUBLE_EQ(*paper.rows[3].high, 0.9);
  EXPECT_DOUBLE_EQ(half_unit(paper.rows[3]), 0.005);
  EXPECT_FALSE(paper.rows[4].value);
}

TEST_F(PublishedFiles, FaultsNameLineColumnAndValue) {
  refused("p\tT\tr\ta\t\t\tk\t\t\tx\t\t\t\t\tprinted\t\t\n",
          "p.tsv:2: column 'value' must be a number or empty, got 'x'");
  refused("p\tT\tr\ta\t\t\tk\tdev\t\t1\t\t\t\t\tprinted\t\t\n", "column 'split' must be one of");
  refused("p\tT\tr\ta\t\t\tk\t\t\t1\t\t\t\t\tguessed\t\t\n",
          "column 'status' must be one of: printed reconstructed misprint missing");
  refused("p\tT\tr\ta\t\t\tk\t\t\t\t\t\t\t\tprinted\t\t\n", "status 'printed' does not go with no value");
  refused("p\tT\tr\ta\t\t\tk\t\t\t\t2\t1\t\t\tprinted\t\t\n", "a range is low and high");
  refused("q\tT\tr\ta\t\t\tk\t\t\t1\t\t\t\t\tprinted\t\t\n", "paper 'q' in the file of 'p'");
  refused("p\tT\tr\ta\t\t\tk\t\t\t1\t\t\t\t\tprinted\t\n", "16 cells, the header has 17");
  refused("p\tT\tr\ta\t\t\tk\t\t\t1\t\t\t64\t\tprinted\t\t\n", "n_eval and n_eval_from go together");
  refused("p\tT\tr\ta\t\t\tk\t\t\t1\t\t\t64\tguessed\tprinted\t\t\n", "column 'n_eval_from' must be one of");
  EXPECT_TRUE(read_published(write("p.tsv", kHeader + "p\tT\tr\ta\t\t\tk\t\t\t1\t\t\t64\tderived\tprinted\t\t\n"))
                  .rows.at(0)
                  .n_eval_derived);
  const std::string row = "p\tT\tr\ta\t\t\tk\t\t\t1\t\t\t\t\tprinted\t\t\n";
  refused(row + row, "p.tsv:3: table, row and column stand here a second time");
}

TEST_F(PublishedFiles, ClaimsAndMoments) {
  const std::string head = "paper\tclaim\tstatement\tform\ttable\tcolumns\tleft\tright\tplace\tnote\n";
  const auto claims =
      read_claims(write("claims.tsv", head + "p\tp-1\tA beats B\tgreater\tT 1; T 2\tf1,-mse\ta;b\tc\t1\t\n"));
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_EQ(claims[0].tables, (std::vector<std::string>{"T 1", "T 2"}));
  EXPECT_EQ(claims[0].columns, (std::vector<std::string>{"f1", "-mse"}));
  EXPECT_EQ(claims[0].left, (std::vector<std::string>{"a", "b"}));
  EXPECT_THROW((void)read_claims(write("claims.tsv", head + "p\tp-1\tA beats B\tgreater\tT\tf1\ta\t\t1\t\n")),
               InputError);
  EXPECT_THROW((void)read_claims(write("claims.tsv", head + "p\tp-1\tA falls\tcurve\tcurves\trises\ta\t\t1\t\n")), InputError);
  EXPECT_THROW((void)read_claims(write("claims.tsv", head + "p\tp-1\tA falls\tcurve\tcurves\tfalls\ta\tb\t1\t\n")), InputError);
  EXPECT_EQ(read_claims(write("claims.tsv", head + "p\tp-1\tA falls\tcurve\tcurves\tsteadier\ta\tb\t1\t\n")).at(0).form, "curve");
  EXPECT_THROW((void)read_claims(write("claims.tsv", head + "p\tp-1\tA beats B\tbeats\tT\tf1\ta\tb\t1\t\n")),
               InputError);
  const std::string moments = "task\tsplit\tnum_mutations\tn\tmean\tvariance\tmin\tmax\tmin_length\tmax_length\n";
  const auto read =
      read_moments(write("moments.tsv", moments + "toy\ttest\tall\t3\t2\t0.5\t1\t3\t9\t10\ntoy\ttest\t4\t1\t3\t0\t3\t3\t10\t10\n"));
  EXPECT_FALSE(read[0].mutations);
  EXPECT_EQ(read[1].mutations, 4);
  EXPECT_EQ(read[0].min_length, 9);
  EXPECT_EQ(read[0].max_length, 10);
  EXPECT_THROW((void)read_moments(write("moments.tsv", moments + "toy\ttest\tall\t3\t5\t0.5\t1\t3\t9\t10\n")), InputError);
  EXPECT_THROW((void)read_moments(write("moments.tsv", moments + "toy\ttest\tall\t3\t2\t0.5\t1\t3\t10\t9\n")), InputError);
  EXPECT_THROW((void)read_moments(write("moments.tsv", moments + "toy\ttest\tall\t3\t2\t0.5\t1\t3\t\t237\n")), InputError);
}

TEST_F(PublishedFiles, TheCommittedOnesHoldEveryNumberAndClaim) {
  const PublishedFolder folder = read_published_folder(fs::path(SEQBENCH_SOURCE_DIR) / "results/published");
  std::size_t numbers = 0, added = 0;
  for (const Paper& paper : folder.papers) {
    if (paper.name == "tape") continue;
    for (const PublishedRow& row : paper.rows) {
      numbers += row.low ? 2u : 1u;  // a range was two numbers of the transcription
      if (row.note.find("not among the 291 numbers") != std::string::npos) ++added;
    }
  }
  EXPECT_EQ(numbers - added, 291u);
  EXPECT_EQ(folder.claims.size(), 59u);
  EXPECT_EQ(folder.paper("utk").rows.size(), 22u);
  EXPECT_THROW((void)folder.paper("mino"), InputError);
  for (const Claim& claim : folder.claims) EXPECT_NO_THROW((void)folder.paper(claim.paper));
}

}  // namespace
}  // namespace seqbench::store
