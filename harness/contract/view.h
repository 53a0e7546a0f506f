#pragma once
// A view: all examples of a data set in the one form that a model asked for. Rows may be decoded or counted as they are
// asked for, so that millions of them need no memory of their own; `gather` may be called from several threads.

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace seqbench {

/// Strings by row, kept or made on demand.
class Texts {
 public:
  Texts() = default;
  Texts(std::vector<std::string> rows);  // NOLINT: a list of strings is a Texts
  Texts(std::initializer_list<std::string> rows) : Texts(std::vector<std::string>(rows)) {}
  /// `row` is a function of the index alone.
  Texts(std::int64_t size, std::function<std::string(std::int64_t)> row)
      : size_(size), row_(std::make_shared<const std::function<std::string(std::int64_t)>>(std::move(row))) {}

  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(size_); }
  [[nodiscard]] std::string operator[](std::size_t row) const { return (*row_)(static_cast<std::int64_t>(row)); }  // of one that has rows

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::string;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = std::string;
    Iterator() = default;
    Iterator(const Texts* texts, std::size_t row) : texts_(texts), row_(row) {}
    std::string operator*() const { return (*texts_)[row_]; }
    Iterator& operator++() {
      ++row_;
      return *this;
    }
    Iterator operator++(int) { return {texts_, row_++}; }
    bool operator==(const Iterator& other) const { return row_ == other.row_; }

   private:
    const Texts* texts_ = nullptr;
    std::size_t row_ = 0;
  };
  [[nodiscard]] Iterator begin() const { return {this, 0}; }
  [[nodiscard]] Iterator end() const { return {this, size()}; }
  bool operator==(const Texts& other) const;
  /// Whether both were copied from one list: equal then, without a look at the rows.
  [[nodiscard]] bool same_list(const Texts& other) const { return row_ != nullptr && row_ == other.row_ && size_ == other.size_; }

 private:
  std::int64_t size_ = 0;
  std::shared_ptr<const std::function<std::string(std::int64_t)>> row_;  // shared by copies
};

/// One string a row: "dna", "protein", "sentence".
struct TextView {
  Texts rows;
};

/// One symbol a position: "one_hot". Kept as codes; a model expands what it needs.
struct CodeView {
  at::Tensor codes;          // uint8 [rows, length], or packed [rows, ceil(length * bits / 8)]; positions past a row's
                             // length hold `symbols` (padding), packed ones anything
  at::Tensor lengths;        // int64 [rows]
  std::int64_t symbols = 0;  // codes are 0 ... symbols-1
  std::int64_t bits = 8;     // of a code: 8, or 2 packed from the low bits on (codes 0 ... 3)
  std::int64_t positions = 0;  // packed: the longest row; else 0 = the width of codes
  at::Tensor others = {};      // packed: int64 [n, 3], rows ascending: (row, position, code) of codes that 2 bits cannot hold

  [[nodiscard]] std::int64_t length() const { return positions > 0 ? positions : codes.size(1); }
  /// uint8 [n, length()], padding included.
  [[nodiscard]] at::Tensor gather(std::span<const std::int64_t> rows) const;
};

/// One vector a row: "kmer_counts".
class DenseView {
 public:
  /// [n] row numbers -> float [n, features].
  using Gather = std::function<at::Tensor(std::span<const std::int64_t>)>;

  DenseView(at::Tensor values);  // NOLINT: float [rows, features], kept
  DenseView(std::int64_t rows, std::int64_t features, Gather gather)
      : rows_(rows), features_(features), gather_(std::move(gather)) {}

  [[nodiscard]] std::int64_t rows() const { return rows_; }
  [[nodiscard]] std::int64_t features() const { return features_; }
  /// float [n, features], contiguous.
  [[nodiscard]] at::Tensor gather(std::span<const std::int64_t> rows) const { return gather_(rows); }

 private:
  std::int64_t rows_ = 0, features_ = 0;
  Gather gather_;
};

/// A set of active features a row: "mutations".
struct SetView {
  at::Tensor offsets;         // int64 [rows + 1]
  at::Tensor members;         // int64 [offsets[rows]], ascending within a row
  std::int64_t features = 0;  // members are 0 ... features-1
};

/// A binary matrix a row, bit-packed: "tf_bins".
struct BitView {
  at::Tensor bits;  // uint8 [rows, ceil(height * width / 8)], row-major, from the low bits on
  std::int64_t height = 0;
  std::int64_t width = 0;

  /// uint8 [n, height, width] of 0 and 1.
  [[nodiscard]] at::Tensor gather(std::span<const std::int64_t> rows) const;
};

struct View {
  std::string name;
  std::variant<TextView, CodeView, DenseView, SetView, BitView> data;

  [[nodiscard]] std::int64_t rows() const;
};

}  // namespace seqbench
