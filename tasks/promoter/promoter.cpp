// Promoter or not, by sequences of one length: 300 nt (-249 ... +50 around a transcription start) or 251 (-200 ... +50).

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/contract/task.h"
#include "harness/data/splits.h"
#include "tasks/data/packed_dna.h"
#include "tasks/promoter/published.h"
#include "tasks/promoter/twin.h"

namespace seqbench::tasks::promoter {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kPromoterPercent = 53;  // of the published rows

class PromoterDataset final : public Dataset {
 public:
  PromoterDataset(std::int64_t length, std::int64_t k) : dna_(length), k_(k) {}

  void add(Row&& row, bool promoter) {
    dna_.add(row.sequence);
    examples_.ids.push_back(std::move(row.id));
    examples_.targets.push_back(promoter ? 1 : 0);
    groups_.push_back(std::move(row.group));
    gc_.push_back(gc_share(row.sequence));
  }

  void add_truth(const TwinRow& row) {
    examples_.noiseless.push_back(row.score);
    examples_.expected.push_back(row.posterior);
  }

  void finish() {
    examples_.counts["rows"] = examples_.rows();
    examples_.counts["promoters"] = std::ranges::count(examples_.targets, 1.0);
    examples_.counts["groups"] = static_cast<std::int64_t>(std::set<std::string>(groups_.begin(), groups_.end()).size());
    examples_.fields = {{"group_id", std::move(groups_)}, {"gc", std::move(gc_)}};
  }

  void count(const std::string& what, std::int64_t n) { examples_.counts[what] += n; }

  [[nodiscard]] View view(std::string_view name) const override {
    if (name == "dna") return {std::string(name), dna_.texts()};
    if (name == "one_hot") return {std::string(name), dna_.codes()};
    if (name == "composition") return {std::string(name), dna_.composition()};
    SEQBENCH_ASSERT(name == "kmer_counts", "the task has no such view");
    return {std::string(name), dna_.kmer_shares(k_)};
  }

