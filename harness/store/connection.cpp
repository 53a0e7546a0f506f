#include "harness/store/connection.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/vfs.h>

#include <cstdlib>
#include <limits>
#include <thread>

#include "harness/base/error.h"
#include "harness/base/file_lock.h"
#include "harness/base/json.h"
#include "harness/base/text.h"

namespace seqbench::store {
namespace {

constexpr int kBusyTimeoutMs = 10000;

std::string advice(int code, const std::filesystem::path& path) {
  switch (code) {
    case SQLITE_FULL:
      return "free space on its disk and run again, finished trials are kept";
    case SQLITE_IOERR:
      return "the disk failed: see the system's log, then run again on a sound one";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return "the file and its folder must be writable";
    case SQLITE_CORRUPT:
      return fmt::format("the file is damaged: keep a copy, then restore a backup ({}.vN) or run into a new store",
                         path.filename().string());
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another process holds it: wait for it, or end it";
    case SQLITE_CONSTRAINT:
      return "a row breaks a rule of the schema";
    default:
      return "an error of the program";
  }
}

/// SELECT, reading columns, functions that touch no file, recursion; nothing else.
int authorize(void* /*context*/, int action, const char* /*first*/, const char* second, const char* /*database*/,
              const char* /*trigger*/) {
  if (action == SQLITE_FUNCTION) {
    return std::string_view(second) == "load_extension" ? SQLITE_DENY : SQLITE_OK;
  }
  return action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_RECURSIVE ? SQLITE_OK : SQLITE_DENY;
}

void json_valid(sqlite3_context* context, int /*count*/, sqlite3_value** values) {
  const auto* text = static_cast<const char*>(sqlite3_value_blob(values[0]));
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(values[0]));
  if (sqlite3_value_type(values[0]) == SQLITE_NULL) return sqlite3_result_null(context);
  sqlite3_result_int(context, Json::accept(std::string_view(text, size)) ? 1 : 0);
}

/// The schema's CHECKs call json_valid, which SQLite 3.40 does not let a schema call while trusted_schema is off:
/// its own is not marked innocuous, this one is.
void let_schema_check_json(SQLite::Database& database) {
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  database.exec("PRAGMA trusted_schema = OFF");
  const int code = sqlite3_create_function_v2(database.getHandle(), "json_valid", 1, flags, nullptr, &json_valid,
                                              nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw SQLite::Exception(database.getHandle(), code);
}

std::string file_uri(const std::filesystem::path& path, bool immutable) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(path).string()) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
                       c == '.' || c == '-' || c == '_';
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri + (immutable ? "?mode=ro&immutable=1" : "?mode=ro");
}

bool has_log(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path.string() + "-wal", error);
  return !error && size > 0;
}

void refuse_network_filesystem(const std::filesystem::path& path) {
  const char* anyway = std::getenv("SEQBENCH_STORE_ANYWAY");
  if (anyway != nullptr && std::string_view(anyway) == "1") return;
  struct statfs facts {};
  const auto folder = std::filesystem::absolute(path).parent_path();
  if (::statfs(folder.c_str(), &facts) != 0) return;  // opening will say what is wrong
  const auto name = network_filesystem(static_cast<std::uint64_t>(facts.f_type) & 0xFFFFFFFFu);
  if (name.empty()) return;
  throw MachineError(fmt::format(
      "store '{}' lies on {}, where locks are not to be relied on: keep it on a local disk, or set "
      "SEQBENCH_STORE_ANYWAY=1",
      path.string(), name));
}

}  // namespace

std::string_view network_filesystem(std::uint64_t type) {
  switch (type) {
    case 0x6969: return "NFS";
    case 0x517B:
    case 0xFE534D42:
    case 0xFF534D42: return "SMB/CIFS";
    case 0x0BD00BD0: return "Lustre";
    case 0x47504653: return "GPFS";
    case 0x19830326: return "BeeGFS";
    case 0x65735546: return "FUSE";
    default: return "";
  }
}

void throw_store_error(const std::filesystem::path& path, const SQLite::Exception& error) {
  const int code = error.getErrorCode() & 0xFF;
  if (code == SQLITE_NOTADB) {
    throw InputError(fmt::format("'{}' is not a store: expected a SQLite database written by seqbench", path.string()));
  }
  throw MachineError(fmt::format("store '{}': {} (SQLite {}): {}", path.string(), error.what(),
                                 error.getExtendedErrorCode(), advice(code, path)));
}

Rows::~Rows() {
  statement_.tryReset();
  // Bindings are copies and may be large.
  try {
    statement_.clearBindings();
  } catch (const SQLite::Exception&) {
  }
}

bool Rows::next() {
  try {
    return statement_.executeStep();
  } catch (const SQLite::Exception& error) {
    throw_store_error(path_, error);
  }
}

double Rows::real(int column) const {
  const SQLite::Column value = statement_.getColumn(column);
  return value.isNull() ? std::numeric_limits<double>::quiet_NaN() : value.getDouble();
}

std::string_view Rows::blob(int column) const {
  const SQLite::Column value = statement_.getColumn(column);
  const auto* data = static_cast<const char*>(value.getBlob());
  return data == nullptr ? std::string_view() : std::string_view(data, static_cast<std::size_t>(value.getBytes()));
}

