#pragma once
// The order in which pairs are merged: by rank, then from the left.

#include <cstdint>
#include <optional>
#include <vector>

namespace seqbench::models {

/// Places by rank, where no rank below the one in work is ever added: buckets under three levels of bits, so adding and
/// taking cost the same whatever the text's length.
class MergeQueue {
 public:
  explicit MergeQueue(std::size_t ranks);
  void add(std::uint32_t rank, std::uint32_t place);
  /// Moves the lowest bucket's places to `places`, in no order; nothing where all are empty.
  [[nodiscard]] std::optional<std::uint32_t> take(std::vector<std::uint32_t>& places);

 private:
  struct Entry {
    std::uint32_t place, next;
  };
  std::vector<std::uint32_t> heads_;  // of buckets whose bit is set
  std::vector<std::uint64_t> low_, middle_, high_;
  std::vector<Entry> entries_;
};

}  // namespace seqbench::models
