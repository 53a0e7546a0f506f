#include "harness/store/records.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <tuple>

#include "harness/base/sha256.h"
#include "harness/store/result_rows.h"

namespace seqbench::store {
namespace {

/// Every field is preceded by its length, so that no two lists of fields give the same bytes.
class FieldHash {
 public:
  void number(std::uint64_t value) {
    std::array<std::uint8_t, 8> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
    hash_.update(bytes.data(), bytes.size());
  }
  void text(std::string_view value) {
    number(value.size());
    hash_.update(value);
  }
  [[nodiscard]] std::string hex() {
    const Sha256Digest digest = hash_.finish();
    return to_hex(digest.data(), digest.size());
  }

 private:
  Sha256 hash_;
};

}  // namespace

std::string audit_subject(const Json& config) {
  return sha256_hex(canonical_json({config.at("task"), config.at("data"), config.at("split")}));
}

double stored_value(double value) {
  if (std::isnan(value)) return std::numeric_limits<double>::quiet_NaN();
  return value == 0 ? 0.0 : value;
}

std::string ExampleSet::sha256() const {
  FieldHash hash;
  hash.text(task);
  hash.text(split);
  hash.number(static_cast<std::uint64_t>(cols));
  hash.number(ids.size());
  for (const std::string& id : ids) hash.text(id);
  hash.text(bytes_of(truth));
  hash.text(canonical_json(fields));
  return hash.hex();
}

std::string result_sha256(std::vector<MetricRow> metrics, std::vector<PredictionDigest> predictions) {
  std::stable_sort(metrics.begin(), metrics.end(), [](const MetricRow& a, const MetricRow& b) {
    return std::tie(a.split, a.name, a.slice) < std::tie(b.split, b.name, b.slice);
  });
  std::stable_sort(predictions.begin(), predictions.end(), [](const PredictionDigest& a, const PredictionDigest& b) {
    return std::tie(a.split, a.kind, a.examples_sha256) < std::tie(b.split, b.kind, b.examples_sha256);
  });
  FieldHash hash;
  hash.number(metrics.size());
  for (const MetricRow& metric : metrics) {
    hash.number(static_cast<std::uint64_t>(metric.split));
    hash.text(metric.name);
    hash.text(metric.slice);
    hash.number(static_cast<std::uint64_t>(metric.n));
    hash.number(std::bit_cast<std::uint64_t>(stored_value(metric.value)));
  }
  hash.number(predictions.size());
  for (const PredictionDigest& prediction : predictions) {
    hash.text(prediction.split);
    hash.text(prediction.kind);
    hash.text(prediction.examples_sha256);
    hash.text(prediction.values_sha256);
  }
  return hash.hex();
}

std::string TrialRecord::result_sha256() const {
  std::vector<PredictionDigest> digests;
  for (const Predictions& p : predictions) {
    digests.push_back({p.examples.split, p.kind, p.examples.sha256(), sha256_hex(bytes_of(p.values))});
  }
  return store::result_sha256(metrics, std::move(digests));
}

}  // namespace seqbench::store
