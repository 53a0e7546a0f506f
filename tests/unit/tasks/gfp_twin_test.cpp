#include "tasks/gfp_fluorescence/twin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "harness/base/sha256.h"
#include "harness/data/home.h"
#include "tests/unit/data/temp_files.h"
#include "tests/unit/tasks/gfp_support.h"

namespace seqbench::tasks::gfp_fluorescence {
namespace {

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double covariance(const std::vector<double>& a, const std::vector<double>& b) {
  const double mean_a = mean(a);
  const double mean_b = mean(b);
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - mean_a) * (b[i] - mean_b);
  return sum / static_cast<double>(a.size());
}

/// The whole twin of seed 0, made once.
const Examples& whole() {
  static const std::unique_ptr<Dataset> dataset = test::gfp_twin(0);
  return dataset->examples();
}

/// `values` of the test part.
std::vector<double> of_test(const Examples& examples, const std::vector<double>& values) {
  std::vector<double> chosen;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (examples.published_split[i] == Part::kTest) chosen.push_back(values[i]);
  }
  return chosen;
}

TEST(GfpNoiseLaw, ClosedFormIsTheMeanOfTheDraws) {
  constexpr std::uint32_t kDraws = 400000;
  const Stream stream = Streams(11).open("test");
  for (const double noiseless : {1.36, 1.5, 2.4, 3.74}) {
    double sum = 0;
    double squares = 0;
    for (std::uint32_t i = 0; i < kDraws; ++i) {
      const double y = NoiseLaw::draw(noiseless, stream.at({.item = i}));
      sum += y;
      squares += y * y;
    }
    const double sampled = sum / kDraws;
    const double error = std::sqrt((squares / kDraws - sampled * sampled) / kDraws);
    EXPECT_NEAR(sampled, NoiseLaw::mean(noiseless), 4 * error) << noiseless;
    EXPECT_LT(error, 6e-4);
  }
  // Clipping lifts the floor, dark readings lower the plateau: neither f nor its plain mixture is E[y|x].
  EXPECT_GT(NoiseLaw::mean(1.36), 1.36 + 0.01);
  EXPECT_LT(NoiseLaw::mean(3.74), 3.74 - 0.02);
}

TEST(GfpTwin, HeldOutPositionsAreInNoTrainingRow) {
  Params params = test::gfp_params();
  params.set("validation", "held_out_positions");
  const std::unique_ptr<Dataset> dataset = test::gfp_twin_of(params, 0);
  const Examples& held = dataset->examples();
  const SetView mutations = std::get<SetView>(dataset->view("mutations").data);
  const auto* offsets = mutations.offsets.const_data_ptr<std::int64_t>();
  const auto* members = mutations.members.const_data_ptr<std::int64_t>();
  std::set<std::int64_t> trained;
  const auto positions = [&](std::size_t row) {
    std::set<std::int64_t> result;
    for (std::int64_t i = offsets[row]; i < offsets[row + 1]; ++i) result.insert(members[i] * 237 / mutations.features);
    return result;
  };
  std::map<Part, std::int64_t> rows, rows_before;
  for (std::size_t row = 0; row < held.ids.size(); ++row) {
    ++rows[held.published_split[row]];
    ++rows_before[whole().published_split[row]];
    EXPECT_EQ(held.published_split[row] == Part::kTest, whole().published_split[row] == Part::kTest);
    if (held.published_split[row] == Part::kTrain) trained.merge(positions(row));
  }
  for (std::size_t row = 0; row < held.ids.size(); ++row) {
    if (held.published_split[row] != Part::kValidation) continue;
    const std::set<std::int64_t> own = positions(row);
    EXPECT_TRUE(std::ranges::any_of(own, [&](std::int64_t position) { return !trained.contains(position); })) << held.ids[row];
  }
  EXPECT_GE(rows[Part::kValidation], rows_before[Part::kValidation]);
  EXPECT_LT(rows[Part::kValidation], rows_before[Part::kValidation] + 500);
}

