#include <fmt/format.h>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/data/reader.h"
#include "harness/run/submit.h"

namespace seqbench::run {
namespace {

constexpr std::size_t kMostJson = 256u << 20;  // bytes, as parse_json takes
constexpr data::ReadLimits kLimits{.line_bytes = 256u << 20, .total_bytes = 8ull << 30};

using Unknown = std::function<std::string(std::string_view)>;

/// One row of a file into `predictions`.
class Taker {
 public:
  Taker(CollectedPredictions& predictions, const Unknown& unknown) : predictions_(predictions), unknown_(unknown) {}

  template <typename Value>
  void take(std::string_view id, std::span<const Value> values) {
    if (!predictions_.knows(id)) {
      throw InputError(fmt::format("id '{}' is {}", printable(id, 80), unknown_(id)));
    }
    predictions_.add(id, values);
  }

 private:
  CollectedPredictions& predictions_;
  const Unknown& unknown_;
};

std::string_view unquoted(std::string_view cell) {
  const bool quoted = cell.size() >= 2 && cell.front() == '"' && cell.back() == '"';
  return quoted ? cell.substr(1, cell.size() - 2) : cell;
}

void read_json(const std::string& name, const std::string& text, Taker& taker) {
  const Json json = parse_json(text, name);
  if (!json.is_object()) throw InputError(fmt::format("{}: expected one object of id -> prediction", name));
  for (const auto& [id, value] : json.items()) {
    std::vector<double> values;
    for (const Json& number : value.is_array() ? value : Json::array({value})) {
      if (!number.is_number()) throw InputError(fmt::format("{}: id '{}': expected a number, got {}", name, printable(id, 80), printable(number.dump(), 40)));
      values.push_back(number.get<double>());
    }
    try {
      taker.take<double>(id, values);
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}: {}", name, error.what()));
    }
  }
}

std::string header_of_targets(std::int64_t targets, char separator) {
  std::string header = "id";
  if (targets == 1) return header + separator + "prediction";
  for (std::int64_t t = 1; t <= targets; ++t) header += fmt::format("{}prediction_{}", separator, t);
  return header;
}

}  // namespace

void read_submission(const std::filesystem::path& file, std::int64_t targets, CollectedPredictions& predictions, const Unknown& unknown) {
  data::LineReader lines(file, kLimits);
  Taker taker(predictions, unknown);
  std::string_view line;
  if (!lines.next(line)) throw InputError(fmt::format("{}: the file is empty", file.string()));
  if (line.substr(line.find_first_not_of(" \t") == std::string_view::npos ? 0 : line.find_first_not_of(" \t")).starts_with('{')) {
    std::string text(line);
    while (lines.next(line)) {
      if (text.size() + line.size() > kMostJson) lines.fail(fmt::format("the JSON object is longer than {} bytes", kMostJson));
      text.append("\n").append(line);
    }
    return read_json(file.filename().string(), text, taker);
  }
  const char separator = line.find('\t') != std::string_view::npos ? '\t' : ',';
  std::string header;
  for (const std::string_view cell : split(line, separator)) header.append(header.empty() ? "" : std::string(1, separator)).append(unquoted(cell));
  if (header != header_of_targets(targets, separator)) {
    lines.fail(fmt::format("expected the header '{}' (tabs or commas) or a JSON object, got '{}'", header_of_targets(targets, ' '), printable(line)));
  }
  std::vector<std::string_view> cells;
  while (lines.next(line)) {
    cells = split(line, separator);
    for (std::string_view& cell : cells) cell = unquoted(cell);
    try {
      taker.take<std::string_view>(cells[0], std::span(cells).subspan(1));
    } catch (const InputError& error) {
      lines.fail(error.what());
    }
  }
}

}  // namespace seqbench::run
