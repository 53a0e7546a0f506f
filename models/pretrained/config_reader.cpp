#include "models/pretrained/config_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"

namespace seqbench::models {
namespace config_reader {
namespace {

constexpr std::uint64_t kMaxBytes = 4u << 20;
constexpr std::int64_t kMaxLabels = 1'000'000;

std::string shown(const Json& value) { return printable(value.dump(-1, ' ', false, Json::error_handler_t::replace), 100); }

}  // namespace
}  // namespace config_reader

ConfigReader::ConfigReader(Json config, std::string path) : config_(std::move(config)), path_(std::move(path)) {
  if (!config_.is_object()) throw InputError(fmt::format("{}: must be a JSON object", path_));
}

ConfigReader ConfigReader::of_folder(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "config.json";
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    throw InputError(fmt::format("{}: no config.json: not a model folder", folder.string()));
  }
  return {parse_json(read_file(path, config_reader::kMaxBytes), path.string()), path.string()};
}

const Json* ConfigReader::find(std::string_view key) const {
  const auto found = config_.find(key);
  return found == config_.end() || found->is_null() ? nullptr : &*found;
}

bool ConfigReader::has(std::string_view key) const { return find(key) != nullptr; }

void ConfigReader::refuse(std::string_view key, const std::string& expected) const {
  const Json* value = find(key);
  throw InputError(fmt::format("{}: '{}' must be {}, got {}", path_, key, expected,
                               value == nullptr ? "nothing" : config_reader::shown(*value)));
}

std::int64_t ConfigReader::integer(std::string_view key, std::optional<std::int64_t> fallback, std::int64_t low,
                                   std::int64_t high) const {
  const Json* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  const std::string expected = fmt::format("an integer from {} to {}", low, high);
  if (value == nullptr || !value->is_number_integer()) refuse(key, expected);
  if (value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(high)) refuse(key, expected);
  const auto number = value->get<std::int64_t>();
  if (number < low || number > high) refuse(key, expected);
  return number;
}

double ConfigReader::number(std::string_view key, std::optional<double> fallback, double low, double high) const {
  const Json* value = find(key);
  if (value == nullptr && fallback) return *fallback;
  const std::string expected = fmt::format("a number from {} to {}", low, high);
  if (value == nullptr || !value->is_number()) refuse(key, expected);
  const auto number = value->get<double>();
  if (!(number >= low && number <= high)) refuse(key, expected);
  return number;
}

bool ConfigReader::flag(std::string_view key, bool fallback) const {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) refuse(key, "true or false");
  return value->get<bool>();
}

std::string ConfigReader::text(std::string_view key, const std::string& fallback) const {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_string()) refuse(key, "a string");
  return value->get<std::string>();
}

Activation ConfigReader::activation(std::string_view key, const std::string& fallback) const {
  static constexpr std::array<std::pair<std::string_view, Activation>, 8> kKnown = {
      {{"gelu", Activation::kGelu}, {"gelu_python", Activation::kGelu}, {"gelu_new", Activation::kGeluTanh},
       {"gelu_pytorch_tanh", Activation::kGeluTanh}, {"relu", Activation::kRelu}, {"tanh", Activation::kTanh},
       {"silu", Activation::kSilu}, {"swish", Activation::kSilu}}};
  const std::string name = text(key, fallback);
  const auto* found = std::ranges::find(kKnown, name, &std::pair<std::string_view, Activation>::first);
  if (found == kKnown.end()) refuse(key, "one of gelu, gelu_new, gelu_pytorch_tanh, relu, tanh, silu");
  return found->second;
}

void ConfigReader::check_heads(std::string_view key, std::int64_t heads, std::int64_t width) const {
  if (width % heads != 0) refuse(key, fmt::format("a divisor of the width {}", width));
}

void ConfigReader::only(std::string_view key, std::initializer_list<Json> supported) const {
  const Json* value = find(key);
  if (value == nullptr || std::ranges::find(supported, *value) != supported.end()) return;
  std::vector<std::string> texts;
  for (const Json& one : supported) texts.push_back(one.dump());
  refuse(key, texts.empty() ? "absent (it is not supported)" : join(texts, " or ") + " (nothing else is supported)");
}

std::int64_t ConfigReader::labels() const {
  const Json* names = find("id2label");
  if (names == nullptr) return integer("num_labels", 2, 1, config_reader::kMaxLabels);
  if (!names->is_object() || names->empty()) refuse("id2label", "an object with a name for each label");
  return static_cast<std::int64_t>(names->size());
}

}  // namespace seqbench::models
