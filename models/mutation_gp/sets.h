#pragma once
// Rows of a view as sets of features, and what two sets have in common.

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/contract/view.h"

namespace seqbench::models::mutation_gp {

/// Sets of N rows, one after another.
struct Sets {
  std::vector<std::int64_t> ends;     // [N], of each row in `members`
  std::vector<std::int64_t> members;  // ascending within a row

  [[nodiscard]] std::size_t size() const { return ends.size(); }
  [[nodiscard]] std::span<const std::int64_t> row(std::size_t i) const;
  [[nodiscard]] Sets slice(std::size_t begin, std::size_t count) const;
  /// f64 [N]: members of each row.
  [[nodiscard]] at::Tensor sizes() const;
};

/// How a view's rows become sets. Sets stay as they are; of codes a row keeps the positions where it differs from a reference,
/// as feature position * symbols + symbol, where padding is a symbol of its own.
class Reader {
 public:
  Reader() = default;
  /// Takes the shape of the view; the reference is the commonest symbol of each position in `rows`. Throws InputError for
  /// views of anything but sets and codes.
  Reader(const View& view, std::span<const std::int64_t> rows);
  /// As saved: `symbols` with padding, 0 for sets; `reference` int64 [length], empty for sets.
  Reader(std::int64_t features, std::int64_t symbols, at::Tensor reference);

  [[nodiscard]] std::int64_t features() const { return features_; }
  [[nodiscard]] std::int64_t symbols() const { return symbols_; }
  [[nodiscard]] const at::Tensor& reference() const { return reference_; }
  /// Throws InputError when the view has another shape than this was made from.
  [[nodiscard]] Sets read(const View& view, std::span<const std::int64_t> rows) const;

 private:
  void check(const View& view) const;

  std::int64_t features_ = 0;
  std::int64_t symbols_ = 0;
  at::Tensor reference_;
};

/// Of each of B rows with each of N, f64 [B, N].
struct Common {
  at::Tensor shared;    // |x & x'|
  at::Tensor distance;  // |x ^ x'|, or the number of sites where the rows differ
};

/// N sets by their features, so that rows of few features meet only those that share one.
class SetIndex {
 public:
  SetIndex() = default;
  /// `symbols` > 0: a site is that many features, and two rows that hold different ones of it differ by 1 there, not by 2.
  /// Members are 0 ... features-1.
  SetIndex(const Sets& sets, std::int64_t features, std::int64_t symbols);
  [[nodiscard]] std::int64_t size() const { return sizes_.defined() ? sizes_.numel() : 0; }
  [[nodiscard]] Common common(const Sets& rows) const;

 private:
  /// Rows of each key, key after key.
  struct Lists {
    std::vector<std::size_t> ends;  // [keys]
    std::vector<std::int32_t> rows;
    [[nodiscard]] std::span<const std::int32_t> of(std::int64_t key) const;
  };
  [[nodiscard]] static Lists invert(const Sets& sets, std::int64_t keys, std::int64_t features_of_key);

  std::int64_t symbols_ = 0;
  at::Tensor sizes_;  // f64 [N]
  Lists by_feature_, by_site_;
};

}  // namespace seqbench::models::mutation_gp
