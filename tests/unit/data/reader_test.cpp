#include "harness/data/reader.h"

#include <gtest/gtest.h>

#include "tests/unit/data/temp_files.h"

namespace seqbench::data {
namespace {

using test::bgzip;
using test::gzip;
using test::input_error;
using test::TempFiles;

std::vector<std::string> lines_of(const std::filesystem::path& path, ReadLimits limits = {}) {
  LineReader reader(path, limits);
  std::vector<std::string> lines;
  std::string_view line;
  while (reader.next(line)) lines.emplace_back(line);
  EXPECT_FALSE(reader.next(line));  // the end stays the end
  EXPECT_EQ(reader.line_number(), static_cast<std::int64_t>(lines.size()));
  return lines;
}

/// Text that does not compress away: 5,000 lines.
std::string long_text() {
  std::string text;
  std::uint32_t state = 1;
  for (int i = 0; i < 5000; ++i) {
    for (int j = 0; j < 60; ++j) {
      state = state * 1664525u + 1013904223u;
      text += static_cast<char>('a' + (state >> 24) % 26);
    }
    text += '\n';
  }
  return text;
}

constexpr std::size_t kEndMarker = 28;  // bytes

TEST(LineReader, PlainGzipAndBgzipReadTheSame) {
  const TempFiles files;
  const std::string text = "a\nb\r\n\nlast";
  const std::vector<std::string> expected = {"a", "b", "", "last"};
  EXPECT_EQ(lines_of(files.write("plain", text)), expected);
  EXPECT_EQ(lines_of(files.write("one.gz", gzip(text))), expected);
  EXPECT_EQ(lines_of(files.write("two_members.gz", gzip("a\nb\r") + gzip("\n\nlast"))), expected);
  EXPECT_EQ(lines_of(files.write("b.gz", bgzip(text))), expected);
  EXPECT_TRUE(lines_of(files.write("empty", "")).empty());
  EXPECT_TRUE(lines_of(files.write("empty.gz", gzip(""))).empty());
}

TEST(LineReader, LinesAcrossChunksAreWhole) {
  const TempFiles files;
  std::vector<std::string> expected;
  std::string text;
  for (const std::size_t length : {65535u, 1u, 65536u, 0u, 200000u, 65537u, 7u}) {
    expected.emplace_back(length, static_cast<char>('a' + expected.size()));
    text += expected.back() + "\n";
  }
  EXPECT_EQ(lines_of(files.write("plain", text)), expected);
  EXPECT_EQ(lines_of(files.write("gz", gzip(text))), expected);
  text.pop_back();  // no end of line at the end
  EXPECT_EQ(lines_of(files.write("open", text)), expected);
}

TEST(LineReader, TruncatedGzipIsAnErrorWhereverItIsCut) {
  const TempFiles files;
  const std::string whole = gzip(long_text());
  ASSERT_EQ(lines_of(files.write("whole.gz", whole)).size(), 5000u);
  for (const std::size_t cut : {std::size_t{1}, std::size_t{8}, std::size_t{9}, whole.size() / 2, whole.size() - 100}) {
    const auto path = files.write("cut.gz", std::string_view(whole).substr(0, whole.size() - cut));
    const std::string message = input_error([&] { lines_of(path); });
    EXPECT_TRUE(message.ends_with("the gzip stream is truncated or corrupt")) << cut << ": " << message;
    EXPECT_TRUE(message.starts_with(path.string() + ":")) << message;
  }
}

TEST(LineReader, TruncatedBgzipIsAnErrorEvenBetweenBlocks) {
  const TempFiles files;
  const std::string whole = bgzip(long_text());
  ASSERT_EQ(lines_of(files.write("whole.gz", whole)).size(), 5000u);
  const auto path = files.write("cut.gz", std::string_view(whole).substr(0, whole.size() - kEndMarker));
  EXPECT_EQ(input_error([&] { lines_of(path); }),
            path.string() + ": the bgzip file is truncated: its end marker is missing");
  const auto inside = files.write("inside.gz", std::string_view(whole).substr(0, whole.size() / 2));
  EXPECT_NE(input_error([&] { lines_of(inside); }).find("truncated"), std::string::npos);
}

TEST(LineReader, CorruptGzipIsAnError) {
  const TempFiles files;
  std::string bytes = gzip(long_text());
  for (const std::size_t at : {bytes.size() / 2, bytes.size() - 6}) {  // data, checksum
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    const auto path = files.write("bad.gz", damaged);
    EXPECT_NE(input_error([&] { lines_of(path); }).find("truncated or corrupt"), std::string::npos) << at;
  }
  const auto trailing = files.write("trailing.gz", bytes + "garbage");
  EXPECT_NE(input_error([&] { lines_of(trailing); }).find("truncated or corrupt"), std::string::npos);
}

TEST(LineReader, ErrorsPrintNothingElse) {
  const TempFiles files;
  const auto path = files.write("cut.gz", gzip(long_text()).substr(0, 5000));
  testing::internal::CaptureStderr();
  EXPECT_NE(input_error([&] { lines_of(path); }), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(LineReader, LimitsHoldAgainstBombs) {
  const TempFiles files;
  const auto one_line = files.write("line.gz", gzip("short\n" + std::string(1 << 22, 'x')));
  EXPECT_EQ(input_error([&] { lines_of(one_line); }), one_line.string() + ":2: the line is longer than 1048576 bytes");
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "aaaaaaaaa\n";
  const auto bomb = files.write("bomb.gz", gzip(text));
  ASSERT_LT(std::filesystem::file_size(bomb), 5000u);
  const std::string message = input_error([&] { lines_of(bomb, {.line_bytes = 100, .total_bytes = 300000}); });
  EXPECT_TRUE(message.ends_with("more than 300000 bytes of text")) << message;
  EXPECT_EQ(lines_of(bomb, {.line_bytes = 9, .total_bytes = 1000000}).size(), 100000u);
}

TEST(LineReader, NulByteIsAnErrorAtItsLine) {
  const TempFiles files;
  const auto path = files.write("nul", std::string("a\nb\0c\n", 6));
  EXPECT_EQ(input_error([&] { lines_of(path); }), path.string() + ":2: a NUL byte: this is not a text file");
}

TEST(LineReader, MissingFilesAndFoldersAreNamed) {
  const TempFiles files;
  const auto missing = files.path() / "none.tsv";
  EXPECT_EQ(input_error([&] { LineReader reader(missing); }),
            missing.string() + ": cannot be opened: No such file or directory");
  EXPECT_EQ(input_error([&] { LineReader reader(files.path()); }), files.path().string() + ": must be a regular file");
  EXPECT_EQ(input_error([&] { LineReader reader("data:,a"); }), "data:,a: cannot be opened: No such file or directory");
}

TEST(TableReader, FindsColumnsByNameAndIgnoresOthers) {
  const TempFiles files;
  TableReader table(files.write("t", "a\tsurplus\tb\n1\tx\t2.5\n-3\t\t1e2\n"), {"b", "a"});
  ASSERT_TRUE(table.next());
  EXPECT_EQ(table.number(0), 2.5);
  EXPECT_EQ(table.integer(1), 1);
  EXPECT_EQ(table.line_number(), 2);
  ASSERT_TRUE(table.next());
  EXPECT_EQ(table.number(0), 100);
  EXPECT_EQ(table.cell(1), "-3");
  EXPECT_FALSE(table.next());
}

TEST(TableReader, BetweenCommasCellsMayStandInQuotes) {
  const TempFiles files;
  TableReader table(files.write("t", "a,b,c\n1,\"x, y\",3\n,\"\",\"z\"\n"), {"a", "b", "c"}, ',');
  ASSERT_TRUE(table.next());
  EXPECT_EQ(table.cell(1), "x, y");
  EXPECT_EQ(table.cell(2), "3");
  ASSERT_TRUE(table.next());
  EXPECT_EQ(table.cell(0), "");
  EXPECT_EQ(table.cell(1), "");
  EXPECT_EQ(table.cell(2), "z");
  EXPECT_FALSE(table.next());
  const auto fault = [&](const std::string& row) {
    const auto path = files.write("broken", "a,b\n" + row + "\n");
    const std::string message = input_error([&] { (void)TableReader(path, {"a", "b"}, ',').next(); });
    return message.substr(std::min(message.size(), path.string().size()));
  };
  EXPECT_EQ(fault("1,\"x"), ":2: a quote is not closed");
  EXPECT_EQ(fault("\"1\"\"2\",3"), ":2: a quote inside a quoted cell, or text behind one");
  EXPECT_EQ(fault("\"1,2\""), ":2: 1 cells, the header has 2");
}

TEST(TableReader, FaultsNameFileLineColumnAndValue) {
  const TempFiles files;
  const auto error = [&](const char* text, auto&& read) {
    const auto path = files.write("t", text);
    const std::string message = input_error([&] {
      TableReader table(path, {"a", "b"});
      while (table.next()) read(table);
    });
    EXPECT_TRUE(message.starts_with(path.string() + ":")) << message;
    return message.substr(std::min(message.size(), path.string().size() + 1));
  };
  const auto skip = [](const TableReader&) {};
  EXPECT_EQ(error("", skip), "1: the file is empty, a header with a, b is needed");
  EXPECT_EQ(error("a\tc\n", skip), "1: no column \"b\", the header is \"a?c\"");
  EXPECT_EQ(error("a\tb\ta\n", skip), "1: more than one column \"a\", the header is \"a?b?a\"");
  EXPECT_EQ(error("a\tb\n1\t2\n1\t2\t3\n", skip), "3: 3 cells, the header has 2");
  EXPECT_EQ(error("a\tb\n\n", skip), "2: 1 cells, the header has 2");
  const auto number = [](const TableReader& table) { (void)table.number(1); };
  EXPECT_EQ(error("a\tb\n1\tnan\n", number), "2: b must be a finite number, got \"nan\"");
  EXPECT_EQ(error("a\tb\n1\t2x\n", number), "2: b must be a finite number, got \"2x\"");
  const auto integer = [](const TableReader& table) { (void)table.integer(0); };
  EXPECT_EQ(error("a\tb\n1.5\t2\n", integer), "2: a must be an integer, got \"1.5\"");
}

TEST(HeaderOf, ReadsOneLineOfAnyCompression) {
  const TempFiles files;
  const std::vector<std::string> expected = {"x", "", "y"};
  EXPECT_EQ(header_of(files.write("t", "x\t\ty\nrest")), expected);
  EXPECT_EQ(header_of(files.write("t.gz", gzip("x,,y\n" + long_text())), ','), expected);
  const auto no_end = files.write("long", std::string(1 << 20, 'x'));
  EXPECT_NE(input_error([&] { (void)header_of(no_end); }).find("longer than"), std::string::npos);
  const auto empty = files.write("empty", "");
  EXPECT_EQ(input_error([&] { (void)header_of(empty); }), empty.string() + ":1: the file is empty");
}

TEST(IsGzip, GoesByContent) {
  const TempFiles files;
  EXPECT_TRUE(is_gzip(files.write("a.tsv", gzip("x"))));
  EXPECT_FALSE(is_gzip(files.write("a.gz", "x")));
  EXPECT_FALSE(is_gzip(files.write("empty.gz", "")));
}

TEST(ReadFasta, JoinsLinesAndCutsNames) {
  const TempFiles files;
  std::vector<FastaRecord> records;
  read_fasta(files.write("f", ">one first record\nACG\nT*\n\n>two\nacgt-\r\n"),
             [&](FastaRecord&& record) { records.push_back(std::move(record)); });
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].name, "one");
  EXPECT_EQ(records[0].sequence, "ACGT*");
  EXPECT_EQ(records[1].name, "two");
  EXPECT_EQ(records[1].sequence, "acgt-");
}

TEST(ReadFasta, FaultsHaveAPlace) {
  const TempFiles files;
  const auto error = [&](const char* text) {
    const auto path = files.write("f", text);
    const std::string message = input_error([&] { read_fasta(path, [](FastaRecord&&) {}); });
    return message.substr(std::min(message.size(), path.string().size() + 1));
  };
  EXPECT_EQ(error(""), "1: no FASTA record");
  EXPECT_EQ(error("ACGT\n"), "1: a FASTA file must begin with \">\"");
  EXPECT_EQ(error(">\nACGT\n"), "1: a record without a name");
  EXPECT_EQ(error(">a\n>b\nAC\n"), "2: the record \"a\" has no sequence");
  EXPECT_EQ(error(">a\nAC\n>b\n"), "3: the record \"b\" has no sequence");
  EXPECT_EQ(error(">a\nAC GT\n"), "2: a sequence has letters, \"*\", \"-\" and \".\", got \" \" at column 3");
}

std::vector<BedRecord> bed_of(const std::filesystem::path& path, ReadLimits limits = {}) {
  std::vector<BedRecord> records;
  read_bed(path, [&records](BedRecord&& record) { records.push_back(std::move(record)); }, limits);
  return records;
}

TEST(Bed, RecordsCommentsAndTracks) {
  const TempFiles files;
  const auto records = bed_of(files.write("a.bed", "browser position\ntrack name=x\n#c\n\nchr1\t0\t100\tCTCF\t5\r\nchrX\t7\t9\n"));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].chromosome, "chr1");
  EXPECT_EQ(records[0].start, 0);
  EXPECT_EQ(records[0].end, 100);
  EXPECT_EQ(records[0].name, "CTCF");
  EXPECT_EQ(records[1].chromosome, "chrX");
  EXPECT_EQ(records[1].name, "");
}

