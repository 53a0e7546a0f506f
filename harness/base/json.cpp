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

/// Refuses what nlohmann lets pass: nesting without bound and keys given twice.
class Guard {
 public:
  explicit Guard(std::string_view what) : what_(what) {}
  bool operator()(int /*depth*/, Json::parse_event_t event, const Json& parsed) {
    using Event = Json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (keys_.size() == kMaxDepth) throw InputError(fmt::format("{}: nested more than {} deep", what_, kMaxDepth));
      keys_.emplace_back();
    } else if (event == Event::object_end || event == Event::array_end) {
      keys_.pop_back();
    } else if (event == Event::key && !keys_.back().insert(parsed.get<std::string>()).second) {
      throw InputError(fmt::format("{}: key '{}' is given twice", what_, printable(parsed.get<std::string>())));
    }
    return true;
  }

 private:
  std::string what_;
  std::vector<std::set<std::string>> keys_;  // of each open object
};

}  // namespace

std::string canonical_json(const Json& value) {
  std::string text;
  append_value(text, value);
  return text;
}

Json parse_json(std::string_view text, std::string_view what) {
  if (text.size() > kMaxBytes) {
    throw InputError(fmt::format("{}: {} bytes of JSON, at most {} are read", what, text.size(), kMaxBytes));
  }
  const auto message = [](const Json::exception& error) {
    const std::string_view whole = error.what();
    const std::size_t prefix = whole.find("] ");  // "[json.exception.parse_error.101] "
    return printable(prefix == std::string_view::npos ? whole : whole.substr(prefix + 2));
  };
  Guard guard(what);
  try {
    return Json::parse(text, [&guard](int depth, Json::parse_event_t event, Json& parsed) {
      return guard(depth, event, parsed);
    });
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
