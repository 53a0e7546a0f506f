#pragma once
// One read-only query by hand: the store's views are its public interface (docs/store.md).

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace seqbench::store {

/// A cell: NULL, integer, real, text, or the bytes of a blob.
struct Bytes {
  std::string value;
  bool operator==(const Bytes&) const = default;
};
using QueryCell = std::variant<std::monostate, std::int64_t, double, std::string, Bytes>;

struct QueryLimits {
  double seconds = 30;    // 0 = none
  std::size_t rows = 0;   // 0 = none
};

struct QueryEnd {
  std::vector<std::string> columns;
  std::size_t rows = 0;
  bool more = false;      // stopped at limits.rows
};

/// Runs one SELECT (WITH, VALUES, EXPLAIN) on a store that nothing can write through this connection: the file is opened
/// read-only and an authorizer refuses all but reading. `begin` gets the columns before any row. Throws InputError with
/// SQLite's message for SQL that does not parse, is not allowed, is more than one statement, fails or takes too long.
QueryEnd query(const std::filesystem::path& store, const std::string& sql, const QueryLimits& limits,
               const std::function<void(const std::vector<std::string>&)>& begin,
               const std::function<void(const std::vector<QueryCell>&)>& row);

/// Of the SQLite library in use.
[[nodiscard]] std::string_view sqlite_version();

}  // namespace seqbench::store
