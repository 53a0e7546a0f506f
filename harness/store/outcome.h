#pragma once
// Writes one execution's result rows, inside the caller's transaction.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/store/connection.h"
#include "harness/store/records.h"

namespace seqbench::store {

/// Ids of the table `names`. Forget them when a transaction is rolled back.
class Names {
 public:
  [[nodiscard]] std::int64_t id(Connection& db, const std::string& name);
  /// Same, and keeps the metric's direction, version and unit with its name.
  [[nodiscard]] std::int64_t metric_id(Connection& db, const MetricRow& metric);
  void forget() { ids_.clear(), described_.clear(); }

 private:
  std::map<std::string, std::int64_t, std::less<>> ids_;
  std::map<std::string, std::int64_t, std::less<>> described_;
};

/// A prediction whose values are safe: in memory, or in a file beside the store.
struct PlacedPrediction {
  const Predictions* prediction = nullptr;
  std::string examples_sha256, values_sha256;
  std::string file;  // "blobs/aa/HASH", or "" for values that go into the row
};
/// "blobs/aa/HASH"
[[nodiscard]] std::string blob_path(const std::string& sha256);
/// Writes "blobs/aa/HASH" beside the store unless it is there, and returns that name. Throws MachineError.
std::string write_blob(const std::filesystem::path& store, const std::string& sha256, std::string_view bytes);
/// Hashes all predictions and writes those over 1 MiB to files. Throws MachineError when one cannot be written.
[[nodiscard]] std::vector<PlacedPrediction> place_predictions(const std::filesystem::path& store,
                                                              const std::vector<Predictions>& predictions);

void insert_metrics(Connection& db, Names& names, std::int64_t execution, const std::vector<MetricRow>& metrics);
void insert_predictions(Connection& db, std::int64_t execution, const std::vector<PlacedPrediction>& predictions);
void insert_timings(Connection& db, std::int64_t attempt, const std::vector<TimingRow>& timings);

}  // namespace seqbench::store