std::optional<std::int64_t> Rows::optional_integer(int column) const {
  return null(column) ? std::nullopt : std::optional(integer(column));
}

Connection::Connection(std::filesystem::path path, Mode mode) : path_(std::move(path)) {
  if (mode == Mode::kRead || mode == Mode::kRestricted) {
    open_for_reading();
    if (mode != Mode::kRestricted) return;
    // Their first use declares a table, which the authorizer would refuse; from then on they are there.
    execute("SELECT 1 FROM json_each('[]'), json_tree('[]')");
    sqlite3_set_authorizer(database_->getHandle(), &authorize, nullptr);
    return;
  }
  refuse_network_filesystem(path_);
  try {
    database_.emplace(path_.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX,
                      kBusyTimeoutMs);
    let_schema_check_json(*database_);
  } catch (const SQLite::Exception& error) {
    throw_store_error(path_, error);
  }
  // SQLite falls back to reading when a file cannot be written.
  if (sqlite3_db_readonly(database_->getHandle(), "main") == 1) {
    throw MachineError(fmt::format("store '{}' cannot be written: {}", path_.string(), advice(SQLITE_READONLY, path_)));
  }
  // Closing must not write the log back: only the holder of the lock file does (RunStore).
  sqlite3_db_config(database_->getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (mode == Mode::kWrite) set_up_writer();
}

void Connection::set_up_writer() {
  execute("PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA temp_store = MEMORY");
  Rows mode = rows("PRAGMA journal_mode = WAL");
  if (!mode.next() || mode.text(0) != "wal") {
    throw MachineError(fmt::format("store '{}': its file system has no shared memory, which a write-ahead log needs",
                                   path_.string()));
  }
  set_durable(false);
}

void Connection::open_for_reading() {
  if (!std::filesystem::exists(path_)) {
    throw InputError(fmt::format("there is no store '{}': the first run makes it", path_.string()));
  }
  const auto open = [&](bool immutable) {
    database_.emplace(file_uri(path_, immutable), SQLite::OPEN_READONLY | SQLite::OPEN_URI | SQLite::OPEN_NOMUTEX,
                      kBusyTimeoutMs);
    let_schema_check_json(*database_);
    database_->exec("PRAGMA query_only = ON; PRAGMA temp_store = MEMORY;"
                    "SELECT count(*) FROM sqlite_schema");
  };
  try {
    try {
      open(false);
    } catch (const SQLite::Exception& error) {
      // On read-only media a log's index cannot be made; without a log none is needed.
      const int code = error.getErrorCode() & 0xFF;
      if ((code != SQLITE_CANTOPEN && code != SQLITE_READONLY) || has_log(path_)) throw;
      open(true);
    }
  } catch (const SQLite::Exception& error) {
    throw_store_error(path_, error);
  }
}

void Connection::execute(const std::string& script) {
  try {
    database_->exec(script);
  } catch (const SQLite::Exception& error) {
    throw_store_error(path_, error);
  }
}

std::int64_t Connection::last_id() const { return database_->getLastInsertRowid(); }

SQLite::Statement& Connection::prepared(std::string_view sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second;
  try {
    std::string text(sql);
    SQLite::Statement statement(*database_, text);
    return statements_.emplace(std::move(text), std::move(statement)).first->second;
  } catch (const SQLite::Exception& error) {
    throw_store_error(path_, error);
  }
}

void Connection::begin(std::chrono::milliseconds limit) {
  const auto begun = std::chrono::steady_clock::now();
  for (;;) {
    const int code = database_->tryExec("BEGIN IMMEDIATE");  // itself waits up to kBusyTimeoutMs
    if (code == SQLITE_OK) return;
    if ((code & 0xFF) != SQLITE_BUSY) throw_store_error(path_, SQLite::Exception(database_->getHandle(), code));
    const auto now = std::chrono::steady_clock::now();
    if (now - begun >= limit) {
      throw MachineError(fmt::format("store '{}': no turn to write within {} s: {}", path_.string(),
                                     std::chrono::duration_cast<std::chrono::seconds>(now - begun).count(), holder()));
    }
    // Two waiting processes must not stay in step.
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + now.time_since_epoch().count() / 1000 % 45));
  }
}

std::string Connection::holder() {
  Rows newest = rows("SELECT owner, heartbeat_at FROM attempts WHERE status = 'running'"
                     " ORDER BY heartbeat_at DESC LIMIT 1");
  if (!newest.next()) return "another process holds it";
  return fmt::format("process {} was heard last, at {}", printable(newest.text(0)), newest.text(1));
}

void Connection::rollback() noexcept {
  // SQLite has already rolled back after a full disk or a failed write.
  if (sqlite3_get_autocommit(database_->getHandle()) == 0) database_->tryExec("ROLLBACK");
}

// SQLite before 3.51.3 may corrupt a file when one connection writes the log back while another resets it
// (sqlite.org/wal.html), so it happens here alone and under a lock.
void Connection::write_log_back() {
  const FileLock lock(path_.string() + ".checkpoint", false);
  if (!lock.held()) return;
  execute("PRAGMA busy_timeout = 1000; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA busy_timeout = 10000");
}

void Connection::set_durable(bool durable) {
  if (durable_ == durable) return;
  execute(durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  durable_ = durable;
}

}  // namespace seqbench::store
