// seqbench new task NAME: a task that compiles, is found by the build and passes the conformance suite.
#include <fmt/format.h>

#include "harness/base/text.h"
#include "harness/cli/commands.h"
#include "harness/cli/skeleton.h"

namespace seqbench::cli {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kSource = R"(// @NAME@: the skeleton's task. Put your own law into the twin, your own format into read_rows().

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/contract/task.h"
#include "harness/data/reader.h"

namespace seqbench::tasks::@NAME@ {
namespace {

constexpr std::string_view kLetters = "@LETTERS@";
constexpr auto kSymbols = static_cast<std::int64_t>(kLetters.size());
constexpr std::int64_t kRows = 2000;  // of the twin: as many as the published set has
constexpr std::int64_t kLength = 24;
constexpr const char* kFile = "@NAME@.tsv";

struct Row {
  std::string id, sequence;
  double label = 0;
  double noiseless = 0, expected = 0;  // of a twin: f(x), and @EXPECTED@
};

/// The twin's law: position i prefers one letter; f(x) sums what the preferred and the other letters give, so that its
/// mean is 0 and its variance 1 over random sequences.
class Twin {
 public:
  explicit Twin(std::uint64_t seed) : stream_(Streams(seed).open("twin/@NAME@")) {
    Draws draws = Streams(seed).open("twin/@NAME@/letters").at();
    for (std::int64_t i = 0; i < kLength; ++i) preferred_ += letter(draws);
  }

  [[nodiscard]] Row row(std::int64_t index) const {
    Draws draws = stream_.at({0, 0, static_cast<std::uint32_t>(index)});
    Row row;
    row.id = fmt::format("row{:06}", index);
    const double share = 1.0 / static_cast<double>(kSymbols);
    const double unit = 1 / std::sqrt(static_cast<double>(kLength) * share * (1 - share));
    for (std::int64_t i = 0; i < kLength; ++i) {
      row.sequence += letter(draws);
      row.noiseless += unit * ((row.sequence.back() == preferred_[static_cast<std::size_t>(i)] ? 1 : 0) - share);
    }
@LAW@
    return row;
  }

 private:
  static char letter(Draws& draws) { return kLetters[draws.below(kLetters.size())]; }

  Stream stream_;
  std::string preferred_;
};

std::vector<Row> twin_rows(const LoadRequest& request) {
  const Twin twin(static_cast<std::uint64_t>(request.params.integer("twin_seed")));
  std::vector<Row> rows;
  const std::int64_t count = request.rows > 0 ? std::min(request.rows, kRows) : kRows;
  for (std::int64_t i = 0; i < count; ++i) rows.push_back(twin.row(i));
  return rows;
}

/// The published form: id, sequence and label, one row a line.
std::vector<Row> read_rows(const std::filesystem::path& path) {
  data::TableReader table(path, {"id", "sequence", "label"});
  std::vector<Row> rows;
  std::set<std::string> ids;
  while (table.next()) {
    Row row{std::string(table.cell(0)), std::string(table.cell(1)), table.number(2)};
    if (row.id.empty() || !ids.insert(row.id).second) table.fail(fmt::format("the id \"{}\" is empty or there already", printable(row.id)));
    if (static_cast<std::int64_t>(row.sequence.size()) != kLength || row.sequence.find_first_not_of(kLetters) != std::string::npos) {
      table.fail(fmt::format("a sequence has {} letters of {}, got \"{}\"", kLength, kLetters, printable(row.sequence)));
    }
@CHECK@    rows.push_back(std::move(row));
  }
  if (rows.empty()) table.fail("no row follows the header");
  return rows;
}

class TaskData final : public Dataset {
 public:
  TaskData(const std::vector<Row>& rows, bool twin) {
    for (const Row& row : rows) {
      examples_.ids.push_back(row.id);
      examples_.targets.push_back(row.label);
      sequences_.push_back(row.sequence);
      if (!twin) continue;
      examples_.noiseless.push_back(row.noiseless);
      examples_.expected.push_back(row.expected);
    }
    examples_.counts = {{"rows", examples_.rows()}};
  }

  [[nodiscard]] View view(std::string_view name) const override {
    if (name == "@VIEW@") return {std::string(name), TextView{sequences_}};
    SEQBENCH_ASSERT(name == "one_hot", "the task has no such view");
    CodeView view;
    view.symbols = kSymbols;
    view.codes = at::empty({examples_.rows(), kLength}, at::kByte);
    view.lengths = at::full({examples_.rows()}, kLength, at::kLong);
    auto* codes = view.codes.mutable_data_ptr<std::uint8_t>();
    for (const std::string& sequence : sequences_) {
      for (const char c : sequence) *codes++ = static_cast<std::uint8_t>(kLetters.find(c));
    }
    return {std::string(name), view};
  }

