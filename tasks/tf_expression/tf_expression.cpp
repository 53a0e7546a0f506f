// Expression of a gene from the transcription factors that bind near it, or from the histone marks around it.

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/contract/task.h"
#include "harness/data/reader.h"
#include "tasks/tf_expression/published.h"
#include "tasks/tf_expression/twin_files.h"

namespace seqbench::tasks::tf_expression {
namespace {

constexpr std::int64_t kWideBin = 10;  // bins of the view tf_bins12

class TfDataset final : public Dataset {
 public:
  /// `name` of the table, for messages.
  TfDataset(Table table, std::string name) : table_(std::move(table)), name_(std::move(name)) {
    std::vector<std::string> chromosomes;
    std::vector<std::int64_t> num_tfs;
    for (const Gene& gene : table_.genes) {
      examples_.ids.push_back(gene.id);
      examples_.targets.push_back(gene.expression);
      examples_.published_split.push_back(gene.part);
      chromosomes.push_back(gene.chromosome);
      num_tfs.push_back(static_cast<std::int64_t>(gene.bound().size()));
    }
    examples_.counts = table_.counts;
    examples_.counts.insert({{"rows", examples_.rows()},
                             {"factors", static_cast<std::int64_t>(table_.factors.size())},
                             {"genes without a factor", std::ranges::count(num_tfs, 0)},
                             {"histone marks", table_.marks},
                             {"histone bins", table_.bins}});
    examples_.fields = {{"chromosome", std::move(chromosomes)}, {"num_tfs", std::move(num_tfs)}};
  }

  /// Of the kept genes, whose rows of the twin these are by source.
  void set_truth(std::span<const TwinRow> rows) {
    for (const Gene& gene : table_.genes) {
      const TwinRow& row = rows[static_cast<std::size_t>(gene.source)];
      examples_.expected.push_back(row.expected);
      examples_.noiseless.push_back(row.noiseless);
    }
    const Ceilings ceiling = ceilings(rows);
    examples_.counts["ceiling of bins, Pearson r x 10000"] = std::llround(1e4 * ceiling.bins);
    examples_.counts["ceiling of sets, Pearson r x 10000"] = std::llround(1e4 * ceiling.set);
  }

  [[nodiscard]] View view(std::string_view name) const override {
    const bool is_bins = name == "tf_bins" || name == "tf_bins12";
    const bool is_there = name.starts_with("histone") ? table_.marks > 0 : !table_.factors.empty() && (!is_bins || table_.positions);
    if (!is_there) {
      throw InputError(fmt::format("the table {} (task parameter 'table') has no view '{}'", name_, printable(name)));
    }
    if (name == "tf_set") return {std::string(name), sets()};
    if (name == "sentence") return {std::string(name), TextView{sentences()}};
    if (name == "tf_bins") return {std::string(name), bits(1)};
    if (name == "tf_bins12") return {std::string(name), bits(kWideBin)};
    if (name == "num_tfs") return {std::string(name), counts()};
    if (name == "histone") return {std::string(name), DenseView(histones())};
    SEQBENCH_ASSERT(name == "histone_log", "the task has no such view");
    return {std::string(name), DenseView(histones().log1p_())};
  }

 private:
  [[nodiscard]] SetView sets() const {
    std::vector<std::int64_t> members;
    SetView view;
    view.features = static_cast<std::int64_t>(table_.factors.size());
    view.offsets = at::zeros({examples_.rows() + 1}, at::kLong);
    auto* offsets = view.offsets.mutable_data_ptr<std::int64_t>();
    for (const Gene& gene : table_.genes) {
      for (const std::uint16_t factor : gene.bound()) members.push_back(factor);
      *++offsets = static_cast<std::int64_t>(members.size());
    }
    view.members = at::empty({static_cast<std::int64_t>(members.size())}, at::kLong);
    std::ranges::copy(members, view.members.mutable_data_ptr<std::int64_t>());
    return view;
  }

  [[nodiscard]] Texts sentences() const {
    std::vector<std::string> rows;
    for (const Gene& gene : table_.genes) {
      std::vector<std::string> names;
      for (const std::uint16_t factor : gene.bound()) names.push_back(table_.factors[factor]);
      rows.push_back(sentence_of(names));
    }
    return {std::move(rows)};
  }

