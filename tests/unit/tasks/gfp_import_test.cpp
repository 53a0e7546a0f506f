// Import and load of published tables, whole and broken, as a user meets them.

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/data/home.h"
#include "tasks/gfp_fluorescence/genotypes.h"
#include "tests/unit/data/temp_files.h"
#include "tests/unit/tasks/gfp_support.h"

namespace seqbench {
namespace {

using tasks::gfp_fluorescence::kWildType;
using test::gzip;
using test::input_error;
using test::TempFiles;

const std::string kGenotypes =
    "aaMutations\tuniqueBarcodes\tmedianBrightness\tstd\n"
    "\t3645\t3.7192121319\t0.1\n"
    "SA108D\t1\t1.30103000388\t\n"
    "SA108D:SN144D:SI186V:SM231T:SL234P\t1\t1.30103123972\t\n"
    "SY90S:SN103*\t2\t3.5\t0.2\n";

/// TAPE's row of SY90S:SN103*: the stop is gone, the label is float32.
std::string valid_table() {
  std::string sequence(kWildType);
  sequence[90] = 'S';
  sequence.erase(103, 1);
  return "index\tprimary\tprotein_length\tlog_fluorescence\tnum_mutations\n0\t" + sequence + "\t236\t3.5\t2\n";
}

const std::string kSplits =
    "aaMutations\tnum_mutations\tsplit\ttape_valid_index\n"
    "\t0\ttrain\t\n"
    "SA108D\t1\ttrain\t\n"
    "SA108D:SN144D:SI186V:SM231T:SL234P\t5\ttest\t\n"
    "SY90S:SN103*\t2\tvalid\t0\n";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("the test's table has no " + from);
  return text.replace(at, from.size(), to);
}

class GfpImport : public testing::Test {
 protected:
  ImportPlan plan(const std::vector<std::filesystem::path>& paths) const {
    return test::gfp_task().import_files(paths);
  }
  /// The fault of importing these two files, without the folder.
  std::string fault(const std::string& genotypes, const std::string& valid) const {
    const std::vector<std::filesystem::path> paths = {files.write("genotypes.tsv", genotypes),
                                                      files.write("valid.tsv", valid)};
    const std::string message = input_error([&] { (void)plan(paths); });
    const std::string folder = files.path().string() + "/";
    return message.starts_with(folder) ? message.substr(folder.size()) : message;
  }
  std::string genotypes_fault(const std::string& from, const std::string& to) const {
    return fault(replaced(kGenotypes, from, to), valid_table());
  }
  std::string valid_fault(const std::string& from, const std::string& to) const {
    return fault(kGenotypes, replaced(valid_table(), from, to));
  }

  const TempFiles files;
};

TEST_F(GfpImport, ImportedFilesLoadWithThePublishedSplit) {
  const std::vector<std::filesystem::path> paths = {
      files.write("any name", gzip(valid_table())), files.write("table.txt", kGenotypes),
      files.write("wt.fa", ">avGFP wild type\n" + std::string(kWildType) + "\n"), files.write("parts", gzip(kSplits))};
  const ImportPlan found = plan(paths);
  EXPECT_EQ(found.report, (std::vector<std::string>{
                              "wt.fa: the wild type",
                              "table.txt: 4 rows, all well-formed, 0 repeated, 1 with a stop codon, 1 wild type, "
                              "up to 5 mutations",
                              "any name: 1 rows, each matches one genotype", "parts: 4 rows",
                              "published split: 2 train, 1 validation, 1 test"}));
  std::vector<std::pair<std::string, std::filesystem::path>> copies;
  for (const ImportedFile& file : found.files) copies.emplace_back(file.role, file.source);
  EXPECT_EQ(copies, (decltype(copies){{"genotypes.tsv", paths[1]},
                                      {"tape_valid.tsv.gz", paths[0]},
                                      {"splits.tsv.gz", paths[3]},
                                      {"wild_type.fasta", paths[2]}}));
  data::install_files(files.path() / "gfp", copies);
  const auto dataset = test::gfp_real(files.path() / "gfp");
  const Examples& examples = dataset->examples();
  EXPECT_EQ(examples.ids,
            (std::vector<std::string>{"wt", "SA108D", "SA108D:SN144D:SI186V:SM231T:SL234P", "SY90S:SN103*"}));
  EXPECT_EQ(examples.targets, (std::vector<double>{3.7192121319, 1.30103000388, 1.30103123972, 3.5}));
  EXPECT_EQ(examples.published_split,
            (std::vector<Part>{Part::kTrain, Part::kTrain, Part::kTest, Part::kValidation}));
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(examples.fields.at("num_mutations")),
            (std::vector<std::int64_t>{0, 1, 5, 2}));
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(examples.fields.at("has_stop")),
            (std::vector<std::int64_t>{0, 0, 0, 1}));
  EXPECT_EQ(examples.counts, (std::map<std::string, std::int64_t>{{"rows", 4},
                                                                  {"duplicates", 0},
                                                                  {"with stop codon", 1},
                                                                  {"wild type", 1},
                                                                  {"max mutations", 5}}));
  EXPECT_TRUE(examples.expected.empty());
  EXPECT_TRUE(examples.noiseless.empty());
}

