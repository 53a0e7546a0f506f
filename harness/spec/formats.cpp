// Keys whose values have a form of their own.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "harness/base/text.h"
#include "harness/spec/schema.h"

namespace seqbench::spec {
namespace {

using Checked = std::variant<ParamValue, std::string>;

constexpr std::size_t kLongestLabel = 100;
constexpr std::int64_t kMostSeeds = 100'000;

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string got(std::string_view text) { return fmt::format(", got the string \"{}\"", printable(text, 60)); }

/// The number and the unit that `text` begins with; both are cut off.
std::optional<std::pair<double, std::string_view>> take_quantity(std::string_view& text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::optional<double> value = parse_double(text.substr(0, digits));
  if (!value) return std::nullopt;
  text.remove_prefix(digits);
  const std::string_view unit = text.substr(0, std::min(text.find_first_of("0123456789."), text.size()));
  text.remove_prefix(unit.size());
  return std::pair(*value, unit);
}

bool is_interval(std::string_view text) {
  constexpr std::string_view kSteps = " steps";
  if (text == "epoch") return true;
  if (!text.ends_with(kSteps)) return false;
  text.remove_suffix(kSteps.size());
  const std::optional<std::int64_t> steps = parse_int(text);
  return steps && *steps >= 1;
}

Checked check_seeds(const ParamSpec& spec, const Json& json) {
  constexpr const char* kExpected = "must be an integer from 1 to {} or a list of different integers from 0";
  const std::string expected = fmt::format(kExpected, kMostSeeds);
  if (json.is_number_integer()) {
    const std::int64_t count = json.get<std::int64_t>();
    if (count < 1 || count > kMostSeeds) return fmt::format("{}, got {}", expected, count);
    std::vector<std::int64_t> seeds;
    for (std::int64_t seed = 0; seed < count; ++seed) seeds.push_back(seed);
    return ParamValue(std::move(seeds));
  }
  if (json.is_string()) return expected + got(json.get<std::string>());
  if (!json.is_array() || json.empty())
    return fmt::format("{}, got {}", expected,
                       json.is_array()    ? "an empty list"
                       : json.is_object() ? "a table"
                                          : json.dump());
  Checked checked = check_param(spec, json);
  if (std::holds_alternative<std::string>(checked)) return checked;
  auto& seeds = std::get<std::vector<std::int64_t>>(std::get<ParamValue>(checked));
  std::sort(seeds.begin(), seeds.end());
  if (seeds.front() < 0) return fmt::format("{}, got {}", expected, seeds.front());
  const auto twice = std::adjacent_find(seeds.begin(), seeds.end());
  if (twice != seeds.end()) return fmt::format("{}, got {} twice", expected, *twice);
  return checked;
}

std::string refuse_train(const ParamSpec& spec, const ParamValue& value) {
  if (spec.name == "betas") {
    const auto& betas = std::get<std::vector<double>>(value);
    const bool in_range = std::all_of(betas.begin(), betas.end(), [](double b) { return b >= 0 && b < 1; });
    if (betas.size() != 2 || !in_range) return "must be two numbers from 0 to below 1";
  } else if (spec.name == "warmup") {
    const double warmup = std::get<double>(value);
    if (warmup >= 1 && warmup != std::floor(warmup)) {
      return fmt::format("must be a share below 1 or a whole number of steps, got {}", format_double(warmup));
    }
  } else if (spec.name == "eval_every") {
    const std::string& interval = std::get<std::string>(value);
    if (!is_interval(interval)) return "must be \"epoch\" or \"N steps\"" + got(interval);
  } else if (spec.name == "early_stop.metric" || spec.name == "best_by") {
    const std::string& metric = std::get<std::string>(value);
    if (metric.starts_with("test_")) {
      return fmt::format("is '{}': a test metric can't choose the model; use 'validation_{}'",
                         printable(metric, 60), printable(metric.substr(5), 60));
    }
  }
  return "";
}

Checked refused_unless_empty(std::string why, Checked checked) {
  return why.empty() ? std::move(checked) : Checked(std::move(why));
}

}  // namespace

std::optional<double> parse_duration(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 4> kUnits = {
      {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}}};
  double seconds = 0;
  std::size_t next = 0;  // units fall
  while (!text.empty()) {
    const auto quantity = take_quantity(text);
    if (!quantity) return std::nullopt;
    const auto unit =
        std::find_if(kUnits.begin() + static_cast<std::ptrdiff_t>(next), kUnits.end(),
                     [&quantity](const auto& known) { return known.first == quantity->second; });
    if (unit == kUnits.end()) return std::nullopt;
    seconds += quantity->first * unit->second;
    next = static_cast<std::size_t>(unit - kUnits.begin()) + 1;
  }
  return seconds > 0 && std::isfinite(seconds) ? std::optional(seconds) : std::nullopt;
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 5> kUnits = {
      {{"B", 1}, {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}}};
  const auto quantity = take_quantity(text);
  if (!quantity || !text.empty()) return std::nullopt;
  for (const auto& [unit, bytes] : kUnits) {
    const double size = std::floor(quantity->first * bytes);
    if (unit == quantity->second)
      return size >= 1 && size < 0x1p63 ? std::optional(static_cast<std::int64_t>(size)) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<Strata> parse_strata(std::string_view text) {
  constexpr std::string_view kBins = "quantiles(", kOf = ") of ";
  if (!text.starts_with(kBins)) {
    const bool named = !text.empty() && text.find_first_of("()") == std::string_view::npos;
    return named ? std::optional(Strata{std::string(text), 0}) : std::nullopt;
  }
  text.remove_prefix(kBins.size());
  const std::size_t digits = std::min(text.find(')'), text.size());
  const std::optional<std::int64_t> bins = parse_int(text.substr(0, digits));
  text.remove_prefix(digits);
  if (!bins || *bins < 2 || *bins > 1000) return std::nullopt;
  if (text == ")") return Strata{std::string(kTargetField), *bins};
  if (!text.starts_with(kOf) || text.size() == kOf.size()) return std::nullopt;
  return Strata{std::string(text.substr(kOf.size())), *bins};
}

Checked check_split(const ParamSpec& spec, const Json& json) {
  Checked checked = check_param(spec, json);
  if (spec.name != "stratify" || std::holds_alternative<std::string>(checked)) return checked;
  const std::string& text = std::get<std::string>(std::get<ParamValue>(checked));
  if (text.empty() || parse_strata(text)) return checked;
  return "must be \"target\", a field, \"quantiles(N)\" or \"quantiles(N) of FIELD\" with N from 2 to 1000" + got(text);
}

Checked check_top(const ParamSpec& spec, const Json& json) {
  if (spec.name == "seeds") return check_seeds(spec, json);
  Checked checked = check_param(spec, json);
  if (spec.name != "name" || std::holds_alternative<std::string>(checked)) return checked;
  const std::string& name = std::get<std::string>(std::get<ParamValue>(checked));
  for (const std::string_view part : split(name, '/')) {
    if (!is_word(part)) return "must be words of a-z, 0-9 and '_', joined by '/'" + got(name);
  }
  return checked;
}

Checked check_label(const ParamSpec& spec, const Json& json) {
  Checked checked = check_param(spec, json);
  if (spec.name != "label" || std::holds_alternative<std::string>(checked)) return checked;
  const std::string& label = std::get<std::string>(std::get<ParamValue>(checked));
  if (printable(label, kLongestLabel) != label) {
    return fmt::format("must be one line of at most {} bytes{}", kLongestLabel, got(label));
  }
  return checked;
}

Checked check_train(const ParamSpec& spec, const Json& json) {
  Checked checked = check_param(spec, json);
  if (std::holds_alternative<std::string>(checked)) return checked;
  std::string why = refuse_train(spec, std::get<ParamValue>(checked));
  return refused_unless_empty(std::move(why), std::move(checked));
}

Checked check_limits(const ParamSpec& spec, const Json& json) {
  Checked checked = check_param(spec, json);
  if (std::holds_alternative<std::string>(checked)) return checked;
  const std::string& text = std::get<std::string>(std::get<ParamValue>(checked));
  if (spec.name == "trial_memory") {
    if (!text.empty() && !parse_size(text)) return "must be a size such as 512MiB or 20GiB" + got(text);
  } else if (!text.empty() && !parse_duration(text)) {
    return "must be a duration such as 90s, 10m or 2h30m" + got(text);
  }
  return checked;
}

}  // namespace seqbench::spec
