// Brightness of avGFP variants (Sarkisyan et al. 2016) with TAPE's split: trained on 1 to 3 mutations, tested on
// 4 to 15.

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <utility>

#include "harness/analyze/metrics.h"
#include "harness/base/error.h"
#include "harness/contract/task.h"
#include "harness/data/reader.h"
#include "tasks/gfp_fluorescence/held_out.h"
#include "tasks/gfp_fluorescence/published.h"
#include "tasks/gfp_fluorescence/twin.h"

namespace seqbench::tasks::gfp_fluorescence {
namespace {

constexpr auto kLength = static_cast<std::int64_t>(kWildType.size());
constexpr auto kSymbolCount = static_cast<std::int64_t>(kSymbols.size());

std::int64_t code(char residue) { return static_cast<std::int64_t>(kSymbols.find(residue)); }

class GfpDataset final : public Dataset {
 public:
  GfpDataset(std::vector<Row> rows, std::int64_t duplicates, StopRule rule)
      : rows_(std::move(rows)), rule_(rule) {
    std::vector<std::int64_t> num_mutations;
    std::vector<std::int64_t> has_stop;
    for (const Row& row : rows_) {
      examples_.ids.push_back(row.genotype.empty() ? "wt" : row.genotype);
      examples_.targets.push_back(row.brightness);
      examples_.published_split.push_back(row.part);
      num_mutations.push_back(static_cast<std::int64_t>(row.mutations.size()));
      has_stop.push_back(row.has_stop() ? 1 : 0);
    }
    examples_.counts = {{"rows", examples_.rows()},
                        {"duplicates", duplicates},
                        {"with stop codon", std::ranges::count(has_stop, 1)},
                        {"wild type", std::ranges::count(num_mutations, 0)},
                        {"max mutations", *std::ranges::max_element(num_mutations)}};
    examples_.fields = {{"num_mutations", std::move(num_mutations)}, {"has_stop", std::move(has_stop)}};
  }

  void set_truth(std::vector<double> noiseless, std::vector<double> expected) {
    examples_.noiseless = std::move(noiseless);
    examples_.expected = std::move(expected);
  }

  [[nodiscard]] View view(std::string_view name) const override {
    if (name == "protein") return {std::string(name), proteins()};
    if (name == "one_hot") return {std::string(name), one_hot()};
    SEQBENCH_ASSERT(name == "mutations", "the task has no such view");
    return {std::string(name), mutations()};
  }

 private:
  [[nodiscard]] TextView proteins() const {
    std::vector<std::string> rows;
    for (const Row& row : rows_) rows.push_back(apply(rule_, sequence_of(row.mutations)));
    return {Texts(std::move(rows))};
  }

  [[nodiscard]] CodeView one_hot() const {
    CodeView view;
    view.symbols = kSymbolCount;
    view.codes = at::full({examples_.rows(), kLength}, kSymbolCount, at::kByte);
    view.lengths = at::empty({examples_.rows()}, at::kLong);
    auto* codes = view.codes.mutable_data_ptr<std::uint8_t>();
    auto* lengths = view.lengths.mutable_data_ptr<std::int64_t>();
    for (const Row& row : rows_) {
      const std::string sequence = apply(rule_, sequence_of(row.mutations));
      std::ranges::transform(sequence, codes, [](char c) { return static_cast<std::uint8_t>(code(c)); });
      codes += kLength;
      *lengths++ = static_cast<std::int64_t>(sequence.size());
    }
    return view;
  }

  /// The same under every stop rule: it lists substitutions, not what is left of the sequence.
  [[nodiscard]] SetView mutations() const {
    SetView view;
    view.features = kLength * kSymbolCount;
    view.offsets = at::empty({examples_.rows() + 1}, at::kLong);
    auto* offsets = view.offsets.mutable_data_ptr<std::int64_t>();
    std::int64_t total = 0;
    for (const Row& row : rows_) {
      *offsets++ = total;
      total += static_cast<std::int64_t>(row.mutations.size());
    }
    *offsets = total;
    view.members = at::empty({total}, at::kLong);
    auto* members = view.members.mutable_data_ptr<std::int64_t>();
    for (const Row& row : rows_) {
      for (const Mutation& m : row.mutations) {
        *members++ = static_cast<std::int64_t>(m.position) * kSymbolCount + code(m.residue);
      }
    }
    return view;
  }

