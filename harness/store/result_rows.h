#pragma once
// The rows of one execution's result: how they are hashed, encoded and read back. check, export and Reader share
// this, so that all three see the same values.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/store/connection.h"
#include "harness/store/records.h"

namespace seqbench::store {

/// As SQLite gives it back: one NaN, and no negative zero.
[[nodiscard]] double stored_value(double value);

struct PredictionDigest {
  std::string split, kind, examples_sha256, values_sha256;
};
/// See TrialRecord::result_sha256.
[[nodiscard]] std::string result_sha256(std::vector<MetricRow> metrics, std::vector<PredictionDigest> predictions);

/// Little-endian f64, in place.
[[nodiscard]] std::string_view bytes_of(const std::vector<double>& values);
/// Throws MachineError when the size is no multiple of 8.
[[nodiscard]] std::vector<double> doubles_of(std::string_view bytes);
/// The lines of an example set's id blob.
[[nodiscard]] std::vector<std::string> ids_of(std::string_view bytes, std::int64_t count);
/// Stored JSON; throws MachineError when it does not parse.
[[nodiscard]] Json stored_json(std::string_view text);
/// Text for a JSON column; invalid UTF-8 is replaced.
[[nodiscard]] std::string json_text(const Json& json);

/// Sorted by split, name, slice.
[[nodiscard]] std::vector<MetricRow> read_metrics(Connection& db, std::int64_t execution);
/// Sorted by name, split, step.
[[nodiscard]] std::vector<CurvePoint> read_curves(Connection& db, std::int64_t execution);

/// Example sets by their ids, each read once while anyone holds it.
class Examples {
 public:
  [[nodiscard]] std::shared_ptr<const ExampleSet> read(Connection& db, std::int64_t id);

 private:
  std::map<std::int64_t, std::weak_ptr<const ExampleSet>> held_;
};
/// Ids of an execution's example sets, sorted by split and hash.
[[nodiscard]] std::vector<std::int64_t> read_example_ids(Connection& db, std::int64_t execution);
/// Which of an execution's stored numbers are read.
enum class Kinds { kAll, kPredictions, kSpreads };
/// Sorted by split, kind. Throws MachineError when a blob is missing or its hash is another.
[[nodiscard]] std::vector<SharedPredictions> read_predictions(Connection& db, std::int64_t execution, Examples& examples,
                                                              Kinds kinds = Kinds::kAll);
/// Without reading values, sorted by split, kind.
struct PredictionInfo : PredictionDigest {
  std::int64_t rows = 0, cols = 0;
};
[[nodiscard]] std::vector<PredictionInfo> read_prediction_infos(Connection& db, std::int64_t execution);

}  // namespace seqbench::store
