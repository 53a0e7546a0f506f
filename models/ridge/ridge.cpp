// Ridge regression in closed form: minimizes sum_i w_i (y_i - x_i b - a)^2 + strength |b|^2 with a free intercept a.
// The strength is chosen by the mean squared error on the validation rows. Of many columns and few rows, the weights are
// a combination of the rows, found from their products with each other. Pairs of features: pair_ridge.h.

#include <ATen/core/Tensor.h>
#include <ATen/ops/cholesky_solve.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <limits>

#include "harness/base/error.h"
#include "harness/contract/model.h"
#include "models/blocks/linear_scores.h"
#include "models/ridge/pair_ridge.h"

namespace seqbench::models::ridge {
namespace {

// Letters: N rows of a block, P kept columns, T targets, S strengths.

/// X'WX and X'WY of centred columns and targets.
struct Normal {
  at::Tensor gram;    // f64 [P, P]
  at::Tensor moment;  // f64 [P, T]
};

Normal normal_equations(const Columns& columns, const Means& means, const FitRows& train, const FitControl& control) {
  const std::int64_t targets = means.y.numel();
  Normal normal{at::zeros({columns.count(), columns.count()}, at::kDouble),
                at::zeros({columns.count(), targets}, at::kDouble)};
  for_each_block(train.rows, [&](std::size_t begin, std::span<const std::int64_t> block) {
    control.check_stop();
    control.progress(static_cast<std::int64_t>(begin), static_cast<std::int64_t>(train.rows.size()));
    const auto count = static_cast<std::int64_t>(block.size());
    const at::Tensor root = tensor_from(train.weights, begin, {count, 1}).sqrt_();
    const at::Tensor x_NP = columns.expand(train.view, block).sub_(means.x).mul_(root);
    const std::size_t first = begin * static_cast<std::size_t>(targets);
    const at::Tensor y_NT = tensor_from(train.targets, first, {count, targets}).sub_(means.y).mul_(root);
    normal.gram.addmm_(x_NP.t(), x_NP);
    normal.moment.addmm_(x_NP.t(), y_NT);
  });
  return normal;
}

constexpr std::int64_t kManyColumns = 2048;
constexpr std::int64_t kMostCells = 1 << 27;  // of rows kept at once: 1 GiB

/// The other way round: XX' and Y of centred columns and targets, both times sqrt(W), and the rows themselves.
struct Products {
  at::Tensor rows;   // f64 [N, P]
  Normal normal;     // [N, N], [N, T]
};

Products row_products(const Columns& columns, const Means& means, const FitRows& train) {
  const auto count = static_cast<std::int64_t>(train.rows.size());
  if (count > kMostCells / columns.count()) {
    throw InputError(fmt::format("ridge: {} rows of {} columns are too many for a closed form; take a view of fewer columns",
                                 count, columns.count()));
  }
  const at::Tensor root = tensor_from(train.weights, 0, {count, 1}).sqrt_();
  Products products;
  products.rows = columns.expand(train.view, train.rows).sub_(means.x).mul_(root);
  products.normal.gram = products.rows.matmul(products.rows.t());
  products.normal.moment = tensor_from(train.targets, 0, {count, means.y.numel()}).sub_(means.y).mul_(root);
  return products;
}

/// [P, T].
at::Tensor solve(const Normal& normal, double strength) {
  at::Tensor penalized = normal.gram.clone();
  penalized.diagonal().add_(strength);
  const auto [factor, info] = at::linalg_cholesky_ex(penalized);
  if (info.item<int>() != 0) {
    throw InputError(fmt::format("ridge: strength {} is too small, the system is singular", strength));
  }
  return at::cholesky_solve(normal.moment, factor);
}

class Ridge final : public Estimator {
 public:
  explicit Ridge(std::vector<double> strengths) : strengths_(checked_strengths("ridge", std::move(strengths))) {}

  void fit(const FitRows& train, const FitRows& validation, const FitControl& control) override {
    check_fit_rows("ridge", train, validation, strengths_.size());
    const Columns columns = Columns::seen_in(train.view, train.rows);
    const Means means = weighted_means(columns, train, control);
    const bool by_rows = columns.count() > kManyColumns && columns.count() > static_cast<std::int64_t>(train.rows.size());
    const Products products = by_rows ? row_products(columns, means, train) : Products{};
    const Normal normal = by_rows ? products.normal : normal_equations(columns, means, train, control);
    chosen_ = {};
    for (const double strength : strengths_) {  // descending: of two equal ones the stronger stays
      control.check_stop();
      const at::Tensor solution = solve(normal, strength);
      LinearScores candidate{columns, by_rows ? products.rows.t().matmul(solution) : solution, {}};
      candidate.intercept = means.y.sub(means.x.matmul(candidate.coefficients));
      const double mse = validation.rows.empty() ? 0 : mean_squared_error(candidate, validation);
      if (!(mse < chosen_.mse)) continue;
      chosen_ = {strength, mse, !validation.rows.empty()};
      scores_ = std::move(candidate);
    }
    if (!scores_.coefficients.defined()) throw InputError("ridge: no strength gives a finite validation error");
  }

