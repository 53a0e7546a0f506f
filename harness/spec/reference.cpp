// The text of `help toml`, printed from the schema.

#include <fmt/format.h>

#include "harness/base/text.h"
#include "harness/spec/schema.h"

namespace seqbench::spec {
namespace {

constexpr std::size_t kColumns = 100;
constexpr std::size_t kIndent = 22;

std::string value_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return format_double(value.get<double>());
  if (!value.is_array()) return value.dump();
  std::vector<std::string> items;
  for (const Json& item : value) items.push_back(value_text(item));
  return "[" + join(items, ", ") + "]";
}

/// " [32]"; nothing for an empty text, which the help explains.
std::string default_text(const ParamSpec& spec) {
  const Json value = std::visit([](const auto& held) { return Json(held); }, spec.fallback);
  return value == Json("") ? "" : fmt::format(" [{}]", value_text(value));
}

/// Appends words, broken into lines of at most kColumns; `column` is where the text stands.
void wrap(std::string& text, std::size_t column, std::string_view words) {
  for (const std::string_view word : split(words, ' ')) {
    if (column + 1 + word.size() > kColumns) {
      text += "\n" + std::string(kIndent, ' ');
      column = kIndent;
    }
    text += " ";
    text += word;
    column += 1 + word.size();
  }
  text += "\n";
}

void print_key(std::string& text, const ParamSpec& spec) {
  text += fmt::format("  {:{}}", spec.name, kIndent - 2);
  const std::string key = spec.in_key ? "" : " Not in the trial key.";
  wrap(text, kIndent,
       fmt::format("{}{}: {}.{}", describe_expected(spec), default_text(spec), spec.help, key));
}

void print_table(std::string& text, const TableSchema& schema, const std::string& title,
                 std::string_view help) {
  text += fmt::format("\n{}{}{}\n", title, help.empty() ? "" : "  ", help);
  for (const ParamSpec& spec : *schema.keys) print_key(text, spec);
  for (const Child& child : schema.children) {
    text += fmt::format("  {:{}} a table: {}\n", child.name, kIndent - 2, child.help);
  }
}

}  // namespace

std::string reference_of(const TableSchema& root) {
  std::string text;
  print_table(text, {root.keys, root.check, {}}, "At the top", "");
  for (const Child& child : root.children) {
    const bool array = child.form == Child::Form::kTables;
    const std::string name = fmt::format("[{}]", child.name);
    print_table(text, *child.schema, array ? "[" + name + "]" : name, child.help);
  }
  return text;
}

std::string key_reference() {
  return "Keys of an experiment file (TOML): what a value must be, [its default], its meaning. Dotted keys\n"
         "may be written in quotes, as nested tables or as TOML's own dotted keys.\n\n"
         "Later wins: built-in defaults, the task's, the model's, included files in order, the file, its\n"
         "table [scale.X], [[model]].train, the point of [grid] and [[case]], --set. Tables merge key by\n"
         "key; arrays and values replace, but [[model]] appends to what an include gives, and\n"
         "key.remove = true takes away what an include gives. `reruns` allows train.keep = published_test.\n" +
         reference_of(root_schema());
}

}  // namespace seqbench::spec
