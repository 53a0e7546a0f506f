// Every metric on a million rows, and the bootstrap at the size of GFP's test part.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "harness/analyze/intervals.h"
#include "harness/base/streams.h"
#include "tests/bench/bench.h"

namespace seqbench::bench {
namespace {

using analyze::MetricInfo;

constexpr std::size_t kRows = 1'000'000;
constexpr std::size_t kTestRows = 27'217;  // GFP, test part

struct Sample {
  std::vector<double> truth, prediction;
};

/// Regression: a normal truth with a noisy copy. Classes: a third positive, probabilities that know a little.
Sample sample(bool classes, std::size_t rows, std::uint64_t seed) {
  Sample s;
  Draws draws = Streams(seed).open("test").at();
  for (std::size_t i = 0; i < rows; ++i) {
    const double truth = classes ? (draws.uniform() < 1.0 / 3 ? 1.0 : 0.0) : draws.normal();
    const double noisy = truth + draws.normal();
    s.truth.push_back(truth);
    s.prediction.push_back(classes ? 1 / (1 + std::exp(0.5 - noisy)) : noisy);
  }
  return s;
}

/// Rank correlations and areas by their plain definitions, for samples without ties.
std::vector<std::size_t> ascending(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  return order;
}

long double spearman(const Sample& s) {
  const std::vector<std::size_t> a = ascending(s.truth), b = ascending(s.prediction);
  const auto n = static_cast<long double>(a.size());
  std::vector<long double> rank(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) rank[a[i]] = static_cast<long double>(i);
  long double squares = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    const long double d = rank[b[i]] - static_cast<long double>(i);
    squares += d * d;
  }
  return 1 - 6 * squares / (n * (n * n - 1));
}

long double area(const std::string& metric, const Sample& s) {
  const std::vector<std::size_t> order = ascending(s.prediction);
  long double below = 0, pairs = 0, positives = 0, precision = 0;
  for (const std::size_t row : order) {
    if (s.truth[row] == 0) ++below;
    else pairs += below;
  }
  for (std::size_t seen = 1; seen <= order.size(); ++seen) {
    if (s.truth[order[order.size() - seen]] == 0) continue;
    precision += ++positives / static_cast<long double>(seen);
  }
  return metric == "auroc" ? pairs / (below * positives) : precision / positives;
}

long double of_classes(const std::string& metric, const Sample& s) {
  long double tp = 0, tn = 0, fp = 0, fn = 0, loss = 0;
  for (std::size_t i = 0; i < s.truth.size(); ++i) {
    const bool yes = s.prediction[i] >= 0.5, is = s.truth[i] == 1;
    (yes ? is ? tp : fp : is ? fn : tn) += 1;
    loss -= std::log(static_cast<long double>(is ? s.prediction[i] : 1 - s.prediction[i]));
  }
  const long double n = tp + tn + fp + fn;
  if (metric == "log_loss") return loss / n;
  if (metric == "accuracy") return (tp + tn) / n;
  if (metric == "f1") return 2 * tp / (2 * tp + fp + fn);
  return (tp * tn - fp * fn) / std::sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn));  // mcc
}

long double of_values(const std::string& metric, const Sample& s) {
  const auto n = static_cast<long double>(s.truth.size());
  const long double mean_t = std::accumulate(s.truth.begin(), s.truth.end(), 0.0L) / n;
  const long double mean_p = std::accumulate(s.prediction.begin(), s.prediction.end(), 0.0L) / n;
  long double squares = 0, absolute = 0, tt = 0, pp = 0, tp = 0;
  for (std::size_t i = 0; i < s.truth.size(); ++i) {
    const long double t = s.truth[i], p = s.prediction[i];
    squares += (t - p) * (t - p);
    absolute += std::abs(t - p);
    tt += (t - mean_t) * (t - mean_t);
    pp += (p - mean_p) * (p - mean_p);
    tp += (t - mean_t) * (p - mean_p);
  }
  if (metric == "mse") return squares / n;
  if (metric == "rmse") return std::sqrt(squares / n);
  if (metric == "mae") return absolute / n;
  if (metric == "r2") return 1 - squares / tt;
  return tp / std::sqrt(tt * pp);  // pearson
}

/// Mean distance of truth and prediction over 15 equal bins of the prediction, weighted by rows.
long double calibration(const Sample& s) {
  std::vector<long double> gaps(15);
  for (std::size_t i = 0; i < s.truth.size(); ++i) {
    gaps[static_cast<std::size_t>(std::min(s.prediction[i] * 15, 14.0))] += static_cast<long double>(s.truth[i]) - s.prediction[i];
  }
  long double sum = 0;
  for (const long double gap : gaps) sum += std::abs(gap);
  return sum / static_cast<long double>(s.truth.size());
}