 private:
  std::vector<std::string> sequences_;
};

std::unique_ptr<Dataset> load(const LoadRequest& request) {
  return std::make_unique<TaskData>(request.twin ? twin_rows(request) : read_rows(request.folder / kFile), request.twin);
}

ImportPlan import_files(std::span<const std::filesystem::path> files) {
  if (files.size() != 1) throw InputError(fmt::format("{} files given, one is needed: columns id, sequence, label", files.size()));
  return {{{kFile, files[0]}}, {fmt::format("{} rows", read_rows(files[0]).size())}};
}

void write_twin(const LoadRequest& request, const std::filesystem::path& folder) {
  std::string text = "id\tsequence\tlabel\n";
  for (const Row& row : twin_rows(request)) text += fmt::format("{}\t{}\t{}\n", row.id, row.sequence, format_double(row.label));
  write_file_atomically(folder / kFile, text);
}

}  // namespace
}  // namespace seqbench::tasks::@NAME@

namespace seqbench {

SEQBENCH_TASK(@NAME@) {
  TaskEntry entry;
  entry.title = "@NAME@";
  entry.summary = "the skeleton's task: @KIND@ from @VIEW@ sequences";
  entry.kind = TaskKind::@ENUM@;
  entry.targets = {{.name = "label", .unit = "@UNIT@", .transform = ""}};
  entry.metrics = {@METRICS@};
  entry.views = {{"@VIEW@", "the sequence"}, {"one_hot", "@LETTERS@ at every position"}};
  entry.splits = {"kfold", "holdout"};
  entry.params = {{.name = "twin_seed",
                   .fallback = std::int64_t{0},
                   .help = "seed of the twin",
                   .low = 0,
                   .high = 9007199254740991.0,
                   .choices = {}}};
  entry.has_real = true;
  entry.import_hint = "seqbench data import @NAME@ FILE.tsv";
  entry.load = &tasks::@NAME@::load;
  entry.import_files = &tasks::@NAME@::import_files;
  entry.write_twin = &tasks::@NAME@::write_twin;
  return entry;
}

}  // namespace seqbench
)";

constexpr std::string_view kRegressionLaw = R"(    row.expected = row.noiseless;
    row.label = row.expected + 0.5 * draws.normal();  // the ceiling's mean squared error is 0.25, its R2 1 / 1.25)";
constexpr std::string_view kBinaryLaw = R"(    row.expected = 1 / (1 + std::exp(-3 * row.noiseless));
    row.label = draws.uniform() < row.expected ? 1 : 0;  // so P(y = 1 | x) is the ceiling)";
constexpr std::string_view kBinaryCheck = R"(    if (row.label != 0 && row.label != 1) table.fail(fmt::format("a label is 0 or 1, got {}", format_double(row.label)));
)";

constexpr std::string_view kTest = R"(// The law of the twin of @NAME@, and its published form.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "harness/base/error.h"
#include "harness/contract/task.h"
#include "tests/support/temp_folder.h"

namespace seqbench::test::@NAME@ {
namespace {

namespace fs = std::filesystem;

TaskEntry task() {
  for (const NamedTask& named : tasks_table()) {
    if (named.name == "@NAME@") return named.make();
  }
  throw std::logic_error("the task is not in the table");
}

TEST(@CAMEL@, LabelsScatterAboutTheCeilingAsTheLawSays) {
  const TaskEntry entry = task();
  const Params params(entry.params);
  const auto twin = entry.load({.twin = true, .folder = {}, .params = params});
  const Examples& examples = twin->examples();
  double sum = 0, variance = 0;
  for (std::size_t i = 0; i < examples.targets.size(); ++i) {
    const double residual = examples.targets[i] - examples.expected[i];
@SCATTER@
  }
  EXPECT_LT(std::abs(sum), 5 * std::sqrt(variance));
}

TEST(@CAMEL@, ThePublishedFormGivesTheTwinsExamples) {
  const TaskEntry entry = task();
  const Params params(entry.params);
  const TempFolder folder;
  entry.write_twin({.twin = true, .folder = {}, .params = params, .rows = 50}, folder.path());
  const std::vector<fs::path> files = {folder.path() / "@NAME@.tsv"};
  EXPECT_EQ(entry.import_files(files).files.size(), 1u);
  const auto twin = entry.load({.twin = true, .folder = {}, .params = params, .rows = 50});
  const auto real = entry.load({.twin = false, .folder = folder.path(), .params = params});
  EXPECT_EQ(real->examples().ids, twin->examples().ids);
  EXPECT_EQ(real->examples().targets, twin->examples().targets);
}

TEST(@CAMEL@, ABrokenFileIsRefusedAtItsLine) {
  const TaskEntry entry = task();
  const TempFolder folder;
  std::ofstream(folder.path() / "x.tsv") << "id\tsequence\tlabel\na\tA\t1\n";
  const std::vector<fs::path> files = {folder.path() / "x.tsv"};
  try {
    static_cast<void>(entry.import_files(files));
    FAIL() << "a sequence of one letter was taken";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("x.tsv:2: "), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace seqbench::test::@NAME@
)";

constexpr std::string_view kRegressionScatter = R"(    sum += residual * residual - 0.25;
    variance += 2 * 0.25 * 0.25;  // of the square of a normal of variance 0.25)";
constexpr std::string_view kBinaryScatter = R"(    sum += residual;
    variance += examples.expected[i] * (1 - examples.expected[i]);)";

constexpr std::string_view kManifest = R"(# Files of the published data: role, name, url, sha256, bytes, rows, licence of each. None yet.
version = 1
task = "@NAME@"
citation = ""
file = []
)";

constexpr std::string_view kReadme = R"(# @NAME@

What is predicted from what, from which paper, in which unit; what the published files are and how rows are counted.

- **Views**: `@VIEW@` (text), `one_hot`.
- **Splits**: `kfold`, `holdout`. **Ranking** by @RANK@.
- **Real data**: a TSV with the columns id, sequence, label: `./seqbench data import @NAME@ FILE.tsv`.
- **Twin**: each position prefers one letter; f(x) has mean 0 and variance 1. @CEILING@
- Try it: `./seqbench run tasks/@NAME@/example.toml`, then `./seqbench leaderboard @NAME@`.
- Tests: `tests/unit/tasks/@NAME@_test.cpp`; the conformance suite takes the task up by itself (`tests/run -R property`).
)";

