// Import and load of FASTA files, whole and broken, as a user meets them.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "harness/data/home.h"
#include "tests/unit/data/temp_files.h"
#include "tests/unit/tasks/promoter_support.h"

namespace seqbench {
namespace {

namespace fs = std::filesystem;
using test::file_text;
using test::gzip;
using test::input_error;
using test::promoter_real;
using test::promoter_task;
using test::TempFiles;

/// `length` letters that depend on `seed`; those of two seeds share nothing long.
std::string dna(std::uint32_t seed, std::size_t length = 300) {
  Draws draws = Streams(seed).open("test").at();
  std::string letters(length, 'A');
  for (char& letter : letters) letter = "ACGT"[draws.below(4)];
  return letters;
}

std::string record(const std::string& header, const std::string& sequence) { return ">" + header + "\n" + sequence + "\n"; }

const std::string kPromoters = record("EPDnew_Mm_TATA_00001", dna(1)) +
                               record("EPDnew_Mm_TATA_00002", dna(2).substr(0, 200) + dna(1).substr(0, 100)) +
                               record("EPDnew_Mm_TATA_00003", dna(3));
const std::string kFragments = record("CRC_k99_1:0-300 contig=k99_1", dna(11)) +
                               record("CRC_k99_1:300-600 contig=k99_1", dna(12)) +
                               record("CRC_k99_2:0-300 contig=k99_2", dna(13));

class PromoterImport : public testing::Test {
 protected:
  /// Imports the files under the names they are written with.
  fs::path install(const std::vector<fs::path>& paths) const {
    std::vector<std::pair<std::string, fs::path>> copies;
    for (const ImportedFile& file : promoter_task().import_files(paths).files) copies.emplace_back(file.role, file.source);
    data::install_files(files.path() / "promoter", copies);
    return files.path() / "promoter";
  }
  std::string fault(const std::vector<fs::path>& paths) const {
    const std::string message = input_error([&] { (void)promoter_task().import_files(paths); });
    const std::string folder = files.path().string() + "/";
    return message.starts_with(folder) ? message.substr(folder.size()) : message;
  }
  std::string fragments_fault(const std::string& text) const { return fault({files.write("f.fa", text)}); }

