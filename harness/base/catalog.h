#pragma once
// What is registered, as plain data: all that experiment files, plans and pages need to know of a task or a
// model without touching its code. The entries of harness/contract add the functions.

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/params.h"

namespace seqbench {

/// Raised when the meaning of an entry changes; an entry built for another version is refused at start.
inline constexpr int kContractVersion = 1;

enum class TaskKind { kRegression, kBinary };
[[nodiscard]] std::string_view to_string(TaskKind kind);

struct Target {
  std::string name;       // "brightness"
  std::string unit;       // "log10 fluorescence"
  std::string transform;  // "log10" or ""
};

struct ViewInfo {
  std::string name;  // "one_hot"
  std::string help;
  /// Of real data it is there only where this text parameter of [data] has one of these values; "" = always.
  std::string param = {};
  std::vector<std::string> values = {};
};

struct TaskInfo {
  std::string name;  // filled in from the table
  int version = 1;   // raised when the same files would give other examples
  std::string title;
  std::string summary;  // one line
  TaskKind kind = TaskKind::kRegression;
  std::vector<Target> targets;
  std::vector<std::string> metrics;  // registered names; the first ranks
  std::vector<ViewInfo> views;
  std::vector<std::string> slices;  // fields that metrics are broken down by
  std::vector<std::string> splits;  // split kinds it offers; the first is the default
  std::string group;                // field that grouped splits keep together: "locus"; "" = none
  std::string stratify;             // field, or "target", that stratified splits balance; "" = the target of two classes
  std::string submission_key;       // field that outsiders' prediction files name rows by; "" = the example's id
  std::vector<ParamSpec> params;    // [data] params
  bool has_real = false;            // real data can be imported, or are declared with the task
  bool has_twin = true;             // false for a declared task, whose data are real
  std::string qualifying;           // score on test rows that must be above 0 for a leaderboard to rank a row ("r2": better than
                                    // the best constant); "" = none
  std::string import_hint;          // the command that gets the real data
  std::vector<std::string> cautions;  // what is known of its data and says how far a score may be trusted; in every audit
  std::string citation;
  std::string licence;
  int contract = kContractVersion;
};

/// The views that data with these parameters has, in the task's order.
[[nodiscard]] std::vector<std::string> offered_views(const TaskInfo& task, bool twin, const Params& params);

struct Setting {
  std::string key;  // a key of [train]
  ParamValue value;
};

/// A row that joins every experiment whose task offers the model's view and kind.
struct Control {
  std::string label;  // "ridge, one-hot"
  std::string view;   // the view this row uses; "" = the first of the model's that the task offers
  std::vector<Setting> params;
  std::vector<Setting> train;  // may hold labels = "shuffled"
};

/// An encoder that a model reads through and doesn't train.
struct FrozenEncoder {
  std::string param = {};               // names the folder of its weights; "" in it: they are random, and tables say so
  std::vector<std::string> views = {};  // those that it reads
};

struct ModelInfo {
  std::string name;  // filled in from the table
  int version = 1;   // raised when the same inputs would give other predictions
  std::string summary;
  std::vector<std::string> views;  // accepted, in order of preference; of an external one empty = all
  std::vector<TaskKind> kinds;
  std::vector<ParamSpec> params;
  std::vector<Setting> train;  // its defaults for [train]
  std::vector<Control> controls;
  bool trained_by_loop = true;  // a Network; else an Estimator
  bool seeded = true;           // false: the seed changes nothing, one trial stands for all
  bool external = false;        // runs a program of the user's; without one it cannot be fitted
  FrozenEncoder frozen_encoder = {};
  std::string citation;
  int contract = kContractVersion;
};

/// Whether a row of this model would rest on random weights where published ones are meant.
[[nodiscard]] bool has_random_encoder(const ModelInfo& model, const std::string& view, const Params& params);

/// Spans into the tables; torch-free.
struct Catalog {
  std::vector<const TaskInfo*> tasks;    // sorted by name
  std::vector<const ModelInfo*> models;  // sorted by name
  std::map<std::string, std::string, std::less<>> broken;  // name of a declared task that cannot be used: why
  [[nodiscard]] const TaskInfo* task(std::string_view name) const;    // null when absent
  [[nodiscard]] const ModelInfo* model(std::string_view name) const;  // null when absent
};

}  // namespace seqbench
