#include "models/tokenizers/byte_pair.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <queue>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "models/tokenizers/merge_queue.h"
#include "models/tokenizers/unicode.h"

namespace seqbench::models {
namespace {

constexpr std::uint32_t kNone = 0xFFFFFFFFu;

/// Pair of ids -> rank, in one open table.
class PairTable {
 public:
  explicit PairTable(const std::vector<Merge>& merges) {
    int bits = 6;
    while ((std::size_t{1} << bits) < merges.size() * 3) ++bits;
    slots_.resize(std::size_t{1} << bits);
    shift_ = 64 - bits;
    for (std::size_t rank = 0; rank < merges.size(); ++rank) {
      Slot& slot = slots_[slot_of(key(merges[rank].left, merges[rank].right))];
      slot = {key(merges[rank].left, merges[rank].right), static_cast<std::uint32_t>(rank)};
    }
  }
  [[nodiscard]] std::uint32_t rank(std::int32_t left, std::int32_t right) const {
    return slots_[slot_of(key(left, right))].rank;
  }

 private:
  struct Slot {
    std::uint64_t key = ~0ull;
    std::uint32_t rank = kNone;
  };
  static std::uint64_t key(std::int32_t left, std::int32_t right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 | static_cast<std::uint32_t>(right);
  }
  [[nodiscard]] std::size_t slot_of(std::uint64_t wanted) const {
    std::size_t slot = (wanted * 0x9E3779B97F4A7C15ull) >> shift_;
    while (slots_[slot].key != wanted && slots_[slot].key != ~0ull) slot = (slot + 1) & (slots_.size() - 1);
    return slot;
  }
  std::vector<Slot> slots_;
  int shift_ = 0;
};

struct Symbol {
  std::int32_t id = 0;
  std::uint32_t before = kNone, after = kNone;  // neighbours
  std::uint32_t rank = kNone;                   // of the pair with `after`
};

/// Whether each merge's parts are made by merges before it: then ranks never fall while merging.
bool is_in_order(const std::vector<Merge>& merges, std::int32_t ids) {
  std::vector<std::size_t> last_made(static_cast<std::size_t>(ids), 0);  // rank + 1 of the last merge that makes it
  for (std::size_t rank = 0; rank < merges.size(); ++rank) last_made[static_cast<std::size_t>(merges[rank].result)] = rank + 1;
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    if (last_made[static_cast<std::size_t>(merges[rank].left)] > rank) return false;
    if (last_made[static_cast<std::size_t>(merges[rank].right)] > rank) return false;
  }
  return true;
}

/// Merges one word in place. Kept from word to word for its memory.
class Merger {
 public:
  Merger(const std::vector<Merge>& merges, const PairTable& pairs, bool in_order)
      : merges_(merges), pairs_(pairs), in_order_(in_order), queue_(in_order ? merges.size() : 0) {}

  /// `origins` (of each character, and one past the last) is empty where no offsets are wanted.
  void append(std::span<const std::int32_t> word, std::span<const Offset> origins, Encoding& into) {
    link(word);
    if (in_order_) {
      while (const auto rank = queue_.take(places_)) merge_all(*rank);
    } else {
      merge_by_heap();
    }
    for (std::uint32_t at = 0; at != kNone; at = symbols_[at].after) {
      into.ids.push_back(symbols_[at].id);
      if (origins.empty()) continue;
      const std::uint32_t end = symbols_[at].after == kNone ? static_cast<std::uint32_t>(word.size()) : symbols_[at].after;
      into.offsets.push_back({origins[at].begin, origins[end - 1].end});
    }
  }

 private:
  void link(std::span<const std::int32_t> word) {
    symbols_.resize(word.size());
    for (std::uint32_t i = 0; i < word.size(); ++i) {
      symbols_[i] = {word[i], i - 1, i + 1 == word.size() ? kNone : i + 1, kNone};
    }
    for (std::uint32_t i = 0; i + 1 < word.size(); ++i) rank_pair(i);
  }

  void rank_pair(std::uint32_t at) {
    Symbol& symbol = symbols_[at];
    symbol.rank = symbol.after == kNone ? kNone : pairs_.rank(symbol.id, symbols_[symbol.after].id);
    if (symbol.rank == kNone) return;
    if (in_order_) {
      queue_.add(symbol.rank, at);
    } else {
      heap_.push(static_cast<std::uint64_t>(symbol.rank) << 32 | at);
    }
  }

  void merge_all(std::uint32_t rank) {
    // Only pairs of equals overlap; there the leftmost counts.
    if (merges_[rank].left == merges_[rank].right) std::sort(places_.begin(), places_.end());
    for (const std::uint32_t at : places_) merge(at, rank);
  }

  void merge_by_heap() {
    while (!heap_.empty()) {
      const std::uint64_t top = heap_.top();
      heap_.pop();
      merge(static_cast<std::uint32_t>(top), static_cast<std::uint32_t>(top >> 32));
    }
  }

  /// Nothing where the pair at this place has changed since.
  void merge(std::uint32_t at, std::uint32_t rank) {
    Symbol& symbol = symbols_[at];
    if (symbol.rank != rank) return;
    Symbol& gone = symbols_[symbol.after];
    symbol.id = merges_[rank].result;
    symbol.after = gone.after;
    gone.rank = kNone;
    if (symbol.after != kNone) symbols_[symbol.after].before = at;
    rank_pair(at);
    if (symbol.before != kNone) rank_pair(symbol.before);
  }

