#pragma once
// The shape of an experiment file: which tables it has and which keys each may hold. Checking, nearest-key
// hints and `help toml` all read it.

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/spec/tree.h"

namespace seqbench::spec {

/// check_param, plus what one ParamSpec cannot say: the text of durations, two betas, seeds = n.
using Check = std::variant<ParamValue, std::string> (*)(const ParamSpec&, const Json&);
[[nodiscard]] std::variant<ParamValue, std::string> check_top(const ParamSpec& spec, const Json& json);
[[nodiscard]] std::variant<ParamValue, std::string> check_split(const ParamSpec& spec, const Json& json);
[[nodiscard]] std::variant<ParamValue, std::string> check_label(const ParamSpec& spec, const Json& json);
[[nodiscard]] std::variant<ParamValue, std::string> check_train(const ParamSpec& spec, const Json& json);
[[nodiscard]] std::variant<ParamValue, std::string> check_limits(const ParamSpec& spec, const Json& json);

/// The other tables of keys; the public ones are in experiment.h.
[[nodiscard]] const std::vector<ParamSpec>& top_keys();
[[nodiscard]] const std::vector<ParamSpec>& data_keys();
[[nodiscard]] const std::vector<ParamSpec>& task_keys();
[[nodiscard]] const std::vector<ParamSpec>& metrics_keys();
[[nodiscard]] const std::vector<ParamSpec>& model_keys();
[[nodiscard]] const std::vector<ParamSpec>& case_keys();

struct TableSchema;

struct Child {
  enum class Form {
    kTable,   // [name]
    kTables,  // [[name]]
    kGrid,    // [name] of arrays of the values that the schema's keys take
    kOpen,    // a task's or model's own keys, checked once it is known
    kOpenGrid,
  };
  std::string_view name;
  Form form;
  const TableSchema* schema;
  std::string_view help;
};

struct TableSchema {
  const std::vector<ParamSpec>* keys;
  Check check;
  std::vector<Child> children;
};

[[nodiscard]] const TableSchema& root_schema();
/// The whole of `schema` as text, each table under its name.
[[nodiscard]] std::string reference_of(const TableSchema& schema);
/// Reports unknown keys, wrong types and values out of range below the root, but for open tables.
void check_tree(const Node& root, const TableSchema& schema, Faults& faults);

using OnValue = std::function<void(const ParamSpec& spec, ParamValue value, const Entry& entry)>;
/// Calls `take` for every well-formed value that `table` (null: none) holds for one of `specs`, nested keys
/// included. `prefix` is the table's dotted name; faults are reported where `faults` is not null.
void read_keys(const Node* table, const std::string& prefix, const std::vector<ParamSpec>& specs, Check check,
               Faults* faults, const OnValue& take);

/// "; nearest: 'train.batch'", or "".
[[nodiscard]] std::string hint(std::string_view word, const std::vector<std::string>& candidates,
                               const std::string& prefix = "");

}  // namespace seqbench::spec
