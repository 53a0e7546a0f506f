#include "harness/base/params.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench {
namespace {

constexpr double kUnbounded = 1e300;
constexpr double kTwo63 = 0x1p63;

using Checked = std::variant<ParamValue, std::string>;

/// An integer or float key's bound as it is written in a file.
std::string bound_text(ParamType type, double bound) {
  if (type == ParamType::kFloat) return format_double(bound);
  if (bound >= kTwo63) return fmt::format("{}", std::numeric_limits<std::int64_t>::max());
  return fmt::format("{}", static_cast<std::int64_t>(bound));
}

std::string describe_range(const ParamSpec& spec) {
  const ParamType type = type_of(spec);
  const double limit = type == ParamType::kInt ? kTwo63 : kUnbounded;
  const bool has_low = spec.low > -limit;
  const bool has_high = type == ParamType::kInt ? spec.high <= limit : spec.high < limit;
  const std::string noun = type == ParamType::kInt ? "an integer" : "a number";
  if (has_low && has_high) {
    return fmt::format("{} from {} to {}", noun, bound_text(type, spec.low), bound_text(type, spec.high));
  }
  if (has_low) return fmt::format("{} of at least {}", noun, bound_text(type, spec.low));
  if (has_high) return fmt::format("{} of at most {}", noun, bound_text(type, spec.high));
  return noun;
}

/// What was found instead: `the string "32"`, `1.5`, `a table`.
std::string describe_found(const Json& json) {
  switch (json.type()) {
    case Json::value_t::string:
      return fmt::format("the string \"{}\"", printable(json.get_ref<const std::string&>(), 60));
    case Json::value_t::number_float: {
      const std::string text = format_double(json.get<double>());
      const bool digits_only = text.find_first_not_of("-0123456789") == std::string::npos;
      return digits_only ? text + ".0" : text;
    }
    case Json::value_t::object: return "a table";
    case Json::value_t::array: return json.empty() ? "an empty list" : "a list";
    case Json::value_t::null: return "nothing";
    default: return json.dump();
  }
}

std::optional<std::int64_t> as_integer(const Json& json) {
  if (!json.is_number_integer()) return std::nullopt;
  constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > kLargest) return std::nullopt;
  return json.get<std::int64_t>();
}

std::optional<double> as_number(const Json& json) {
  if (!json.is_number()) return std::nullopt;
  const double value = json.get<double>();
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<std::string> as_text(const Json& json) {
  return json.is_string() ? std::optional(json.get<std::string>()) : std::nullopt;
}

bool in_range(const ParamSpec& spec, double value) { return spec.low <= value && value <= spec.high; }

bool is_choice(const ParamSpec& spec, const std::string& value) {
  return spec.choices.empty() || std::find(spec.choices.begin(), spec.choices.end(), value) != spec.choices.end();
}

std::string refusal(const ParamSpec& spec, const Json& json) {
  return fmt::format("must be {}, got {}", describe_expected(spec), describe_found(json));
}

template <typename T, typename Read>
Checked check_list(const ParamSpec& spec, const Json& json, const Read& read) {
  if (!json.is_array()) return refusal(spec, json);
  std::vector<T> values;
  for (const Json& item : json) {
    std::optional<T> value = read(item);
    if (!value) {
      return fmt::format("must be {}, got {} as item {}", describe_expected(spec), describe_found(item),
                         values.size() + 1);
    }
    values.push_back(std::move(*value));
  }
  return ParamValue(std::move(values));
}

[[noreturn]] void misread(std::string_view name, std::string_view why) {
  assertion_failed("parameter", fmt::format("'{}' {}", name, why).c_str(), __FILE__, __LINE__);
}

template <typename T>
const T& get(const std::map<std::string, ParamValue, std::less<>>& values, std::string_view name) {
  const auto found = values.find(name);
  if (found == values.end()) misread(name, "is not declared");
  const T* value = std::get_if<T>(&found->second);
  if (value == nullptr) misread(name, "is declared as another type");
  return *value;
}

Json json_of(const ParamValue& value) {
  return std::visit([](const auto& held) { return Json(held); }, value);
}

}  // namespace

