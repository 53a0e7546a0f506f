// A small task for tests: y = a linear function of 16 features, plus noise.
#include <ATen/ops/empty.h>

#include <fmt/format.h>

#include <cmath>

#include "harness/base/error.h"
#include "harness/contract/task.h"

namespace seqbench::fakes::toy {
namespace {

constexpr std::int64_t kFeatures = 16;
constexpr double kNoise = 0.5;

class Toy : public Dataset {
 public:
  Toy(std::int64_t rows, std::uint64_t seed) {
    const Stream stream = Streams(seed).open("twin/toy");
    values_ = at::empty({rows, kFeatures}, at::kFloat);
    auto* cell = values_.mutable_data_ptr<float>();
    std::vector<std::int64_t> parity, block;
    for (std::int64_t row = 0; row < rows; ++row) {
      Draws draws = stream.at({0, 0, static_cast<std::uint32_t>(row)});
      double f = 0;
      for (std::int64_t i = 0; i < kFeatures; ++i) {
        const double x = draws.normal();
        cell[row * kFeatures + i] = static_cast<float>(x);
        f += x * std::cos(static_cast<double>(i));
      }
      examples_.ids.push_back(fmt::format("row-{:05}", row));
      examples_.targets.push_back(f + kNoise * draws.normal());
      examples_.expected.push_back(f);
      examples_.published_split.push_back(row % 5 == 0 ? Part::kTest : row % 5 == 1 ? Part::kValidation : Part::kTrain);
      parity.push_back(row % 2);
      block.push_back(row / 8);
    }
    examples_.noiseless = examples_.expected;
    examples_.fields["block"] = block;
    examples_.fields["parity"] = parity;
    examples_.counts["rows"] = rows;
  }

  [[nodiscard]] View view(std::string_view name) const override {
    if (name != "features") throw InputError(fmt::format("task 'toy' has no view '{}'", name));
    return {"features", DenseView{values_}};
  }

 private:
  at::Tensor values_;
};

std::unique_ptr<Dataset> load(const LoadRequest& request) {
  const std::int64_t rows = request.rows > 0 ? request.rows : request.params.integer("rows");
  return std::make_unique<Toy>(rows, static_cast<std::uint64_t>(request.params.integer("twin_seed")));
}

/// Share of the rows whose sign is right, over all and where the truth is above 2.
std::vector<Score> scores(const Dataset& dataset, std::span<const std::int64_t> rows, std::span<const double> predictions) {
  std::vector<Score> out = {{.name = "sign", .value = 0, .note = "", .n = 0}, {.name = "sign", .slice = "high", .value = 0, .note = "", .n = 0}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double truth = dataset.examples().targets[static_cast<std::size_t>(rows[i])];
    for (Score& score : out) {
      if (score.slice == "high" && truth <= 2) continue;
      score.value += (truth > 0) == (predictions[i] > 0) ? 1 : 0;
      ++score.n;
    }
  }
  for (Score& score : out) score.value /= static_cast<double>(score.n);
  return out;
}

}  // namespace
}  // namespace seqbench::fakes::toy

namespace seqbench {

SEQBENCH_TASK(toy) {
  TaskEntry entry;
  entry.title = "Toy";
  entry.summary = "a linear function of 16 features, for tests";
  entry.kind = TaskKind::kRegression;
  entry.targets = {{"y", "", ""}};
  entry.metrics = {"mse", "r2", "spearman"};
  entry.views = {{"features", "16 numbers a row"}};
  entry.slices = {"parity"};
  entry.splits = {"published", "kfold", "stratified", "grouped", "stratified_grouped", "holdout", "subsample"};
  entry.group = "block";
  entry.params = {{.name = "rows", .fallback = std::int64_t{400}, .help = "rows", .low = 10, .high = 1e6},
                  {.name = "twin_seed", .fallback = std::int64_t{0}, .help = "seed of the generator", .low = 0}};
  entry.load = &fakes::toy::load;
  entry.scores = &fakes::toy::scores;
  return entry;
}

}  // namespace seqbench
