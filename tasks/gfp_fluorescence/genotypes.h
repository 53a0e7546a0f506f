#pragma once
// Genotypes of avGFP as the published table writes them ("SA108D:SN144D", empty = wild type), and sequences.

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/contract/examples.h"

namespace seqbench::tasks::gfp_fluorescence {

/// avGFP without its first methionine; position 0 is the S of "SKGEEL".
inline constexpr std::string_view kWildType =
    "SKGEELFTGVVPILVELDGDVNGHKFSVSGEGEGDATYGKLTLKFICTTGKLPVPWPTLVTTLSYGVQCFSRYPDHMKQHDFFKSAMPEGYVQERTIFFKDDGNYKTRAE"
    "VKFEGDTLVNRIELKGIDFKEDGNILGHKLEYNYNSHNVYIMADKQKNGIKVNFKIRHNIEDGSVQLADHYQQNTPIGDGPVLLPDNHYLSTQSALSKDPNEKRDHMVLL"
    "EFVTAAGITHGMDELYK";
static_assert(kWildType.size() == 237);

/// Residues in the order of their codes; '*' is a stop.
inline constexpr std::string_view kSymbols = "ACDEFGHIKLMNPQRSTVWY*";

struct Mutation {
  std::size_t position;  // from 0
  char residue;          // one of kSymbols
};

/// One genotype with its measured brightness.
struct Row {
  std::string genotype;             // as in the table
  std::vector<Mutation> mutations;  // ascending positions, all different
  double brightness = 0;            // log10 fluorescence
  Part part = Part::kTrain;

  [[nodiscard]] bool has_stop() const;
};

/// The mutations of a genotype, ascending, or why it is malformed. Checked: the form of each mutation, the
/// wild-type residue, the position, that something changes, and that no position is mutated twice.
[[nodiscard]] std::variant<std::vector<Mutation>, std::string> parse_genotype(std::string_view text);
/// The inverse of parse_genotype.
[[nodiscard]] std::string format_genotype(const std::vector<Mutation>& mutations);
/// 237 residues, stops as '*'.
[[nodiscard]] std::string sequence_of(const std::vector<Mutation>& mutations);

enum class StopRule { kKeep, kDelete, kTruncate };
[[nodiscard]] StopRule stop_rule(std::string_view name);  // "keep", "delete", "truncate"
/// kDelete takes every '*' out (what follows moves up, as in TAPE); kTruncate ends before the first.
[[nodiscard]] std::string apply(StopRule rule, std::string sequence);

}  // namespace seqbench::tasks::gfp_fluorescence
