// Phage or bacterium, from a segment of 1,024 nt.

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/contract/task.h"
#include "harness/data/reader.h"
#include "tasks/data/packed_dna.h"
#include "tasks/phage/genes.h"
#include "tasks/phage/published.h"
#include "tasks/phage/twin.h"

namespace seqbench::tasks::phage {
namespace {

constexpr std::int64_t kLongWords = 6;

class PhageDataset final : public Dataset {
 public:
  explicit PhageDataset(std::int64_t k) : dna_(kLength), k_(k) {}

  void add(const Genome& genome, const Segment& segment) {
    const std::string_view sequence = std::string_view(genome.sequence).substr(static_cast<std::size_t>(segment.start), kLength);
    dna_.add(sequence);
    examples_.ids.push_back(id_of(genome, segment));
    examples_.targets.push_back(genome.phage ? 1 : 0);
    group_.push_back(genome.group);
    source_.push_back(genome.source_group);
    gc_.push_back(gc_share(sequence));
    ++examples_.counts[genome.phage ? "phage" : "bacteria"];
    ++examples_.counts[genome.source_group];
  }
  void set_truth(double logit) {
    examples_.noiseless.push_back(logit);
    examples_.expected.push_back(1 / (1 + std::exp(-logit)));
  }
  void finish() {
    examples_.counts["rows"] = examples_.rows();
    examples_.fields = {{"group_id", std::move(group_)}, {"source_group", std::move(source_)}, {"gc", std::move(gc_)}};
  }

  [[nodiscard]] View view(std::string_view name) const override {
    const std::string own(name);
    if (name == "dna") return {own, dna_.texts()};
    if (name == "one_hot") return {own, dna_.codes()};
    if (name == "kmer_counts") return {own, dna_.kmer_shares(k_)};
    if (name == "kmer6_counts") return {own, dna_.strandless_kmer_shares(kLongWords)};
    if (name == "composition") return {own, dna_.composition()};
    if (name == "codon_phase") return {own, DenseView(codon_phase(dna_))};
    SEQBENCH_ASSERT(name == "longest_orf", "the task has no such view");
    return {own, DenseView(longest_orf(dna_))};
  }

 private:
  PackedDna dna_;
  std::int64_t k_;
  std::vector<std::string> group_, source_;
  std::vector<double> gc_;
};

Twin twin_of(const LoadRequest& request) {
  const Params& params = request.params;
  std::int64_t rows = request.rows > 0 ? request.rows : kPublishedRows;
  if (params.integer("rows") > 0) rows = std::min(rows, params.integer("rows"));
  const double share = params.number("positives");
  return {static_cast<std::uint64_t>(params.integer("twin_seed")), rows, share > 0 ? share : kPublishedShare};
}

std::unique_ptr<Dataset> load_twin(const LoadRequest& request) {
  const Twin twin = twin_of(request);
  auto dataset = std::make_unique<PhageDataset>(request.params.integer("k"));
  for (std::int64_t i = 0; i < twin.genomes(); ++i) {
    const Genome genome = twin.genome(i);
    for (const Segment& segment : segments_of(genome, 0)) {
      dataset->add(genome, segment);
      dataset->set_truth(twin.logit(std::string_view(genome.sequence).substr(static_cast<std::size_t>(segment.start), kLength)));
    }
  }
  dataset->finish();
  return dataset;
}

bool is_wanted(Kind kind, const Params& params) {
  switch (kind) {
    case Kind::kPhageFragments:
    case Kind::kBacteriaFragments:
    case Kind::kCrassphage: return params.flag("refseq");
    case Kind::kPhagesDb: return params.flag("phagesdb");
    default: return true;
  }
}

std::unique_ptr<Dataset> load_real(const LoadRequest& request) {
  const Params& params = request.params;
  Published published;
  for (const PublishedFile& file : in_folder(request.folder)) {
    if (is_wanted(file.kind, params)) (void)published.read(file);
  }
  const std::vector<Genome> genomes = std::move(published).genomes(params.text("bacteria_by") == "sequence");
  std::vector<Segment> segments;
  for (std::size_t i = 0; i < genomes.size(); ++i) {
    const std::vector<Segment> own = segments_of(genomes[i], i);
    segments.insert(segments.end(), own.begin(), own.end());
  }
  segments = choose(genomes, std::move(segments),
                    {.share = params.number("positives"),
                     .rows = params.integer("rows"),
                     .max_of_group = params.integer("max_segments"),
                     .seed = static_cast<std::uint64_t>(params.integer("draw_seed"))});
  auto dataset = std::make_unique<PhageDataset>(params.integer("k"));
  for (const Segment& segment : segments) dataset->add(genomes[segment.genome], segment);
  dataset->finish();
  return dataset;
}

std::unique_ptr<Dataset> load(const LoadRequest& request) { return request.twin ? load_twin(request) : load_real(request); }

ImportPlan import_files(std::span<const std::filesystem::path> files) {
  ImportPlan plan;
  Published published;
  bool phage = false, bacteria = false;
  for (const PublishedFile& file : recognize(files)) {
    plan.report.push_back(published.read(file));
    if (file.kind == Kind::kUnlabelled) {
      plan.report.back() += "; left out, for it has no labels";
      continue;
    }
    (file.kind == Kind::kBacteriaGenomes || file.kind == Kind::kBacteriaFragments ? bacteria : phage) = true;
    plan.files.push_back({fmt::format("{}.fa{}", role_of(file.kind), data::is_gzip(file.path) ? ".gz" : ""), file.path});
  }
  if (!phage || !bacteria) throw InputError(fmt::format("a file of {} is needed too", phage ? "bacteria" : "phages"));
  return plan;
}

void write_twin(const LoadRequest& request, const std::filesystem::path& folder) {
  const Twin twin = twin_of(request);
  for (const bool phage : {true, false}) {
    const auto path = folder / fmt::format("{}.fa", role_of(phage ? Kind::kPhageGenomes : Kind::kBacteriaGenomes));
    std::ofstream out(path, std::ios::binary);
    for (std::int64_t i = 0; i < twin.genomes(); ++i) {
      const Genome genome = twin.genome(i);
      if (genome.phage == phage && !genome.sequence.empty()) out << fasta_header(genome) << '\n' << genome.sequence << '\n';
    }
    out.close();
    if (!out) throw MachineError(fmt::format("{}: cannot be written", printable(path.string())));
  }
}

ParamSpec integer(std::string name, std::int64_t fallback, double low, double high, std::string help) {
  return {.name = std::move(name), .fallback = fallback, .help = std::move(help), .low = low, .high = high, .choices = {}};
}

std::vector<ParamSpec> params() {
  constexpr double kMost = 9007199254740991.0;
  return {integer("k", 4, 1, 6, "length of the words that the view kmer_counts counts"),
          {.name = "positives", .fallback = kPublishedShare, .help = "share of phage segments; 0 = as they come, in the twin 0.6", .low = 0, .high = 0.99, .choices = {}},
          integer("rows", 0, 0, kMost, "segments at most; 0 = as many as the share allows, of the twin 60,000"),
          integer("max_segments", 0, 0, kMost, "real: segments of one group at most; 0 = all"),
          integer("draw_seed", 0, 0, kMost, "real: seed of the draw of segments"),
          {.name = "refseq", .fallback = true, .help = "real: with the RefSeq fragments and crAssphage (files for non-commercial use)", .choices = {}},
          {.name = "phagesdb", .fallback = false, .help = "real: with the actinobacteriophages of PhagesDB", .choices = {}},
          {.name = "bacteria_by",
           .fallback = std::string("taxon"),
           .help = "real: what of a bacterial metagenome is one group",
           .choices = {"taxon", "sequence"}},
          integer("twin_seed", 0, 0, kMost, "seed of the twin's genomes")};
}

}  // namespace
}  // namespace seqbench::tasks::phage

