#include "harness/data/csv.h"

#include <gtest/gtest.h>

#include "tests/unit/data/temp_files.h"

namespace seqbench::data {
namespace {

using test::input_error;
using test::TempFiles;
using Cells = std::vector<std::vector<std::string>>;

/// The header and all rows.
Cells read(std::string_view text, char separator = ',', ReadLimits limits = {}) {
  const TempFiles files;
  CsvReader reader(files.write("x.csv", text), separator, limits);
  Cells cells = {reader.header()};
  while (reader.next()) cells.emplace_back(reader.cells().begin(), reader.cells().end());
  return cells;
}

TEST(Csv, CellsAreQuotedOrNot) {
  EXPECT_EQ(read("a,b\n1,2\n"), (Cells{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(read("a,b\r\n1,2"), (Cells{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(read("a,b\n\"1,5\",\"say \"\"x\"\"\"\n"), (Cells{{"a", "b"}, {"1,5", "say \"x\""}}));
  EXPECT_EQ(read("a,b\n\"\",\n"), (Cells{{"a", "b"}, {"", ""}}));
  EXPECT_EQ(read("a,b\n5\" pipe,x\n"), (Cells{{"a", "b"}, {"5\" pipe", "x"}}));
  EXPECT_EQ(read("\"a\"\t\"b\"\n1,5\t2\n", '\t'), (Cells{{"a", "b"}, {"1,5", "2"}}));
}

TEST(Csv, AQuotedCellMayHoldLineBreaks) {
  EXPECT_EQ(read("a,b\n\"one\ntwo\r\n\",x\n"), (Cells{{"a", "b"}, {"one\ntwo\n", "x"}}));
}

TEST(Csv, MarksAndEmptyLinesAreNoContent) {
  EXPECT_EQ(read("\xEF\xBB\xBF\"a\",b\n\n1,2\n\n"), (Cells{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(read("a\n\n1\n"), (Cells{{"a"}, {"1"}}));
}

TEST(Csv, RowsAreCountedWhereTheyBegin) {
  const TempFiles files;
  CsvReader reader(files.write("x.csv", "a,b\n\"1\n2\",x\ny,z\n"), ',');
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.line_number(), 2);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.line_number(), 4);
  EXPECT_FALSE(reader.next());
}

struct Broken {
  const char* text;
  const char* says;
};

TEST(Csv, BrokenFilesAreRefusedAtTheirLine) {
  for (const Broken& broken : {Broken{"", "x.csv:1: the file is empty"}, {"\n\n", "x.csv:1: the file is empty"},
                               {"a,b\n1\n", "x.csv:2: 1 cells, the header has 2"}, {"a,b\n1,2,3\n", "x.csv:2: 3 cells"},
                               {"a,b\n1,\"2\n3\n", "x.csv:2: a quoted cell is never closed"},
                               {"a,b\n1,2\n\"1\"x,2\n", "x.csv:3: a closing quote is followed by \"x,2\""}}) {
    EXPECT_NE(input_error([&] { read(broken.text); }).find(broken.says), std::string::npos)
        << broken.text << "\n" << input_error([&] { read(broken.text); });
  }
}

TEST(Csv, ARowIsBounded) {
  const std::string lines(50, '\n');
  EXPECT_NE(input_error([&] { read("a\n\"" + lines + "\"\n", ',', {.line_bytes = 20, .total_bytes = 1000}); }).find("x.csv:2: the row is longer"),
            std::string::npos);
  EXPECT_NE(input_error([&] { read(std::string(70000, ',') + "\n"); }).find("more than 65536 columns"), std::string::npos);
}

TEST(Csv, GzipIsRead) {
  const TempFiles files;
  CsvReader reader(files.write("x.csv.gz", test::gzip("a,b\n1,2\n")), ',');
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.cells()[1], "2");
}

}  // namespace
}  // namespace seqbench::data
