// Import and load of small published tables, whole and broken, as a user meets them.

#include <gtest/gtest.h>

#include "tests/unit/data/temp_files.h"
#include "tests/unit/tasks/tf_support.h"

namespace seqbench {
namespace {

namespace fs = std::filesystem;
using test::input_error;
using test::tf_table;

const std::string kGenes =
    "symbol\tensembl\tentrez\tchrom\ttss_hg19\tstrand\tk562_tpm\tgm12878_tpm\te123_k562_log10rpkm1\n"
    "AAA\tENSG1\t11\tchr1\t10000\t+\t9\t0\t0.5\n"
    "BBB\tENSG2\t22\tchr2\t10000\t-\t99\t9\t\n"
    "CCC\t\t\tchr3\t50000\t+\t0\t0\t0\n";
const std::string kExperiments =
    "exp\taccession\ttf\tcell\ttreatment\tn_genes\n0\tx\tMYC\tK562\t\t2.0\n1\ty\tMAX\tK562\t\t1\n2\tz\tMYC\tK562\t\t1\n";
const std::string kBinding =
    "entrez\tsymbol\tensembl\tn_tf\ttfs\texperiments\n"
    "11\tAAA\tENSG1\t2\tMAX,MYC\t0,1\n"
    "22\tBBB\tENSG2\t1\tMYC\t0,2\n"
    "33\t\t\t0\t\t\n";
const std::string kPeaks = "chr1\t9950\t10050\tMYC\nchr1\t9950\t10050\tMYC\nchr1\t15990\t16100\tMAX\nchr2\t4000\t4001\tMYC\n";
const std::string kChromoformer = [] {
  std::string text = "gene_id\texpression\tlabel\tchrom\ttss_hg19\tstrand\tmark\tb0\tb1\n";
  for (const char* gene : {"G1\t9\t1\tchr1\t5\t+", "G2\t0\t0\tchr2\t5\t-"}) {
    for (int mark = 0; mark < 7; ++mark) text += std::string(gene) + "\t" + std::to_string(mark) + "\t0.5\t" + std::to_string(mark) + "\n";
  }
  return text;
}();

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("the test's table has no " + from);
  return text.replace(at, from.size(), to);
}

class TfImport : public testing::Test {
 protected:
  std::string without_folder(std::string message) const {
    const std::string folder = files.path().string() + "/";
    for (std::size_t at = 0; (at = message.find(folder, at)) != std::string::npos;) message.erase(at, folder.size());
    return message;
  }
  std::string fault(const std::map<std::string, std::string>& texts) const {
    std::vector<fs::path> paths;
    for (const auto& [name, text] : texts) paths.push_back(files.write(name, text));
    return without_folder(input_error([&] { (void)test::tf_task().import_files(paths); }));
  }
  std::string binding_fault(const std::string& from, const std::string& to) const {
    return fault({{"b", replaced(kBinding, from, to)}, {"e", kExperiments}, {"g", kGenes}});
  }
  std::string genes_fault(const std::string& from, const std::string& to) const {
    return fault({{"b", kBinding}, {"e", kExperiments}, {"g", replaced(kGenes, from, to)}});
  }
  std::string chromoformer_fault(const std::string& from, const std::string& to) const {
    return fault({{"c", replaced(kChromoformer, from, to)}});
  }

  const test::TempFiles files;
};

TEST_F(TfImport, TablesWithoutPositions) {
  const auto report = test::tf_import(
      {files.write("x", test::gzip(kBinding)), files.write("y", kGenes), files.write("z", kExperiments)}, files.path() / "tf");
  EXPECT_EQ(report, std::vector<std::string>{"remap2018, k562: 2 genes, 2 factors; 1 genes not in the table; "
                                             "3 rows of the table; 1 rows of the table without expression"});
  const auto dataset = test::tf_real(files.path() / "tf");
  const Examples& examples = dataset->examples();
  EXPECT_EQ(examples.ids, (std::vector<std::string>{"AAA", "BBB"}));
  EXPECT_EQ(examples.targets, (std::vector<double>{1, 2}));
  EXPECT_EQ(examples.published_split, (std::vector<Part>{Part::kTest, Part::kTrain}));
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(examples.fields.at("num_tfs")), (std::vector<std::int64_t>{2, 1}));
  EXPECT_EQ(std::get<std::vector<std::string>>(examples.fields.at("chromosome")),
            (std::vector<std::string>{"chr1", "chr2"}));
  EXPECT_EQ(std::get<TextView>(dataset->view("sentence").data).rows[0],
            "The gene has a set of transcription factors MAX and MYC");
  EXPECT_EQ(input_error([&] { (void)dataset->view("tf_bins"); }),
            "the table remap2018 (task parameter 'table') has no view 'tf_bins'");
  EXPECT_EQ(input_error([&] { (void)dataset->view("histone"); }),
            "the table remap2018 (task parameter 'table') has no view 'histone'");
  const auto e123 = test::tf_real(files.path() / "tf", {{"target", std::string("e123")}});
  EXPECT_EQ(e123->examples().targets, std::vector<double>{0.5});
  EXPECT_EQ(e123->examples().counts.at("genes without a value"), 1);
  EXPECT_EQ(input_error([&] { (void)test::tf_real(files.path() / "tf", tf_table("remap2018", "gm12878")); }),
            "'cell' is \"gm12878\"; the table remap2018 is of k562");
  EXPECT_EQ(input_error([&] { (void)test::tf_real(files.path() / "tf", tf_table("peaks13", "k562")); }),
            "the table peaks13 of k562 needs genes.tsv, k562_peaks.bed, of which k562_peaks.bed was not imported");
}