namespace seqbench {

SEQBENCH_TASK(phage) {
  TaskEntry entry;
  entry.title = "Phage";
  entry.summary = "phage or bacterium, from a segment of 1,024 nt";
  entry.kind = TaskKind::kBinary;
  entry.targets = {{.name = "phage", .unit = "", .transform = ""}};
  entry.metrics = {"mcc", "accuracy", "f1", "auroc", "auprc", "log_loss"};
  entry.views = {{"dna", "1,024 letters ACGT"},
                 {"one_hot", "ACGTN at 1,024 positions"},
                 {"kmer_counts", "share of each of the 4^k k-mers among the windows, by the parameter k"},
                 {"kmer6_counts", "share of each of the 2,080 6-mers, on either strand"},
                 {"composition", "GC share and length"},
                 {"codon_phase", "shares of codons in, one and two letters out of the frame of the open stretches"},
                 {"longest_orf", "share of the longest stretch without a stop codon"}};
  entry.slices = {"source_group"};
  entry.splits = {"kfold", "stratified", "grouped", "stratified_grouped", "holdout"};
  entry.group = "group_id";
  entry.params = tasks::phage::params();
  entry.has_real = true;
  entry.import_hint =
      "seqbench data import phage phage_genomes.fa.gz phage_refseq_fragments_3kb.fa.gz crassphage_NC_024711.fa.gz "
      "bacteria_genomes_masked.fa.gz bacteria_refseq_fragments_3kb.fa.gz";
  entry.cautions = {"folds of single segments share genomes: 4-mers reach MCC 0.68 there, and 0.28 to 0.60 by fold on genomes not seen",
                    "half of the phage segments come from 27 clusters of coliphages; GC alone carries some signal",
                    "bacterial genomes without prophage annotation hold prophages that are labelled bacteria"};
  entry.citation =
      "the set: Guarnieri et al.; phages: Gaborieau et al. 2024, Bouras et al. 2023, Nayfach et al. 2021, Ren et al. 2020";
  entry.licence = "see dataset.toml: MIT, BSD-3-Clause, GPL-3, USC-RL (RefSeq fragments: non-commercial), or none stated";
  entry.load = &tasks::phage::load;
  entry.import_files = &tasks::phage::import_files;
  entry.write_twin = &tasks::phage::write_twin;
  return entry;
}

}  // namespace seqbench