 private:
  PackedDna dna_;
  std::int64_t k_;
  std::vector<std::string> groups_;
  std::vector<double> gc_;
};

Twin twin_of(const LoadRequest& request) {
  return {static_cast<std::uint64_t>(request.params.integer("twin_seed")), request.params.text("mode") == "hard"};
}

/// Row `index` of the twin, the segment `made` of its locus, as the published files would have it.
Row twin_row(std::int64_t index, const TwinRow& made) {
  const std::string locus = fmt::format("twin{:06}", index / kSegments);
  const auto start = static_cast<std::size_t>(index % kSegments) * kStep;
  return {fmt::format("{}{}:{}-{}", made.label == 1 ? "EPDnew_Mm_TATA_" : "CRC_", locus, start, start + kLength), locus,
          made.sequence};
}

void for_each_twin_row(const LoadRequest& request, const std::function<void(std::int64_t, const TwinRow&)>& on_row) {
  const Twin twin = twin_of(request);
  const std::int64_t rows = request.rows > 0 ? request.rows : kPublishedRows;
  for (std::int64_t first = 0; first < rows; first += kSegments) {
    const std::vector<TwinRow> locus = twin.locus(first / kSegments);
    for (std::int64_t i = 0; i < std::min(kSegments, rows - first); ++i) {
      on_row(first + i, locus[static_cast<std::size_t>(i)]);
    }
  }
}

std::unique_ptr<Dataset> load_twin(const LoadRequest& request) {
  auto dataset = std::make_unique<PromoterDataset>(static_cast<std::int64_t>(kLength), request.params.integer("k"));
  for_each_twin_row(request, [&](std::int64_t index, const TwinRow& row) {
    dataset->add(twin_row(index, row), row.label == 1);
    dataset->add_truth(row);
  });
  dataset->finish();
  return dataset;
}

const FileKind& chosen(const LoadRequest& request, const char* param) { return file_kind(request.params.text(param)); }

/// The rows of the file that the parameter names.
FileRows read_chosen(const LoadRequest& request, const char* param, std::int64_t length) {
  const FileKind& kind = chosen(request, param);
  for (const char* suffix : {".fa", ".fa.gz"}) {
    const fs::path path = request.folder / (std::string(kind.name) + suffix);
    std::error_code error;
    if (fs::exists(path, error)) return read_rows(kind, path, length);
  }
  throw InputError(fmt::format("{}: '{}' is \"{}\", but the file {}.fa was not imported; see tasks/promoter/README.md",
                               printable(request.folder.string()), param, kind.name, kind.name));
}

/// `wanted` of the rows, in their order, by a seeded draw; smaller draws nest in larger ones.
std::vector<Row> drawn(std::vector<Row>&& rows, std::int64_t wanted, const LoadRequest& request, const char* param) {
  const auto have = static_cast<std::int64_t>(rows.size());
  if (have < wanted) {
    throw InputError(fmt::format("'rows' is {}, which needs {} rows of \"{}\" ('{}'); there are {}; 0 takes all there are",
                                 request.params.integer("rows"), wanted, chosen(request, param).name, param, have));
  }
  std::vector<std::string> ids;
  for (const Row& row : rows) ids.push_back(row.id);
  const Stream stream = Streams(static_cast<std::uint64_t>(request.params.integer("draw"))).open("subsample");
  std::vector<Row> result;
  for (const std::int64_t i : data::subsample(ids, stream, wanted)) result.push_back(std::move(rows[static_cast<std::size_t>(i)]));
  return result;
}

std::unique_ptr<Dataset> load_real(const LoadRequest& request) {
  const FileKind& positive = chosen(request, "positives");
  const FileKind& negative = chosen(request, "negatives");
  const std::int64_t length = positive.length;
  if (negative.length != 0 && negative.length != length) {
    throw InputError(fmt::format("'positives' \"{}\" has sequences of {} nt, 'negatives' \"{}\" of {}: the length would tell "
                                 "them apart",
                                 positive.name, length, negative.name, negative.length));
  }
  FileRows promoters = read_chosen(request, "positives", length);
  FileRows others = read_chosen(request, "negatives", length);
  group_overlapping(promoters.rows);
  std::set<std::string_view> sequences;
  for (const Row& row : promoters.rows) sequences.insert(row.sequence);
  const auto in_both = static_cast<std::int64_t>(
      std::erase_if(others.rows, [&](const Row& row) { return sequences.contains(row.sequence); }));

  auto dataset = std::make_unique<PromoterDataset>(length, request.params.integer("k"));
  dataset->count("promoters in the file", promoters.records);
  dataset->count("others in the file", negative.length == 0 ? static_cast<std::int64_t>(others.rows.size()) : others.records);
  dataset->count("repeated", promoters.repeated + others.repeated);
  dataset->count("in both classes", in_both);
  if (const std::int64_t rows = request.params.integer("rows"); rows > 0) {
    const std::int64_t wanted = (kPromoterPercent * rows + 50) / 100;
    promoters.rows = drawn(std::move(promoters.rows), wanted, request, "positives");
    others.rows = drawn(std::move(others.rows), rows - wanted, request, "negatives");
  }
  for (Row& row : promoters.rows) dataset->add(std::move(row), true);
  for (Row& row : others.rows) dataset->add(std::move(row), false);
  dataset->finish();
  return dataset;
}

std::unique_ptr<Dataset> load(const LoadRequest& request) {
  return request.twin ? load_twin(request) : load_real(request);
}

ImportPlan import_files(std::span<const fs::path> files) {
  ImportPlan plan;
  std::set<std::string_view> seen;
  bool promoters = false, others = false;
  for (const fs::path& path : files) {
    const FileKind& kind = recognize(path);
    if (!seen.insert(kind.name).second) {
      throw InputError(fmt::format("{}: a file of the kind {} was given already", printable(path.string()), kind.name));
    }
    (kind.promoters ? promoters : others) = true;
    const std::int64_t length = kind.length == 0 ? static_cast<std::int64_t>(kLength) : kind.length;
    const FileRows read = read_rows(kind, path, length);
    plan.report.push_back(fmt::format("{}: {}, {} records, {} sequences of {} nt, {} repeated", path.filename().string(),
                                      kind.name, read.records, read.rows.size(), length, read.repeated));
    plan.files.push_back({fmt::format("{}.fa{}", kind.name, data::is_gzip(path) ? ".gz" : ""), path});
  }
  if (!promoters || !others) {
    throw InputError(fmt::format("a file of {} is needed; see tasks/promoter/README.md",
                                 promoters ? "other DNA, such as gut_metagenome_fragments_300nt.fa.gz"
                                           : "promoters, such as mouse_epdnew_tata_300nt.fa.gz"));
  }
  return plan;
}

Json truth_of(const std::string& id, const TwinRow& row) {
  Json found = Json::array();
  for (const Element& element : elements(row.sequence)) found.push_back({{"element", element.name}, {"position", element.position}});
  return {{"id", id}, {"score", row.score}, {"probability", row.posterior}, {"elements", std::move(found)}};
}

void write_twin(const LoadRequest& request, const fs::path& folder) {
  AtomicFile promoters(folder / "mouse_epdnew_tata_300nt.fa"), others(folder / "gut_metagenome_fragments_300nt.fa");
  AtomicFile truth(folder / "truth.json");
  truth.write(fmt::format("{{\"law\": {{\"centre\": {}, \"slope\": {}, \"mode\": \"{}\"}},\n\"rows\": [", Law::kCentre, Law::kSlope,
                          request.params.text("mode")));
  for_each_twin_row(request, [&](std::int64_t index, const TwinRow& made) {
    const Row row = twin_row(index, made);
    (made.label == 1 ? promoters : others)
        .write(fmt::format(">{} {}={}\n{}\n", row.id, made.label == 1 ? "locus" : "contig", row.group, row.sequence));
    truth.write((index == 0 ? "\n" : ",\n") + canonical_json(truth_of(row.id, made)));
  });
  truth.write("\n]}\n");
  for (AtomicFile* file : {&promoters, &others, &truth}) file->commit();
}

ParamSpec param(std::string name, std::string fallback, std::string help, std::vector<std::string> choices) {
  return {.name = std::move(name), .fallback = std::move(fallback), .help = std::move(help), .choices = std::move(choices)};
}

ParamSpec param(std::string name, std::int64_t fallback, std::string help, double low, double high) {
  return {.name = std::move(name), .fallback = fallback, .help = std::move(help), .low = low, .high = high, .choices = {}};
}

}  // namespace
}  // namespace seqbench::tasks::promoter

