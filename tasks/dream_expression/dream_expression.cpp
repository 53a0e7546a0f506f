// Expression of yeast promoters of random DNA (DREAM 2022): millions of rough training rows, 71,103 deeply measured test
// rows, and the challenge's own score.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/contract/task.h"
#include "harness/data/reader.h"
#include "tasks/dream_expression/published.h"
#include "tasks/dream_expression/training_rows.h"
#include "tasks/dream_expression/twin.h"
#include "tasks/dream_expression/write_twin.h"

namespace seqbench::tasks::dream_expression {
namespace {

constexpr std::uint64_t kValidationShare = 10;  // one training row in so many, by the hash of its sequence

/// 13 letters: no memory beside the string itself.
std::string id_of(std::uint64_t hash) {
  constexpr std::string_view kDigits = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string id(13, '0');
  for (std::size_t i = id.size(); i-- > 0; hash >>= 5) id[i] = kDigits[hash & 31];
  return id;
}

class DreamDataset final : public Dataset {
 public:
  /// `dna`: training rows, then test rows.
  DreamDataset(PackedDna dna, std::vector<double> labels, std::int64_t training, Boards boards, const LoadRequest& request)
      : dna_(std::move(dna)), training_(training), boards_(std::move(boards)), k_(request.params.integer("k")) {
    examples_.targets = std::move(labels);
    const std::int64_t tests = dna_.rows() - training_;
    std::vector<std::string> subset(static_cast<std::size_t>(training_), "training");
    std::vector<std::int64_t> test_index(static_cast<std::size_t>(training_), -1);
    examples_.ids.reserve(static_cast<std::size_t>(dna_.rows()));
    for (std::int64_t row = 0; row < training_; ++row) {
      const std::uint64_t hash = dna_.hash(row);
      examples_.ids.push_back(id_of(hash));
      if (tests > 0) examples_.published_split.push_back(hash % kValidationShare == 0 ? Part::kValidation : Part::kTrain);
    }
    for (std::int64_t i = 0; i < tests; ++i) {
      examples_.ids.push_back(fmt::format("test:{}", i));
      examples_.published_split.push_back(Part::kTest);
      test_index.push_back(i);
    }
    std::ranges::move(subset_names(boards_.every, tests), std::back_inserter(subset));
    examples_.fields = {{"subset", std::move(subset)}, {"test_index", std::move(test_index)}};
    examples_.counts = {{"rows", dna_.rows()}, {"training rows", training_}, {"test rows", tests}};
  }

  void set_truth(std::vector<double> noiseless, std::vector<double> expected) {
    examples_.noiseless = std::move(noiseless);
    examples_.expected = std::move(expected);
  }
  /// Real test labels have a scale of their own.
  void fix_split() { examples_.only_published_split = !examples_.published_split.empty(); }
  void add_counts(const MeasuredRows& rows) {
    examples_.counts.insert({{"repeated", rows.repeated}, {"in the test set", rows.in_test}, {"with N", rows.with_n}});
  }

  [[nodiscard]] View view(std::string_view name) const override {
    if (name == "dna") return {std::string(name), dna_.texts()};
    if (name == "one_hot") return {std::string(name), dna_.codes()};
    if (name == "composition") return {std::string(name), dna_.composition()};
    SEQBENCH_ASSERT(name == "kmer_counts", "the task has no such view");
    return {std::string(name), dna_.kmer_shares(k_)};
  }

  [[nodiscard]] std::vector<Score> scores(std::span<const std::int64_t> rows, std::span<const double> predictions) const;