TEST_F(TfImport, PeaksWithPositions) {
  const auto report = test::tf_import({files.write("my_GM12878.bed", kPeaks), files.write("g", kGenes)}, files.path() / "tf");
  EXPECT_EQ(report, std::vector<std::string>{"peaks13, gm12878: 3 genes, 2 factors; 1 duplicate peaks; 4 peaks"});
  const auto dataset = test::tf_real(files.path() / "tf", tf_table("peaks13", "gm12878"));
  EXPECT_EQ(dataset->examples().targets, (std::vector<double>{0, 1, 0}));
  const BitView bins = std::get<BitView>(dataset->view("tf_bins").data);
  const std::vector<std::int64_t> rows = {0, 1, 2};
  const at::Tensor bits = bins.gather(rows);
  ASSERT_EQ(bits.sizes(), (std::vector<std::int64_t>{3, 2, 120}));
  const auto* bit = bits.const_data_ptr<std::uint8_t>();
  std::vector<std::int64_t> on;
  for (std::int64_t i = 0; i < bits.numel(); ++i) {
    if (bit[i] != 0) on.push_back(i);
  }
  EXPECT_EQ(on, (std::vector<std::int64_t>{119, 120 + 59, 120 + 60, 240 + 120 + 119}));  // the last is on the minus strand
  const auto dropped = test::tf_real(files.path() / "tf", {{"table", std::string("peaks13")},
                                                           {"cell", std::string("gm12878")},
                                                           {"exclude", std::vector<std::string>{"MYC"}},
                                                           {"unbound", std::string("drop")}});
  EXPECT_EQ(dropped->examples().ids, std::vector<std::string>{"AAA"});
}

TEST_F(TfImport, HistoneLayouts) {
  test::tf_import({files.write("c", kChromoformer)}, files.path() / "a");
  const auto table = test::tf_real(files.path() / "a", tf_table("histone_chromoformer", "h1"));
  EXPECT_EQ(table->examples().targets, (std::vector<double>{1, 0}));
  const std::vector<std::int64_t> second = {1};
  const at::Tensor values = std::get<DenseView>(table->view("histone").data).gather(second);
  ASSERT_EQ(values.numel(), 14);
  EXPECT_EQ(values.const_data_ptr<float>()[4], 2.0F);  // mark 2, turned round
  EXPECT_EQ(values.const_data_ptr<float>()[5], 0.5F);
  const at::Tensor logs = std::get<DenseView>(table->view("histone_log").data).gather(second);
  EXPECT_FLOAT_EQ(logs.const_data_ptr<float>()[4], 1.0986123F);
  EXPECT_EQ(input_error([&] { (void)table->view("tf_set"); }),
            "the table histone_chromoformer (task parameter 'table') has no view 'tf_set'");

  const auto toy = [](int gene) {
    const std::string name = std::to_string(gene);
    return name + ",1,1,2,3,4,5,1\n" + name + ",2,6,7,8,9,10,1\n";
  };
  test::tf_import({files.write("train", toy(1)), files.write("valid", toy(2)), files.write("test", toy(3))},
                  files.path() / "b");
  const auto csv = test::tf_real(files.path() / "b", tf_table("histone_attentivechrome", "toy"));
  EXPECT_EQ(csv->examples().published_split, (std::vector<Part>{Part::kTrain, Part::kValidation, Part::kTest}));
  const at::Tensor marks = std::get<DenseView>(csv->view("histone").data).gather(second);
  EXPECT_EQ(std::vector<float>(marks.const_data_ptr<float>(), marks.const_data_ptr<float>() + 10),
            (std::vector<float>{1, 6, 2, 7, 3, 8, 4, 9, 5, 10}));
}

TEST_F(TfImport, FilesThatDoNotBelongTogether) {
  EXPECT_EQ(fault({{"g", kGenes}, {"b", kBinding}}),
            "b: the table of its experiments is missing (columns exp, tf, n_genes)");
  EXPECT_EQ(fault({{"g", kGenes}, {"peaks.bed", kPeaks}}),
            "peaks.bed: the content is the same for all, so the file's name must have one of k562, gm12878");
  EXPECT_EQ(fault({{"k562.bed", kPeaks}}),
            "k562.bed: is k562_peaks.bed and belongs to no whole table; table peaks13, k562 lacks genes.tsv");
  EXPECT_EQ(fault({{"a", kGenes}, {"b", kGenes}}), "b: the same kind of file as a");
  EXPECT_EQ(fault({{"readme", "tf\tgene\n"}}),
            "readme:1: not a file of this task, its first line is \"tf?gene\"; its README lists those that are");
  EXPECT_EQ(input_error([] { (void)test::tf_task().import_files({}); }), "no file of this task; its README lists them");
}

