#pragma once
// What a task brings. A task is one folder (tasks/NAME/NAME.cpp) that ends in SEQBENCH_TASK(NAME) { ... }.

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/catalog.h"
#include "harness/base/json.h"
#include "harness/base/streams.h"
#include "harness/contract/examples.h"
#include "harness/contract/view.h"

namespace seqbench {

struct LoadRequest {
  bool twin = true;
  std::filesystem::path folder;  // real data: the task's folder in the data home
  const Params& params;          // resolved [data] params
  std::int64_t rows = 0;         // twins: at most about so many rows, 0 = the published number
  std::filesystem::path cache = {};  // a folder that large twins may keep packed files in; empty = none
};

/// One loaded data set.
class Dataset {
 public:
  virtual ~Dataset() = default;
  [[nodiscard]] const Examples& examples() const { return examples_; }
  /// All rows in the named form; `name` is one of TaskInfo::views.
  [[nodiscard]] virtual View view(std::string_view name) const = 0;

 protected:
  Examples examples_;
};

struct ImportedFile {
  std::string role;  // file name in the task's folder: "genotypes.tsv.gz"
  std::filesystem::path source;
};

struct ImportPlan {
  std::vector<ImportedFile> files;  // what is to be copied, each recognized by its content
  std::vector<std::string> report;  // lines for the user: rows read, duplicates, malformed rows with their place
};

/// Predictions of one split against the task's own rules; a failed verdict stores no metrics.
struct Verdict {
  bool ok = true;
  std::string reason;
};

/// A score of the task's own, over one part: what no metric of truth and prediction alone can say.
struct Score {
  std::string name;   // "challenge_pearson"
  std::string slice = "all";
  double value = 0;   // NaN: undefined, `note` says why
  std::string note;
  std::int64_t n = 0;  // rows or pairs that it rests on
  bool higher_is_better = true;
  int version = 1;
};

struct TaskEntry : TaskInfo {
  /// Throws InputError with file, line, value and what was expected.
  std::function<std::unique_ptr<Dataset>(const LoadRequest&)> load;
  /// Reads published files wholly, throws InputError at the first that is broken; writes nothing.
  /// Null when has_real is false, and for declared tasks.
  std::function<ImportPlan(std::span<const std::filesystem::path> files)> import_files;
  /// Writes the twin of `request` into an empty folder as the published files are: importing and loading these gives
  /// the twin's examples. Null where a task has none yet.
  std::function<void(const LoadRequest& request, const std::filesystem::path& folder)> write_twin;
  /// Scores of the test part beside the metrics; `predictions` [rows, targets] in the order of `rows`. May be null.
  std::function<std::vector<Score>(const Dataset& dataset, std::span<const std::int64_t> rows,
                                   std::span<const double> predictions)>
      scores;
  /// A task declared in a file of the user's: SHA-256 of what its data are, by content. Null for built-in tasks, whose
  /// real data the lock of the data home tells.
  std::function<std::string()> fingerprint;
  Json declaration;  // and its meaning, for the record
  std::string room;  // whose sources make its examples; "" = tasks/NAME
};

/// Shape, finiteness, and for binary tasks the range of probabilities. `predictions` [rows, targets].
[[nodiscard]] Verdict verify(const TaskEntry& task, std::span<const double> predictions, std::int64_t rows);
/// Standard deviations are none, or one a prediction, all finite and above 0.
[[nodiscard]] Verdict verify_spreads(std::span<const double> spreads, std::size_t predictions);

/// The sorted table that the build writes from the folders.
struct NamedTask {
  std::string_view name;
  TaskEntry (*make)();
};
std::span<const NamedTask> tasks_table();

}  // namespace seqbench

/// Opens the entry of the task whose folder has this name; only declares and defines `tasks_NAME`.
#define SEQBENCH_TASK(name)          \
  ::seqbench::TaskEntry tasks_##name(); \
  ::seqbench::TaskEntry tasks_##name()