TEST(GfpTwin, CountsAreThePublishedOnes) {
  const Examples& twin = whole();
  EXPECT_EQ(twin.rows(), 54025);
  std::array<std::int64_t, 3> parts{};
  std::map<std::int64_t, std::int64_t> rows;
  const auto& mutations = std::get<std::vector<std::int64_t>>(twin.fields.at("num_mutations"));
  for (std::size_t i = 0; i < mutations.size(); ++i) {
    ++parts[static_cast<std::size_t>(twin.published_split[i])];
    ++rows[mutations[i]];
    EXPECT_EQ(twin.published_split[i] == Part::kTest, mutations[i] >= 4);
  }
  EXPECT_EQ(parts, (std::array<std::int64_t, 3>{21446, 5362, 27217}));
  const std::map<std::int64_t, std::int64_t> published = {
      {0, 1},    {1, 1114}, {2, 13010}, {3, 12683}, {4, 9759}, {5, 7215}, {6, 4643}, {7, 2783},
      {8, 1526}, {9, 714},  {10, 352},  {11, 142},  {12, 50},  {13, 25},  {14, 6},   {15, 2}};
  EXPECT_EQ(rows, published);
  EXPECT_EQ(twin.ids.front(), "wt");
}

TEST(GfpTwin, GenotypesAreDistinctWellFormedAndFromTheAllowedSet) {
  const Examples& twin = whole();
  std::set<std::string> ids;
  std::set<std::string> substitutions;
  std::set<std::size_t> positions;
  std::map<std::string, int> uses;
  for (const std::string& id : twin.ids) {
    EXPECT_TRUE(ids.insert(id).second) << id;
    const auto parsed = parse_genotype(id == "wt" ? "" : id);
    const auto* mutations = std::get_if<std::vector<Mutation>>(&parsed);
    ASSERT_NE(mutations, nullptr) << id << ": " << std::get<std::string>(parsed);
    for (const Mutation& m : *mutations) {
      substitutions.insert(format_genotype({m}));
      positions.insert(m.position);
      ++uses[format_genotype({m})];
    }
  }
  EXPECT_EQ(substitutions.size(), 1879u);
  EXPECT_EQ(positions.size(), 233u);
  EXPECT_EQ(std::ranges::count_if(substitutions, [](const std::string& s) { return s.ends_with('*'); }), 19);
  // Uniform: about 107 uses each, so nothing is rare or common beyond chance.
  for (const auto& [substitution, count] : uses) EXPECT_NEAR(count, 107, 60) << substitution;
}

TEST(GfpTwin, SmallSetsAreNumberedExhaustively) {
  // With one mutation the permutation is onto: all 1,879 substitutions, each once.
  const VariantSpace space{Streams(3)};
  std::set<Substitution> seen;
  for (std::uint64_t j = 0; j < kSubstitutions; ++j) seen.insert(space.variant(1, j).at(0));
  EXPECT_EQ(seen.size(), kSubstitutions);
  // With two, many more than are needed stay distinct.
  std::set<std::vector<Substitution>> pairs;
  for (std::uint64_t j = 0; j < 27000; ++j) pairs.insert(space.variant(2, j));
  EXPECT_EQ(pairs.size(), 27000u);
}

TEST(GfpTwin, CeilingIsNearThePrototype) {
  const Examples& twin = whole();
  const auto y = of_test(twin, twin.targets);
  const auto expected = of_test(twin, twin.expected);
  std::vector<double> squares;
  for (std::size_t i = 0; i < y.size(); ++i) squares.push_back((y[i] - expected[i]) * (y[i] - expected[i]));
  EXPECT_NEAR(mean(squares), 0.022, 0.004);
  EXPECT_NEAR(covariance(y, expected) / std::sqrt(covariance(y, y) * covariance(expected, expected)), 0.988, 0.003);
  EXPECT_NEAR(covariance(y, y), 0.893, 0.08);
  EXPECT_NEAR(mean(y), 2.07, 0.1);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(twin.targets, NoiseLaw::kFloor)) / 54025, 0.115, 0.02);
}

