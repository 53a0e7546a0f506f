#include "harness/audit/giveaways.h"

#include <ATen/ops/cholesky_solve.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "harness/analyze/metrics.h"
#include "harness/base/error.h"
#include "harness/base/streams.h"

namespace seqbench::audit {
namespace {

constexpr std::size_t kMostRows = 20000;  // of each part
constexpr double kPenalty = 1e-3;         // of a column's variance

/// Columns that a property gives, and the score above which it gives the labels away. Twins stay below; 4-mers and the
/// number of members are content of the tasks at hand and only noted.
struct Property {
  const char* name;
  const char* what;
  double auroc, r;
  std::function<std::vector<double>(std::int64_t row)> columns;
};

constexpr double kNever = 2;

std::vector<double> length_of(const std::string& sequence) { return {static_cast<double>(sequence.size())}; }

/// Shares of the words of k letters; letters outside of the alphabet end a word.
std::vector<double> word_shares(const std::string& sequence, std::string_view alphabet, std::size_t k) {
  std::size_t words = 1;
  for (std::size_t i = 0; i < k; ++i) words *= alphabet.size();
  std::vector<double> shares(words);
  std::size_t word = 0, known = 0;
  double windows = 0;
  for (const char letter : sequence) {
    const std::size_t code = alphabet.find(letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter);
    known = code == alphabet.npos ? 0 : known + 1;
    word = (word * alphabet.size() + (known == 0 ? 0 : code)) % words;
    if (known < k) continue;
    shares[word] += 1;
    windows += 1;
  }
  for (double& share : shares) share /= std::max(windows, 1.0);
  return shares;
}

std::vector<Property> properties(const Rows& rows) {
  const bool dna = rows.kind() == Rows::Kind::kDna;
  const std::string_view alphabet = dna ? "ACGT" : "ACDEFGHIKLMNPQRSTVWY";
  const auto words = [&rows, alphabet](std::size_t k) {
    return [&rows, alphabet, k](std::int64_t row) { return word_shares(rows.sequence(row), alphabet, k); };
  };
  if (rows.is_sequence()) {
    std::vector<Property> out = {{"length", "the length", 0.65, 0.3, [&rows](std::int64_t row) { return length_of(rows.sequence(row)); }},
                                 {"letters", "the shares of single letters", 0.75, 0.5, words(1)}};
    if (dna) {
      out.push_back({"pairs of letters", "the shares of pairs of letters", 0.93, 0.7, words(2)});
      out.push_back({"4-mers", "the shares of 4-mers", kNever, kNever, words(4)});
    }
    return out;
  }
  if (rows.kind() == Rows::Kind::kText || rows.kind() == Rows::Kind::kDense) return {};
  return {{"number of members", "the number of members", kNever, kNever,
           [&rows](std::int64_t row) { return std::vector<double>{static_cast<double>(rows.features(row).size())}; }}};
}

/// At most kMostRows of them, drawn once for all.
std::vector<std::int64_t> sample(std::vector<std::int64_t> rows, std::uint32_t item) {
  if (rows.size() <= kMostRows) return rows;
  Streams(0).open("subsample").at({0, 1, item}).shuffle(std::span(rows));
  rows.resize(kMostRows);
  std::sort(rows.begin(), rows.end());
  return rows;
}

at::Tensor columns_of(const Property& property, const std::vector<std::int64_t>& rows) {
  const auto width = static_cast<std::int64_t>(property.columns(rows.front()).size());
  at::Tensor x = at::zeros({static_cast<std::int64_t>(rows.size()), width}, at::kDouble);
  auto* to = x.mutable_data_ptr<double>();
  for (const std::int64_t row : rows) to = std::ranges::copy(property.columns(row), to).out;
  return x;
}

at::Tensor labels_of(const Examples& examples, const std::vector<std::int64_t>& rows, std::size_t targets) {
  at::Tensor y = at::zeros({static_cast<std::int64_t>(rows.size())}, at::kDouble);
  auto* to = y.mutable_data_ptr<double>();
  for (const std::int64_t row : rows) *to++ = examples.targets[static_cast<std::size_t>(row) * targets];
  return y;
}

/// Ridge on standardized columns, predicted for `test`.
std::vector<double> fit_predict(const at::Tensor& x, const at::Tensor& y, const at::Tensor& test) {
  const at::Tensor mean = x.mean(0);
  at::Tensor deviation = x.sub(mean).square_().mean(0).sqrt_();
  deviation.masked_fill_(deviation.eq(0), 1);
  const at::Tensor z = x.sub(mean).div_(deviation);
  at::Tensor gram = z.t().matmul(z);
  gram.diagonal().add_(kPenalty * static_cast<double>(x.size(0)));
  const auto [factor, info] = at::linalg_cholesky_ex(gram);
  SEQBENCH_ASSERT(info.item<int>() == 0, "a penalized Gram matrix is positive definite");
  const at::Tensor weights = at::cholesky_solve(z.t().matmul(y.sub(y.mean())).unsqueeze(1), factor);
  const at::Tensor predicted = test.sub(mean).div_(deviation).matmul(weights).squeeze(1).add_(y.mean()).contiguous();
  const auto* begin = predicted.const_data_ptr<double>();
  return {begin, begin + predicted.numel()};
}

std::vector<double> values_of(const at::Tensor& y) {
  const auto* begin = y.const_data_ptr<double>();
  return {begin, begin + y.numel()};
}

/// AUROC (with MCC at the training share of positives) or Pearson's r, as a sentence and a number.
std::pair<double, std::string> scored(TaskKind kind, const std::vector<double>& truth, std::vector<double> predicted) {
  if (kind == TaskKind::kRegression) {
    const double r = analyze::metric("pearson").compute(truth, predicted, {}).value;
    return {std::abs(r), fmt::format("Pearson's r {:.3f}", r)};
  }
  std::vector<double> order = analyze::midranks(predicted);  // any number becomes a probability without a new tie
  for (double& rank : order) rank /= static_cast<double>(order.size() + 1);
  const double auroc = analyze::metric("auroc").compute(truth, order, {}).value;
  for (double& p : predicted) p = std::clamp(p, 0.0, 1.0);
  const double mcc = analyze::metric("mcc").compute(truth, predicted, {}).value;
  return {auroc, fmt::format("AUROC {:.3f}, MCC {:.3f}", auroc, mcc)};
}

Finding judged(const Property& property, TaskKind kind, const std::vector<double>& truth, std::vector<double> predicted) {
  Finding finding{.check = std::string("giveaway: ") + property.name, .text = {}};
  const auto [score, text] = scored(kind, truth, std::move(predicted));
  const double limit = kind == TaskKind::kBinary ? property.auroc : property.r;
  finding.status = !(score >= limit)  ? limit == kNever ? Finding::Status::kNote : Finding::Status::kClean
                                      : Finding::Status::kGiveaway;
  finding.text = std::isnan(score) ? fmt::format("{} alone: undefined on this test part", property.what)
                                   : fmt::format("{} alone: {}", property.what, text);
  return finding;
}

/// The feature that correlates best with the labels in training, scored on test.
std::optional<Finding> best_feature(const TaskEntry& task, const Rows& rows, const Examples& examples,
                                    const std::vector<std::int64_t>& seen, const std::vector<std::int64_t>& test) {
  if (rows.feature_count() == 0) return std::nullopt;
  const std::size_t targets = task.targets.size();
  std::vector<double> sum_x(static_cast<std::size_t>(rows.feature_count())), sum_xx(sum_x), sum_xy(sum_x);
  const std::vector<double> y = values_of(labels_of(examples, seen, targets));
  const double n = static_cast<double>(y.size()), mean = std::accumulate(y.begin(), y.end(), 0.0) / n;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    for (const auto& [feature, value] : rows.features(seen[i])) {
      const auto f = static_cast<std::size_t>(feature);
      sum_x[f] += value;
      sum_xx[f] += value * value;
      sum_xy[f] += value * (y[i] - mean);
    }
  }
  std::size_t best = 0;
  double highest = -1;
  for (std::size_t f = 0; f < sum_x.size(); ++f) {
    const double variance = sum_xx[f] / n - sum_x[f] / n * (sum_x[f] / n);
    const double strength = variance > 0 ? std::abs(sum_xy[f]) / std::sqrt(variance) : 0;
    if (strength > highest) std::tie(best, highest) = std::pair{f, strength};
  }
  const double sign = sum_xy[best] < 0 ? -1 : 1;
  std::vector<double> predicted;
  for (const std::int64_t row : test) {
    const auto features = rows.features(row);
    const auto found = std::ranges::find(features, static_cast<std::int64_t>(best), &std::pair<std::int64_t, double>::first);
    predicted.push_back(found == features.end() ? 0 : sign * found->second);
  }
  const std::string what = fmt::format("the best single feature ({})", best);
  const Property property{"single feature", what.c_str(), 0.93, 0.7, {}};
  return judged(property, task.kind, values_of(labels_of(examples, test, targets)), std::move(predicted));
}

}  // namespace

std::vector<Finding> giveaways(const TaskEntry& task, const Rows& rows, const Examples& examples, const Sides& sides) {
  const std::vector<std::int64_t> seen = sample(sides.seen, 0), test = sample(sides.test, 1);
  const at::Tensor y = labels_of(examples, seen, task.targets.size());
  const std::vector<double> truth = values_of(labels_of(examples, test, task.targets.size()));
  std::vector<Finding> findings;
  for (const Property& property : properties(rows)) {
    findings.push_back(judged(property, task.kind, truth, fit_predict(columns_of(property, seen), y, columns_of(property, test))));
  }
  if (auto finding = best_feature(task, rows, examples, seen, test)) findings.push_back(std::move(*finding));
  return findings;
}

}  // namespace seqbench::audit
