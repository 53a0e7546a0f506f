#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "harness/base/files.h"
#include "reports/figures/figure.h"
#include "tests/unit/reports/store_fixture.h"

namespace seqbench::reports {
namespace {

/// A table of one row whose trials predict these values of these labels.
struct Plotted {
  TaskTable table;
  Section section{"heading", {0}};
  Scene scene;

  Plotted(const std::vector<double>& truth, const std::vector<std::vector<double>>& predictions) {
    table.rank_metric = "auroc";
    table.rows.resize(1);
    scene.table = &table;
    scene.section = &section;
    scene.stem = "t0h0";
    scene.binary = true;
    SeenRow row{.index = 0, .name = "net"};
    for (const std::vector<double>& values : predictions) {
      store::Predictions p;
      p.examples.split = "test";
      p.examples.truth = truth;
      for (std::size_t i = 0; i < truth.size(); ++i) p.examples.ids.push_back("r" + std::to_string(i));
      p.values = values;
      row.trials.push_back({.seed = 1, .test = p});
    }
    scene.rows.push_back(row);
  }
};

double at(const Figure& figure, double x, const char* field) {
  for (const Json& row : figure.rows) {
    if (std::abs(row.at("x").get<double>() - x) < 1e-9) return row.at(field).get<double>();
  }
  ADD_FAILURE() << "no row at " << x;
  return 0;
}

TEST(Figures, RocByHand) {
  // From the highest down: 1, 0, 1, 0 -> (0, 1/2), (1/2, 1/2), (1/2, 1), (1, 1). The second trial is perfect.
  const Plotted made({1, 0, 1, 0}, {{0.9, 0.8, 0.7, 0.6}, {0.9, 0.1, 0.8, 0.2}});
  const Figure figure = roc_figure(made.scene).value();
  EXPECT_EQ(figure.rows.size(), 101u);
  EXPECT_DOUBLE_EQ(at(figure, 0, "low"), 0.5);
  EXPECT_DOUBLE_EQ(at(figure, 0.25, "low"), 0.5);
  EXPECT_DOUBLE_EQ(at(figure, 0.25, "mean"), 0.75);
  EXPECT_DOUBLE_EQ(at(figure, 0.5, "low"), 1);
  EXPECT_DOUBLE_EQ(at(figure, 0.25, "high"), 1);
  EXPECT_NE(figure.alternative.find("auroc 0.875 on average of 2"), std::string::npos) << figure.alternative;
}

TEST(Figures, TiedProbabilitiesAreOneStep) {
  const Plotted made({1, 0, 1, 0}, {{0.5, 0.5, 0.5, 0.5}});
  const Figure roc = roc_figure(made.scene).value();
  EXPECT_DOUBLE_EQ(at(roc, 0.3, "mean"), 0.3);
  EXPECT_DOUBLE_EQ(at(roc, 1, "mean"), 1);
  EXPECT_DOUBLE_EQ(at(precision_recall_figure(made.scene).value(), 0.01, "mean"), 0.5);
}

TEST(Figures, PrecisionByHand) {
  const Plotted made({1, 0, 1, 0}, {{0.9, 0.8, 0.7, 0.6}});
  const Figure figure = precision_recall_figure(made.scene).value();
  EXPECT_DOUBLE_EQ(at(figure, 0.5, "mean"), 1);
  EXPECT_DOUBLE_EQ(at(figure, 0.51, "mean"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(at(figure, 1, "mean"), 2.0 / 3);
}

TEST(Figures, CalibrationByHand) {
  // Bins of 1/15: 0.02 and 0.04 share the first, 1.0 falls into the last.
  const Plotted made({0, 1, 1, 1}, {{0.02, 0.04, 0.5, 1.0}});
  const Figure figure = calibration_figure(made.scene).value();
  ASSERT_EQ(figure.rows.size(), 3u);
  EXPECT_DOUBLE_EQ(figure.rows[0].at("predicted"), 0.03);
  EXPECT_DOUBLE_EQ(figure.rows[0].at("observed"), 0.5);
  EXPECT_DOUBLE_EQ(figure.rows[0].at("n"), 2);
  // (2 * 0.47 + 0.5 + 0) / 4
  EXPECT_NE(figure.alternative.find("mean gap 0.36 over 4"), std::string::npos) << figure.alternative;
}

TEST(Figures, OneClassHasNoCurve) {
  const Plotted made({1, 1}, {{0.5, 0.6}});
  EXPECT_FALSE(roc_figure(made.scene).has_value());
}

TEST(Figures, ResidualsByHand) {
  Plotted made({1, 2, 3, 4, 5, 1, 1, 1, 1, 1}, {{1, 3, 5, 7, 9, 0, 0, 0, 0, 0}});
  made.scene.binary = false;
  made.scene.rows[0].trials[0].test->examples.fields = {{"group", {10, 10, 10, 10, 10, "2", "2", "2", "2", "2"}}};
  const Figure figure = residuals_figure(made.scene).value();
  ASSERT_EQ(figure.rows.size(), 2u);  // by number: 2 before 10
  EXPECT_EQ(figure.rows[0].at("slice"), "2");
  EXPECT_DOUBLE_EQ(figure.rows[0].at("median"), -1);
  EXPECT_DOUBLE_EQ(figure.rows[1].at("median"), 2);
  EXPECT_DOUBLE_EQ(figure.rows[1].at("p25"), 1);
  EXPECT_DOUBLE_EQ(figure.rows[1].at("p5"), 0.2);
  EXPECT_EQ(data_csv(figure).substr(0, 36), "slice,row,p5,p25,median,p75,p95,n\r\n2");
}

TEST(Figures, ManyRowsAreBinnedAndSaidSo) {
  std::vector<double> truth, predicted;
  for (int i = 0; i < 20000; ++i) {
    truth.push_back(i % 200);
    predicted.push_back((i * 7) % 211);
  }
  Plotted made(truth, {predicted});
  made.scene.binary = false;
  const Figure figure = predicted_figure(made.scene).value();
  EXPECT_LE(figure.rows.size(), kMostPoints);
  std::int64_t sum = 0;
  for (const Json& row : figure.rows) sum += row.at("count").get<std::int64_t>();
  EXPECT_EQ(sum, 20000);
  EXPECT_NE(figure.caption.find("squares are shaded"), std::string::npos);
}

/// Numbers to nine digits: the last ones may differ between mathematical libraries.
Json rounded(Json json) {
  if (json.is_number_float()) return fmt::format("{:.9g}", json.get<double>());
  if (json.is_structured()) {
    for (Json& part : json) part = rounded(part);
  }
  return json;
}

using FigureStore = StoreFixture;

/// Specifications of a whole table, compared as JSON with the approved ones.
TEST_F(FigureStore, SpecificationsAreTheApprovedOnes) {
  std::vector<Made> trials;
  for (std::int64_t seed : {1, 2}) trials.push_back({.seed = seed, .error = 0.5, .save_all = true, .deviation = 0.3, .test_curve = true});
  trials.push_back({.label = "mean", .model = "constant", .kind = "control", .error = 3});
  trials.push_back({.label = "ceiling (twin)", .model = "ceiling", .kind = "ceiling", .error = 0.25});
  const auto run = fill(trials);
  const store::Reader store(path());
  const TaskTable table = tables_of_run(store, run).front();
  Json specs = Json::object();
  for (const Figure& figure : figures_of(scene_of(store, table, sections_of(table).front(), "t0h0"))) {
    specs[figure.name] = {{"spec", figure.spec}, {"caption", figure.caption}, {"alternative", figure.alternative}};
    EXPECT_FALSE(figure.alternative.empty());
    EXPECT_LE(figure.rows.size(), kMostPoints);
    for (const Json& row : figure.rows) {
      for (const auto& [name, value] : row.items()) EXPECT_NE(std::ranges::find(figure.columns, name), figure.columns.end()) << name;
    }
  }
  const std::filesystem::path golden = SEQBENCH_SOURCE_DIR "/tests/golden/reports/figures.json";
  if (std::getenv("SEQBENCH_APPROVE") != nullptr) write_file_atomically(golden, specs.dump(1) + "\n");
  const Json patch = Json::diff(rounded(parse_json(read_file(golden), "golden")), rounded(specs));
  EXPECT_EQ(patch.size(), 0u) << patch.dump().substr(0, 500) << "\nif this is meant: run again with SEQBENCH_APPROVE=1 and review the difference";
}

}  // namespace
}  // namespace seqbench::reports