 private:
  PackedDna dna_;
  std::int64_t training_;
  Boards boards_;
  std::int64_t k_;
};

void add_scores(std::vector<Score>& scores, const std::string& phase, const ChallengeScore& score) {
  std::string note;
  std::int64_t n = 0;
  for (std::size_t c = 0; c < kComponents; ++c) {
    const Component& component = score.components[c];
    const std::string slice = c == 0 ? "all" : fmt::format("subset={}", kComponentNames[c]);
    const auto add = [&](const char* what, double value) {
      scores.push_back({.name = phase + what, .slice = slice, .value = value, .note = component.note, .n = component.n});
    };
    add("_pearson", component.r);
    add("_pearson_r2", component.r * component.r);
    add("_spearman", component.rho);
    if (note.empty() && !component.note.empty()) note = fmt::format("{}: {}", kComponentNames[c], component.note);
    if (c == 0) n = component.n;
  }
  scores.push_back({.name = phase + "_pearson_score", .slice = "all", .value = score.pearson, .note = note, .n = n});
  scores.push_back({.name = phase + "_spearman_score", .slice = "all", .value = score.spearman, .note = note, .n = n});
}

std::vector<Score> DreamDataset::scores(std::span<const std::int64_t> rows, std::span<const double> predictions) const {
  const auto tests = static_cast<std::size_t>(dna_.rows() - training_);
  const std::span truth = std::span(examples_.targets).last(tests);
  std::vector<double> by_index(tests, std::numeric_limits<double>::quiet_NaN());
  bool any = false;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] < training_) continue;
    by_index[static_cast<std::size_t>(rows[i] - training_)] = predictions[i];
    any = true;
  }
  std::vector<Score> scores;
  if (!any || boards_.board.singles[0].empty()) return scores;  // no test row, or which are the board's is not known
  add_scores(scores, "final", challenge_score(without(boards_.every, boards_.board), truth, by_index));
  add_scores(scores, "public", challenge_score(boards_.board, truth, by_index));
  return scores;
}

constexpr std::int64_t kFewestCached = 500'000;  // training rows; fewer are made faster than a file is worth

Twin twin_of(const LoadRequest& request) {
  const TwinSize size = twin_size(request.params.integer("rows"), request.rows, request.params.flag("test"));
  const bool large = size.training >= kFewestCached;
  return make_twin(static_cast<std::uint64_t>(request.params.integer("twin_seed")), size, large ? request.cache : std::filesystem::path());
}

std::unique_ptr<Dataset> load_twin(const LoadRequest& request) {
  Twin twin = twin_of(request);
  auto dataset = std::make_unique<DreamDataset>(std::move(twin.dna), std::move(twin.labels), twin.training,
                                                std::move(twin.boards), request);
  dataset->set_truth(std::move(twin.noiseless), std::move(twin.expected));
  return dataset;
}

[[noreturn]] void missing(const LoadRequest& request, const std::string& what) {
  throw InputError(fmt::format("{}: {} is not there; import it together with the other files", printable(request.folder.string()), what));
}

void read_rows(const LoadRequest& request, const PublishedFiles& files, MeasuredRows& rows) {
  const std::string& train = request.params.text("train");
  if (train.starts_with("gpra_")) {
    if (files.gpra.empty()) missing(request, "the gpra table");
    return read_gpra_rows(files.gpra, train == "gpra_complex" ? "complex_YPD" : "defined_SCUra", rows);
  }
  if (train == "full") {
    if (files.training.empty()) missing(request, "the whole training file");
    return read_training_rows(files.training, rows);
  }
  if (files.samples[0].empty()) missing(request, "a sample of training rows");
  for (const std::filesystem::path& path : files.samples) {
    if (!path.empty()) read_training_rows(path, rows);
  }
}

std::unique_ptr<Dataset> load_real(const LoadRequest& request) {
  const PublishedFiles files = in_folder(request.folder);
  MeasuredRows rows;
  TestSet test;
  if (request.params.flag("test") && !request.params.text("train").starts_with("gpra_")) {
    if (files.test.empty()) missing(request, "the test set");
    test = read_test(files);
    PackedDna packed(kMostLetters);
    for (const std::string& sequence : test.sequences) packed.add(sequence);
    for (std::int64_t i = 0; i < packed.rows(); ++i) rows.test.insert(packed.hash(i));
  }
  read_rows(request, files, rows);
  const std::int64_t training = rows.dna.rows();
  for (const std::string& sequence : test.sequences) rows.dna.add(sequence);
  rows.dna.fit_longest();
  rows.expression.insert(rows.expression.end(), test.expression.begin(), test.expression.end());
  auto dataset = std::make_unique<DreamDataset>(rows.dna, std::move(rows.expression), training, std::move(test.boards), request);
  dataset->add_counts(rows);
  dataset->fix_split();
  return dataset;
}

