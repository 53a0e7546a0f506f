#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "harness/base/json.h"
#include "tests/unit/data/temp_files.h"
#include "tests/unit/tasks/dream_support.h"

namespace seqbench {
namespace {

using test::dream_import;
using test::gzip;
using test::input_error;
using test::TempFiles;
namespace fs = std::filesystem;

const std::string kLeft = "TGCATTTTTTTCACATC", kRight = "GGTTACGGCTGTT";

std::string with_flanks(const std::string& insert) { return kLeft + insert + kRight; }

/// Six test rows, in order, told apart by their inserts.
const std::vector<std::string> kInserts = {"AAAA", "AACC", "ACGT", "CCCC", "GGTT", "TTTT"};

std::string test_table() {
  std::string text = "seq,true_expr,model\n";
  for (std::size_t i = 0; i < kInserts.size(); ++i) text += fmt::format("{},{},1\n", with_flanks(kInserts[i]), 0.25 * static_cast<double>(i) - 0.5);
  return text;
}

std::string single(const std::string& tag, std::size_t row) {
  return fmt::format("0,{},{},{},\n", tag, with_flanks(kInserts[row]), row);
}

std::string pair(const std::string& tag, std::size_t a, std::size_t b) {
  return fmt::format("0,{},ref,{},{},{},{},,\n", tag, with_flanks(kInserts[a]), with_flanks(kInserts[b]), a, b);
}

const std::string kSingleHeader = ",tag,sequence,pos,exp\n";
const std::string kPairHeader = ",alt_tag,ref_tag,alt_sequence,ref_sequence,alt_pos,ref_pos,alt_exp,ref_exp\n";

/// One file of each kind.
std::map<std::string, std::string> whole() {
  return {{"a", with_flanks("ACGTACGT") + "\t11\n" + with_flanks("ACGTNCGT") + "\t7.25\n" + with_flanks("ACGTACGT") + "\t3\n" +
                    with_flanks("CCCC") + "\t9\n"},
          {"b", test_table()},
          {"c", kSingleHeader + single("GA.EDV.Glu.high_1", 5) + single("GA.EDV.Glu.high_2", 4) + single("GA.EDV.Glu.high_2", 4)},
          {"d", kSingleHeader + single("GA.EDV.Glu.low_1", 0)},
          {"e", kPairHeader + pair("rand1_Reb1_0A_2", 1, 0)},
          {"f", kPairHeader + pair("rand1_Reb1_30", 2, 0)},
          {"g", "alt_pos\tref_pos\tpart\n1\t2\tpublic\n3\t2\tprivate\n"},
          {"h", R"({"5": 0.75})"},
          {"i", R"({"5": 0.75, "1": -0.25, "2": 0})"},
          {"j", R"({"2,1": [0.0, -0.25]})"},
          {"k", "\"ACGT\"\n"},
          {"l", "sequence\texpression\treads\tmedium\torigID\tsource_file\n" + with_flanks("AAAA") + "\t11.5\t\tcomplex_YPD\tx\ty\n" +
                    with_flanks("AAAC") + "\t1\t2\tdefined_SCUra\tx\ty\n"}};
}

class DreamImport : public testing::Test {
 protected:
  std::vector<fs::path> write(const std::map<std::string, std::string>& texts) const {
    std::vector<fs::path> paths;
    for (const auto& [name, text] : texts) paths.push_back(files.write(name, text));
    return paths;
  }
  /// The fault of importing all files with one of them changed.
  std::string fault(const std::string& name, const std::string& from, const std::string& to) const {
    auto texts = whole();
    const std::size_t at = texts.at(name).find(from);
    if (at == std::string::npos) throw std::logic_error("the test's file has no " + from);
    texts.at(name).replace(at, from.size(), to);
    return fault_of(texts);
  }
  std::string fault_of(const std::map<std::string, std::string>& texts) const {
    const std::vector<fs::path> paths = write(texts);
    const std::string message = input_error([&] { (void)test::dream_task().import_files(paths); });
    const std::string folder = files.path().string() + "/";
    return message.starts_with(folder) ? message.substr(folder.size()) : message;
  }

