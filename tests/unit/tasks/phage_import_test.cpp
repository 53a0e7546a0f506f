// Import and load of published FASTA files, whole and broken, as a user meets them.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "harness/data/home.h"
#include "harness/data/reader.h"
#include "tests/unit/data/temp_files.h"
#include "tests/unit/tasks/phage_support.h"

namespace seqbench {
namespace {

namespace fs = std::filesystem;
using test::gzip;
using test::input_error;
using test::TempFiles;

/// Letters that differ from name to name.
std::string dna(std::size_t length, std::uint32_t item) {
  Draws draws = Streams(3).open("test").at({.item = item});
  std::string text;
  while (text.size() < length) text += "ACGT"[draws.below(4)];
  return text;
}

std::string record(const std::string& header, const std::string& sequence) { return ">" + header + "\n" + sequence + "\n"; }

const std::string kPhages = record("p1 accession=P1 group=coliphage cluster=P0007 taxon=some phage p1", dna(2048, 1)) +
                            record("p2 accession=P2 group=virome cluster=P0003 taxon=uncultured", dna(1536, 2)) +
                            record("p3 accession=P3 group=virome cluster=P0003 taxon=short", dna(1000, 3));
const std::string kFragments =
    record("f1 accession=P1.1 group=refseq_fragment_tr cluster=P0009 taxon=prokaryotic virus P1.1", dna(1024, 4)) +
    record("f2 accession=Q group=refseq_fragment_val cluster=P0010 taxon=prokaryotic virus Q", dna(1024, 5));
const std::string kBacteria =
    record("b1 accession=B1 group=gut_isolate taxon=Enterococcus faecalis T2", dna(1024, 6)) +
    record("b2 accession=B2 group=gut_isolate taxon=Enterococcus faecalis TX0104", dna(1024, 7)) +
    record("b3 accession=B3 group=gut_mag taxon=infant gut MAG 7", dna(1024, 8)) +
    record("b4 accession=B4 group=gut_mag taxon=infant gut MAG 7", dna(1100, 9)) +
    record("b5 accession=B5 group=gut_metagenome taxon=x", dna(600, 10) + "N" + dna(1600, 11));

class PhageImport : public testing::Test {
 protected:
  ImportPlan plan(const std::vector<fs::path>& paths) const { return test::phage_task().import_files(paths); }
  fs::path install(const std::vector<std::string>& texts) const {
    std::vector<fs::path> paths;
    for (const std::string& text : texts) paths.push_back(files.write("file" + std::to_string(paths.size()), text));
    std::vector<std::pair<std::string, fs::path>> copies;
    for (const ImportedFile& file : plan(paths).files) copies.emplace_back(file.role, file.source);
    data::install_files(files.path() / "phage", copies);
    return files.path() / "phage";
  }
  /// Of importing these phages beside good bacteria, without the folder.
  std::string fault(const std::string& phages) const {
    const std::vector<fs::path> paths = {files.write("phages.fa", phages), files.write("bacteria.fa", kBacteria)};
    const std::string message = input_error([&] { (void)plan(paths); });
    const std::string folder = files.path().string() + "/";
    return message.starts_with(folder) ? message.substr(folder.size()) : message;
  }

