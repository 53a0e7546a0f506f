#include "models/tokenizers/merge_queue.h"

#include <bit>

namespace seqbench::models {
namespace {

constexpr std::uint32_t kEnd = 0xFFFFFFFFu;

void set_bit(std::vector<std::uint64_t>& bits, std::size_t i) { bits[i / 64] |= 1ull << (i % 64); }

/// Clears the bit; whether its word is empty now.
bool clear_bit(std::vector<std::uint64_t>& bits, std::size_t i) { return (bits[i / 64] &= ~(1ull << (i % 64))) == 0; }

std::size_t lowest(const std::vector<std::uint64_t>& bits, std::size_t word) {
  return word * 64 + static_cast<std::size_t>(std::countr_zero(bits[word]));
}

}  // namespace

MergeQueue::MergeQueue(std::size_t ranks)
    : heads_(ranks), low_(ranks / 64 + 1), middle_(low_.size() / 64 + 1), high_(middle_.size() / 64 + 1) {}

void MergeQueue::add(std::uint32_t rank, std::uint32_t place) {
  std::uint32_t next = kEnd;
  if ((low_[rank / 64] >> (rank % 64) & 1) != 0) {
    next = heads_[rank];
  } else {
    set_bit(low_, rank);
    set_bit(middle_, rank / 64);
    set_bit(high_, rank / 4096);
  }
  heads_[rank] = static_cast<std::uint32_t>(entries_.size());
  entries_.push_back({place, next});
}

std::optional<std::uint32_t> MergeQueue::take(std::vector<std::uint32_t>& places) {
  places.clear();
  std::size_t word = 0;
  while (word < high_.size() && high_[word] == 0) ++word;
  if (word == high_.size()) {
    entries_.clear();
    return std::nullopt;
  }
  const std::size_t rank = lowest(low_, lowest(middle_, lowest(high_, word)));
  for (std::uint32_t i = heads_[rank]; i != kEnd; i = entries_[i].next) places.push_back(entries_[i].place);
  if (clear_bit(low_, rank) && clear_bit(middle_, rank / 64)) clear_bit(high_, rank / 4096);
  return static_cast<std::uint32_t>(rank);
}

}  // namespace seqbench::models