  const TempFiles files;
};

TEST_F(DreamImport, EveryRowIsAccountedFor) {
  auto texts = whole();
  texts.at("a") = gzip(texts.at("a"));
  EXPECT_EQ(dream_import(files.path() / "data", write(texts)),
            (std::vector<std::string>{
                "a: 4 rows, 1 repeated (the first stays), 1 with N", "k: 4 letters", "l: 2 rows, 2 different sequences", "b: 6 test rows, all different",
                "i: 3 rows of the public board, all", "c: 3 rows of the subset high", "h: 1 rows of the public board, high",
                "d: 1 rows of the subset low", "g: 2 pairs of the subset SNVs", "j: 1 pairs of the public board, SNVs",
                "e: 1 pairs of the subset motif_perturbation", "f: 1 pairs of the subset motif_tiling"}));
  const auto dataset = test::dream_real(files.path() / "data", test::dream_params());
  const Examples& examples = dataset->examples();
  // The sample's last row is a test row: it must not be trained on.
  EXPECT_EQ(examples.counts, (std::map<std::string, std::int64_t>{{"rows", 8}, {"training rows", 2}, {"test rows", 6},
                                                                  {"repeated", 1}, {"in the test set", 1}, {"with N", 1}}));
  EXPECT_EQ(examples.targets, (std::vector<double>{11, 7.25, -0.5, -0.25, 0, 0.25, 0.5, 0.75}));
  EXPECT_EQ(examples.ids[2], "test:0");
  EXPECT_EQ(examples.ids[0].size(), 13U);
  EXPECT_EQ(std::get<std::vector<std::string>>(examples.fields.at("subset")),
            (std::vector<std::string>{"training", "training", "low", "motif_perturbation", "motif_tiling", "SNVs", "high", "high"}));
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(examples.fields.at("test_index")), (std::vector<std::int64_t>{-1, -1, 0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(test::dream_sequences(*dataset)[1], with_flanks("ACGTNCGT"));
  EXPECT_EQ(std::get<CodeView>(dataset->view("one_hot").data).length(), 38);
  EXPECT_TRUE(examples.expected.empty());
  EXPECT_TRUE(examples.only_published_split);
}

TEST_F(DreamImport, PairsOfOneLetterAreSnvs) {
  auto texts = whole();
  std::string at_five = test_table();
  at_five.replace(at_five.find(with_flanks("GGTT")) + kLeft.size(), 4, "TTTA");
  texts.at("b") = at_five;
  texts.at("c") = kSingleHeader + single("GA.EDV.Glu.high_1", 5);
  texts.at("g") = kPairHeader + fmt::format("0,x,y,{},{},5,4,,\n", with_flanks("TTTT"), with_flanks("TTTA"));
  texts.erase("j");
  const auto report = dream_import(files.path() / "data", write(texts));
  EXPECT_NE(std::ranges::find(report, "g: 1 pairs of the subset SNVs"), report.end()) << testing::PrintToString(report);
  const auto dataset = test::dream_real(files.path() / "data", test::dream_params());
  EXPECT_EQ(std::get<std::vector<std::string>>(dataset->examples().fields.at("subset"))[6], "SNVs");
}

TEST_F(DreamImport, GpraRowsComeWithoutTheTest) {
  (void)dream_import(files.path() / "data", write(whole()));
  Params params = test::dream_params();
  params.set("train", std::string("gpra_complex"));
  const auto dataset = test::dream_real(files.path() / "data", params);
  EXPECT_EQ(dataset->examples().targets, std::vector<double>{11.5});
  EXPECT_TRUE(dataset->examples().published_split.empty());
  EXPECT_FALSE(dataset->examples().only_published_split);
  const std::vector<std::int64_t> rows = {0};
  EXPECT_TRUE(test::dream_task().scores(*dataset, rows, std::vector<double>{1}).empty());
  params.set("train", std::string("full"));
  EXPECT_EQ(input_error([&] { (void)test::dream_real(files.path() / "data", params); }),
            (files.path() / "data").string() + ": the whole training file is not there; import it together with the other files");
}

TEST_F(DreamImport, TrainingRowsAloneHaveNoPublishedSplit) {
  (void)dream_import(files.path() / "data", write({{"a", whole().at("a")}}));
  Params params = test::dream_params();
  EXPECT_EQ(input_error([&] { (void)test::dream_real(files.path() / "data", params); }),
            (files.path() / "data").string() + ": the test set is not there; import it together with the other files");
  params.set("test", false);
  const auto dataset = test::dream_real(files.path() / "data", params);
  EXPECT_EQ(dataset->examples().rows(), 3);
  EXPECT_TRUE(dataset->examples().published_split.empty());
}

TEST_F(DreamImport, BrokenTrainingRows) {
  EXPECT_EQ(fault("a", "\t11\n", " 11\n"), "a:1: not a file of this task, its first line is \"" + with_flanks("ACGTACGT") + " 11\"");
  EXPECT_EQ(fault("a", "\t7.25", ""), "a:2: a row is a sequence, a tab and a number, got \"" + with_flanks("ACGTNCGT") + "\"");
  EXPECT_EQ(fault("a", "\t7.25", "\t17.5"), "a:2: the expression must be a number from 0 to 17, got \"17.5\"");
  EXPECT_EQ(fault("a", "\t7.25", "\tnan"), "a:2: the expression must be a number from 0 to 17, got \"nan\"");
  EXPECT_EQ(fault("a", "NCGT", "XCGT"), "a:2: a sequence has letters A, C, G, T and N, got \"X\" at place 22");
  EXPECT_EQ(fault("a", "NCGT", std::string(150, 'A')), "a:2: a sequence has 1 to 150 letters, got 184");
  EXPECT_EQ(fault("a", "\n", std::string("\n\0", 2)), "a:2: a NUL byte: this is not a text file");
  auto texts = whole();
  const std::string packed = gzip(texts.at("a"));
  texts.at("a") = packed.substr(0, packed.size() - 12);
  EXPECT_TRUE(fault_of(texts).ends_with("the gzip stream is truncated or corrupt"));
  texts.at("a") = whole().at("a");
  texts["m"] = with_flanks("C") + "\t1\n";
  texts["n"] = with_flanks("G") + "\t1\n" + with_flanks("T") + "\t1\n";
  EXPECT_EQ(fault_of(texts), "m: a third sample of training rows; two are read");
  for (const char* name : {"m", "n"}) texts.erase(name);
  texts.erase("a");
  texts.erase("l");
  EXPECT_EQ(fault_of(texts), "no training rows: a file of sequence<TAB>expression is needed");
}

TEST_F(DreamImport, BrokenTestAndSubsets) {
  EXPECT_EQ(fault("b", ",0.25,1", ",x,1"), "b:5: true_expr must be a finite number, got \"x\"");
  EXPECT_EQ(fault("b", with_flanks("CCCC"), with_flanks("AAAA")), "b:5: the sequence stands in the test set twice");
  EXPECT_EQ(fault("c", ",4,", ",3,"), "c:3: the sequence is not that of row 3 of the test set");
  EXPECT_EQ(fault("c", ",4,", ",6,"), "c:3: a position is from 0 to 5, got 6");
  EXPECT_EQ(fault("c", ".high_2", ".low_2"), "c:3: the tag is of the subset low, those before are of high");
  EXPECT_EQ(fault("c", "GA.EDV.Glu.high_1", "x"), "c:2: the tag \"x\" tells of no subset");
  EXPECT_EQ(fault("d", "low", "high"), (files.path() / "d").string().substr(files.path().string().size() + 1) + ": the same kind of file as " +
                                           (files.path() / "c").string());
  EXPECT_EQ(fault("g", "3\t2", "3\t-1"), "g:3: a position is from 0 to 5, got -1");
  EXPECT_EQ(fault("l", "complex_YPD", "water"), "l:2: medium must be complex_YPD or defined_SCUra, got \"water\"");
  auto texts = whole();
  texts.erase("b");
  EXPECT_EQ(fault_of(texts), "the test set is missing (CSV with columns seq, true_expr), subsets alone are of no use");
}

TEST_F(DreamImport, BrokenBoards) {
  EXPECT_EQ(fault("h", "0.75", "0.5"), "h: key \"5\": 0.5 is not the measured expression, 0.75; predictions are no part of the data");
  EXPECT_EQ(fault("h", "\"5\"", "\"6\""), "h: key \"6\" is no test index and no pair of them");
  EXPECT_EQ(fault("h", "\"5\"", "\"1,2,3\""), "h: key \"1,2,3\" is no test index and no pair of them");
  EXPECT_EQ(fault("j", "2,1", "4,5"), "j: key \"4,5\": 0.0 is not the measured expression, 0.5; predictions are no part of the data");
  EXPECT_EQ(fault("j", "\"2,1\": [0.0, -0.25]", "\"4,5\": [0.5, 0.75]"), "j: its pairs are of no subset that was given");
  EXPECT_EQ(fault("j", "[0.0, -0.25]", "0.0"), "j: key \"2,1\": two expressions are needed");
  EXPECT_EQ(fault("k", "ACGT", "ACGU"), "k: one string of letters ACGTN is needed");
  EXPECT_TRUE(fault("i", "}", "").starts_with("i: "));
}

TEST_F(DreamImport, AWrittenTwinReadsBackAsItself) {
  const Params params = test::dream_params();
  const fs::path folder = files.path() / "twin";
  fs::create_directory(folder);
  const LoadRequest request{.twin = true, .folder = {}, .params = params, .rows = 900, .cache = {}};
  test::dream_task().write_twin(request, folder);
  std::vector<fs::path> paths(fs::directory_iterator(folder), {});
  std::ranges::sort(paths);
  (void)dream_import(files.path() / "data", paths);
  const auto twin = test::dream_task().load(request);
  const auto real = test::dream_real(files.path() / "data", params);
  EXPECT_EQ(twin->examples().ids, real->examples().ids);
  EXPECT_EQ(twin->examples().targets, real->examples().targets);
  EXPECT_EQ(twin->examples().fields, real->examples().fields);
  EXPECT_EQ(twin->examples().published_split, real->examples().published_split);
  EXPECT_EQ(test::dream_sequences(*twin), test::dream_sequences(*real));
  const std::vector<std::int64_t> rows = test::dream_rows(twin->examples(), Part::kTest);
  const std::vector<double> predictions = test::dream_values(twin->examples().noiseless, rows);
  const auto a = test::dream_task().scores(*twin, rows, predictions), b = test::dream_task().scores(*real, rows, predictions);
  ASSERT_EQ(a.size(), 58U);
  ASSERT_EQ(b.size(), a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name + a[i].slice, b[i].name + b[i].slice);
    EXPECT_EQ(a[i].n, b[i].n);
    if (!a[i].note.empty()) continue;
    EXPECT_EQ(a[i].value, b[i].value);
  }
}

}  // namespace
}  // namespace seqbench
