#pragma once
// SQLite as this room uses it: set-up, cached statements, transactions, and errors that name the file and what to
// do. No SQLite::Exception leaves this class.

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace seqbench::store {

inline constexpr std::int32_t kApplicationId = 0x53514231;  // "SQB1"

/// Bytes for a BLOB column, not copied.
struct Blob {
  std::string_view bytes;
};

/// Throws InputError or MachineError for what SQLite reported about the store at `path`.
[[noreturn]] void throw_store_error(const std::filesystem::path& path, const SQLite::Exception& error);

/// Why a file system of this statfs type cannot hold a store that is written to; "" when it can.
[[nodiscard]] std::string_view network_filesystem(std::uint64_t type);

/// The rows of one query, read once. The statement is reset when this ends, which frees its snapshot.
class Rows {
 public:
  Rows(const std::filesystem::path& path, SQLite::Statement& statement) : path_(path), statement_(statement) {}
  ~Rows();
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  [[nodiscard]] bool next();
  [[nodiscard]] bool null(int column) const { return statement_.getColumn(column).isNull(); }
  [[nodiscard]] std::int64_t integer(int column) const { return statement_.getColumn(column).getInt64(); }
  /// NaN for NULL, which is how SQLite keeps a NaN.
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] std::string text(int column) const { return statement_.getColumn(column).getString(); }
  /// Valid until the next row.
  [[nodiscard]] std::string_view blob(int column) const;
  [[nodiscard]] std::optional<std::int64_t> optional_integer(int column) const;

 private:
  const std::filesystem::path& path_;
  SQLite::Statement& statement_;
};

class Connection {
 public:
  enum class Mode {
    kBare,        // opens or creates, changes nothing
    kWrite,       // a writer: log, foreign keys, no write-back of the log by itself
    kRead,        // no writes
    kRestricted,  // no writes, and nothing but SELECT
  };
  /// The file must exist for the reading modes (InputError).
  Connection(std::filesystem::path path, Mode mode);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] SQLite::Database& database() { return *database_; }

  /// A script without parameters.
  void execute(const std::string& script);
  /// One statement without rows, prepared once; returns the number of rows it changed.
  template <typename... Args>
  std::int64_t run(std::string_view sql, const Args&... args);
  /// At most one Rows of the same statement at a time.
  template <typename... Args>
  [[nodiscard]] Rows rows(std::string_view sql, const Args&... args);
  /// The first column of the first row.
  template <typename... Args>
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view sql, const Args&... args);
  [[nodiscard]] std::int64_t last_id() const;

  /// BEGIN IMMEDIATE, body, COMMIT; anything thrown rolls back.
  template <typename Body>
  void transaction(Body&& body);
  /// Waits up to `limit` for the one writer's place.
  void begin(std::chrono::milliseconds limit = std::chrono::seconds(60));
  void rollback() noexcept;
  /// Commits reach the disk before they return (true), or in order but later (false).
  void set_durable(bool durable);
  /// Empties the log into the file, unless another process is at it.
  void write_log_back();

 private:
  void set_up_writer();
  void open_for_reading();
  [[nodiscard]] std::string holder();
  SQLite::Statement& prepared(std::string_view sql);

  template <typename T>
  static void bind(SQLite::Statement& statement, int index, const T& value, bool copy);

  std::filesystem::path path_;
  std::optional<SQLite::Database> database_;
  std::map<std::string, SQLite::Statement, std::less<>> statements_;
  std::optional<bool> durable_;
};

template <typename T>
void Connection::bind(SQLite::Statement& statement, int index, const T& value, bool copy) {
  if constexpr (std::is_same_v<T, Blob>) {
    // A null pointer would bind NULL, not an empty blob.
    const char* data = value.bytes.data() == nullptr ? "" : value.bytes.data();
    const int size = static_cast<int>(value.bytes.size());
    copy ? statement.bind(index, data, size) : statement.bindNoCopy(index, static_cast<const void*>(data), size);
  } else if constexpr (std::is_same_v<T, std::string>) {
    copy ? statement.bind(index, value) : statement.bindNoCopy(index, value);
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    statement.bind(index, std::string(value));
  } else if constexpr (std::is_same_v<T, std::nullopt_t>) {
    statement.bind(index);
  } else if constexpr (std::is_integral_v<T>) {
    statement.bind(index, static_cast<std::int64_t>(value));
  } else if constexpr (std::is_convertible_v<T, double>) {
    statement.bind(index, static_cast<double>(value));
  } else if constexpr (std::is_convertible_v<T, const char*>) {
    statement.bind(index, static_cast<const char*>(value));
  } else {
    value ? bind(statement, index, *value, copy) : statement.bind(index);
  }
}

template <typename... Args>
std::int64_t Connection::run(std::string_view sql, const Args&... args) {
  SQLite::Statement& statement = prepared(sql);
  try {
    int index = 0;
    (bind(statement, ++index, args, false), ...);
    const int changed = statement.exec();
    statement.reset();
    return changed;
  } catch (const SQLite::Exception& error) {
    statement.tryReset();
    throw_store_error(path_, error);
  }
}

template <typename... Args>
Rows Connection::rows(std::string_view sql, const Args&... args) {
  SQLite::Statement& statement = prepared(sql);
  try {
    int index = 0;
    (bind(statement, ++index, args, true), ...);
  } catch (const SQLite::Exception& error) {
    throw_store_error(path_, error);
  }
  return {path_, statement};
}

template <typename... Args>
std::optional<std::int64_t> Connection::integer(std::string_view sql, const Args&... args) {
  Rows found = rows(sql, args...);
  if (!found.next()) return std::nullopt;
  return found.optional_integer(0);
}

template <typename Body>
void Connection::transaction(Body&& body) {
  begin();
  try {
    body();
    run("COMMIT");
  } catch (...) {
    rollback();
    throw;
  }
}

/// For columns where "" means "not given".
[[nodiscard]] inline std::optional<std::string> or_null(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace seqbench::store
