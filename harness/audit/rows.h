#pragma once
// Private to the room: rows of any view as content that can be compared.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/contract/task.h"

namespace seqbench::audit {

/// 64 bits of a value, spread.
[[nodiscard]] std::uint64_t mixed(std::uint64_t value);

class Rows {
 public:
  enum class Kind { kDna, kProtein, kSet, kBits, kText, kDense };  // in the order of preference

  /// The view that says most of a row: dna or protein, else a set, else bits, else another text, else numbers.
  /// Nothing where the data set gives none of these.
  [[nodiscard]] static std::optional<Rows> of(const TaskEntry& task, const Dataset& dataset);

  [[nodiscard]] const std::string& view() const { return view_.name; }
  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_sequence() const { return kind_ == Kind::kDna || kind_ == Kind::kProtein; }
  /// Bytes that are equal for equal rows alone.
  [[nodiscard]] std::string content(std::int64_t row) const;
  /// Hashes of what the row is made of, ascending, without repeats; none for text other than sequences and for numbers.
  [[nodiscard]] std::vector<std::uint64_t> elements(std::int64_t row) const;
  /// The sequence; "" where rows are none.
  [[nodiscard]] std::string sequence(std::int64_t row) const;
  /// Active features of sets and bits, values of numbers: (feature, value) of those that are not 0.
  [[nodiscard]] std::vector<std::pair<std::int64_t, double>> features(std::int64_t row) const;
  [[nodiscard]] std::int64_t feature_count() const;

 private:
  Rows(View view, Kind kind) : view_(std::move(view)), kind_(kind) {}

  View view_;
  Kind kind_;
};

[[nodiscard]] std::string reverse_complement(std::string_view sequence);

}  // namespace seqbench::audit
