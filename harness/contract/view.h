#pragma once
// A view: all examples of a data set in the one form that a model asked for.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace seqbench {

/// One string a row: "dna", "protein", "sentence".
struct TextView {
  std::vector<std::string> rows;
};

/// One symbol a position: "one_hot". Kept as codes; a model expands what it needs.
struct CodeView {
  at::Tensor codes;          // uint8 [rows, length]; positions past a row's length hold `symbols` (padding)
  at::Tensor lengths;        // int64 [rows]
  std::int64_t symbols = 0;  // codes are 0 ... symbols-1
};

/// One vector a row: "kmer_counts".
struct DenseView {
  at::Tensor values;  // float32 [rows, features]
};

/// A set of active features a row: "mutations".
struct SetView {
  at::Tensor offsets;         // int64 [rows + 1]
  at::Tensor members;         // int64 [offsets[rows]], ascending within a row
  std::int64_t features = 0;  // members are 0 ... features-1
};

struct View {
  std::string name;
  std::variant<TextView, CodeView, DenseView, SetView> data;
};

}  // namespace seqbench
