#include "harness/store/migrate.h"

#include <fmt/format.h>

#include <system_error>

#include "harness/base/error.h"
#include "harness/base/file_lock.h"
#include "harness/base/files.h"
#include "harness/store/backup.h"
#include "harness/store/connection.h"

namespace seqbench::store {
namespace {

namespace fs = std::filesystem;

void refuse_newer(const fs::path& path, int version, int newest) {
  if (version <= newest) return;
  throw InputError(fmt::format(
      "store '{}' is of version {}, newer than this program's {}: use the program that wrote it", path.string(),
      version, newest));
}

/// A whole copy in FILE.vN, also of what is still in the log.
void back_up(Connection& connection, int version) {
  const fs::path target = fmt::format("{}.v{}", connection.path().string(), version);
  const fs::path temporary = target.string() + ".tmp";
  copy_store(connection, temporary);
  std::error_code error;
  fs::rename(temporary, target, error);
  if (error) throw MachineError(fmt::format("cannot write '{}': {}", target.string(), error.message()));
}

void apply(Connection& connection, const Migration& migration) {
  connection.transaction([&] {
    connection.execute(std::string(migration.sql));
    connection.run("INSERT INTO schema_migrations (version, name, applied_at, program) VALUES (?, ?, ?, ?)",
                   migration.version, migration.name, utc_now(), SEQBENCH_VERSION);
    if (Rows broken = connection.rows("PRAGMA foreign_key_check"); broken.next()) {
      throw MachineError(fmt::format(
          "store '{}': migration {} breaks a reference from table {}: the file is left as it was",
          connection.path().string(), migration.version, broken.text(0)));
    }
    connection.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplicationId,
                                   migration.version));
  });
}

}  // namespace

int store_version(Connection& connection) {
  const auto pragma = [&](const char* sql) { return connection.integer(sql).value_or(0); };
  const auto version = pragma("PRAGMA user_version");
  if (pragma("PRAGMA application_id") == kApplicationId) return static_cast<int>(version);
  if (version == 0 && pragma("SELECT count(*) FROM sqlite_schema") == 0) return 0;
  throw InputError(
      fmt::format("'{}' is not a store: a SQLite database of another program", connection.path().string()));
}

void migrate(const fs::path& path, std::span<const Migration> migrations) {
  const int newest = migrations.back().version;
  {
    Connection probe(path, Connection::Mode::kBare);
    const int version = store_version(probe);
    refuse_newer(path, version, newest);
    if (version == newest) return;
  }
  const FileLock lock(path.string() + ".migrate");
  Connection connection(path, Connection::Mode::kBare);
  const int version = store_version(connection);  // again: another process may have been faster
  refuse_newer(path, version, newest);
  if (version == newest) return;
  if (version == 0) {
    connection.execute("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL");
  } else {
    back_up(connection, version);
  }
  // Off while tables are rebuilt; checked before each commit.
  connection.execute("PRAGMA foreign_keys = OFF; PRAGMA wal_autocheckpoint = 0");
  connection.set_durable(true);
  for (const Migration& migration : migrations) {
    if (migration.version > version) apply(connection, migration);
  }
}

}  // namespace seqbench::store
