#include "harness/store/outcome.h"

#include <fmt/format.h>

#include <cmath>
#include <system_error>

#include "harness/base/error.h"
#include "harness/base/file_lock.h"
#include "harness/base/files.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "harness/store/result_rows.h"

namespace seqbench::store {
namespace {

constexpr std::size_t kMaxRowBytes = 1u << 20;

void check_shape(const Predictions& p) {
  const auto cells = p.examples.ids.size() * static_cast<std::size_t>(p.examples.cols);
  SEQBENCH_ASSERT(p.values.size() == cells, "one prediction for each id and column");
  SEQBENCH_ASSERT(p.examples.truth.empty() || p.examples.truth.size() == cells, "one truth for each id and column");
}

std::int64_t example_set_id(Connection& db, const ExampleSet& set, const std::string& sha256) {
  if (const auto known = db.integer("SELECT id FROM example_sets WHERE sha256 = ?", sha256)) return *known;
  for (const std::string& id : set.ids) {
    if (id.find('\n') == std::string::npos) continue;
    throw InputError(fmt::format("task {}: an id of its examples holds a line break: {}", set.task, printable(id)));
  }
  const bool has_truth = !set.truth.empty() || set.ids.empty();
  const auto truth = has_truth ? std::optional(Blob{bytes_of(set.truth)}) : std::nullopt;
  const std::string ids = join(set.ids, "\n");
  const std::string fields = canonical_json(set.fields);
  db.run("INSERT INTO example_sets (sha256, task, split, n, cols, ids, truth, truth_dtype, fields)"
         " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
         sha256, set.task, set.split, set.ids.size(), set.cols, Blob{ids}, truth,
         has_truth ? std::optional<std::string>("f64") : std::nullopt, Blob{fields});
  return db.last_id();
}

}  // namespace

std::string blob_path(const std::string& sha256) { return fmt::format("blobs/{}/{}", sha256.substr(0, 2), sha256); }

std::string write_blob(const std::filesystem::path& store, const std::string& sha256, std::string_view bytes) {
  const std::string name = blob_path(sha256);
  const auto path = std::filesystem::absolute(store).parent_path() / name;
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) throw MachineError(fmt::format("cannot make '{}': {}", path.parent_path().string(), error.message()));
  // Two processes with the same predictions would share one temporary.
  const FileLock lock(store.string() + ".blobs");
  if (!std::filesystem::exists(path) || sha256_file_hex(path) != sha256) write_file_atomically(path, bytes);
  return name;
}

std::int64_t Names::id(Connection& db, const std::string& name) {
  if (const auto known = ids_.find(name); known != ids_.end()) return known->second;
  db.run("INSERT INTO names (name) VALUES (?) ON CONFLICT (name) DO NOTHING", name);
  const std::int64_t id = db.integer("SELECT id FROM names WHERE name = ?", name).value();
  ids_.emplace(name, id);
  return id;
}

std::int64_t Names::metric_id(Connection& db, const MetricRow& metric) {
  std::string definition =
      fmt::format("{}\n{}\n{}\n{}", metric.name, metric.version, metric.higher_is_better, metric.unit);
  if (const auto known = described_.find(definition); known != described_.end()) return known->second;
  const std::int64_t result = id(db, metric.name);
  db.run("UPDATE names SET version = ?, higher_is_better = ?, unit = ? WHERE id = ?", metric.version,
         metric.higher_is_better, or_null(metric.unit), result);
  described_.emplace(std::move(definition), result);
  return result;
}

std::vector<PlacedPrediction> place_predictions(const std::filesystem::path& store,
                                                const std::vector<Predictions>& predictions) {
  std::vector<PlacedPrediction> placed;
  for (const Predictions& p : predictions) {
    check_shape(p);
    const std::string_view bytes = bytes_of(p.values);
    PlacedPrediction place{&p, p.examples.sha256(), sha256_hex(bytes), ""};
    if (bytes.size() > kMaxRowBytes) place.file = write_blob(store, place.values_sha256, bytes);
    placed.push_back(std::move(place));
  }
  return placed;
}

void insert_metrics(Connection& db, Names& names, std::int64_t execution, const std::vector<MetricRow>& metrics) {
  for (const MetricRow& metric : metrics) {
    const bool nan = std::isnan(metric.value);
    const std::string note = nan && metric.note.empty() ? "nan" : metric.note;
    db.run("INSERT INTO metrics (execution, split, name, slice, value, n, note) VALUES (?, ?, ?, ?, ?, ?, ?)",
           execution, metric.split, names.metric_id(db, metric), names.id(db, metric.slice),
           nan ? std::nullopt : std::optional(stored_value(metric.value)), metric.n, or_null(note));
  }
}

void insert_predictions(Connection& db, std::int64_t execution, const std::vector<PlacedPrediction>& predictions) {
  for (const PlacedPrediction& place : predictions) {
    const Predictions& p = *place.prediction;
    const bool in_file = !place.file.empty();
    const auto data = in_file ? std::nullopt : std::optional(Blob{bytes_of(p.values)});
    db.run("INSERT INTO predictions (execution, example_set, kind, dtype, rows, cols, codec, sha256, data, path)"
           " VALUES (?, ?, ?, 'f64', ?, ?, ?, ?, ?, ?)",
           execution, example_set_id(db, p.examples, place.examples_sha256), p.kind, p.examples.ids.size(),
           p.examples.cols, in_file ? "file" : "none", place.values_sha256, data, or_null(place.file));
  }
}

void insert_timings(Connection& db, std::int64_t attempt, const std::vector<TimingRow>& timings) {
  for (const TimingRow& t : timings) {
    db.run("INSERT INTO timings (attempt, phase, count, total_ns, min_ns, p50_ns, p95_ns, max_ns, items)"
           " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
           attempt, t.phase, t.count, t.total_ns, t.min_ns, t.p50_ns, t.p95_ns, t.max_ns, t.items);
  }
}

}  // namespace seqbench::store