TEST_F(TfImport, BrokenBindingTables) {
  EXPECT_EQ(binding_fault("\t0,1\n", "\t1,0\n"), "b:2: experiments must be ascending numbers below 3, got \"0\"");
  EXPECT_EQ(binding_fault("\t0,1\n", "\t0,3\n"), "b:2: experiments must be ascending numbers below 3, got \"3\"");
  EXPECT_EQ(binding_fault("MAX,MYC", "MYC"), "b:2: tfs is \"MYC\", the row's experiments have \"MAX,MYC\"");
  EXPECT_EQ(binding_fault("\t2\tMAX", "\t3\tMAX"), "b:2: n_tf is 3, tfs lists 2");
  EXPECT_EQ(binding_fault("22\tBBB", "11\tBBB"), "b:3: the gene 11 stands here twice");
  EXPECT_EQ(binding_fault("22\tBBB", "x\tBBB"), "b:3: entrez must be an integer, got \"x\"");
  EXPECT_EQ(binding_fault("\t1\tMYC\t0,2", "\t1\tMYC\t0"), "b: 0 rows name the experiment 2, e says 1");
  EXPECT_EQ(fault({{"b", kBinding}, {"e", replaced(kExperiments, "\n1\t", "\n2\t")}, {"g", kGenes}}),
            "e:3: exp must count from 0: 1 is due, got 2");
}

TEST_F(TfImport, BrokenGenesAndPeaks) {
  EXPECT_EQ(genes_fault("\t-\t", "\t*\t"), "g:3: the strand must be + or -, got \"*\"");
  EXPECT_EQ(genes_fault("BBB\t", "AAA\t"), "g:3: the gene \"AAA\" stands here twice");
  EXPECT_EQ(genes_fault("\t99\t", "\t-1\t"), "g:3: an expression must be 0 or more, got -1");
  EXPECT_EQ(genes_fault("\t99\t", "\tnan\t"), "g:3: k562_tpm must be a finite number, got \"nan\"");
  EXPECT_EQ(genes_fault("\t99\t", "\t"), "g:3: 8 cells, the header has 9");
  EXPECT_EQ(genes_fault("\t50000\t", "\t-50000\t"), "g:4: a position is from 0 to 1,000,000,000, got -50000");
  const auto peaks_fault = [&](const std::string& from, const std::string& to) {
    return fault({{"k562.bed", replaced(kPeaks, from, to)}, {"g", kGenes}});
  };
  EXPECT_EQ(peaks_fault("15990\t16100", "16100\t15990"),
            "k562.bed:3: start and end must be integers with 0 <= start < end, got \"16100\" and \"15990\"");
  EXPECT_EQ(peaks_fault("\t16100\tMAX", "\t16100\t"), "k562.bed: record 3 names no factor in its fourth column");
  EXPECT_EQ(peaks_fault("\t16100\tMAX", "\t99916100\tMAX"), "k562.bed: record 3 is longer than 1000000 nt");
}

TEST_F(TfImport, BrokenHistones) {
  EXPECT_EQ(chromoformer_fault("\t2\t0.5", "\t3\t0.5"), "c:4: mark 2 of G1 is due");
  EXPECT_EQ(chromoformer_fault("\t2\t0.5", "\t2\t-0.5"), "c:4: a mark must be a number from 0 on, got \"-0.5\"");
  EXPECT_EQ(chromoformer_fault("G1\t9\t1\tchr1\t5\t+\t6", "G1\t8\t1\tchr1\t5\t+\t6"), "c:8: the expression differs within the gene");
  EXPECT_EQ(chromoformer_fault("G2\t0\t0\tchr2\t5\t-\t6\t0.5\t6\n", ""), "c:14: the last gene has 6 of 7 marks");
  const std::string toy = "7,1,1,2,3,4,5,1\n7,2,1,2,3,4,5,1\n";
  const auto toy_fault = [&](const std::string& from, const std::string& to) {
    return fault({{"train", replaced(toy, from, to)}, {"valid", "8,1,1,2,3,4,5,1\n8,2,1,2,3,4,5,1\n"},
                  {"test", "9,1,1,2,3,4,5,1\n9,2,1,2,3,4,5,1\n"}});
  };
  EXPECT_EQ(toy_fault("7,2,", "7,3,"), "train:2: bin 2 of \"7\" is due, got 3");
  EXPECT_EQ(toy_fault("7,2,1,2,3,4,5,1", "7,2,1,2,3,4,5,0"), "train:2: the label differs from that of the gene's first bin");
  EXPECT_EQ(toy_fault("7,2,1,2,3,4,5,1\n", ""), "valid:2: the gene \"8\" has 2 bins, others have 1");
  EXPECT_EQ(toy_fault("7,2,1,2,3,4,5,1", "7,2,1,2,3,4,1"), "train:2: 7 cells, 8 are needed");
}

}  // namespace
}  // namespace seqbench
