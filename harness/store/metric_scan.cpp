#include "harness/store/metric_scan.h"

#include <sqlite3.h>

#include <limits>

namespace seqbench::store {
namespace {

ScannedMetric metric_of(sqlite3_stmt* row) {
  ScannedMetric m;
  m.split = sqlite3_column_int64(row, 0);
  m.name = sqlite3_column_int64(row, 1);
  m.slice = sqlite3_column_int64(row, 2);
  m.n = sqlite3_column_int64(row, 4);
  const bool defined = sqlite3_column_type(row, 3) != SQLITE_NULL;
  m.value = defined ? sqlite3_column_double(row, 3) : std::numeric_limits<double>::quiet_NaN();
  if (sqlite3_column_type(row, 5) == SQLITE_NULL) return m;
  const auto* text = static_cast<const char*>(sqlite3_column_blob(row, 5));
  m.note.assign(text == nullptr ? "" : text, static_cast<std::size_t>(sqlite3_column_bytes(row, 5)));
  return m;
}

}  // namespace

void MetricScan::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

MetricScan::MetricScan(Connection& db) : db_(db) {
  // SQLiteCpp counts references for every column that is read: twice the time of the scan itself.
  constexpr const char* kSql = "SELECT split, name, slice, value, n, note FROM metrics WHERE execution = ?"
                               " ORDER BY split, name, slice";
  sqlite3_stmt* statement = nullptr;
  require(sqlite3_prepare_v2(db.database().getHandle(), kSql, -1, &statement, nullptr), SQLITE_OK);
  statement_.reset(statement);
}

void MetricScan::require(int code, int expected) const {
  if (code != expected) throw_store_error(db_.path(), SQLite::Exception(db_.database().getHandle(), code));
}

void MetricScan::read(std::int64_t execution, std::vector<ScannedMetric>& out) {
  out.clear();
  sqlite3_stmt* row = statement_.get();
  require(sqlite3_bind_int64(row, 1, execution), SQLITE_OK);
  int code = SQLITE_OK;
  while ((code = sqlite3_step(row)) == SQLITE_ROW) out.push_back(metric_of(row));
  sqlite3_reset(row);
  require(code, SQLITE_DONE);
}

}  // namespace seqbench::store
