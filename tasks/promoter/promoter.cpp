// Promoter or not, from 300 nt around a would-be transcription start. So far the twin alone.

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/contract/task.h"
#include "tasks/promoter/twin.h"

namespace seqbench::tasks::promoter {
namespace {

constexpr auto kColumns = static_cast<std::int64_t>(kLength);
constexpr auto kSymbols = static_cast<std::int64_t>(kLetters.size());

std::int64_t code(char letter) { return static_cast<std::int64_t>(kLetters.find(letter)); }

class PromoterDataset final : public Dataset {
 public:
  PromoterDataset(const Twin& twin, std::int64_t rows, std::int64_t k) : k_(k) {
    std::vector<std::string> locus;
    std::vector<double> gc;
    std::int64_t positives = 0;
    for (std::int64_t i = 0; i < rows; ++i) {
      TwinRow row = twin.row(i);
      locus.push_back(fmt::format("locus{:06}", i));
      gc.push_back(row.gc);
      positives += row.label;
      examples_.ids.push_back(fmt::format("{}:1-{}", locus.back(), kLength));
      examples_.targets.push_back(row.label);
      examples_.noiseless.push_back(row.score);
      examples_.expected.push_back(row.posterior);
      sequences_.push_back(std::move(row.sequence));
    }
    examples_.counts = {{"rows", rows}, {"promoters", positives}};
    examples_.fields = {{"locus", std::move(locus)}, {"gc", std::move(gc)}};
  }

  [[nodiscard]] View view(std::string_view name) const override {
    if (name == "dna") return {std::string(name), TextView{sequences_}};
    if (name == "one_hot") return {std::string(name), one_hot()};
    SEQBENCH_ASSERT(name == "kmer_counts", "the task has no such view");
    return {std::string(name), kmer_counts()};
  }

 private:
  [[nodiscard]] CodeView one_hot() const {
    CodeView view;
    view.symbols = kSymbols;
    view.codes = at::empty({examples_.rows(), kColumns}, at::kByte);
    view.lengths = at::full({examples_.rows()}, kColumns, at::kLong);
    auto* codes = view.codes.mutable_data_ptr<std::uint8_t>();
    for (const std::string& sequence : sequences_) {
      codes = std::ranges::transform(sequence, codes, [](char c) { return static_cast<std::uint8_t>(code(c)); }).out;
    }
    return view;
  }

  /// Share of each k-mer among the windows of a sequence; columns in alphabetical order.
  [[nodiscard]] DenseView kmer_counts() const {
    const std::int64_t features = std::int64_t{1} << (2 * k_);
    const float share = 1.0F / static_cast<float>(kColumns - k_ + 1);
    const at::Tensor counts_RF = at::zeros({examples_.rows(), features}, at::kFloat);
    auto* values = counts_RF.mutable_data_ptr<float>();
    for (const std::string& sequence : sequences_) {
      std::vector<std::int64_t> counts(static_cast<std::size_t>(features));
      std::int64_t kmer = 0;
      for (std::int64_t i = 0; i < kColumns; ++i) {
        kmer = (kmer * kSymbols + code(sequence[static_cast<std::size_t>(i)])) % features;
        if (i + 1 >= k_) ++counts[static_cast<std::size_t>(kmer)];
      }
      values = std::ranges::transform(counts, values, [&](auto n) { return static_cast<float>(n) * share; }).out;
    }
    return counts_RF;
  }

  std::vector<std::string> sequences_;
  std::int64_t k_;
};

std::unique_ptr<Dataset> load(const LoadRequest& request) {
  if (!request.twin) throw InputError("task 'promoter' takes no real data yet; its twin is used");
  const Twin twin(static_cast<std::uint64_t>(request.params.integer("twin_seed")),
                  request.params.text("mode") == "hard");
  const std::int64_t rows = request.rows > 0 ? request.rows : kPublishedRows;
  return std::make_unique<PromoterDataset>(twin, rows, request.params.integer("k"));
}

}  // namespace
}  // namespace seqbench::tasks::promoter

namespace seqbench {

SEQBENCH_TASK(promoter) {
  TaskEntry entry;
  entry.title = "Promoter";
  entry.summary = "promoter or not, from the 300 nt around a would-be transcription start (-249 ... +50)";
  entry.kind = TaskKind::kBinary;
  entry.targets = {{.name = "promoter", .unit = "", .transform = ""}};
  entry.metrics = {"mcc", "accuracy", "f1", "auroc", "auprc", "log_loss"};
  entry.views = {{"dna", "300 letters ACGT"},
                 {"one_hot", "ACGT at 300 positions"},
                 {"kmer_counts", "share of each of the 4^k k-mers among the windows, by the parameter k"}};
  entry.splits = {"holdout", "kfold"};
  entry.params = {{.name = "k",
                   .fallback = std::int64_t{4},
                   .help = "length of the words that the view kmer_counts counts",
                   .low = 1,
                   .high = 6,
                   .choices = {}},
                  {.name = "mode",
                   .fallback = std::string("normal"),
                   .help = "twin: normal (ceiling accuracy 0.986) or hard (0.928: the same sequences, logits halved)",
                   .choices = {"normal", "hard"}},
                  {.name = "twin_seed",
                   .fallback = std::int64_t{0},
                   .help = "seed of the twin's sequences and labels",
                   .low = 0,
                   .high = 9007199254740991.0,
                   .choices = {}}};
  entry.has_real = false;
  entry.citation = "the twin's elements: Smale and Kadonaga 2003, The RNA polymerase II core promoter, Annu Rev Biochem 72:449";
  entry.licence = "the twin is the project's own";
  entry.load = &tasks::promoter::load;
  return entry;
}

}  // namespace seqbench