TEST(GfpTwin, ExpectedIsUnbiasedAndBeatsF) {
  // On the rows of the twin itself: the residual of E[y|x] has mean 0; f, which knows no clipping, has more error.
  const Examples& twin = whole();
  std::vector<double> residuals;
  double squares = 0;
  double squares_of_f = 0;
  for (std::size_t i = 0; i < twin.targets.size(); ++i) {
    residuals.push_back(twin.targets[i] - twin.expected[i]);
    squares += residuals.back() * residuals.back();
    squares_of_f += (twin.targets[i] - twin.noiseless[i]) * (twin.targets[i] - twin.noiseless[i]);
  }
  EXPECT_NEAR(mean(residuals), 0, 4 * std::sqrt(covariance(residuals, residuals) / 54025));
  EXPECT_LT(squares, squares_of_f);
}

TEST(GfpTwin, BrightSharesByNumberOfMutations) {
  const Examples& twin = whole();
  const auto& mutations = std::get<std::vector<std::int64_t>>(twin.fields.at("num_mutations"));
  const double prototype[] = {.971, .855, .702, .515, .342, .217, .105, .048, .017};
  for (std::int64_t n = 1; n <= 9; ++n) {
    double rows = 0;
    double bright = 0;
    for (std::size_t i = 0; i < mutations.size(); ++i) {
      if (mutations[i] != n) continue;
      rows += 1;
      bright += twin.targets[i] > 2.5 ? 1 : 0;
    }
    EXPECT_NEAR(bright / rows, prototype[n - 1], 0.05) << n;
  }
}

TEST(GfpTwin, StopsAreDarkAndTheWildTypeIsBright) {
  const Examples& twin = whole();
  const auto& stops = std::get<std::vector<std::int64_t>>(twin.fields.at("has_stop"));
  for (std::size_t i = 0; i < stops.size(); ++i) {
    if (stops[i] == 0) continue;
    EXPECT_EQ(twin.noiseless[i], 1.36) << twin.ids[i];
  }
  EXPECT_NEAR(twin.noiseless[0], 3.74, 1e-5);
}

TEST(GfpTwin, RowsAreMadeAloneInAnyOrder) {
  const Twin twin(0, 0);
  for (const std::int64_t row : {std::int64_t{54024}, std::int64_t{0}, std::int64_t{1114}, std::int64_t{30000}}) {
    const auto i = static_cast<std::size_t>(row);
    const TwinRow alone = Twin(0, 0).row(row);
    EXPECT_EQ(alone.row.brightness, whole().targets[i]);
    EXPECT_EQ(twin.row(row).row.genotype, row == 0 ? "" : whole().ids[i]);
    EXPECT_EQ(alone.expected, whole().expected[i]);
  }
}

TEST(GfpTwin, IsTheSameEverywhere) {
  std::string ids;
  for (const std::string& id : whole().ids) ids += (id == "wt" ? "" : id) + "\n";
  EXPECT_EQ(sha256_hex(ids), "a4bf38c49fa4873f25a87f9cf643c8bb2a62553f000763fd01fe9a73db67a55b");
  struct Golden {
    std::size_t row;
    const char* id;
    double target, expected, noiseless;
  };
  // To 1e-9: exp and log differ in their last bit between platforms.
  const Golden goldens[] = {
      {0, "wt", 3.8192655807898559, 3.7164438703217106, 3.739998466783879},
      {5000, "SS26L:SA152I", 3.771880176341492, 3.6289678747146183, 3.6516388752615629},
      {26808, "SL5A:SH79G:SN133M:SD195S", 1.3467042164198066, 1.3805976059136233, 1.36}};
  for (const Golden& golden : goldens) {
    EXPECT_EQ(whole().ids[golden.row], golden.id);
    EXPECT_NEAR(whole().targets[golden.row], golden.target, 1e-9);
    EXPECT_NEAR(whole().expected[golden.row], golden.expected, 1e-9);
    EXPECT_NEAR(whole().noiseless[golden.row], golden.noiseless, 1e-9);
  }
}

