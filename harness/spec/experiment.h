#pragma once
// An experiment file as resolved: every default written out, every include, profile and override applied, the
// grid expanded. Folds and seeds are expanded by harness/run.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "harness/base/catalog.h"
#include "harness/base/params.h"

namespace seqbench::spec {

/// One fault of an experiment file, where editors can jump to it.
struct Diagnostic {
  std::string place;    // "experiments/a.toml:14:1", or "--set #1"
  std::string message;  // without "error:"
  std::string excerpt;  // the line and a caret, or ""
};

template <typename T>
using Result = tl::expected<T, std::vector<Diagnostic>>;

/// One task as this experiment uses it.
struct TaskUse {
  std::string task;
  std::string source = "twin";  // twin | real
  std::int64_t limit = 0;       // rows kept by nested subsample; 0 = all
  Params params;                // the task's own
  Params split;                 // keys of split_keys()
  std::vector<std::string> metrics;  // report, the ranking one first
  std::vector<std::string> slices;
};

/// A file that a parameter names (ParamSpec::files).
struct InputFile {
  std::string name;  // as written; of a folder's file FOLDER/FILE
  std::filesystem::path path;
  std::string sha256;
};

/// One row of the expanded grid: a model configured, on one task.
struct Variant {
  std::size_t task = 0;  // index into ExperimentSpec::tasks
  std::string model;
  std::string label;    // row name in tables; not in keys
  std::string variant;  // canonical text of the grid and case point: "train.learning_rate=1e-02", or ""
  std::string view;
  Params params;        // the model's own
  Params train;         // keys of train_keys()
  bool control = false;
  std::vector<InputFile> files = {};
};

struct ExperimentSpec {
  std::filesystem::path path;
  std::string name;    // "controls/gfp_fluorescence"
  std::string title, notes, paper, reruns;
  std::string scale;   // smoke | desk | full
  std::string text;    // the file's own text
  std::vector<TaskUse> tasks;
  std::vector<Variant> variants;  // display order, controls last
  std::vector<std::int64_t> seeds;
  Params run;     // keys of run_keys(): threads
  Params limits;  // keys of limits_keys()
  Params save;    // keys of save_keys()
  [[nodiscard]] Json resolved() const;  // everything above but path, text
};

struct LoadOptions {
  std::vector<std::string> set;  // "a.b=VALUE" of --set, in order; VALUE is TOML, else the raw text
  std::string scale = "desk";
  bool twin = false;             // --twin: the twin in place of real data
  std::filesystem::path root;    // folder that holds experiments/; for names and <common/x.toml>
  std::filesystem::path weights = {};  // holds checkpoints by name (data::weights_home)
};

/// TOML path -> ExperimentSpec, or every diagnostic (sorted by place). Never throws for what the file says;
/// a file that cannot be read is a diagnostic too. Throws InputError for a scale that is none of the three.
[[nodiscard]] Result<ExperimentSpec> load(const std::filesystem::path& path, const Catalog& catalog,
                                          const LoadOptions& options);

/// One task without a model, as `submit` meets it: the task's defaults under `options.set`.
[[nodiscard]] Result<ExperimentSpec> load_task(const TaskInfo& task, const Catalog& catalog, const LoadOptions& options);

/// A small TOML or JSON file (by its suffix) as one object. Throws InputError.
[[nodiscard]] Json read_card(const std::filesystem::path& path);

/// At most 50, then "and N more", then "N errors; nothing was run".
[[nodiscard]] std::string format_diagnostics(const std::vector<Diagnostic>& diagnostics);

/// The tables of keys; the reference text of `help toml` is printed from them.
[[nodiscard]] const std::vector<ParamSpec>& split_keys();
[[nodiscard]] const std::vector<ParamSpec>& train_keys();
[[nodiscard]] const std::vector<ParamSpec>& run_keys();
[[nodiscard]] const std::vector<ParamSpec>& limits_keys();
[[nodiscard]] const std::vector<ParamSpec>& save_keys();
/// The text of `help toml`, at most 100 columns.
[[nodiscard]] std::string key_reference();

/// Names of the files in a model folder that decide what it predicts, sorted: configuration, weights, tokenizer, adapter.
[[nodiscard]] std::vector<std::string> model_files(const std::filesystem::path& folder);

/// "90s", "10m", "2h30m", "1d": seconds, above 0.
[[nodiscard]] std::optional<double> parse_duration(std::string_view text);
/// "512MiB", "20GiB", "1.5TiB", "4096B": bytes, at least 1.
[[nodiscard]] std::optional<std::int64_t> parse_size(std::string_view text);

/// What a stratified split balances.
struct Strata {
  std::string field;      // kTargetField is the label
  std::int64_t bins = 0;  // of equal count, by rank; 0: the values are the classes
};
inline constexpr std::string_view kTargetField = "target";
/// "target", "FIELD", "quantiles(10)" (of the target) or "quantiles(10) of FIELD"; 2 to 1000 bins.
[[nodiscard]] std::optional<Strata> parse_strata(std::string_view text);
/// kfold, stratified, grouped and stratified_grouped: each fold is the test part once.
[[nodiscard]] bool has_folds(std::string_view split_kind);

}  // namespace seqbench::spec