  const TempFiles files;
};

std::map<std::string, std::string> groups_of(const Examples& examples) {
  std::map<std::string, std::string> groups;
  const auto& field = std::get<std::vector<std::string>>(examples.fields.at("group_id"));
  for (std::size_t i = 0; i < field.size(); ++i) groups[examples.ids[i]] = field[i];
  return groups;
}

TEST_F(PhageImport, FilesAreKnownByTheirHeaders) {
  const ImportPlan found = plan({files.write("one", gzip(kBacteria)), files.write("two", kPhages), files.write("three", kFragments),
                                 files.write("four", record("u accession=U group=gut_metagenome_unlabelled taxon=?", dna(1024, 12)))});
  std::vector<std::string> roles;
  for (const ImportedFile& file : found.files) roles.push_back(file.role);
  EXPECT_EQ(roles, (std::vector<std::string>{"bacteria_genomes.fa.gz", "phage_genomes.fa", "phage_refseq_fragments.fa"}));
  EXPECT_EQ(found.report[1], "two: phage_genomes, 3 sequences of 0.0 Mnt, 5 segments of 1024 nt without a letter other than ACGT, "
                             "1 sequences without any");
  EXPECT_TRUE(found.report[3].ends_with("; left out, for it has no labels")) << found.report[3];
}

TEST_F(PhageImport, SegmentsAndGroupsAreThoseOfTheHeaders) {
  const auto dataset = test::phage_real(install({kPhages, kFragments, kBacteria}), {{"positives", 0.0}});
  EXPECT_EQ(groups_of(dataset->examples()),
            (std::map<std::string, std::string>{{"p1:1-1024", "P0007"},  // its accession is that of f1
                                                {"p1:513-1536", "P0007"},
                                                {"p1:1025-2048", "P0007"},
                                                {"p2:1-1024", "P0003"},
                                                {"p2:513-1536", "P0003"},
                                                {"f1:1-1024", "P0007"},
                                                {"f2:1-1024", "P0010"},
                                                {"b1:1-1024", "Enterococcus faecalis"},
                                                {"b2:1-1024", "Enterococcus faecalis"},
                                                {"b3:1-1024", "infant gut MAG 7"},
                                                {"b4:1-1024", "infant gut MAG 7"},
                                                {"b5:1025-2048", "x"}}));
  const auto texts = std::get<TextView>(dataset->view("dna").data).rows;
  EXPECT_EQ(texts[1], dna(2048, 1).substr(512, 1024));
  EXPECT_EQ(dataset->examples().targets[1], 1);
  EXPECT_EQ(dataset->examples().targets.back(), 0);
  EXPECT_EQ(dataset->examples().counts.at("phage"), 7);
  EXPECT_EQ(dataset->examples().counts.at("gut_mag"), 2);
}

TEST_F(PhageImport, ParametersLeaveOutFilesAndSplitTaxa) {
  const fs::path folder = install({kPhages, kFragments, kBacteria});
  const auto without = test::phage_real(folder, {{"positives", 0.0}, {"refseq", false}, {"bacteria_by", std::string("sequence")}});
  const auto groups = groups_of(without->examples());
  EXPECT_FALSE(groups.contains("f1:1-1024"));
  EXPECT_EQ(groups.at("b3:1-1024"), "b3");
  EXPECT_EQ(groups.at("b1:1-1024"), "Enterococcus faecalis");
}

TEST_F(PhageImport, TheDrawKeepsTheShareAndNests) {
  const fs::path folder = install({kPhages, kFragments, kBacteria});
  const auto drawn = [&](std::int64_t rows, std::int64_t seed, std::int64_t of_group = 0) {
    const auto dataset = test::phage_real(folder, {{"positives", 0.5}, {"rows", rows}, {"draw_seed", seed}, {"max_segments", of_group}});
    const auto& examples = dataset->examples();
    EXPECT_LE(std::abs(2 * std::ranges::count(examples.targets, 1) - examples.rows()), 1);
    return std::set<std::string>(examples.ids.begin(), examples.ids.end());
  };
  const auto all = drawn(0, 0), some = drawn(6, 0);
  EXPECT_EQ(all.size(), 11u);  // for five bacterial segments
  EXPECT_EQ(some.size(), 6u);
  EXPECT_TRUE(std::ranges::includes(all, some));
  EXPECT_NE(drawn(6, 1), some);
  EXPECT_EQ(drawn(0, 0, 1).size(), 6u);  // of three groups of either class
}

TEST_F(PhageImport, BrokenFiles) {
  const std::string form = "; a header is \">NAME accession=A group=G [cluster=C] taxon=T\"";
  EXPECT_EQ(fault("accession\tgroup\n"), "phages.fa:1: not a FASTA file" + form);
  EXPECT_EQ(fault(">p1\nACGT\n"), "phages.fa:1: no taxon= in the header" + form);
  EXPECT_EQ(fault(kPhages + record("p4 group=virome cluster=P1 taxon=x", "ACGT")),
            "phages.fa: record \"p4\": no accession= in the header" + form);
  EXPECT_EQ(fault(kPhages + record("p4 accession=A cluster=P1 taxon=x", "ACGT")),
            "phages.fa: record \"p4\": no group= in the header" + form);
  EXPECT_EQ(fault(kPhages + record("p4 accession=A group= cluster=P1 taxon=x", "ACGT")),
            "phages.fa: record \"p4\": group= has no value in the header" + form);
  EXPECT_EQ(fault(kPhages + record("p4 accession=A accession=B group=g cluster=P1 taxon=x", "ACGT")),
            "phages.fa: record \"p4\": accession= stands twice in the header" + form);
  EXPECT_EQ(fault(kPhages + record("p4 accession=A group=virome taxon=x", "ACGT")),
            "phages.fa: record \"p4\": it belongs into a file of bacteria_genomes, this one holds phage_genomes" + form);
  EXPECT_EQ(fault(kPhages + record("p2 accession=A group=virome cluster=P1 taxon=x", "ACGT")),
            "phages.fa: record \"p2\": the name stands in phages.fa already" + form);
  EXPECT_EQ(fault(kPhages + record("b1 accession=A group=virome cluster=P1 taxon=x", "ACGT")).substr(0, 13), "bacteria.fa: ");
  EXPECT_EQ(fault(kPhages + ">p4 accession=A group=virome cluster=P1 taxon=x\n"), "phages.fa:7: the record \"p4\" has no sequence");
  EXPECT_EQ(fault(kPhages + record("p4 accession=A group=virome cluster=P1 taxon=x", "AC1T")),
            "phages.fa:8: a sequence has letters, \"*\", \"-\" and \".\", got \"1\" at column 3");
}

TEST_F(PhageImport, MissingAndSurplusFiles) {
  const auto phages = files.write("p", kPhages);
  EXPECT_EQ(input_error([&] { (void)plan({phages}); }), "a file of bacteria is needed too");
  EXPECT_EQ(input_error([&] { (void)plan({files.write("b", kBacteria)}); }), "a file of phages is needed too");
  const auto again = files.write("again", kPhages);
  EXPECT_EQ(input_error([&] { (void)plan({phages, again}); }), again.string() + ": a file of phage_genomes, as " + phages.string() + " is");
  const fs::path folder = install({record("p accession=P group=virome cluster=P1 taxon=x", dna(1000, 1)), kBacteria});
  EXPECT_EQ(input_error([&] { (void)test::phage_real(folder); }), "0 phage and 5 bacterial segments, both classes are needed");
}

TEST_F(PhageImport, TheTwinsFilesGiveTheTwinsExamples) {
  const test::PhageOptions options = {{"twin_seed", std::int64_t{5}}};
  const auto twin = test::phage_twin(500, options);
  const Params params = test::phage_params(options);
  fs::create_directory(files.path() / "out");
  test::phage_task().write_twin({.twin = true, .folder = {}, .params = params, .rows = 500}, files.path() / "out");
  std::vector<std::string> texts;
  for (const char* name : {"phage_genomes.fa", "bacteria_genomes.fa"}) texts.push_back(test::file_text(files.path() / "out" / name));
  const auto real = test::phage_real(install(texts), options);
  EXPECT_EQ(real->examples().ids, twin->examples().ids);
  EXPECT_EQ(real->examples().targets, twin->examples().targets);
  EXPECT_EQ(real->examples().fields, twin->examples().fields);
  EXPECT_EQ(real->examples().counts, twin->examples().counts);
  EXPECT_TRUE(std::get<TextView>(real->view("dna").data).rows == std::get<TextView>(twin->view("dna").data).rows);
}

/// The published files, where they are on the machine.
TEST_F(PhageImport, RealCountsAreAsPublished) {
  const char* variable = std::getenv("SEQBENCH_TEST_DATA");
  const fs::path home = (variable != nullptr ? fs::path(variable) : fs::path(SEQBENCH_SOURCE_DIR) / ".." / "shared" / "data") / "phage";
  if (!fs::exists(home)) {
    GTEST_SKIP() << "*** NOT TESTED: the published genomes are not at " << home << "; set SEQBENCH_TEST_DATA to a folder that holds phage/ ***";
  }
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(home)) {
    if (entry.path().string().ends_with(".fa.gz")) paths.push_back(entry.path());
  }
  ASSERT_EQ(paths.size(), 7u);
  std::vector<std::pair<std::string, fs::path>> copies;
  for (const ImportedFile& file : plan(paths).files) copies.emplace_back(file.role, file.source);
  ASSERT_EQ(copies.size(), 6u);
  data::install_files(files.path() / "phage", copies);
  const auto all = test::phage_real(files.path() / "phage", {{"positives", 0.0}});
  const auto& counts = all->examples().counts;
  EXPECT_EQ(counts.at("phage"), 26076);
  EXPECT_EQ(counts.at("bacteria"), 79787);
  EXPECT_EQ(counts.at("coliphage"), 13352);
  EXPECT_EQ(counts.at("microvirus"), 961);
  EXPECT_EQ(counts.at("gut_isolate"), 53101);
  const auto more = test::phage_real(files.path() / "phage", {{"positives", 0.0}, {"phagesdb", true}});
  EXPECT_EQ(more->examples().counts.at("phage"), 107575);
  const auto free = test::phage_real(files.path() / "phage", {{"refseq", false}});
  EXPECT_EQ(free->examples().counts.at("phage"), 21506);
  EXPECT_EQ(free->examples().rows(), 35844);  // 60 % phage
  EXPECT_EQ(groups_of(all->examples()).at("NZ_GG692854.1:1-1024"), "Enterococcus faecalis");
}

}  // namespace
}  // namespace seqbench