  [[nodiscard]] std::vector<double> predict(const View& view, std::span<const std::int64_t> rows) const override {
    return to_vector(scores_.scores(view, rows));
  }
  [[nodiscard]] std::vector<NamedTensor> state() const override { return scores_.state(); }
  void load_state(std::span<const NamedTensor> state) override { scores_.load("ridge", state); }

  [[nodiscard]] std::vector<Setting> chosen() const override {
    std::vector<Setting> facts = {{"strength", chosen_.strength}};
    if (chosen_.validated) facts.push_back({"validation_mse", chosen_.mse});
    return facts;
  }

 private:
  struct Choice {
    double strength = 0;
    double mse = std::numeric_limits<double>::infinity();
    bool validated = false;
  };

  static double mean_squared_error(const LinearScores& scores, const FitRows& rows) {
    const at::Tensor predicted = scores.scores(rows.view, rows.rows);
    const at::Tensor weights = tensor_from(rows.weights, 0, {predicted.size(0), 1});
    const at::Tensor labels = tensor_from(rows.targets, 0, predicted.sizes().vec());
    const at::Tensor squares = predicted.sub(labels).square_().mul_(weights);
    return squares.sum().item<double>() / (weights.sum().item<double>() * static_cast<double>(predicted.size(1)));
  }

  std::vector<double> strengths_;
  Choice chosen_;
  LinearScores scores_;
};

std::unique_ptr<Estimator> make(const ModelContext& context) {
  if (context.params.flag("pairs")) {
    return make_pair_ridge(context.params.numbers("strengths"), context.params.integer("min_pair_rows"));
  }
  return std::make_unique<Ridge>(context.params.numbers("strengths"));
}

}  // namespace
}  // namespace seqbench::models::ridge

namespace seqbench {

SEQBENCH_MODEL(ridge) {
  ModelEntry entry;
  entry.summary = "ridge regression in closed form, strength chosen on the validation rows";
  entry.views = {"one_hot", "mutations", "kmer_counts", "tf_set", "tf_bins12", "tf_bins", "num_tfs", "histone_log",
                 "features"};
  entry.kinds = {TaskKind::kRegression};
  entry.params = {{.name = "strengths",
                   .fallback = std::vector<double>{1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1e3, 3e3,
                                                   1e4},
                   .help = "penalties on the squared weights to choose from; of equals the largest",
                   .choices = {}},
                  {.name = "pairs", .fallback = false, .help = "a column more for each pair of features found together",
                   .choices = {}},
                  {.name = "min_pair_rows", .fallback = std::int64_t{2},
                   .help = "pairs: training rows that must hold both", .low = 1, .high = 1e9, .choices = {}}};
  const Setting few{"strengths", std::vector<double>{1, 10, 30, 100, 300, 1e3}};  // thousands of columns take long
  const Setting shuffled{"labels", std::string("shuffled")};
  entry.controls = {{.label = "ridge, one-hot", .view = "one_hot", .params = {}, .train = {}},
                    {.label = "ridge, mutations", .view = "mutations", .params = {}, .train = {}},
                    {.label = "ridge, k-mers", .view = "kmer_counts", .params = {}, .train = {}},
                    {.label = "ridge, TF set", .view = "tf_set", .params = {}, .train = {}},
                    {.label = "ridge, TF bins of 1 kb", .view = "tf_bins12", .params = {few}, .train = {}},
                    {.label = "ridge, number of TFs", .view = "num_tfs", .params = {}, .train = {}},
                    {.label = "ridge, histone marks", .view = "histone_log", .params = {}, .train = {}},
                    {.label = "ridge, features", .view = "features", .params = {}, .train = {}},
                    {.label = "ridge, one-hot, shuffled labels", .view = "one_hot", .params = {}, .train = {shuffled}},
                    {.label = "ridge, TF set, shuffled labels", .view = "tf_set", .params = {}, .train = {shuffled}},
                    {.label = "ridge, histone marks, shuffled labels",
                     .view = "histone_log",
                     .params = {},
                     .train = {shuffled}},
                    {.label = "ridge, features, shuffled labels", .view = "features", .params = {}, .train = {shuffled}}};
  entry.trained_by_loop = false;
  entry.seeded = false;
  entry.estimator = &models::ridge::make;
  entry.citation = "Hoerl and Kennard 1970, Ridge regression, Technometrics 12:55";
  return entry;
}

}  // namespace seqbench