TEST_F(GfpImport, EitherFormOfTheSplitWillDo) {
  const auto genotypes = files.write("g", kGenotypes);
  const std::string line = "published split: 2 train, 1 validation, 1 test";
  EXPECT_EQ(plan({genotypes, files.write("v", valid_table())}).report.back(), line);
  EXPECT_EQ(plan({genotypes, files.write("s", kSplits)}).report.back(), line);
}

TEST_F(GfpImport, RepeatedRowsAreLeftOutAndReported) {
  const std::string twice = kGenotypes + "SA108D\t1\t1.30103000388\t\nSN103*:SY90S\t2\t3.5\t0.2\n";
  const auto genotypes = files.write("g", twice);
  const auto report = plan({genotypes, files.write("v", valid_table())}).report;
  EXPECT_EQ(report[0], "g: 6 rows, all well-formed, 2 repeated (left out; first at lines 6 7), 1 with a stop codon, "
                       "1 wild type, up to 5 mutations");
  data::install_files(files.path() / "gfp",
                      {{"genotypes.tsv", genotypes}, {"tape_valid.tsv", files.path() / "v"}});
  const auto dataset = test::gfp_real(files.path() / "gfp");
  EXPECT_EQ(dataset->examples().rows(), 4);
  EXPECT_EQ(dataset->examples().counts.at("duplicates"), 2);
}

TEST_F(GfpImport, CrlfLineEndsAreRead) {
  std::string crlf;
  for (const char c : kGenotypes) crlf += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_EQ(plan({files.write("g", crlf), files.write("v", valid_table())}).report[0].substr(0, 9), "g: 4 rows");
}