  const TempFiles files;
};

std::vector<std::string> groups(const Dataset& dataset) {
  return std::get<std::vector<std::string>>(dataset.examples().fields.at("group_id"));
}

TEST_F(PromoterImport, ImportedFilesLoad) {
  const std::vector<fs::path> paths = {files.write("any", gzip(kFragments)), files.write("name", kPromoters)};
  EXPECT_EQ(promoter_task().import_files(paths).report,
            (std::vector<std::string>{"any: metagenome, 3 records, 3 sequences of 300 nt, 0 repeated",
                                      "name: mouse_300, 3 records, 3 sequences of 300 nt, 0 repeated"}));
  const auto dataset = promoter_real(install(paths));
  const Examples& examples = dataset->examples();
  EXPECT_EQ(examples.ids, (std::vector<std::string>{"EPDnew_Mm_TATA_00001", "EPDnew_Mm_TATA_00002", "EPDnew_Mm_TATA_00003",
                                                    "CRC_k99_1:0-300", "CRC_k99_1:300-600", "CRC_k99_2:0-300"}));
  EXPECT_EQ(examples.targets, (std::vector<double>{1, 1, 1, 0, 0, 0}));
  EXPECT_EQ(groups(*dataset), (std::vector<std::string>{"EPDnew_Mm_TATA_00001", "EPDnew_Mm_TATA_00001", "EPDnew_Mm_TATA_00003",
                                                        "k99_1", "k99_1", "k99_2"}))
      << "promoters that share 100 letters are one group";
  EXPECT_EQ(std::get<TextView>(dataset->view("dna").data).rows[5], dna(13));
  EXPECT_TRUE(examples.expected.empty());
  EXPECT_EQ(examples.counts.at("groups"), 4);
}

TEST_F(PromoterImport, SharingFortyNineLettersIsNoOverlap) {
  const std::string one = dna(1);
  const auto unlike = [&](std::size_t at) { return std::string(1, one[at] == 'A' ? 'C' : 'A'); };
  for (const std::size_t shared : {49U, 50U}) {
    const std::string other =
        dna(4).substr(0, 100) + unlike(59) + one.substr(60, shared) + unlike(60 + shared) + dna(5).substr(0, 198 - shared);
    const fs::path folder = install({files.write("p", record("EPDnew_Mm_TATA_1", one) + record("EPDnew_Mm_TATA_2", other)),
                                     files.write("n", kFragments)});
    EXPECT_EQ(groups(*promoter_real(folder))[1], shared == 50 ? "EPDnew_Mm_TATA_1" : "EPDnew_Mm_TATA_2");
  }
}

TEST_F(PromoterImport, HeadersAsTheSourceHasThem) {
  const std::string promoters = record("gt;FP000970 Tsc22d1_1           :+U  EU:NC; range  -200 to    50.", dna(1, 251));
  const fs::path folder = install({files.write("p", promoters), files.write("n", record("collagen          [Z22923 ]", dna(2, 251)))});
  EXPECT_EQ(promoter_real(folder, "mouse_251", "mouse_nonpromoter")->examples().ids,
            (std::vector<std::string>{"FP000970", "Z22923.1"}));
}

TEST_F(PromoterImport, RepeatsAreLeftOutAndCounted) {
  const std::string promoters = kPromoters + record("EPDnew_Mm_TATA_00004", dna(3));
  const std::string fragments = kFragments + record("CRC_k99_3:0-300 contig=k99_3", dna(2).substr(0, 200) + dna(1).substr(0, 100));
  const fs::path folder = install({files.write("p", promoters), files.write("n", fragments)});
  const auto dataset = promoter_real(folder);
  EXPECT_EQ(dataset->examples().counts, (std::map<std::string, std::int64_t>{{"rows", 6},
                                                                             {"promoters", 3},
                                                                             {"groups", 4},
                                                                             {"promoters in the file", 4},
                                                                             {"others in the file", 4},
                                                                             {"repeated", 1},
                                                                             {"in both classes", 1}}));
}

TEST_F(PromoterImport, LongSequencesAreCutToThePromotersLength) {
  const fs::path folder =
      install({files.write("p", kPromoters),
               files.write("g", record("mm7_chr1:1-31000 strand=- mouse", dna(21, 31000))),
               files.write("q", record("FP000970 Tsc22d1_1 :+U EU:NC; range -200 to 50.", dna(31, 251)))});
  const auto dataset = promoter_real(folder, "mouse_300", "mouse_genomic");
  EXPECT_EQ(dataset->examples().rows(), 3 + 103);
  EXPECT_EQ(dataset->examples().ids[4], "mm7_chr1:1-31000/300-600");
  EXPECT_EQ(groups(*dataset).back(), "mm7_chr1:1-31000/3");
  EXPECT_EQ(std::get<TextView>(dataset->view("dna").data).rows[4], dna(21, 31000).substr(300, 300));
  EXPECT_EQ(promoter_real(folder, "mouse_251", "mouse_genomic")->examples().ids[1], "mm7_chr1:1-31000/0-251");
}

TEST_F(PromoterImport, NonPromotersAreNamedByTheirAccession) {
  const fs::path folder = install({files.write("p", record("35,1 11640 1 2 NM_009648 chr11 0 887", dna(1, 251))),
                                   files.write("n", record("collagen, alpha2 (IX) [Z22923 Z1 ]", dna(2, 251)) +
                                                        record("collagen, alpha2 (IX) [Z22923 Z1 ]", dna(3, 251)))});
  const auto dataset = promoter_real(folder, "mouse_dbtss_251", "mouse_nonpromoter");
  EXPECT_EQ(dataset->examples().ids, (std::vector<std::string>{"35,1", "Z22923.1", "Z22923.2"}));
  EXPECT_EQ(groups(*dataset)[2], "Z22923 Z1");
}

TEST_F(PromoterImport, ADrawIsSeededBalancedAndNested) {
  std::string promoters, fragments;
  for (std::uint32_t i = 100; i < 160; ++i) {
    promoters += record("EPDnew_Mm_TATA_" + std::to_string(i), dna(i));
    fragments += record("CRC_" + std::to_string(i) + ":0-300 contig=" + std::to_string(i), dna(1000 + i));
  }
  const fs::path folder = install({files.write("p", promoters), files.write("n", fragments)});
  const auto ids = [&](std::int64_t rows, std::int64_t draw) {
    auto all = promoter_real(folder, "mouse_300", "metagenome", rows, draw)->examples().ids;
    std::ranges::sort(all);
    return all;
  };
  const auto fifty = promoter_real(folder, "mouse_300", "metagenome", 50);
  EXPECT_EQ(fifty->examples().rows(), 50);
  EXPECT_EQ(fifty->examples().counts.at("promoters"), 27);  // 26.5
  EXPECT_TRUE(std::ranges::includes(ids(100, 0), ids(50, 0)));
  EXPECT_EQ(ids(50, 0), ids(50, 0));
  EXPECT_NE(ids(50, 0), ids(50, 1));
  EXPECT_EQ(input_error([&] { (void)promoter_real(folder, "mouse_300", "metagenome", 200); }),
            "'rows' is 200, which needs 106 rows of \"mouse_300\" ('positives'); there are 60; 0 takes all there are");
}

TEST_F(PromoterImport, BrokenFiles) {
  const std::string first = record("CRC_k99_1:0-300 contig=k99_1", dna(11));
  EXPECT_EQ(fragments_fault(""), "f.fa:1: the file is empty");
  EXPECT_EQ(fragments_fault("aaMutations\tsplit\n"),
            "f.fa:1: not a file of this task, its first line is \"aaMutations?split\"; known are FASTA files of mouse_300, "
            "human_300, mouse_251, mouse_dbtss_251, metagenome, bacteria, mouse_genomic, mouse_nonpromoter");
  EXPECT_TRUE(fragments_fault(record("chr1 something", dna(1))).starts_with(
      "f.fa:1: not a file of this task, its first line is \">chr1 something\"; known"));
  EXPECT_EQ(fragments_fault(first + record("EPDnew_Mm_TATA_1", dna(1))),
            "f.fa: the record \"EPDnew_Mm_TATA_1\" is not of the kind of the first, metagenome");
  EXPECT_EQ(fragments_fault(first + record("CRC_k99_1:1-2 contig=k99_1", dna(2, 299))),
            "f.fa: the record \"CRC_k99_1:1-2 contig=k99_1\" has 299 letters, 300 are needed");
  EXPECT_EQ(fragments_fault(first + record("CRC_k99_1:1-2 contig=k99_1", dna(2, 299) + "R")),
            "f.fa: the record \"CRC_k99_1:1-2 contig=k99_1\" has the letter \"R\" at 300; A, C, G, T and N are known");
  EXPECT_EQ(fragments_fault(first + record("CRC_k99_1:0-300 contig=k99_1", dna(2))),
            "f.fa: the record \"CRC_k99_1:0-300 contig=k99_1\" repeats the id \"CRC_k99_1:0-300\"");
  EXPECT_EQ(fragments_fault(first + ">CRC_k99_1:1-2 contig=k99_1\n"),
            "f.fa:3: the record \"CRC_k99_1:1-2\" has no sequence");
  EXPECT_EQ(fragments_fault(first + record("CRC_k99_1:1-2 contig=k99_1", "ACG7")),
            "f.fa:4: a sequence has letters, \"*\", \"-\" and \".\", got \"7\" at column 4");
  EXPECT_EQ(fragments_fault(record("mm7_chr1:1-2 strand=+", dna(1, 299))),
            "f.fa: the record \"mm7_chr1:1-2 strand=+\" has 299 letters, 300 at least are needed");
  EXPECT_EQ(fragments_fault(record("collagen [ ]", dna(1, 251))),
            "f.fa: the record \"collagen [ ]\" names no accession in its brackets");
  const std::string zipped = gzip(first);
  EXPECT_NE(fragments_fault(zipped.substr(0, zipped.size() / 2)), "");
}

TEST_F(PromoterImport, AnImportHasBothClassesAndEachKindOnce) {
  const fs::path promoters = files.write("p.fa", kPromoters), fragments = files.write("n.fa", kFragments);
  EXPECT_EQ(fault({promoters}),
            "a file of other DNA, such as gut_metagenome_fragments_300nt.fa.gz is needed; see tasks/promoter/README.md");
  EXPECT_EQ(fault({fragments}),
            "a file of promoters, such as mouse_epdnew_tata_300nt.fa.gz is needed; see tasks/promoter/README.md");
  EXPECT_EQ(fault({promoters, fragments, files.write("again.fa", kPromoters)}), "again.fa: a file of the kind mouse_300 was given already");
}

TEST_F(PromoterImport, ParametersThatContradictTheFiles) {
  const fs::path folder = install({files.write("p", kPromoters), files.write("n", kFragments)});
  EXPECT_EQ(input_error([&] { (void)promoter_real(folder, "mouse_300", "mouse_nonpromoter"); }),
            "'positives' \"mouse_300\" has sequences of 300 nt, 'negatives' \"mouse_nonpromoter\" of 251: the length would tell "
            "them apart");
  EXPECT_EQ(input_error([&] { (void)promoter_real(folder, "human_300"); }),
            folder.string() + ": 'positives' is \"human_300\", but the file human_300.fa was not imported; see "
                              "tasks/promoter/README.md");
}

/// Everything of a row by its id.
std::map<std::string, std::tuple<double, std::string, double, std::string>> by_id(const Dataset& dataset) {
  const Examples& examples = dataset.examples();
  const View view = dataset.view("dna");
  std::map<std::string, std::tuple<double, std::string, double, std::string>> rows;
  for (std::size_t i = 0; i < examples.ids.size(); ++i) {
    rows[examples.ids[i]] = {examples.targets[i], groups(dataset)[i],
                             std::get<std::vector<double>>(examples.fields.at("gc"))[i],
                             std::get<TextView>(view.data).rows[i]};
  }
  return rows;
}

TEST_F(PromoterImport, TheTwinsFilesGiveTheTwin) {
  const TaskEntry task = promoter_task();
  const Params params(task.params);
  const LoadRequest request{.twin = true, .folder = {}, .params = params, .rows = 200};
  const fs::path out = files.path() / "out";
  fs::create_directory(out);
  task.write_twin(request, out);
  const auto twin = task.load(request);
  const auto read = promoter_real(install({out / "mouse_epdnew_tata_300nt.fa", out / "gut_metagenome_fragments_300nt.fa"}));
  EXPECT_EQ(by_id(*read), by_id(*twin));

  const Json truth = Json::parse(file_text(out / "truth.json"));
  ASSERT_EQ(truth.at("rows").size(), 200u);
  for (std::size_t i = 0; i < 200; ++i) {
    EXPECT_EQ(truth["rows"][i]["id"], twin->examples().ids[i]);
    EXPECT_EQ(truth["rows"][i]["probability"], twin->examples().expected[i]);
  }
}

}  // namespace
}  // namespace seqbench
