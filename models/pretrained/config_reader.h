#pragma once
// config.json of a Hugging Face folder, read strictly: each key is asked for with its type and range, and what changes
// the model's arithmetic in a way that is not built here is refused with its name and value.

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/json.h"
#include "models/blocks/layers.h"

namespace seqbench::models {

class ConfigReader {
 public:
  /// `path`: for messages.
  ConfigReader(Json config, std::string path);
  /// FOLDER/config.json; InputError where it is absent, torn or no object.
  [[nodiscard]] static ConfigReader of_folder(const std::filesystem::path& folder);

  /// Present and not null.
  [[nodiscard]] bool has(std::string_view key) const;
  /// InputError for another type, a value out of range, or an absent key without a fallback.
  [[nodiscard]] std::int64_t integer(std::string_view key, std::optional<std::int64_t> fallback, std::int64_t low,
                                     std::int64_t high) const;
  [[nodiscard]] double number(std::string_view key, std::optional<double> fallback, double low, double high) const;
  [[nodiscard]] bool flag(std::string_view key, bool fallback) const;
  [[nodiscard]] std::string text(std::string_view key, const std::string& fallback) const;
  /// gelu, gelu_new, relu, tanh, silu and their other names.
  [[nodiscard]] Activation activation(std::string_view key, const std::string& fallback) const;
  /// Of a model with `heads` heads that divide `width`.
  void check_heads(std::string_view key, std::int64_t heads, std::int64_t width) const;
  /// Refuses a key that is present with any other value than null and these.
  void only(std::string_view key, std::initializer_list<Json> supported) const;
  /// num_labels: the size of id2label, else "num_labels", else 2.
  [[nodiscard]] std::int64_t labels() const;
  [[noreturn]] void refuse(std::string_view key, const std::string& expected) const;

  [[nodiscard]] const Json& json() const { return config_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  [[nodiscard]] const Json* find(std::string_view key) const;  // null: absent or null

  Json config_;
  std::string path_;
};

}  // namespace seqbench::models