TEST_F(GfpImport, BrokenGenotypeTables) {
  EXPECT_EQ(fault("", valid_table()), "genotypes.tsv:1: the file is empty");
  EXPECT_EQ(fault(kGenotypes.substr(0, kGenotypes.find('\n') + 1), valid_table()),
            "genotypes.tsv:1: no row follows the header");
  EXPECT_EQ(genotypes_fault("aaMutations", "mutations"),
            "genotypes.tsv:1: not a file of this task, its first line is "
            "\"mutations?uniqueBarcodes?medianBrightness?std\"; known are tables with the column aaMutations or "
            "primary, and FASTA");
  EXPECT_EQ(genotypes_fault("medianBrightness", "brightness"),
            "genotypes.tsv:1: no column \"medianBrightness\", the header is "
            "\"aaMutations?uniqueBarcodes?brightness?std\"");
  EXPECT_EQ(genotypes_fault("SA108D\t", "A108D\t"),
            "genotypes.tsv:3: \"A108D\" is not a mutation, which is S, wild-type residue, position from 0, "
            "new residue, as in SA108D");
  EXPECT_EQ(genotypes_fault("SA108D\t", "SG108D\t"),
            "genotypes.tsv:3: \"SG108D\": the wild type has A at position 108");
  EXPECT_EQ(genotypes_fault("SL234P", "SL300P"), "genotypes.tsv:4: \"SL300P\": the position must be from 0 to 236");
  EXPECT_EQ(genotypes_fault("SN103*", "SY90A"), "genotypes.tsv:5: position 90 is mutated twice");
  EXPECT_EQ(genotypes_fault("\t3.5\t", "\tbright\t"),
            "genotypes.tsv:5: medianBrightness must be a finite number, got \"bright\"");
  EXPECT_EQ(genotypes_fault("\t3.5\t", "\tnan\t"),
            "genotypes.tsv:5: medianBrightness must be a finite number, got \"nan\"");
  EXPECT_EQ(genotypes_fault("\t3.5\t", "\t\t"), "genotypes.tsv:5: medianBrightness must be a finite number, got \"\"");
  EXPECT_EQ(genotypes_fault("SA108D\t1\t", "SA108D\t"), "genotypes.tsv:3: 3 cells, the header has 4");
  EXPECT_EQ(fault(kGenotypes + "SA108D\t1\t2\t\n", valid_table()),
            "genotypes.tsv:6: genotype \"SA108D\" has brightness 2, at line 3 it has 1.30103000388");
}

TEST_F(GfpImport, BrokenValidationTables) {
  EXPECT_EQ(valid_fault("\t3.5\t", "\t3.25\t"),
            "valid.tsv:2: 0 genotypes have this sequence (without stops), 2 mutations and brightness 3.25, "
            "one is needed");
  EXPECT_EQ(valid_fault("SKGEE", "SKGEA"),
            "valid.tsv:2: 0 genotypes have this sequence (without stops), 2 mutations and brightness 3.5, "
            "one is needed");
  EXPECT_EQ(valid_fault("3.5\t2", "3.5\t1"),
            "valid.tsv:2: 0 genotypes have this sequence (without stops), 1 mutations and brightness 3.5, "
            "one is needed");
  EXPECT_EQ(valid_fault("\t236\t", "\t237\t"), "valid.tsv:2: protein_length is 237, the sequence has 236 residues");
  EXPECT_EQ(valid_fault("num_mutations", "mutations"),
            "valid.tsv:1: no column \"num_mutations\", the header is "
            "\"index?primary?protein_length?log_fluorescence?mutations\"");
  const std::string row = valid_table().substr(valid_table().find('\n') + 1);
  EXPECT_EQ(fault(kGenotypes, valid_table() + row), "valid.tsv:3: genotype \"SY90S:SN103*\" stands here twice");
  std::string sequence(kWildType);
  for (const auto& [position, residue] : {std::pair{108, 'D'}, {144, 'D'}, {186, 'V'}, {231, 'T'}, {234, 'P'}}) {
    sequence[static_cast<std::size_t>(position)] = residue;
  }
  EXPECT_EQ(fault(kGenotypes, valid_table() + "1\t" + sequence + "\t237\t1.3010312397200001\t5\n"),
            "valid.tsv:3: a validation row has at most 3 mutations, got 5");
}

TEST_F(GfpImport, AmbiguousValidationRowIsAnError) {
  // A stop in either place of a doubled residue leaves the same sequence.
  ASSERT_EQ(kWildType.substr(3, 2), "EE");
  const std::string rows = "SE3*\t1\t2.5\t\nSE4*\t1\t2.5\t\n";
  std::string sequence(kWildType);
  sequence.erase(3, 1);
  EXPECT_EQ(fault(kGenotypes + rows, valid_table() + "1\t" + sequence + "\t236\t2.5\t1\n"),
            "valid.tsv:3: 2 genotypes have this sequence (without stops), 1 mutations and brightness 2.5, "
            "one is needed");
}

