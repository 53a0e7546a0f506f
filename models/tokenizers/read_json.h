#pragma once
// A value of a JSON file that knows its place, for messages.

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/json.h"
#include "harness/base/text.h"

namespace seqbench::models {

class JsonPlace {
 public:
  JsonPlace(const Json& value, std::string place) : value_(&value), place_(std::move(place)) {}

  /// "FILE: model.vocab: string expected, got 3"
  [[noreturn]] void refuse(std::string_view expected) const {
    throw InputError(fmt::format("{}: {} expected, got {}", place_, expected,
                                 printable(value_->dump(-1, ' ', false, Json::error_handler_t::replace), 80)));
  }
  [[nodiscard]] const Json& value() const { return *value_; }
  [[nodiscard]] const std::string& place() const { return place_; }
  [[nodiscard]] bool has(const char* key) const { return value_->is_object() && value_->contains(key) && !(*value_)[key].is_null(); }
  [[nodiscard]] JsonPlace at(const char* key) const {
    if (!value_->is_object()) refuse("object");
    if (!value_->contains(key)) throw InputError(fmt::format("{}: key '{}' is missing", place_, key));
    return {(*value_)[key], fmt::format("{}: {}", place_, key)};
  }
  [[nodiscard]] JsonPlace at(std::size_t i) const { return {(*value_)[i], fmt::format("{}[{}]", place_, i)}; }
  [[nodiscard]] std::size_t size_of_array() const {
    if (!value_->is_array()) refuse("array");
    return value_->size();
  }
  [[nodiscard]] const std::string& string() const {
    if (!value_->is_string()) refuse("string");
    return value_->get_ref<const std::string&>();
  }
  [[nodiscard]] std::int32_t integer(std::int32_t low, std::int32_t high) const {
    const bool fits = value_->is_number_integer() && (value_->is_number_unsigned() ? value_->get<std::uint64_t>() <= 0x7FFFFFFFu : value_->get<std::int64_t>() >= low);
    if (!fits || value_->get<std::int64_t>() < low || value_->get<std::int64_t>() > high) refuse(fmt::format("integer from {} to {}", low, high));
    return value_->get<std::int32_t>();
  }
  [[nodiscard]] bool boolean() const {
    if (!value_->is_boolean()) refuse("true or false");
    return value_->get<bool>();
  }
  /// Of a key that may be absent or null.
  [[nodiscard]] bool boolean(const char* key, bool otherwise) const { return has(key) ? at(key).boolean() : otherwise; }
  [[nodiscard]] std::string string(const char* key, const char* otherwise) const {
    return has(key) ? at(key).string() : otherwise;
  }
  void require_string(const char* key, std::string_view wanted) const {
    if (at(key).string() != wanted) at(key).refuse(fmt::format("'{}'", wanted));
  }
  void require_boolean(const char* key, bool wanted) const {
    if (boolean(key, wanted) != wanted) at(key).refuse(wanted ? "true" : "false");
  }

 private:
  const Json* value_;
  std::string place_;
};

}  // namespace seqbench::models
