#include "harness/store/result_rows.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"

namespace seqbench::store {
namespace {

static_assert(std::endian::native == std::endian::little, "blobs of the store are little-endian");

constexpr std::uint64_t kMaxBlobBytes = 1ull << 32;

/// The values' bytes from the row itself or from the file beside the store, whose name is their hash.
std::string values_of(const Connection& db, const Rows& row, int data_column, int path_column) {
  if (row.null(path_column)) return std::string(row.blob(data_column));
  const auto path = db.path().parent_path() / row.text(path_column);
  try {
    return read_file(path, kMaxBlobBytes);
  } catch (const InputError& error) {
    throw MachineError(fmt::format("store '{}': {}", db.path().string(), error.what()));
  }
}

}  // namespace

std::vector<std::string> ids_of(std::string_view bytes, std::int64_t count) {
  if (count == 0) return {};
  const auto parts = split(bytes, '\n');
  return {parts.begin(), parts.end()};
}

std::string_view bytes_of(const std::vector<double>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)};
}

std::vector<double> doubles_of(std::string_view bytes) {
  if (bytes.size() % sizeof(double) != 0) {
    throw MachineError(fmt::format("the store is damaged: a list of numbers has {} bytes", bytes.size()));
  }
  std::vector<double> values(bytes.size() / sizeof(double));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

Json stored_json(std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) {
    throw MachineError(fmt::format("the store is damaged: not JSON: {}", printable(text, 60)));
  }
  return json;
}

std::string json_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::vector<MetricRow> read_metrics(Connection& db, std::int64_t execution) {
  Rows row = db.rows(
      "SELECT m.split, n.name, s.name, m.value, m.n, m.note, n.higher_is_better, n.version, n.unit"
      " FROM metrics m JOIN names n ON n.id = m.name JOIN names s ON s.id = m.slice"
      " WHERE m.execution = ? ORDER BY m.split, n.name, s.name",
      execution);
  std::vector<MetricRow> metrics;
  while (row.next()) {
    metrics.push_back({.split = static_cast<int>(row.integer(0)),
                       .name = row.text(1),
                       .slice = row.text(2),
                       .value = row.real(3),
                       .n = row.integer(4),
                       .note = row.text(5),
                       .higher_is_better = row.integer(6) == 1,
                       .version = static_cast<int>(row.integer(7)),
                       .unit = row.text(8)});
  }
  return metrics;
}

std::vector<CurvePoint> read_curves(Connection& db, std::int64_t execution) {
  Rows row = db.rows(
      "SELECT n.name, c.split, c.step, c.epoch, c.value FROM curves c JOIN names n ON n.id = c.name"
      " WHERE c.execution = ? ORDER BY n.name, c.split, c.step",
      execution);
  std::vector<CurvePoint> points;
  while (row.next()) {
    points.push_back({row.text(0), static_cast<int>(row.integer(1)), row.integer(2), row.real(3), row.real(4)});
  }
  return points;
}

std::shared_ptr<const ExampleSet> Examples::read(Connection& db, std::int64_t id) {
  if (auto known = held_[id].lock()) return known;
  Rows row = db.rows("SELECT task, split, n, cols, ids, truth, fields FROM example_sets WHERE id = ?", id);
  if (!row.next()) throw MachineError(fmt::format("store '{}' is damaged: no example set {}", db.path().string(), id));
  auto set = std::make_shared<ExampleSet>();
  set->task = row.text(0);
  set->split = row.text(1);
  set->cols = row.integer(3);
  set->ids = ids_of(row.blob(4), row.integer(2));
  set->truth = doubles_of(row.blob(5));
  set->fields = stored_json(row.blob(6));
  held_[id] = set;
  return set;
}

std::vector<std::int64_t> read_example_ids(Connection& db, std::int64_t execution) {
  Rows row = db.rows(
      "SELECT DISTINCT x.id FROM predictions p JOIN example_sets x ON x.id = p.example_set"
      " WHERE p.execution = ? ORDER BY x.split, x.sha256",
      execution);
  std::vector<std::int64_t> ids;
  while (row.next()) ids.push_back(row.integer(0));
  return ids;
}

std::vector<SharedPredictions> read_predictions(Connection& db, std::int64_t execution, Examples& examples, Kinds kinds) {
  Rows row = db.rows(
      "SELECT p.kind, p.data, p.path, p.sha256, x.split, x.id"
      " FROM predictions p JOIN example_sets x ON x.id = p.example_set"
      " WHERE p.execution = ? AND (? OR (p.kind = ?) = ?) ORDER BY x.split, p.kind, x.sha256",
      execution, kinds == Kinds::kAll ? 1 : 0, kSpread, kinds == Kinds::kSpreads ? 1 : 0);
  std::vector<SharedPredictions> predictions;
  while (row.next()) {
    const std::string bytes = values_of(db, row, 1, 2);
    if (sha256_hex(bytes) != row.text(3)) {
      throw MachineError(fmt::format("store '{}' is damaged: {} predictions of execution {} on {} are not those that "
                                     "were written",
                                     db.path().string(), row.text(0), execution, row.text(4)));
    }
    predictions.push_back({examples.read(db, row.integer(5)), row.text(0), doubles_of(bytes)});
  }
  return predictions;
}

std::vector<PredictionInfo> read_prediction_infos(Connection& db, std::int64_t execution) {
  Rows row = db.rows(
      "SELECT x.split, p.kind, x.sha256, p.sha256, p.rows, p.cols"
      " FROM predictions p JOIN example_sets x ON x.id = p.example_set"
      " WHERE p.execution = ? ORDER BY x.split, p.kind, x.sha256",
      execution);
  std::vector<PredictionInfo> infos;
  while (row.next()) {
    infos.push_back({{row.text(0), row.text(1), row.text(2), row.text(3)}, row.integer(4), row.integer(5)});
  }
  return infos;
}

}  // namespace seqbench::store