  std::vector<Row> rows_;
  StopRule rule_;
};

/// Between the two modes, where almost no label lies (TAPE's own cut is 2.0, which parts nearly the same rows).
constexpr double kBright = 2.5;

/// Two thirds of the published test are dark, in an order that is noise: what a model knows of the bright ones, and whether it
/// tells them apart.
std::vector<Score> scores(const Dataset& dataset, std::span<const std::int64_t> rows, std::span<const double> predictions) {
  std::vector<double> truth, is_bright, part_truth[2], part[2];
  for (std::size_t i = 0; i < rows.size(); ++i) {
    truth.push_back(dataset.examples().targets[static_cast<std::size_t>(rows[i])]);
    const bool bright = truth.back() > kBright;
    is_bright.push_back(bright ? 1 : 0);
    part_truth[bright ? 1 : 0].push_back(truth.back());
    part[bright ? 1 : 0].push_back(predictions[i]);
  }
  std::vector<Score> scores;
  const auto add = [&](const char* name, const char* metric, std::span<const double> t, std::span<const double> p) {
    const analyze::MetricInfo& info = analyze::metric(metric);
    const analyze::MetricValue value = info.compute(t, p, {});
    scores.push_back({.name = name, .value = value.value, .note = value.note, .n = static_cast<std::int64_t>(t.size()),
                      .higher_is_better = info.higher_is_better});
  };
  add("bright_auroc", "auroc", is_bright, predictions);
  add("bright_spearman", "spearman_break_random", part_truth[1], part[1]);
  add("bright_mse", "mse", part_truth[1], part[1]);
  add("dark_mse", "mse", part_truth[0], part[0]);
  add("dark_spearman", "spearman_break_random", part_truth[0], part[0]);
  return scores;
}

Twin twin_of(const LoadRequest& request) {
  return {static_cast<std::uint64_t>(request.params.integer("twin_seed")), request.rows};
}

void write_twin(const LoadRequest& request, const std::filesystem::path& folder) { write_files(twin_of(request), folder); }

bool holds_out_positions(const LoadRequest& request) { return request.params.text("validation") == "held_out_positions"; }

std::unique_ptr<Dataset> load_twin(const LoadRequest& request, StopRule rule) {
  const Twin twin = twin_of(request);
  std::vector<Row> rows;
  std::vector<double> noiseless;
  std::vector<double> expected;
  for (std::int64_t i = 0; i < twin.rows(); ++i) {
    TwinRow made = twin.row(i);
    rows.push_back(std::move(made.row));
    noiseless.push_back(made.noiseless);
    expected.push_back(made.expected);
  }
  if (holds_out_positions(request)) hold_out_positions(rows);
  auto dataset = std::make_unique<GfpDataset>(std::move(rows), 0, rule);
  dataset->set_truth(std::move(noiseless), std::move(expected));
  return dataset;
}

std::unique_ptr<Dataset> load(const LoadRequest& request) {
  const StopRule rule = stop_rule(request.params.text("stop"));
  if (request.twin) return load_twin(request, rule);
  PublishedRows published = read_published(in_folder(request.folder));
  if (holds_out_positions(request)) hold_out_positions(published.rows);
  return std::make_unique<GfpDataset>(std::move(published.rows), published.duplicates, rule);
}

ImportPlan import_files(std::span<const std::filesystem::path> files) {
  const PublishedFiles found = recognize(files);
  ImportPlan plan;
  plan.report = read_published(found).report;
  const auto add = [&](const char* role, const std::filesystem::path& path) {
    if (!path.empty()) plan.files.push_back({role + std::string(data::is_gzip(path) ? ".gz" : ""), path});
  };
  add("genotypes.tsv", found.genotypes);
  add("tape_valid.tsv", found.tape_valid);
  add("splits.tsv", found.splits);
  add("wild_type.fasta", found.wild_type);
  return plan;
}

}  // namespace
}  // namespace seqbench::tasks::gfp_fluorescence

namespace seqbench {

SEQBENCH_TASK(gfp_fluorescence) {
  TaskEntry entry;
  entry.title = "GFP fluorescence";
  entry.summary = "brightness of avGFP variants; trained on 1 to 3 mutations, tested on 4 to 15 (TAPE's split)";
  entry.kind = TaskKind::kRegression;
  entry.targets = {{.name = "brightness", .unit = "log10 fluorescence", .transform = "log10"}};
  entry.metrics = {"spearman_break_random", "spearman", "mse", "rmse", "mae", "r2", "pearson"};
  entry.views = {{"protein", "amino acids, stops by the parameter stop"},
                 {"one_hot", "20 amino acids and stop at 237 positions"},
                 {"mutations", "set of substitutions, position x residue; the same under every stop rule"}};
  entry.slices = {"num_mutations"};
  entry.splits = {"published", "kfold", "holdout", "stratified", "grouped", "subsample"};
  entry.params = {{.name = "stop",
                   .fallback = std::string("keep"),
                   .help = "stop codons: kept as '*', deleted as in TAPE (residues after it move up), or the end",
                   .choices = {"keep", "delete", "truncate"}},
                  {.name = "validation",
                   .fallback = std::string("published"),
                   .help = "of the published split: its own, or as many rows with mutations at positions that no training row mutates",
                   .choices = {"published", "held_out_positions"}},
                  {.name = "twin_seed",
                   .fallback = std::int64_t{0},
                   .help = "seed of the twin's variants, landscape and noise",
                   .low = 0,
                   .high = 9007199254740991.0,
                   .choices = {}}};
  entry.qualifying = "r2";
  entry.has_real = true;
  entry.import_hint =
      "seqbench data import gfp_fluorescence amino_acid_genotypes_to_brightness.tsv.gz "
      "tape_fluorescence_valid.tsv.gz";
  entry.cautions = {
      "two thirds of the published test are dark and no model orders them: a linear model reaches Spearman 0.68, and the "
      "number of mutations alone 0.34",
      "52,328 of 54,025 labels rest on one barcode"};
  entry.citation =
      "Sarkisyan et al. 2016, Local fitness landscape of the green fluorescent protein, Nature 533:397; split: Rao "
      "et al. 2019, Evaluating Protein Transfer Learning with TAPE, NeurIPS";
  entry.licence = "see dataset.toml: MIT (genotype table's repository), Apache-2.0 (TAPE validation's repository)";
  entry.load = &tasks::gfp_fluorescence::load;
  entry.import_files = &tasks::gfp_fluorescence::import_files;
  entry.write_twin = &tasks::gfp_fluorescence::write_twin;
  entry.scores = &tasks::gfp_fluorescence::scores;
  return entry;
}

}  // namespace seqbench