ParamType type_of(const ParamSpec& spec) { return static_cast<ParamType>(spec.fallback.index()); }

std::string describe_expected(const ParamSpec& spec) {
  switch (type_of(spec)) {
    case ParamType::kBool: return "true or false";
    case ParamType::kInt:
    case ParamType::kFloat: return describe_range(spec);
    case ParamType::kString: return spec.choices.empty() ? "a string" : "one of " + join(spec.choices, ", ");
    case ParamType::kInts: return "a list of integers";
    case ParamType::kFloats: return "a list of numbers";
    case ParamType::kStrings:
      return spec.choices.empty() ? "a list of strings" : "a list out of " + join(spec.choices, ", ");
  }
  misread(spec.name, "has no type");
}

Checked check_param(const ParamSpec& spec, const Json& json) {
  const auto choice = [&spec](const Json& item) {
    const std::optional<std::string> value = as_text(item);
    return value && is_choice(spec, *value) ? value : std::nullopt;
  };
  switch (type_of(spec)) {
    case ParamType::kBool:
      if (json.is_boolean()) return ParamValue(json.get<bool>());
      break;
    case ParamType::kInt:
      if (const auto value = as_integer(json); value && in_range(spec, static_cast<double>(*value))) {
        return ParamValue(*value);
      }
      break;
    case ParamType::kFloat:
      if (const auto value = as_number(json); value && in_range(spec, *value)) return ParamValue(*value);
      break;
    case ParamType::kString:
      if (const auto value = choice(json)) return ParamValue(*value);
      break;
    case ParamType::kInts: return check_list<std::int64_t>(spec, json, as_integer);
    case ParamType::kFloats: return check_list<double>(spec, json, as_number);
    case ParamType::kStrings: return check_list<std::string>(spec, json, choice);
  }
  return refusal(spec, json);
}

Params::Params(const std::vector<ParamSpec>& specs) {
  for (const ParamSpec& spec : specs) {
    if (!values_.emplace(spec.name, spec.fallback).second) misread(spec.name, "is declared twice");
  }
}

bool Params::flag(std::string_view name) const { return get<bool>(values_, name); }
std::int64_t Params::integer(std::string_view name) const { return get<std::int64_t>(values_, name); }
double Params::number(std::string_view name) const { return get<double>(values_, name); }
const std::string& Params::text(std::string_view name) const { return get<std::string>(values_, name); }
const std::vector<std::int64_t>& Params::integers(std::string_view name) const {
  return get<std::vector<std::int64_t>>(values_, name);
}
const std::vector<double>& Params::numbers(std::string_view name) const {
  return get<std::vector<double>>(values_, name);
}
const std::vector<std::string>& Params::texts(std::string_view name) const {
  return get<std::vector<std::string>>(values_, name);
}

Json Params::to_json() const {
  Json json = Json::object();
  for (const auto& [name, value] : values_) json[name] = json_of(value);
  return json;
}

Json Params::to_key_json(const std::vector<ParamSpec>& specs) const {
  Json json = Json::object();
  for (const ParamSpec& spec : specs) {
    if (!spec.in_key) continue;
    const auto found = values_.find(spec.name);
    if (found == values_.end()) misread(spec.name, "is not declared");
    json[spec.name] = json_of(found->second);
  }
  return json;
}

Params Params::from_json(const std::vector<ParamSpec>& specs, const Json& json) {
  if (!json.is_object()) throw InputError(fmt::format("parameters must be an object, got {}", describe_found(json)));
  Params params(specs);
  std::vector<std::string> names;
  for (const ParamSpec& spec : specs) names.push_back(spec.name);
  for (const auto& [name, value] : json.items()) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      const std::optional<std::string> hint = nearest(name, names);
      throw InputError(fmt::format("unknown key '{}'{}", printable(name), hint ? "; nearest: '" + *hint + "'" : ""));
    }
    Checked checked = check_param(specs[static_cast<std::size_t>(found - names.begin())], value);
    if (const auto* why = std::get_if<std::string>(&checked)) throw InputError(fmt::format("'{}' {}", name, *why));
    params.set(name, std::get<ParamValue>(std::move(checked)));
  }
  return params;
}

}  // namespace seqbench