TEST_F(GfpImport, BrokenSplitTables) {
  const auto splits_fault = [&](const std::string& splits) {
    const std::string message =
        input_error([&] { (void)plan({files.write("g.tsv", kGenotypes), files.write("s.tsv", splits)}); });
    return message.substr(std::min(message.size(), files.path().string().size() + 1));
  };
  EXPECT_EQ(splits_fault(replaced(kSplits, "\tvalid\t", "\tdev\t")),
            "s.tsv:5: split must be train, valid or test, got \"dev\"");
  EXPECT_EQ(splits_fault(replaced(kSplits, "SA108D\t1", "SA108D\t2")),
            "s.tsv:3: num_mutations is 2, the genotype has 1");
  EXPECT_EQ(splits_fault(replaced(kSplits, "SA108D\t1", "SA108E\t1")),
            "s.tsv:3: genotype \"SA108E\" is not in the genotype table, or stands here twice");
  EXPECT_EQ(splits_fault(replaced(kSplits, "SA108D\t1\ttrain\t\n", "")),
            "s.tsv:4: 1 genotypes have no row here, such as \"SA108D\"");
}

TEST_F(GfpImport, TheTwoFormsOfTheSplitMustAgree) {
  const auto splits = files.write("s", replaced(kSplits, "SA108D\t1\ttrain", "SA108D\t1\tvalid"));
  const std::string message = input_error(
      [&] { (void)plan({files.write("g", kGenotypes), files.write("v", valid_table()), splits}); });
  EXPECT_EQ(message, splits.string() + ":3: the split differs from that of TAPE's validation file");
}

TEST_F(GfpImport, DamagedAndForeignFiles) {
  const auto valid = files.write("v", valid_table());
  std::string long_table = kGenotypes;
  for (int i = 0; i < 200; ++i) {
    long_table += "SK1" + std::string(1, "ACDEFGHILMNPQRSTVWY"[i % 19]) + ":SG2" + "ACDEFHIKLMNPQRSTVWY"[i / 19] +
                  "\t1\t2.0\t\n";
  }
  const std::string whole = gzip(long_table);
  const auto cut = files.write("cut.tsv.gz", std::string_view(whole).substr(0, whole.size() - 20));
  const std::string truncated = input_error([&] { (void)plan({cut, valid}); });
  EXPECT_TRUE(truncated.starts_with(cut.string() + ":")) << truncated;
  EXPECT_TRUE(truncated.ends_with(": the gzip stream is truncated or corrupt")) << truncated;
  const auto garbage = files.write("garbage", std::string("\x7f" "ELF\x02\x01\0\0\0\xff\xfe", 11));
  EXPECT_EQ(input_error([&] { (void)plan({garbage, valid}); }),
            garbage.string() + ":1: a NUL byte: this is not a text file");
  const auto wild = files.write("wt.fa", ">other\nMKV\n");
  EXPECT_EQ(input_error([&] { (void)plan({files.write("g", kGenotypes), valid, wild}); }),
            wild.string() +
                ": the record \"other\" is not the wild type of this task, which has 237 residues and begins "
                "with SKGEEL");
}

TEST_F(GfpImport, MissingAndSurplusFiles) {
  const auto genotypes = files.write("g", kGenotypes);
  const auto valid = files.write("v", valid_table());
  EXPECT_EQ(input_error([&] { (void)plan({valid}); }),
            "the genotype table is missing (columns aaMutations, medianBrightness)");
  const std::string no_split =
      "the published split is missing: TAPE's validation table (columns primary, log_fluorescence) or a split table "
      "(columns aaMutations, split)";
  EXPECT_EQ(input_error([&] { (void)plan({genotypes}); }), no_split);
  const auto again = files.write("again", kGenotypes);
  EXPECT_EQ(input_error([&] { (void)plan({genotypes, valid, again}); }),
            again.string() + ": the same kind of file as " + genotypes.string());
  data::install_files(files.path() / "gfp", {{"genotypes.tsv", genotypes}});
  EXPECT_EQ(input_error([&] { (void)test::gfp_real(files.path() / "gfp"); }),
            (files.path() / "gfp").string() + ": " + no_split);
}

}  // namespace
}  // namespace seqbench