  /// A bit is on where any of `merged` neighbouring bins is.
  [[nodiscard]] BitView bits(std::int64_t merged) const {
    BitView view;
    view.height = static_cast<std::int64_t>(table_.factors.size());
    view.width = kBins / merged;
    const std::int64_t bytes = (view.height * view.width + 7) / 8;
    view.bits = at::zeros({examples_.rows(), bytes}, at::kByte);
    auto* row = view.bits.mutable_data_ptr<std::uint8_t>();
    for (const Gene& gene : table_.genes) {
      for (const Peak& peak : gene.peaks) {
        for (std::int64_t bin = peak.first / merged; bin <= peak.last / merged; ++bin) {
          const std::int64_t bit = peak.factor * view.width + bin;
          row[bit / 8] = static_cast<std::uint8_t>(row[bit / 8] | (1 << (bit % 8)));
        }
      }
      row += bytes;
    }
    return view;
  }

  [[nodiscard]] DenseView counts() const {
    at::Tensor values = at::empty({examples_.rows(), 1}, at::kFloat);
    std::ranges::transform(table_.genes, values.mutable_data_ptr<float>(),
                           [](const Gene& gene) { return static_cast<float>(gene.bound().size()); });
    return values;
  }

  [[nodiscard]] at::Tensor histones() const {
    const std::int64_t width = table_.marks * table_.bins;
    at::Tensor values = at::empty({examples_.rows(), width}, at::kFloat);
    auto* row = values.mutable_data_ptr<float>();
    for (const Gene& gene : table_.genes) {
      table_.histone(gene.source, {row, static_cast<std::size_t>(width)});
      row += width;
    }
    return values;
  }

  Table table_;
  std::string name_;
};

/// What the parameters leave of a table.
void select(Table& table, const Params& params) {
  leave_out(table, params.texts("exclude"));
  if (params.text("unbound") != "drop") return;
  if (table.factors.empty()) throw InputError("'unbound' is \"drop\", but the table has no factors");
  std::erase_if(table.genes, [](const Gene& gene) { return gene.peaks.empty(); });
  if (table.genes.empty()) throw InputError("'unbound' is \"drop\": no gene has a factor");
}

std::shared_ptr<const Twin> make_twin(const Params& params) {
  return std::make_shared<const Twin>(static_cast<std::uint64_t>(params.integer("twin_seed")), params.number("coincide"),
                                      params.text("unbound") == "add");
}

std::int64_t rows_of(const LoadRequest& request) {
  return request.rows > 0 ? std::min(request.rows, kPublishedRows) : kPublishedRows;
}

std::unique_ptr<Dataset> load_twin(const LoadRequest& request) {
  const std::shared_ptr<const Twin> twin = make_twin(request.params);
  Table table;
  table.factors = twin->law().names;
  table.positions = true;
  table.marks = kTwinMarks;
  table.bins = kTwinBins;
  table.histone = [twin](std::int64_t source, std::span<float> values) { twin->histone(source, values); };
  std::vector<TwinRow> rows;
  for (std::int64_t i = 0; i < rows_of(request); ++i) {
    rows.push_back(twin->row(i));
    table.genes.push_back(rows.back().gene);
  }
  select(table, request.params);
  auto dataset = std::make_unique<TfDataset>(std::move(table), "twin");
  dataset->set_truth(rows);
  return dataset;
}

std::unique_ptr<Dataset> load(const LoadRequest& request) {
  const Params& params = request.params;
  if (request.twin) return load_twin(request);
  Table table = read_table(in_folder(request.folder), {params.text("table"), params.text("cell"), params.text("target")});
  select(table, params);
  return std::make_unique<TfDataset>(std::move(table), params.text("table"));
}

ImportPlan import_files(std::span<const std::filesystem::path> files) {
  const Files found = recognize(files);
  ImportPlan plan;
  plan.report = check_all(found);
  for (const auto& [role, path] : found) plan.files.push_back({role + (data::is_gzip(path) ? ".gz" : ""), path});
  return plan;
}

void write_twin(const LoadRequest& request, const std::filesystem::path& folder) {
  write_files(*make_twin(request.params), rows_of(request), folder);
}

std::vector<ParamSpec> params() {
  return {{.name = "table",
           .fallback = std::string("remap2018"),
           .help = "real data: which of the published tables",
           .choices = {"remap2018", "encodegeo", "peaks13", "peaks_chr4", "histone_deepdiff", "histone_attentivechrome",
                       "histone_chromoformer"}},
          {.name = "cell",
           .fallback = std::string("k562"),
           .help = "real data: the cell; of which there are tables, the README says",
           .choices = {"k562", "gm12878", "h1", "toy"}},
          {.name = "target",
           .fallback = std::string("own"),
           .help = "real data: the table's own expression, log10(1 + value), or E123 (K562) as log10(1 + RPKM)",
           .choices = {"own", "e123"}},
          {.name = "exclude",
           .fallback = std::vector<std::string>{},
           .help = "factors to leave out, such as POLR2A, whose binding is transcription itself",
           .choices = {}},
          {.name = "unbound",
           .fallback = std::string("keep"),
           .help = "genes without any factor: kept, dropped as in the paper, or added (twin: 6 % of its genes)",
           .choices = {"keep", "drop", "add"}},
          {.name = "coincide",
           .fallback = 0.0,
           .help = "twin: extra probability that MAX's peak lies near MYC's",
           .low = 0,
           .high = 1,
           .choices = {}},
          {.name = "twin_seed",
           .fallback = std::int64_t{0},
           .help = "seed of the twin's law, binding and noise",
           .low = 0,
           .high = 9007199254740991.0,
           .choices = {}}};
}

std::vector<ViewInfo> views() {
  const std::vector<std::string> bound = {"remap2018", "encodegeo", "peaks13", "peaks_chr4"};
  const std::vector<std::string> peaks = {"peaks13", "peaks_chr4"};
  const std::vector<std::string> marks = {"histone_deepdiff", "histone_attentivechrome", "histone_chromoformer"};
  return {{"tf_set", "set of bound factors, in the order of their names", "table", bound},
          {"sentence", "the bound factors as an English sentence, in the order of their names", "table", bound},
          {"tf_bins", "factors x 120 bins of 100 nt around the start; tables peaks13, peaks_chr4", "table", peaks},
          {"tf_bins12", "the same in 12 bins of 1,000 nt", "table", peaks},
          {"num_tfs", "one column: how many factors are bound", "table", bound},
          {"histone", "marks x bins, flattened, as published; tables histone_*", "table", marks},
          {"histone_log", "the same as log(1 + x)", "table", marks}};
}

}  // namespace
}  // namespace seqbench::tasks::tf_expression

