#include "harness/store/backup.h"

#include <SQLiteCpp/Backup.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "harness/store/migrate.h"
#include "harness/store/outcome.h"
#include "harness/store/reader.h"
#include "harness/store/store_backup.h"

namespace seqbench::store {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxBlobBytes = 1ull << 32;

void sync_file(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && ::fsync(file) == 0;
  const int reason = errno;
  if (file >= 0) ::close(file);
  if (!synced) {
    throw MachineError(fmt::format("cannot sync '{}': {}", path.string(), std::generic_category().message(reason)));
  }
}

void remove_store(const fs::path& path) {
  std::error_code ignored;
  for (const char* ending : {"", "-wal", "-shm", "-journal"}) fs::remove(path.string() + ending, ignored);
}

/// What a copy and its source must have in common.
struct Extent {
  int version = 0;
  std::int64_t executions = 0;
  bool operator==(const Extent&) const = default;
};

Extent extent_of(Connection& db) {
  return {store_version(db), db.integer("SELECT count(*) FROM executions").value_or(-1)};
}

void require_sound(Connection& copy, const Extent& expected) {
  for (const char* check : {"PRAGMA integrity_check(1)", "PRAGMA foreign_key_check"}) {
    Rows row = copy.rows(check);
    if (!row.next() || row.text(0) == "ok") continue;
    throw MachineError(fmt::format("the copy is damaged, so is the store or its disk: {}: {}", check, printable(row.text(0))));
  }
  const Extent found = extent_of(copy);
  if (found == expected) return;
  throw MachineError(fmt::format("the copy is not whole: version {} with {} executions, but the store is of version {} with {}",
                                 found.version, found.executions, expected.version, expected.executions));
}

/// A shard is somebody's file: a path of its own choice would be read, and later looked for, anywhere on the disk.
void require_blob_path(const fs::path& store, const std::string& path, const std::string& sha256) {
  const bool hash = sha256.size() == 64 && sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (hash && path == blob_path(sha256)) return;
  throw InputError(fmt::format("store '{}': predictions lie in '{}': expected blobs/xx/SHA256, their hash", store.string(),
                               printable(path)));
}

void refuse_to_overwrite(const fs::path& file) {
  throw InputError(fmt::format("'{}' exists: a backup overwrites nothing", file.string()));
}

/// Renames, but never over a file that came meanwhile.
void put_in_place(const fs::path& temporary, const fs::path& file) {
  if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, file.c_str(), RENAME_NOREPLACE) == 0) return;
  // Not every file system has that rename; a second name for a file is never put over another either.
  if (errno == EINVAL && ::link(temporary.c_str(), file.c_str()) == 0) return static_cast<void>(::unlink(temporary.c_str()));
  if (errno == EEXIST) refuse_to_overwrite(file);
  throw MachineError(fmt::format("cannot write '{}': {}", file.string(), std::generic_category().message(errno)));
}

}  // namespace

void copy_store(Connection& from, const fs::path& to) {
  remove_store(to);
  try {
    SQLite::Database copy(to.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    // Busy and locked are returned, not thrown, after the connection's own time of waiting.
    const int code = SQLite::Backup(copy, from.database()).executeStep(-1);
    if (code != SQLITE_DONE) throw SQLite::Exception(fmt::format("'{}' was not copied whole", from.path().string()), code);
    copy.exec("PRAGMA journal_mode = DELETE");
  } catch (const SQLite::Exception& error) {
    remove_store(to);
    throw_store_error(to, error);
  }
  sync_file(to);
}

void copy_blobs(Connection& snapshot, const fs::path& from, const fs::path& to) {
  Rows row = snapshot.rows("SELECT DISTINCT path, sha256 FROM predictions WHERE codec = 'file' ORDER BY path");
  while (row.next()) {
    require_blob_path(from, row.text(0), row.text(1));
    const fs::path source = fs::absolute(from).parent_path() / row.text(0);
    if (fs::exists(fs::absolute(to).parent_path() / row.text(0))) continue;  // its name is its hash
    const std::string bytes = read_file(source, kMaxBlobBytes);
    if (sha256_hex(bytes) != row.text(1)) throw MachineError(fmt::format("'{}' is damaged: its hash is another", source.string()));
    static_cast<void>(write_blob(to, row.text(1), bytes));
  }
}

void back_up_store(const fs::path& store, const fs::path& file) {
  // A log left beside a name would be taken for the copy's own.
  for (const char* ending : {"", "-wal", "-journal"}) {
    if (fs::exists(file.string() + ending)) refuse_to_overwrite(file.string() + ending);
  }
  static_cast<void>(Reader(store));  // there is a store of this version
  Connection from(store, Connection::Mode::kRead);
  from.execute("BEGIN");  // what is counted is what is copied
  const Extent extent = extent_of(from);
  const fs::path temporary = file.string() + "." + new_uid() + ".tmp";
  try {
    copy_store(from, temporary);
    {
      Connection snapshot(temporary, Connection::Mode::kRead);
      require_sound(snapshot, extent);
      copy_blobs(snapshot, store, file);
    }
    put_in_place(temporary, file);
  } catch (...) {
    remove_store(temporary);
    throw;
  }
}

}  // namespace seqbench::store