TEST(Bed, FaultsNameTheirLine) {
  const TempFiles files;
  const auto refused = [&files](const std::string& line, const std::string& expected) {
    try {
      static_cast<void>(bed_of(files.write("b.bed", "chr1\t1\t2\n" + line)));
      ADD_FAILURE() << line;
    } catch (const InputError& error) {
      EXPECT_NE(std::string(error.what()).find("b.bed:2: " + expected), std::string::npos) << error.what();
    }
  };
  refused("chr1\t1\n", "2 columns, a BED line has at least 3");
  refused("chr1 1 2\n", "1 columns");
  refused("\t1\t2\n", "a BED line without a chromosome");
  for (const char* places : {"-1\t2", "2\t2", "3\t2", "1\t", "1.0\t2", "1\t9223372036854775808", " 1\t2", "0x1\t5"}) {
    refused(std::string("chr1\t") + places + "\n", "start and end must be integers with 0 <= start < end");
  }
  refused("chr1\t1\t2\t" + std::string(1, '\0') + "\n", "a NUL byte");
}

TEST(Bed, IsBounded) {
  const TempFiles files;
  const auto path = files.write("c.bed", "chr1\t1\t2\nchr1\t1\t2\t" + std::string(100, 'x') + "\n");
  EXPECT_THROW(static_cast<void>(bed_of(path, {50, 1u << 20})), InputError);
  EXPECT_THROW(static_cast<void>(bed_of(path, {1000, 60})), InputError);
  EXPECT_EQ(bed_of(path).size(), 2u);
}

}  // namespace
}  // namespace seqbench::data
