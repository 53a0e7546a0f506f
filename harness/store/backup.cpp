#include "harness/store/backup.h"

#include <SQLiteCpp/Backup.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"
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

void require_sound(const fs::path& copy) {
  Connection db(copy, Connection::Mode::kRead);
  for (const char* check : {"PRAGMA integrity_check(1)", "PRAGMA foreign_key_check"}) {
    Rows row = db.rows(check);
    if (!row.next() || row.text(0) == "ok") continue;
    throw MachineError(fmt::format("the copy is damaged, so is the store or its disk: {}: {}", check, printable(row.text(0))));
  }
}

}  // namespace

void copy_store(Connection& from, const fs::path& to) {
  remove_store(to);
  try {
    SQLite::Database copy(to.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    SQLite::Backup(copy, from.database()).executeStep(-1);
    copy.exec("PRAGMA journal_mode = DELETE");
  } catch (const SQLite::Exception& error) {
    remove_store(to);
    throw_store_error(to, error);
  }
  sync_file(to);
}

void copy_blobs(Connection& from, const fs::path& to) {
  Rows row = from.rows("SELECT DISTINCT path, sha256 FROM predictions WHERE codec = 'file' ORDER BY path");
  while (row.next()) {
    const fs::path source = fs::absolute(from.path()).parent_path() / row.text(0);
    if (fs::exists(fs::absolute(to).parent_path() / row.text(0))) continue;  // its name is its hash
    const std::string bytes = read_file(source, kMaxBlobBytes);
    if (sha256_hex(bytes) != row.text(1)) throw MachineError(fmt::format("'{}' is damaged: its hash is another", source.string()));
    static_cast<void>(write_blob(to, row.text(1), bytes));
  }
}

void back_up_store(const fs::path& store, const fs::path& file) {
  if (fs::exists(file)) throw InputError(fmt::format("'{}' exists: a backup overwrites nothing", file.string()));
  static_cast<void>(Reader(store));  // there is a store of this version
  Connection from(store, Connection::Mode::kRead);
  const fs::path temporary = file.string() + ".tmp";
  try {
    copy_store(from, temporary);
    require_sound(temporary);
    copy_blobs(from, file);
    fs::rename(temporary, file);
  } catch (const fs::filesystem_error& error) {
    remove_store(temporary);
    throw MachineError(fmt::format("cannot write '{}': {}", file.string(), error.code().message()));
  } catch (...) {
    remove_store(temporary);
    throw;
  }
}

}  // namespace seqbench::store
