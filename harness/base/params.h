#pragma once
// Declared parameters. Every key of an experiment file, of a task and of a model is one ParamSpec: its type,
// default, range and help drive validation, `help toml`, nearest-key hints and the trial key alike.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/base/json.h"

namespace seqbench {

using ParamValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                                std::vector<double>, std::vector<std::string>>;

/// The alternative that a key takes; order as in ParamValue.
enum class ParamType { kBool, kInt, kFloat, kString, kInts, kFloats, kStrings };

/// Lists of strings whose words may name files beside the experiment file. A trial's key covers such a file's bytes, never
/// its place; the program sees its absolute path. kSome: a command, at least one word, some of them files.
/// The kinds from kFolder on are for a string, a folder beside the experiment file or in the weights home; the key covers the
/// files in it that decide the model. kFolder: with a config.json, "" = none; kNeededFolder: never ""; kAdapter: with an
/// adapter_config.json.
enum class FileWords { kNone, kSome, kAll, kFolder, kNeededFolder, kAdapter };
[[nodiscard]] constexpr bool is_folder(FileWords files) { return files >= FileWords::kFolder; }

struct ParamSpec {
  std::string name = {};      // dotted for nested keys: "early_stop.patience"
  ParamValue fallback = {};   // the default; its alternative is the key's type
  std::string help = {};      // one line
  double low = -1e300;        // numbers: inclusive range; strings and lists: unused
  double high = 1e300;
  std::vector<std::string> choices = {};  // strings: the allowed values; empty = any
  bool in_key = true;         // part of the trial key
  FileWords files = FileWords::kNone;
};

[[nodiscard]] ParamType type_of(const ParamSpec& spec);
/// "an integer from 1 to 65536", "one of adam, adamw, sgd": what a value of this key must be.
[[nodiscard]] std::string describe_expected(const ParamSpec& spec);
/// The value as this key's type (an integer given for a float becomes one), or why it is refused:
/// "must be an integer from 1 to 65536, got the string \"32\"". `json` is a parsed TOML or JSON value.
[[nodiscard]] std::variant<ParamValue, std::string> check_param(const ParamSpec& spec, const Json& json);

/// Resolved values of a list of ParamSpec. Reading a name that was not declared is an assertion.
class Params {
 public:
  Params() = default;
  /// All defaults.
  explicit Params(const std::vector<ParamSpec>& specs);

  void set(const std::string& name, ParamValue value) { values_[name] = std::move(value); }
  [[nodiscard]] bool has(std::string_view name) const { return values_.find(name) != values_.end(); }
  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] std::int64_t integer(std::string_view name) const;
  [[nodiscard]] double number(std::string_view name) const;
  [[nodiscard]] const std::string& text(std::string_view name) const;
  [[nodiscard]] const std::vector<std::int64_t>& integers(std::string_view name) const;
  [[nodiscard]] const std::vector<double>& numbers(std::string_view name) const;
  [[nodiscard]] const std::vector<std::string>& texts(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, ParamValue, std::less<>>& values() const { return values_; }

  /// Flat object, floats kept floats. `specs` given: only its keys with in_key.
  [[nodiscard]] Json to_json() const;
  [[nodiscard]] Json to_key_json(const std::vector<ParamSpec>& specs) const;
  /// The inverse of to_json for declared keys; throws InputError naming the key.
  [[nodiscard]] static Params from_json(const std::vector<ParamSpec>& specs, const Json& json);

  bool operator==(const Params&) const = default;

 private:
  std::map<std::string, ParamValue, std::less<>> values_;
};

}  // namespace seqbench
