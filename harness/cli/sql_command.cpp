// sql: one read-only query on the store.
#include <fmt/format.h>

#include <iostream>

#include "harness/base/text.h"
#include "harness/cli/commands.h"
#include "harness/store/query.h"
#include "reports/text.h"

namespace seqbench::cli {
namespace {

constexpr std::int64_t kTableRows = 1000;  // of a table, unless --rows says otherwise
constexpr std::size_t kTableCell = 60;

std::string hex(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

/// NULL is empty, as pandas, DuckDB and R read it; numbers are exact.
std::string csv_cell(const store::QueryCell& cell) {
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) return fmt::format("{}", *whole);
  if (const auto* real = std::get_if<double>(&cell)) return format_double(*real);
  if (const auto* text = std::get_if<std::string>(&cell)) return reports::csv_text(*text);
  if (const auto* blob = std::get_if<store::Bytes>(&cell)) return hex(blob->value);
  return "";
}

std::string table_cell(const store::QueryCell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) return reports::shown(*text, kTableCell);
  if (const auto* blob = std::get_if<store::Bytes>(&cell)) return fmt::format("({} bytes)", blob->value.size());
  return std::holds_alternative<std::monostate>(cell) ? "NULL" : csv_cell(cell);
}

Json json_cell(const store::QueryCell& cell) {
  if (const auto* whole = std::get_if<std::int64_t>(&cell)) return *whole;
  if (const auto* real = std::get_if<double>(&cell)) return json_number(*real);
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* blob = std::get_if<store::Bytes>(&cell)) return hex(blob->value);
  return {};
}

using Columns = std::vector<std::string>;
using Cells = std::vector<store::QueryCell>;

store::QueryEnd print_table(const Arguments& a, const store::QueryLimits& limits) {
  std::optional<reports::TextTable> table;
  const auto begin = [&](const Columns& columns) {
    Columns names;
    for (const std::string& column : columns) names.push_back(reports::shown(column, kTableCell));
    table.emplace(names);
  };
  const auto end = store::query(a.store, a.what, limits, begin, [&](const Cells& row) {
    std::vector<std::string> cells;
    for (const store::QueryCell& cell : row) cells.push_back(table_cell(cell));
    table->add(std::move(cells));
  });
  fmt::print("{}", table->plain());
  return end;
}

store::QueryEnd print_csv(const Arguments& a, const store::QueryLimits& limits) {
  const auto begin = [](const Columns& columns) {
    Columns names;
    for (const std::string& column : columns) names.push_back(reports::csv_text(column));
    std::cout << reports::csv_line(names);
  };
  return store::query(a.store, a.what, limits, begin, [](const Cells& row) {
    std::vector<std::string> cells;
    for (const store::QueryCell& cell : row) cells.push_back(csv_cell(cell));
    std::cout << reports::csv_line(cells);
  });
}

/// An array of objects, one a line; of columns with one name the last stands.
store::QueryEnd print_rows_json(const Arguments& a, const store::QueryLimits& limits) {
  Columns names;
  const char* before = "[\n";
  const auto end = store::query(a.store, a.what, limits, [&](const Columns& columns) { names = columns; }, [&](const Cells& row) {
    Json object = Json::object();
    for (std::size_t i = 0; i < row.size(); ++i) object[names[i]] = json_cell(row[i]);
    std::cout << before << object.dump(-1, ' ', false, Json::error_handler_t::replace);
    before = ",\n";
  });
  std::cout << (end.rows == 0 ? "[]\n" : "\n]\n");
  return end;
}

}  // namespace

ExitCode sql(const Context& context) {
  const Arguments& a = context.arguments;
  const std::string format = a.format.empty() ? (a.json ? "json" : "table") : a.format;
  if (format != "table" && format != "csv" && format != "json") {
    throw InputError(fmt::format("--format must be table, csv or json, got '{}'", printable(format)));
  }
  const std::int64_t rows = a.rows >= 0 ? a.rows : format == "table" ? kTableRows : 0;
  const store::QueryLimits limits{a.timeout, static_cast<std::size_t>(rows)};
  const store::QueryEnd end = format == "table" ? print_table(a, limits)
                              : format == "csv" ? print_csv(a, limits)
                                                : print_rows_json(a, limits);
  if (end.more) {
    std::cout.flush();
    fmt::print(stderr, "the first {} rows; --rows 0 gives all\n", rows);
  }
  return ExitCode::kDone;
}

}  // namespace seqbench::cli