std::unique_ptr<Dataset> load(const LoadRequest& request) { return request.twin ? load_twin(request) : load_real(request); }

ImportPlan import_files(std::span<const std::filesystem::path> paths) {
  ImportPlan plan;
  PublishedFiles files = recognize(paths, plan.report);
  for (const auto& [role, path] : files.roles()) {
    if (!path->empty()) plan.files.push_back({role + (data::is_gzip(*path) ? ".gz" : ""), *path});
  }
  return plan;
}

}  // namespace
}  // namespace seqbench::tasks::dream_expression

namespace seqbench {

SEQBENCH_TASK(dream_expression) {
  namespace task = tasks::dream_expression;
  TaskEntry entry;
  entry.title = "Promoter expression (DREAM 2022)";
  entry.summary = "expression of yeast promoters of random DNA; rough training labels, 71,103 deeply measured test rows";
  entry.kind = TaskKind::kRegression;
  entry.targets = {{.name = "expression", .unit = "expression bin (test rows: MAUDE expression)", .transform = ""}};
  entry.metrics = {"pearson", "spearman"};
  entry.views = {{"dna", "promoter with its flanks, letters ACGTN"},
                 {"one_hot", "ACGTN at each position, shorter rows padded at the end"},
                 {"kmer_counts", "share of each of the 4^k k-mers among the windows, by the parameter k"},
                 {"composition", "GC share and length"}};
  entry.slices = {"subset"};
  entry.splits = {"published", "kfold", "holdout"};
  entry.submission_key = "test_index";
  entry.params = {
      {.name = "k", .fallback = std::int64_t{5}, .help = "length of the words that the view kmer_counts counts", .low = 1, .high = 6, .choices = {}},
      {.name = "rows", .fallback = std::int64_t{50'000}, .help = "twin: training rows; published: 6739258", .low = 100, .high = 1e7, .choices = {}},
      {.name = "test", .fallback = true, .help = "with the test rows; false: training rows alone, for kfold and holdout", .choices = {}},
      {.name = "train",
       .fallback = std::string("demo"),
       .help = "real rows: the samples (demo), the whole training file (full), or gpra rows of one medium, never with the "
               "test, which shares their sequences",
       .choices = {"demo", "full", "gpra_complex", "gpra_defined"}},
      {.name = "twin_seed", .fallback = std::int64_t{0}, .help = "seed of the twin's motifs, sequences and labels", .low = 0, .high = 9007199254740991.0, .choices = {}}};
  entry.has_real = true;
  entry.import_hint = "seqbench data import dream_expression FILE... (test set, subsets, public board, training rows: tasks/dream_expression/README.md)";
  entry.cautions = {"the gpra rows share 93 % and more of their sequences with the test: they are never trained on for a test score",
                    "training labels are expression bins 0 to 17, test labels MAUDE expression: only correlations compare",
                    "the public samples are a thousandth of the challenge's training rows"};
  entry.citation =
      "Rafi et al. 2025, A community effort to optimize sequence-based deep learning models of gene regulation, Nat "
      "Biotechnol 43:1373; test library: Vaishnav et al. 2022, Nature 603:455";
  entry.licence = "see dataset.toml: MIT (the repositories'); CC BY 4.0 stated for the deposited data";
  entry.load = &task::load;
  entry.import_files = &task::import_files;
  entry.write_twin = [](const LoadRequest& request, const std::filesystem::path& folder) {
    task::write_files(task::twin_of(request), folder);
  };
  entry.scores = [](const Dataset& dataset, std::span<const std::int64_t> rows, std::span<const double> predictions) {
    return dynamic_cast<const task::DreamDataset&>(dataset).scores(rows, predictions);
  };
  return entry;
}

}  // namespace seqbench