/// tau-b by all pairs.
long double kendall(const Sample& s) {
  long double agree = 0, truth = 0, prediction = 0;
  for (std::size_t i = 0; i < s.truth.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const int t = (s.truth[i] > s.truth[k]) - (s.truth[i] < s.truth[k]);
      const int p = (s.prediction[i] > s.prediction[k]) - (s.prediction[i] < s.prediction[k]);
      agree += t * p;
      truth += t * t;
      prediction += p * p;
    }
  }
  return agree / std::sqrt(truth * prediction);
}

long double by_definition(const MetricInfo& metric, const Sample& s) {
  const std::string name(metric.name);
  if (name == "calibration_error") return calibration(s);
  if (name == "kendall") return kendall(s);
  if (name.starts_with("spearman")) return spearman(s);
  if (name == "auroc" || name == "auprc") return area(name, s);
  return metric.classification ? of_classes(name, s) : of_values(name, s);
}

const Sample& rows_of(bool classes) {
  static const Sample kValues = sample(false, kRows, 1), kClasses = sample(true, kRows, 2);
  return classes ? kClasses : kValues;
}

void register_metric(const MetricInfo& metric) {
  const Sample& s = rows_of(metric.classification);
  static const Sample kFew = sample(false, 2000, 5);
  const Sample& checked = metric.name == "kendall" ? kFew : s;  // all pairs of the others' rows would take minutes
  const double value = metric.compute(checked.truth, checked.prediction, {}).value;
  const double wanted = static_cast<double>(by_definition(metric, checked));
  require(std::abs(value - wanted) < 1e-9, fmt::format("{} is {}, not {}", metric.name, value, wanted));
  benchmark::RegisterBenchmark(fmt::format("metric/{}/rows:{}", metric.name, kRows).c_str(),
                               [&metric, &s](benchmark::State& state) {
                                 for (auto _ : state) {
                                   benchmark::DoNotOptimize(metric.compute(s.truth, s.prediction, {}).value);
                                 }
                                 state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRows));
                               })
      ->Unit(benchmark::kMillisecond);
}

struct Trials {
  std::vector<double> truth;
  std::vector<std::vector<double>> predictions;
};

Trials trials_of(std::size_t count) {
  Trials trials{sample(false, kTestRows, 3).truth, {}};
  Draws draws = Streams(4).open("test").at();
  for (std::size_t t = 0; t < count; ++t) {
    std::vector<double>& p = trials.predictions.emplace_back();
    for (const double y : trials.truth) p.push_back(y + draws.normal());
  }
  return trials;
}

/// One trial's mse is a mean over rows, whose interval has a closed form that the bootstrap must come close to.
void verify_bootstrap() {
  const Trials trials = trials_of(1);
  const analyze::Summary s = analyze::fixed_split(analyze::metric("mse"), trials.truth, trials.predictions);
  const std::vector<double>& p = trials.predictions[0];
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    const double e = (trials.truth[i] - p[i]) * (trials.truth[i] - p[i]);
    sum += e;
    squares += e * e;
  }
  const auto n = static_cast<double>(p.size());
  const double half = 1.96 * std::sqrt((squares / n - sum / n * sum / n) / n);
  require(std::abs(s.mean - sum / n) < 1e-9, fmt::format("mean {} is not {}", s.mean, sum / n));
  require(std::abs((s.high - s.low) / 2 / half - 1) < 0.15, fmt::format("half width of [{}, {}] is not about {}", s.low, s.high, half));
}

void register_bootstrap(const char* name, std::size_t count) {
  benchmark::RegisterBenchmark(fmt::format("bootstrap/{}/rows:{}/trials:{}", name, kTestRows, count).c_str(),
                               [name, trials = trials_of(count)](benchmark::State& state) {
                                 const MetricInfo& metric = analyze::metric(name);
                                 for (auto _ : state) {
                                   benchmark::DoNotOptimize(
                                       analyze::fixed_split(metric, trials.truth, trials.predictions));
                                 }
                                 const double resamples = analyze::resamples_for(kTestRows, trials.predictions.size());
                                 state.counters["resamples/s"] = benchmark::Counter(
                                     resamples * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
                               })
      ->Unit(benchmark::kMillisecond);
}

void register_all() {
  for (const MetricInfo& metric : analyze::metrics_table()) register_metric(metric);
  verify_bootstrap();
  for (const std::size_t count : {1u, 5u}) {
    register_bootstrap("mse", count);
    register_bootstrap("spearman", count);
  }
}

}  // namespace
}  // namespace seqbench::bench

int main(int argc, char** argv) { return seqbench::bench::main_with(argc, argv, &seqbench::bench::register_all); }
