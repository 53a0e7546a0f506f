#include "tasks/dream_expression/write_twin.h"

#include <fmt/format.h>

#include <string>

#include "harness/base/files.h"
#include "harness/base/text.h"

namespace seqbench::tasks::dream_expression {
namespace {

constexpr std::size_t kBufferBytes = 1U << 20;
constexpr std::size_t kSnvs = 6, kTiling = 8;

class Lines {
 public:
  explicit Lines(const std::filesystem::path& path) : file_(path) {}
  void add(const std::string& line) {
    buffer_ += line;
    buffer_ += '\n';
    if (buffer_.size() >= kBufferBytes) flush();
  }
  void commit() {
    flush();
    file_.commit();
  }

 private:
  void flush() {
    file_.write(buffer_);
    buffer_.clear();
  }
  AtomicFile file_;
  std::string buffer_;
};

/// The tags by which the published subsets are told apart.
std::string single_tag(std::size_t component, std::size_t i) {
  switch (component) {
    case 1: return fmt::format("GA.EDV.Glu.high_{}", i);
    case 2: return fmt::format("GA.EDV.Glu.low_{}", i);
    case 3: return fmt::format("YTW{}", i);
    case 4: return fmt::format("HQ_{}", i);
    default: return fmt::format("GA.Glu.EDV.vs.CD.pareto_{}_0", i);
  }
}

struct Writer {
  const Twin& twin;
  const std::filesystem::path& folder;

  [[nodiscard]] std::string sequence(std::int64_t test_index) const { return twin.dna.sequence(twin.training + test_index); }
  [[nodiscard]] std::string label(std::int64_t row) const { return format_double(twin.labels[static_cast<std::size_t>(row)]); }
  [[nodiscard]] std::string test_label(std::int64_t test_index) const { return label(twin.training + test_index); }

  void rows() const {
    Lines train(folder / "train.txt"), test(folder / "test.csv");
    for (std::int64_t row = 0; row < twin.training; ++row) train.add(twin.dna.sequence(row) + '\t' + label(row));
    test.add("seq,true_expr");
    for (std::int64_t row = twin.training; row < twin.dna.rows(); ++row) test.add(twin.dna.sequence(row) + ',' + label(row));
    train.commit();
    test.commit();
  }

  void singles(std::size_t component) const {
    const std::string what(kComponentNames[component]);
    if (component > 0) {
      Lines subset(folder / ("subset_" + what + ".csv"));
      subset.add(",tag,sequence,pos,exp");
      const auto& rows = twin.boards.every.singles[component];
      for (std::size_t i = 0; i < rows.size(); ++i) {
        subset.add(fmt::format("{},{},{},{},", i, single_tag(component, i), sequence(rows[i]), rows[i]));
      }
      subset.commit();
    }
    std::string json;
    for (const std::int64_t row : twin.boards.board.singles[component]) {
      json += fmt::format("{}\"{}\": {}", json.empty() ? "{" : ", ", row, test_label(row));
    }
    if (!json.empty()) write_file_atomically(folder / ("board_" + what + ".json"), json + "}\n");
  }

  void pairs(std::size_t component) const {
    const std::string what(kComponentNames[component]);
    const bool snvs = component == kSnvs;
    Lines subset(folder / ("subset_" + what + (snvs ? ".txt" : ".csv")));
    subset.add(snvs ? "alt_pos\tref_pos" : ",alt_tag,ref_tag,alt_sequence,ref_sequence,alt_pos,ref_pos,alt_exp,ref_exp");
    const auto& list = twin.boards.every.pairs[component - kSingles];
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto [alternative, reference] = list[i];
      const std::string tag = fmt::format("rand{}_motif_{}{}", reference, i, component == kTiling ? "" : "A_20");
      subset.add(snvs ? fmt::format("{}\t{}", alternative, reference)
                      : fmt::format("{},{},rand{},{},{},{},{},,", i, tag, reference, sequence(alternative), sequence(reference),
                                    alternative, reference));
    }
    subset.commit();
    std::string json;
    for (const auto& [alternative, reference] : twin.boards.board.pairs[component - kSingles]) {
      json += fmt::format("{}\"{},{}\": [{}, {}]", json.empty() ? "{" : ", ", alternative, reference, test_label(alternative), test_label(reference));
    }
    if (!json.empty()) write_file_atomically(folder / ("board_" + what + ".json"), json + "}\n");
  }
};

}  // namespace

void write_files(const Twin& twin, const std::filesystem::path& folder) {
  const Writer writer{twin, folder};
  writer.rows();
  for (std::size_t component = 0; component < kComponents; ++component) {
    if (component < kSingles) writer.singles(component);
    else writer.pairs(component);
  }
}

}  // namespace seqbench::tasks::dream_expression