namespace seqbench {

SEQBENCH_TASK(promoter) {
  using tasks::promoter::param;
  constexpr double kLargestSeed = 9007199254740991.0;
  TaskEntry entry;
  entry.version = 2;
  entry.title = "Promoter";
  entry.summary = "promoter or not, from 300 nt around a would-be transcription start (-249 ... +50)";
  entry.kind = TaskKind::kBinary;
  entry.targets = {{.name = "promoter", .unit = "", .transform = ""}};
  entry.metrics = {"mcc", "accuracy", "f1", "auroc", "auprc", "log_loss"};
  entry.views = {{"dna", "letters ACGTN"},
                 {"one_hot", "ACGTN at each position"},
                 {"kmer_counts", "share of each of the 4^k k-mers among the windows, by the parameter k"},
                 {"composition", "share of GC, and length"}};
  entry.splits = {"holdout", "kfold", "stratified", "grouped", "stratified_grouped", "subsample"};
  entry.group = "group_id";
  entry.params = {
      param("positives", "mouse_300", "real data: the promoters", {"mouse_300", "human_300", "mouse_251", "mouse_dbtss_251"}),
      param("negatives", "metagenome", "real data: what they are told from; mouse_genomic is cut to the promoters' length",
            {"metagenome", "bacteria", "mouse_genomic", "mouse_nonpromoter"}),
      param("rows", 2570, "real data: rows drawn, 53 % of them promoters; 0 = all of both files", 0, 1e7),
      param("draw", 0, "real data: seed of that draw", 0, kLargestSeed),
      param("k", 4, "length of the words that the view kmer_counts counts", 1, 6),
      param("mode", "normal", "twin: normal (ceiling accuracy 0.986) or hard (0.928: the same sequences, logits halved)",
            {"normal", "hard"}),
      param("twin_seed", 0, "seed of the twin's sequences and labels", 0, kLargestSeed)};
  entry.has_real = true;
  entry.import_hint = "seqbench data import promoter mouse_epdnew_tata_300nt.fa.gz gut_metagenome_fragments_300nt.fa.gz";
  entry.cautions = {
      "mouse_300 against metagenome or bacteria: the species differ, and counts of 4-mers alone reach MCC 0.92; against mouse "
      "genome they reach 0.57",
      "all promoters of these files are of the TATA class; most promoters of mouse and man are not",
      "mouse_251 and mouse_300 share about 1,000 promoters: no model may learn from one and be tested on the other"};
  entry.citation =
      "EPDnew: Dreos et al. 2017, The eukaryotic promoter database in its 30th year, Nucleic Acids Res 45:D51; the twin's "
      "elements: Smale and Kadonaga 2003, The RNA polymerase II core promoter, Annu Rev Biochem 72:449";
  entry.licence = "see dataset.toml: by file; the twin is the project's own";
  entry.load = &tasks::promoter::load;
  entry.import_files = &tasks::promoter::import_files;
  entry.write_twin = &tasks::promoter::write_twin;
  return entry;
}

}  // namespace seqbench