constexpr std::string_view kExample = R"(schema = 1
name = "@NAME@/example"
title = "@NAME@: controls on the twin"

[data]
task = "@NAME@"

[split]
kind = "kfold"
folds = 3
)";

std::string camel(const std::string& name) {
  std::string out;
  for (const std::string_view part : split(name, '_')) {
    if (part.empty()) continue;
    out += part[0] >= 'a' && part[0] <= 'z' ? static_cast<char>(part[0] - 'a' + 'A') : part[0];
    out += part.substr(1);
  }
  return out;
}

std::map<std::string, std::string> values_of(const std::string& name, bool binary, const std::string& view) {
  const auto pick = [binary](std::string_view two, std::string_view number) { return std::string(binary ? two : number); };
  std::map<std::string, std::string> values = {
      {"NAME", name},
      {"CAMEL", camel(name)},
      {"VIEW", view},
      {"LETTERS", view == "dna" ? "ACGT" : "ACDEFGHIKLMNPQRSTVWY"},
      {"KIND", pick("two classes", "a number")},
      {"ENUM", pick("kBinary", "kRegression")},
      {"UNIT", pick("class", "unit")},
      {"METRICS", pick(R"("mcc", "auroc", "accuracy", "log_loss")", R"("pearson", "spearman", "r2", "mse")")},
      {"EXPECTED", pick("P(y = 1 | x)", "E[y | x]")},
      {"LAW", pick(kBinaryLaw, kRegressionLaw)},
      {"CHECK", pick(kBinaryCheck, "")},
      {"SCATTER", pick(kBinaryScatter, kRegressionScatter)},
      {"RANK", pick("MCC", "Pearson's r")},
      {"CEILING", pick("P(y = 1 | x) = sigmoid(3 f) is the law that labels are drawn from, so the ceiling is exact.",
                       "y = f + N(0, 0.25): the ceiling's mean squared error is 0.25, its r 0.894.")}};
  return values;
}

}  // namespace

ExitCode new_task(const Context& context) {
  const Arguments& a = context.arguments;
  const std::string kind = a.kind.empty() ? "regression" : a.kind, view = a.view.empty() ? "dna" : a.view;
  if (kind != "regression" && kind != "binary") throw InputError(fmt::format("--kind must be regression or binary, got '{}'", printable(kind)));
  if (view != "dna" && view != "protein") throw InputError(fmt::format("--view must be dna or protein, got '{}'", printable(view)));
  std::vector<std::string> taken = {"data"};  // tasks/data is what tasks share
  for (const TaskEntry& task : context.tables.tasks()) taken.push_back(task.name);
  check_new_name("task", a.what, taken);
  const std::map<std::string, std::string> values = values_of(a.what, kind == "binary", view);
  const fs::path folder = fs::path("tasks") / a.what;
  if (fs::exists(a.root / folder)) throw InputError(fmt::format("{} is there already", folder.generic_string()));
  write_new(a.root, {{folder / (a.what + ".cpp"), filled(kSource, values)},
                     {folder / "README.md", filled(kReadme, values)},
                     {folder / "dataset.toml", filled(kManifest, values)},
                     {folder / "example.toml", filled(kExample, values)},
                     {fs::path("tests/unit/tasks") / (a.what + "_test.cpp"), filled(kTest, values)}});
  fmt::print(stderr, "next: ./seqbench run tasks/{0}/example.toml builds it and runs its controls\n", a.what);
  return ExitCode::kDone;
}

}  // namespace seqbench::cli