TEST(GfpTwin, SeedsGiveOtherTwins) {
  const auto first = test::gfp_twin(500, 1);
  const auto again = test::gfp_twin(500, 1);
  const auto other = test::gfp_twin(500, 2);
  EXPECT_EQ(first->examples().ids, again->examples().ids);
  EXPECT_EQ(first->examples().targets, again->examples().targets);
  EXPECT_NE(first->examples().ids, other->examples().ids);
  EXPECT_EQ(first->examples().published_split, other->examples().published_split);
}

TEST(GfpTwin, SmallTwinsKeepEveryPartWithBrightAndDark) {
  for (const std::int64_t rows : {1, 100, 1000, 10000}) {
    for (const std::int64_t seed : {0, 1, 2}) {
      const auto twin = test::gfp_twin(rows, seed);
      const Examples& examples = twin->examples();
      std::map<Part, std::array<std::int64_t, 2>> counts;
      for (std::size_t i = 0; i < examples.targets.size(); ++i) {
        ++counts[examples.published_split[i]][examples.targets[i] > 2.5 ? 1 : 0];
      }
      ASSERT_EQ(counts.size(), 3u);
      for (const auto& [part, count] : counts) {
        EXPECT_GE(count[0] + count[1], 10);
        EXPECT_GT(count[0], 0) << rows << " " << seed << " " << static_cast<int>(part);
        EXPECT_GT(count[1], 0) << rows << " " << seed << " " << static_cast<int>(part);
      }
      EXPECT_NEAR(static_cast<double>(examples.rows()), static_cast<double>(std::max<std::int64_t>(rows, 30)), 12);
    }
  }
  EXPECT_EQ(test::gfp_twin(100000)->examples().rows(), 54025);
}

/// Imports the twin's files, all but `left_out`, and loads them.
void expect_files_give_the_twin(std::int64_t rows, const std::string& left_out) {
  const test::TempFiles files;
  const TaskEntry task = test::gfp_task();
  const Params params = test::gfp_params();
  const std::filesystem::path out = files.path() / "out";
  std::filesystem::create_directory(out);
  task.write_twin({.twin = true, .folder = {}, .params = params, .rows = rows}, out);
  std::vector<std::filesystem::path> paths;
  for (const char* name : {"amino_acid_genotypes_to_brightness.tsv", "tape_fluorescence_valid.tsv", "gfp_tape_splits.tsv",
                           "avgfp_wt.fasta"}) {
    if (name != left_out) paths.push_back(out / name);
  }
  std::vector<std::pair<std::string, std::filesystem::path>> copies;
  for (const ImportedFile& file : task.import_files(paths).files) copies.emplace_back(file.role, file.source);
  data::install_files(files.path() / "gfp", copies);
  const auto read = test::gfp_real(files.path() / "gfp");
  const auto twin = test::gfp_twin(rows);
  EXPECT_EQ(read->examples().ids, twin->examples().ids);
  EXPECT_EQ(read->examples().targets, twin->examples().targets);
  EXPECT_EQ(read->examples().fields, twin->examples().fields);
  EXPECT_EQ(read->examples().published_split, twin->examples().published_split);
  EXPECT_EQ(read->examples().counts, twin->examples().counts);

  const Json truth = Json::parse(test::file_text(out / "truth.json"));
  ASSERT_EQ(truth.at("substitutions").size(), kSubstitutions);
  ASSERT_EQ(truth.at("rows").size(), twin->examples().ids.size());
  EXPECT_EQ(truth["rows"].back(), (Json{twin->examples().ids.back(), twin->examples().noiseless.back(), twin->examples().expected.back()}));
}

TEST(GfpTwin, ItsFilesGiveItByEitherFormOfTheSplit) {
  expect_files_give_the_twin(2000, "gfp_tape_splits.tsv");
  expect_files_give_the_twin(2000, "tape_fluorescence_valid.tsv");
  expect_files_give_the_twin(0, "");
}

}  // namespace
}  // namespace seqbench::tasks::gfp_fluorescence
