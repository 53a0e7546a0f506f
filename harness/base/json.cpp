#include "harness/base/json.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <set>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxBytes = 256u << 20;

void append_number(std::string& text, double value) {
  SEQBENCH_ASSERT(std::isfinite(value), "canonical JSON holds finite numbers only");
  char buffer[32];
  const double unsigned_zero = value == 0 ? 0.0 : value;
  text.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, unsigned_zero, std::chars_format::scientific).ptr);
}

void append_string(std::string& text, const std::string& value) {
  SEQBENCH_ASSERT(is_valid_utf8(value), "canonical JSON holds UTF-8 only");
  text += Json(value).dump();
}

void append_value(std::string& text, const Json& value) {
  if (value.is_number_float()) return append_number(text, value.get<double>());
  if (value.is_string()) return append_string(text, value.get_ref<const std::string&>());
  if (!value.is_structured()) {
    text += value.dump();
    return;
  }
  const bool object = value.is_object();
  text += object ? '{' : '[';
  bool first = true;
  for (auto item = value.begin(); item != value.end(); ++item) {
    if (!first) text += ',';
    first = false;
    if (object) {
      append_string(text, item.key());
      text += ':';
    }
    append_value(text, *item);
  }
  text += object ? '}' : ']';
}

/// Refuses what nlohmann lets pass: nesting and values without bound, keys given twice. It runs before the values are
/// built, for nlohmann's own hook into that takes time with the square of an array of objects.
class Guard final : public nlohmann::json_sax<Json> {
 public:
  Guard(std::string_view what, std::size_t max_values) : what_(what), left_(max_values), max_values_(max_values) {}
  bool null() override { return count(); }
  bool boolean(bool) override { return count(); }
  bool number_integer(number_integer_t) override { return count(); }
  bool number_unsigned(number_unsigned_t) override { return count(); }
  bool number_float(number_float_t, const string_t&) override { return count(); }
  bool string(string_t&) override { return count(); }
  bool binary(binary_t&) override { return count(); }
  bool start_object(std::size_t) override { return open(); }
  bool start_array(std::size_t) override { return open(); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    if (!keys_.back().insert(name).second) {
      throw InputError(fmt::format("{}: key '{}' is given twice", what_, printable(name)));
    }
    return count();
  }
  /// What is wrong with the text is told by the parser that builds the values.
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override { return false; }

 private:
  bool count() {
    if (left_-- == 0) throw InputError(fmt::format("{}: more than {} values", what_, max_values_));
    return true;
  }
  bool open() {
    if (keys_.size() == kMaxDepth) throw InputError(fmt::format("{}: nested more than {} deep", what_, kMaxDepth));
    keys_.emplace_back();
    return count();
  }
  bool close() {
    keys_.pop_back();
    return true;
  }

  std::string what_;
  std::size_t left_, max_values_;
  std::vector<std::set<std::string>> keys_;  // of each open object
};

}  // namespace

std::string canonical_json(const Json& value) {
  std::string text;
  append_value(text, value);
  return text;
}

Json parse_json(std::string_view text, std::string_view what, std::size_t max_values) {
  if (text.size() > kMaxBytes) {
    throw InputError(fmt::format("{}: {} bytes of JSON, at most {} are read", what, text.size(), kMaxBytes));
  }
  const auto message = [](const Json::exception& error) {
    const std::string_view whole = error.what();
    const std::size_t prefix = whole.find("] ");  // "[json.exception.parse_error.101] "
    return printable(prefix == std::string_view::npos ? whole : whole.substr(prefix + 2));
  };
  try {
    {
      Guard guard(what, max_values);
      static_cast<void>(Json::sax_parse(text, &guard));
    }
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw InputError(fmt::format("{}: byte {}: {}", what, error.byte, message(error)));
  } catch (const Json::exception& error) {
    throw InputError(fmt::format("{}: {}", what, message(error)));
  }
}

Json json_number(double value) {
  if (std::isfinite(value)) return value;
  return format_double(value);
}

}  // namespace seqbench