  const std::vector<Merge>& merges_;
  const PairTable& pairs_;
  const bool in_order_;
  std::vector<Symbol> symbols_;
  MergeQueue queue_;
  std::vector<std::uint32_t> places_;
  std::priority_queue<std::uint64_t, std::vector<std::uint64_t>, std::greater<>> heap_;
};

class BytePair final : public Tokenizer {
 public:
  BytePair(TokenizerFrame frame, AddedTokens added, std::vector<Merge> merges, const BytePairOptions& options)
      : Tokenizer(std::move(frame)), added_(std::move(added)), merges_(std::move(merges)), options_(options),
        pairs_(merges_), in_order_(is_in_order(merges_, size())) {
    for (std::uint32_t c = 0; c < ascii_.size(); ++c) {
      const char character = static_cast<char>(c);
      ascii_[c] = vocabulary().id_of({&character, 1}).value_or(options_.unknown);
    }
  }

 private:
  struct Work {
    Merger merger;
    std::vector<std::int32_t> word;
    std::vector<Offset> origins;
  };

  void append(std::string_view text, Encoding& into, bool with_offsets) const override {
    std::unique_ptr<Work> work = borrow();
    append_with(*work, text, into, with_offsets);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(work));
  }

  [[nodiscard]] std::unique_ptr<Work> borrow() const {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::unique_ptr<Work>(new Work{Merger(merges_, pairs_, in_order_), {}, {}});
    std::unique_ptr<Work> work = std::move(idle_.back());
    idle_.pop_back();
    return work;
  }

  void append_with(Work& work, std::string_view text, Encoding& into, bool with_offsets) const {
    added_.cut(text, into, with_offsets, [&](std::string_view piece, std::uint32_t place) {
      append_piece(piece, place, work, into, with_offsets);
    });
  }

  void append_piece(std::string_view piece, std::uint32_t place, Work& work, Encoding& into, bool with_offsets) const {
    if (options_.strip) piece = stripped(piece, place);
    const auto flush = [&] {
      if (!work.word.empty()) work.merger.append(work.word, work.origins, into);
      work.word.clear();
      work.origins.clear();
    };
    bool letters = false;  // what the word is of, where words are split
    const auto push = [&](std::uint32_t c, std::int32_t id, Offset origin) {
      if (options_.split_words && is_white_space(c)) return flush();
      const bool alone = options_.isolated != 0 && c == static_cast<unsigned char>(options_.isolated);
      if (alone || (options_.split_words && is_word(c) != letters)) flush();
      letters = is_word(c);
      work.word.push_back(id);
      if (with_offsets) work.origins.push_back(origin);
      if (alone) flush();
    };
    for (std::size_t at = 0; at < piece.size();) {
      if (const std::uint32_t run = run_at(piece, at); run > 0) {
        at += run;
        place += run;
        push(static_cast<unsigned char>(options_.run_becomes), ascii_[static_cast<unsigned char>(options_.run_becomes)], {place - 1, place});
        continue;
      }
      const std::size_t begin = at;
      const std::uint32_t c = next_code_point(piece, at);
      const std::int32_t id =
          c < 128 ? ascii_[c] : vocabulary().id_of(piece.substr(begin, at - begin)).value_or(options_.unknown);
      push(c, id, {place, place + 1});
      ++place;
    }
    flush();
  }

  /// \w of ASCII.
  static bool is_word(std::uint32_t c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  }

  /// Length of the run that the rule replaces; 0: none begins here.
  [[nodiscard]] std::uint32_t run_at(std::string_view piece, std::size_t at) const {
    if (options_.run == 0 || piece[at] != options_.run) return 0;
    if (at > 0 && piece[at - 1] == options_.run) return 0;  // inside a shorter one
    const std::size_t end = std::min(piece.find_first_not_of(options_.run, at), piece.size());
    return end - at < options_.run_length ? 0 : static_cast<std::uint32_t>(end - at);
  }

  static std::string_view stripped(std::string_view piece, std::uint32_t& place) {
    std::size_t begin = 0;
    for (std::size_t at = 0; at < piece.size(); begin = at, ++place) {
      if (!is_white_space(next_code_point(piece, at))) break;
    }
    std::size_t end = piece.size();
    while (end > begin) {
      std::size_t last = end - 1;
      while (!begins_code_point(piece[last])) --last;
      std::size_t at = last;
      if (!is_white_space(next_code_point(piece, at))) break;
      end = last;
    }
    return piece.substr(begin, end - begin);
  }

  AddedTokens added_;
  std::vector<Merge> merges_;
  BytePairOptions options_;
  PairTable pairs_;
  bool in_order_;
  std::array<std::int32_t, 128> ascii_{};
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<Work>> idle_;  // memory of words done, as many as there were threads at once
};

}  // namespace

std::unique_ptr<Tokenizer> make_byte_pair(TokenizerFrame frame, AddedTokens added, std::vector<Merge> merges,
                                          const BytePairOptions& options) {
  return std::make_unique<BytePair>(std::move(frame), std::move(added), std::move(merges), options);
}

}  // namespace seqbench::models
