#include <fmt/format.h>

#include <string_view>

#include "harness/base/files.h"
#include "harness/base/json.h"
#include "harness/base/text.h"
#include "tasks/gfp_fluorescence/twin.h"

namespace seqbench::tasks::gfp_fluorescence {
namespace {

namespace fs = std::filesystem;

class Table {
 public:
  Table(const fs::path& path, std::string_view header) : file_(path), text_(header) {}
  void add(std::string_view line) {
    text_ += line;
    if (text_.size() > kPiece) flush();
  }
  void commit() {
    flush();
    file_.commit();
  }

 private:
  static constexpr std::size_t kPiece = 1 << 20;

  void flush() {
    file_.write(text_);
    text_.clear();
  }

  AtomicFile file_;
  std::string text_;
};

std::string name_of(const Twin& twin, Substitution s) { return format_genotype({twin.space().mutation(s)}); }

/// What a substitution does, and what pairs of them do where their sites touch.
void write_law(const Twin& twin, Table& truth) {
  const Landscape& law = twin.landscape();
  Json substitutions = Json::object(), couplings = Json::array();
  for (Substitution a = 0; a < kSubstitutions; ++a) {
    substitutions[name_of(twin, a)] = {{"energy", law.energy(a)}, {"loss", law.loss(a)}};
    for (Substitution b = 0; b < a; ++b) {
      const double coupling = law.coupling(a, b);
      if (coupling != 0) couplings.push_back({name_of(twin, b), name_of(twin, a), coupling});
    }
  }
  truth.add(fmt::format("\"substitutions\": {},\n\"couplings\": {},\n", canonical_json(substitutions), canonical_json(couplings)));
}

}  // namespace

void write_files(const Twin& twin, const fs::path& folder) {
  constexpr std::array<std::string_view, 3> kParts = {"train", "valid", "test"};
  Table genotypes(folder / "amino_acid_genotypes_to_brightness.tsv", "aaMutations\tuniqueBarcodes\tmedianBrightness\tstd\n");
  Table valid(folder / "tape_fluorescence_valid.tsv", "index\tprimary\tprotein_length\tlog_fluorescence\tnum_mutations\n");
  Table splits(folder / "gfp_tape_splits.tsv", "aaMutations\tnum_mutations\tsplit\ttape_valid_index\tlog_fluorescence\tsequence\n");
  Table truth(folder / "truth.json", "{");
  write_law(twin, truth);
  std::int64_t validation = 0;
  for (std::int64_t i = 0; i < twin.rows(); ++i) {
    const TwinRow made = twin.row(i);
    const Row& row = made.row;
    const std::string sequence = sequence_of(row.mutations), label = format_double(row.brightness);
    const bool is_valid = row.part == Part::kValidation;
    genotypes.add(fmt::format("{}\t1\t{}\t\n", row.genotype, label));
    splits.add(fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", row.genotype, row.mutations.size(), kParts[static_cast<std::size_t>(row.part)],
                           is_valid ? std::to_string(validation) : "", label, sequence));
    if (is_valid) {
      const std::string primary = apply(StopRule::kDelete, sequence);
      valid.add(fmt::format("{}\t{}\t{}\t{}\t{}\n", validation++, primary, primary.size(),
                            format_double(static_cast<double>(static_cast<float>(row.brightness))), row.mutations.size()));
    }
    truth.add(fmt::format("{}[\"{}\", {}, {}]", i == 0 ? "\"rows\": [\n" : ",\n", row.genotype.empty() ? "wt" : row.genotype,
                          format_double(made.noiseless), format_double(made.expected)));
  }
  truth.add("\n]}\n");
  for (Table* table : {&genotypes, &valid, &splits, &truth}) table->commit();
  write_file_atomically(folder / "avgfp_wt.fasta", fmt::format(">avGFP wild type\n{}\n", kWildType));
}

}  // namespace seqbench::tasks::gfp_fluorescence
