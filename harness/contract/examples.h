#pragma once
// The examples of a task: ids, targets and typed fields, in one fixed order.

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace seqbench {

enum class Part : std::uint8_t { kTrain = 0, kValidation = 1, kTest = 2 };

using Field = std::variant<std::vector<std::int64_t>, std::vector<double>, std::vector<std::string>>;

struct Examples {
  std::vector<std::string> ids;     // unique and stable: genotype, accession:start-end; never a row number
  std::vector<double> targets;      // [rows, targets], in the task's units; binary: 0 or 1
  std::vector<double> weights;      // [rows], or empty = 1
  std::vector<std::uint8_t> mask;   // [rows, targets], 1 = present; or empty = all present
  std::map<std::string, Field> fields;      // [rows] each: "num_mutations"
  std::vector<Part> published_split;        // [rows], or empty where none is published
  bool only_published_split = false;        // labels of its parts cannot be compared: no other split mixes them
  std::vector<double> expected;     // [rows, targets]: E[y|x] or P(y=1|x) of a twin's generator; else empty.
                                    // Only the ceiling row reads it: no view may be made from it.
  std::vector<double> noiseless;    // [rows, targets]: f(x) of a twin's generator; else empty
  std::map<std::string, std::int64_t> counts;  // what loading saw: "rows", "duplicates", "with stop codon"

  [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(ids.size()); }
};

}  // namespace seqbench
