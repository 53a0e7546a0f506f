#include "harness/spec/toml.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>

#include "harness/base/text.h"

// toml++ asserts what a broken file can bring about ("[[" and the end of the line), or, where NDEBUG is set
// and the compiler is Clang, lets the compiler assume it. Without its assertions it reports such a file as it
// should.
#undef NDEBUG
#define TOML_ASSERT(expr) static_assert(true)
#define TOML_IMPLEMENTATION
#define TOML_HEADER_ONLY 0
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace seqbench::spec {
namespace {

Origin origin_of(const toml::source_region& region, const Source& source) {
  if (!source.is_file) return {&source};
  const bool one_line = region.end.line == region.begin.line && region.end.column > region.begin.column;
  return {&source, static_cast<int>(region.begin.line), static_cast<int>(region.begin.column),
          one_line ? static_cast<int>(region.end.column - region.begin.column) : 1};
}

/// Some faults are found behind the key or number that they are about.
bool is_behind(const std::string& message) {
  const auto says = [&message](std::string_view words) { return message.find(words) != std::string::npos; };
  return says("cannot redefine") || says("is not representable") || says("could not be interpreted");
}

int start_of_token(const Source& source, const Origin& at) {
  const std::size_t index = static_cast<std::size_t>(at.line) - 1;
  if (index >= source.lines.size()) return at.column;
  const std::string_view line = source.lines[index];
  std::size_t start = std::min(static_cast<std::size_t>(at.column) - 1, line.size());
  while (start > 0 && (line[start - 1] == ' ' || line[start - 1] == '=')) --start;
  while (start > 0 && std::string_view(" =,[{").find(line[start - 1]) == std::string_view::npos) --start;
  return static_cast<int>(start) + 1;
}

/// toml++ says "Error while parsing decimal integer: '...' is not representable in 64 bits".
void add_syntax_fault(const toml::parse_error& error, const Source& source, Faults& faults) {
  constexpr std::string_view kLead = "Error while parsing ";
  std::string message = printable(error.description());
  if (message.starts_with(kLead)) message.erase(0, kLead.size());
  if (!message.empty() && message[0] >= 'A' && message[0] <= 'Z')
    message[0] = static_cast<char>(message[0] - 'A' + 'a');
  Origin at = origin_of(error.source(), source);
  if (is_behind(message)) at.column = start_of_token(source, at);
  faults.add(at, message);
}

class Converter {
 public:
  Converter(const Source& source, Faults& faults) : source_(source), faults_(faults) {}

  Node node(const toml::node& value, const std::string& name) {
    Node node = empty_table(origin_of(value.source(), source_));
    if (const toml::table* inner = value.as_table()) {
      fill(node, *inner, name);
    } else if (const toml::array* array = value.as_array()) {
      node.kind = Node::Kind::kArray;
      for (const toml::node& item : *array) node.items.push_back(this->node(item, name));
    } else {
      scalar(node, value, name);
    }
    return node;
  }

 private:
  void fill(Node& node, const toml::table& table, const std::string& name) {
    for (const auto& [key, value] : table) {
      insert(node, key.str(), origin_of(key.source(), source_), value, name);
    }
    std::stable_sort(node.entries.begin(), node.entries.end(),
                     [](const Entry& a, const Entry& b) { return precedes(a.at, b.at); });
  }

  /// "a.b" = 1 means what a.b = 1 means.
  void insert(Node& table, std::string_view key, const Origin& at, const toml::node& value,
              const std::string& name) {
    const std::size_t dot = key.find('.');
    const std::string part(key.substr(0, dot));
    const std::string full = name.empty() ? part : name + "." + part;
    Entry* old = table.find(part);
    if (part.empty() || key.ends_with('.')) {
      faults_.add(at, fmt::format("a key with an empty part: '{}'", printable(key)));
    } else if (dot != std::string_view::npos) {
      if (old == nullptr) old = &table.entries.emplace_back(Entry{part, at, empty_table(at)});
      if (old->value.is_table()) return insert(old->value, key.substr(dot + 1), at, value, full);
      faults_.add(at, fmt::format("'{}' is given twice", full));
    } else if (old == nullptr) {
      table.entries.push_back({part, at, node(value, full)});
    } else if (old->value.is_table() && value.is_table()) {
      fill(old->value, *value.as_table(), full);
    } else {
      faults_.add(at, fmt::format("'{}' is given twice", full));
    }
  }

  void scalar(Node& node, const toml::node& value, const std::string& name) {
    node.kind = Node::Kind::kScalar;
    if (const auto* text = value.as_string()) {
      node.scalar = text->get();
    } else if (const auto* integer = value.as_integer()) {
      node.scalar = integer->get();
    } else if (const auto* flag = value.as_boolean()) {
      node.scalar = flag->get();
    } else if (const auto* number = value.as_floating_point();
               number != nullptr && std::isfinite(number->get())) {
      node.scalar = number->get();
    } else {
      node.kind = Node::Kind::kRefused;
      faults_.add(
          node.at,
          number != nullptr
              ? fmt::format("'{}' is {}: a number must be finite", name, format_double(number->get()))
              : fmt::format("'{}' is a date or a time, which no key takes; write text in quotes", name));
    }
  }

  const Source& source_;
  Faults& faults_;
};

/// toml++ skips a byte order mark and stops at the first bad byte without its place in the line.
bool check_encoding(std::string_view text, const Source& source, Faults& faults) {
  if (text.starts_with("\xEF\xBB\xBF")) {
    faults.add({&source}, "the file begins with a byte order mark; save it as UTF-8 without one");
    return false;
  }
  if (is_valid_utf8(text)) return true;
  int line = 1;
  for (const std::string_view row : split(text, '\n')) {
    if (!is_valid_utf8(row)) faults.add({&source, line}, "the line is not valid UTF-8");
    ++line;
  }
  return false;
}

}  // namespace

std::optional<Node> parse_toml(std::string_view text, const Source& source, Faults& faults) {
  if (!check_encoding(text, source, faults)) return std::nullopt;
  const toml::parse_result result = toml::parse(text);
  if (!result) {
    add_syntax_fault(result.error(), source, faults);
    return std::nullopt;
  }
  return Converter(source, faults).node(result.table(), "");
}

std::optional<Node> parse_toml_value(std::string_view text, std::string_view key, const Source& source,
                                     Faults& faults) {
  if (text.find_first_of("\n\r") != std::string_view::npos || !is_valid_utf8(text)) return std::nullopt;
  const toml::parse_result result = toml::parse("value = " + std::string(text));
  if (!result) return std::nullopt;
  return Converter(source, faults).node(*result.table().get("value"), std::string(key));
}

}  // namespace seqbench::spec
