#include "harness/store/query.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <memory>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/store/connection.h"
#include "harness/store/reader.h"

namespace seqbench::store {
namespace {

constexpr int kStepsBetweenLooks = 10000;  // of SQLite's machine; well under a millisecond

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

struct Clock {
  double end = 0;  // of monotonic_seconds
};

int late(void* clock) { return monotonic_seconds() > static_cast<const Clock*>(clock)->end ? 1 : 0; }

[[noreturn]] void fail(sqlite3* db, const QueryLimits& limits) {
  const int code = sqlite3_extended_errcode(db) & 0xFF;
  if (code == SQLITE_INTERRUPT) {
    throw InputError(fmt::format("the query was stopped after {} s; --timeout gives it longer", format_double(limits.seconds)));
  }
  const char* hint = code == SQLITE_AUTH ? ": only reading is allowed here (SELECT)" : "";
  throw InputError(fmt::format("SQL: {}{}", printable(sqlite3_errmsg(db), 1000), hint));
}

/// Nothing but a statement may follow the first one: spaces and comments prepare to nothing.
Statement prepare(sqlite3* db, const std::string& sql, const QueryLimits& limits) {
  const char* rest = sql.c_str();
  const char* const end = rest + sql.size();
  Statement found;
  while (rest < end) {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(db, rest, static_cast<int>(end - rest), &raw, &rest) != SQLITE_OK) fail(db, limits);
    Statement statement(raw);
    if (!statement) continue;
    if (found) throw InputError("SQL: more than one statement: give them one at a time");
    found = std::move(statement);
  }
  if (!found) throw InputError("SQL: no statement");
  if (sqlite3_stmt_readonly(found.get()) == 0) throw InputError("SQL: only reading is allowed here (SELECT)");
  return found;
}

QueryCell cell_of(sqlite3_stmt* row, int column) {
  const auto bytes = [&] {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(row, column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
    return data == nullptr ? std::string() : std::string(data, size);
  };
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER: return sqlite3_column_int64(row, column);
    case SQLITE_FLOAT: return sqlite3_column_double(row, column);
    case SQLITE_TEXT: return bytes();
    case SQLITE_BLOB: return Bytes{bytes()};
    default: return std::monostate();
  }
}

}  // namespace

QueryEnd query(const std::filesystem::path& store, const std::string& sql, const QueryLimits& limits,
               const std::function<void(const std::vector<std::string>&)>& begin,
               const std::function<void(const std::vector<QueryCell>&)>& row) {
  if (sql.find('\0') != std::string::npos) throw InputError("SQL: a zero byte");
  static_cast<void>(Reader(store));  // there is a store of this version
  Connection connection(store, Connection::Mode::kRestricted);
  sqlite3* db = connection.database().getHandle();
  Clock clock{monotonic_seconds() + limits.seconds};
  if (limits.seconds > 0) sqlite3_progress_handler(db, kStepsBetweenLooks, &late, &clock);
  const Statement statement = prepare(db, sql, limits);
  QueryEnd end;
  const int columns = sqlite3_column_count(statement.get());
  for (int i = 0; i < columns; ++i) end.columns.emplace_back(sqlite3_column_name(statement.get(), i));
  begin(end.columns);
  std::vector<QueryCell> cells(static_cast<std::size_t>(columns));
  int code = SQLITE_OK;
  while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
    if (limits.rows > 0 && end.rows == limits.rows) return end.more = true, end;
    for (int i = 0; i < columns; ++i) cells[static_cast<std::size_t>(i)] = cell_of(statement.get(), i);
    row(cells);
    ++end.rows;
  }
  if (code != SQLITE_DONE) fail(db, limits);
  return end;
}

std::string_view sqlite_version() { return sqlite3_libversion(); }

}  // namespace seqbench::store