namespace seqbench {

SEQBENCH_TASK(tf_expression) {
  TaskEntry entry;
  entry.title = "TF binding to expression";
  entry.summary = "expression of a gene from the transcription factors bound near it (K562), or from histone marks";
  entry.kind = TaskKind::kRegression;
  entry.targets = {{.name = "expression", .unit = "log10(1 + TPM)", .transform = "log10"}};
  entry.metrics = {"pearson", "mse", "rmse", "mae", "r2", "spearman"};
  entry.views = tasks::tf_expression::views();
  entry.splits = {"published", "grouped", "kfold", "holdout", "stratified", "stratified_grouped", "subsample"};
  entry.group = "chromosome";
  entry.params = tasks::tf_expression::params();
  entry.has_real = true;
  entry.import_hint =
      "seqbench data import tf_expression genes_expression_hg19.tsv.gz k562_remap2018_gene_tfs.tsv.gz "
      "k562_remap2018_experiments.tsv (README of the task: the other tables)";
  entry.cautions = {"POLR2A and TBP are of the transcription machinery itself: POLR2A reads transcription out; [data] params.exclude "
                    "leaves TFs out",
                    "neighbouring genes share peaks: folds of single genes are easier than folds of chromosomes",
                    "the target is RNA-seq; the paper's is Pol II ChIP-exo"};
  entry.citation =
      "ReMap 2018: Cheneby et al. 2018, NAR 46:D267; tables: Puente-Santamaria et al. 2019, TFEA.ChIP, Bioinformatics "
      "35:5339; expression: ENCODE";
  entry.licence = "see dataset.toml: Artistic-2.0, MIT, GPL-3 and none stated (the repositories'); ReMap: CC BY-NC 4.0";
  entry.load = &tasks::tf_expression::load;
  entry.import_files = &tasks::tf_expression::import_files;
  entry.write_twin = &tasks::tf_expression::write_twin;
  return entry;
}

}  // namespace seqbench
