#include "tasks/data/packed_dna_file.h"

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/data/temp_files.h"

namespace seqbench::tasks {
namespace {

const std::vector<std::string> kRows = {"ACGTN", "T", "GGGTTTAAACCCN", "ACGTA", "NN", "C", "CA", "CAG", "TTTTTTTTTTTTT"};

PackedDna packed(std::size_t first, std::size_t count) {
  PackedDna dna(13);
  for (std::size_t i = first; i < first + count; ++i) dna.add(kRows[i]);
  return dna;
}

std::string write(const std::filesystem::path& path) {
  PackedDnaWriter writer(path, 9, 13);
  writer.append(packed(0, 8), std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7});
  writer.append(packed(8, 1), std::vector<double>{-0.5});
  EXPECT_FALSE(std::filesystem::exists(path));
  writer.commit();
  return test::file_text(path);
}

TEST(PackedDnaFile, RowsReadBackThroughTheMapping) {
  const test::TempFiles files;
  write(files.path() / "rows");
  CodeView codes;
  {
    const PackedDnaFile file = PackedDnaFile::open(files.path() / "rows");
    const PackedDna memory = packed(0, 9);
    ASSERT_EQ(file.dna.rows(), 9);
    for (std::int64_t row = 0; row < 9; ++row) {
      EXPECT_EQ(file.dna.sequence(row), kRows[static_cast<std::size_t>(row)]);
      EXPECT_EQ(file.dna.hash(row), memory.hash(row));
    }
    EXPECT_EQ(file.values[8], -0.5);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(files.path()), {}), 1);
    std::filesystem::remove(files.path() / "rows");
    codes = file.dna.codes();
  }
  const std::vector<std::int64_t> rows = {0, 8};  // the view keeps the mapping
  const at::Tensor gathered = codes.gather(rows);
  EXPECT_EQ(gathered[0][4].item<int>(), kUnknownBase);
  EXPECT_EQ(gathered[0][5].item<int>(), kDnaSymbols);
  EXPECT_EQ(gathered[1][12].item<int>(), 3);
}

TEST(PackedDnaFile, AnyDamageIsRefused) {
  const test::TempFiles files;
  const std::string whole = write(files.path() / "rows");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    if (at >= 32 + 9 * 4 && at < 32 + 40) continue;  // the filling means nothing
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const auto path = files.write("damaged", damaged);
    EXPECT_NE(test::input_error([&] { (void)PackedDnaFile::open(path); }), "") << at;
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{47}, whole.size() - 8, whole.size() - 1}) {
    const auto path = files.write("cut", whole.substr(0, size));
    EXPECT_NE(test::input_error([&] { (void)PackedDnaFile::open(path); }), "") << size;
  }
  EXPECT_NE(test::input_error([&] { (void)PackedDnaFile::open(files.path() / "absent"); }), "");
}

TEST(PackedDnaFile, WhatIsNotCommittedIsNotThere) {
  const test::TempFiles files;
  {
    PackedDnaWriter writer(files.path() / "rows", 9, 13);
    writer.append(packed(0, 8), std::vector<double>(8));
  }
  EXPECT_TRUE(std::filesystem::is_empty(files.path()));
}

TEST(PackedDna, RowsAreAppendedDroppedAndFitted) {
  PackedDna dna = packed(0, 2);
  dna.append(packed(4, 4));
  dna.drop_last();
  ASSERT_EQ(dna.rows(), 5);
  EXPECT_EQ(dna.sequence(2), "NN");
  dna.add("NA");
  EXPECT_EQ(dna.sequence(5), "NA");
  dna.drop_last();
  dna.fit_longest();
  EXPECT_EQ(dna.longest(), 5);
  EXPECT_EQ(dna.codes().length(), 5);
  EXPECT_EQ(dna.sequence(0), "ACGTN");
}

TEST(PackedDna, TheHashIsOfTheLettersAlone) {
  PackedDna narrow(5), wide(90);
  for (const char* letters : {"ACGTA", "ACGTN", "NCGTA", "ACGT", "A"}) {
    narrow.add(letters);
    wide.add(letters);
  }
  for (std::int64_t a = 0; a < 5; ++a) {
    EXPECT_EQ(narrow.hash(a), wide.hash(a));
    for (std::int64_t b = 0; b < a; ++b) EXPECT_NE(narrow.hash(a), narrow.hash(b));
  }
}

}  // namespace
}  // namespace seqbench::tasks
