#pragma once
// DNA of many rows at 2 bits a letter, and the views that every task of DNA offers.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/contract/view.h"

namespace seqbench::tasks {

inline constexpr std::string_view kBases = "ACGT";
inline constexpr std::int64_t kDnaSymbols = 5;  // A C G T N; padding is 5
inline constexpr std::uint8_t kUnknownBase = 4;

/// 0 ... 3, or kUnknownBase for any other letter; lower case counts as upper.
[[nodiscard]] std::uint8_t base_code(char letter);
/// A letter outside of A, C, G, T stays itself reversed.
[[nodiscard]] std::string reverse_complement(std::string_view sequence);
/// Share of G and C among A, C, G and T; 0 where there is none.
[[nodiscard]] double gc_share(std::string_view sequence);

/// Rows of at most `longest` letters. A view shares the storage: it stays valid after this is gone.
class PackedDna {
 public:
  explicit PackedDna(std::int64_t longest);
  /// Letters other than A, C, G and T become N. Longer than `longest`, or empty, is an assertion.
  void add(std::string_view sequence);
  /// The rows of another, which has the same `longest`.
  void append(const PackedDna& more);
  void drop_last();
  /// From now on `longest` is the length of the longest row there is: for those who could not know it before.
  void fit_longest();

  [[nodiscard]] std::int64_t rows() const;
  [[nodiscard]] std::int64_t longest() const;
  [[nodiscard]] std::int64_t length(std::int64_t row) const;
  [[nodiscard]] std::string sequence(std::int64_t row) const;
  /// Of the letters alone: the same in any set of rows, on any machine.
  [[nodiscard]] std::uint64_t hash(std::int64_t row) const;

  /// Letters ACGTN.
  [[nodiscard]] TextView texts() const;
  /// ACGTN at `longest` positions, packed.
  [[nodiscard]] CodeView codes() const;
  /// [rows, 4^k]: share of each k-mer among the windows without N; columns in alphabetical order. Counted on demand.
  [[nodiscard]] DenseView kmer_shares(std::int64_t k) const;
  /// [rows, (4^k + 4^(k/2)) / 2], k even: the same, each k-mer with its reverse complement; columns by the first of both.
  [[nodiscard]] DenseView strandless_kmer_shares(std::int64_t k) const;
  /// [rows, 2]: GC share and length in units of `longest`.
  [[nodiscard]] DenseView composition() const;

  struct Storage;

 private:
  friend class PackedDnaWriter;
  friend struct PackedDnaFile;
  explicit PackedDna(std::shared_ptr<Storage> storage) : storage_(std::move(storage)) {}

  std::shared_ptr<Storage> storage_;
};

}  // namespace seqbench::tasks
