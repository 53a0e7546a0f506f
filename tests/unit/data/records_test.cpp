#include "harness/data/records.h"

#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "tests/unit/data/temp_files.h"

namespace seqbench::data {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

class RecordsTest : public testing::Test {
 protected:
  test::TempFiles files_;

  Pairs read(const std::string& name, const std::string& text, RecordOptions options = {}) {
    RecordReader reader(files_.write(name, text), std::move(options));
    Pairs pairs;
    TextRecord record;
    while (reader.next(record)) pairs.emplace_back(record.id, record.text);
    return pairs;
  }
  std::string fault(const std::string& name, const std::string& text, RecordOptions options = {}) {
    try {
      read(name, text, std::move(options));
    } catch (const InputError& error) {
      return error.what();
    }
    return "no fault";
  }
};

TEST_F(RecordsTest, FastaOverSeveralLinesByNameOrContent) {
  const Pairs expected = {{"a", "ACGTNN"}, {"a", "AC"}};
  EXPECT_EQ(read("x.fa", ">a first\nACGT\r\nNN\n\n>a\nAC"), expected);
  EXPECT_EQ(read("x", ">a first\nACGT\nNN\n>a\nAC\n"), expected);
}

TEST_F(RecordsTest, Fastq) {
  EXPECT_EQ(read("x.fq", "@r1 len=4\nACGT\n+r1\nIIII\n@r2\n\n+\n\n\n"), (Pairs{{"r1", "ACGT"}, {"r2", ""}}));
  EXPECT_EQ(read("x", "@@\nAC\n+\n@@\n"), (Pairs{{"@", "AC"}}));
}

TEST_F(RecordsTest, Tables) {
  const std::string tsv = "name\tseq\nx\tAC\ny\t\n";
  EXPECT_EQ(read("x.tsv", tsv, {.column = "seq", .id_column = "name"}), (Pairs{{"x", "AC"}, {"y", ""}}));
  EXPECT_EQ(read("x", tsv, {.column = "seq"}), (Pairs{{"0", "AC"}, {"1", ""}}));
  EXPECT_EQ(read("x.csv", "seq,b\n\"a,b\",1\n", {.column = "seq"}), (Pairs{{"0", "a,b"}}));
}

TEST_F(RecordsTest, LinesKeepTheirNumbers) {
  EXPECT_EQ(read("x.txt", "one\n\n>two"), (Pairs{{"0", "one"}, {"1", ""}, {"2", ">two"}}));
  EXPECT_EQ(read("x", "one two\n"), (Pairs{{"0", "one two"}}));
  EXPECT_EQ(read("x", ">a\n", {.format = RecordFormat::kLines}), (Pairs{{"0", ">a"}}));
}

TEST_F(RecordsTest, NothingIsNothing) {
  for (const char* name : {"x", "x.fa", "x.fq", "x.txt"}) EXPECT_EQ(read(name, ""), Pairs{}) << name;
}

TEST_F(RecordsTest, FaultsNameTheirPlace) {
  EXPECT_NE(fault("x.fa", "ACGT\n").find("x.fa:1: a record begins with \">\""), std::string::npos);
  EXPECT_NE(fault("x.fa", ">a\n>b\nA\n").find("x.fa:1: the record \"a\" has no sequence"), std::string::npos);
  EXPECT_NE(fault("x.fa", ">a\nAC\nA1\n").find("x.fa:3: a sequence has letters"), std::string::npos);
  EXPECT_NE(fault("x.fa", "> a\nAC\n").find("x.fa:1: a record without a name"), std::string::npos);
  EXPECT_NE(fault("x.fa", ">a\x01\nAC\n").find("x.fa:1: a name is UTF-8"), std::string::npos);
  EXPECT_NE(fault("x.fq", "@a\nACGT\n+\nIII\n").find("x.fq:4: a quality of 3 characters for a sequence of 4"), std::string::npos);
  EXPECT_NE(fault("x.fq", "@a\nACGT\n+\n").find("x.fq:3: the file ends in a record, before its quality"), std::string::npos);
  EXPECT_NE(fault("x.fq", "@a\nAC\n+b\nII\n").find("x.fq:3: \"+\", alone or with"), std::string::npos);
  EXPECT_NE(fault("x.tsv", "a\tb\n1\t2\n").find("x.tsv:1: a table needs --column, the name of the column that holds the texts; there are: a, b"), std::string::npos);
  EXPECT_NE(fault("x.tsv", "a\tb\n1\n", {.column = "a"}).find("x.tsv:2: 1 cells"), std::string::npos);
  EXPECT_NE(fault("x.tsv", "a\tb\n", {.column = "c"}).find("x.tsv:1: no column \"c\", there are: a, b"), std::string::npos);
  EXPECT_NE(fault("x.fa", ">a\nA\n", {.format = RecordFormat::kFasta, .column = "c"}).find("columns are of tsv and csv"), std::string::npos);
  EXPECT_NE(fault("x.csv", "n,s\n\"a\nb\",1\n", {.column = "s", .id_column = "n"}).find("x.csv:2: a name is UTF-8"), std::string::npos);
}

TEST_F(RecordsTest, ARecordHasABound) {
  EXPECT_NE(fault("x.fa", ">a\nACGT\nACGT\nA\n", {.record_bytes = 8}).find("x.fa:4: the record is longer than 8 bytes"), std::string::npos);
  EXPECT_EQ(read("x.fa", ">a\nACGT\nACGT\n>b\nACGTACGT\n", {.record_bytes = 8}).size(), 2u);
}

}  // namespace
}  // namespace seqbench::data
