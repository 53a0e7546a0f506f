#include "models/tokenizers/word_piece.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "models/tokenizers/unicode.h"

namespace seqbench::models {
namespace {

using Tables = UnicodeTables;

/// Cuts words into pieces: two tries, of words' beginnings and of continuations.
class Pieces {
 public:
  Pieces(const Vocabulary& vocabulary, const WordPieceOptions& options)
      : unknown_(options.unknown), longest_word_(options.longest_word), continuation_(trie_.add_root()) {
    for (std::int32_t id = 0; id < vocabulary.size(); ++id) {
      const std::string& token = vocabulary.token(id);
      bool fits = token.empty() || trie_.insert(token, id);
      if (token.starts_with(options.continuation) && token.size() > options.continuation.size()) {
        fits = fits && trie_.insert(std::string_view(token).substr(options.continuation.size()), id, continuation_);
      }
      if (!fits) throw InputError(fmt::format("vocabulary: more than {} bytes of tokens", Trie::kMostNodes));
    }
  }

  /// `origins`: of each code point of the word, empty where no offsets are wanted.
  void append(std::string_view word, std::uint32_t length, std::span<const std::uint32_t> origins, Encoding& into) const {
    const std::size_t before = into.ids.size();
    std::uint32_t begin = 0;  // code points
    for (std::size_t at = 0; at < word.size();) {
      const Trie::Match match = length > longest_word_ ? Trie::Match{} : trie_.longest(word.substr(at), at == 0 ? 0 : continuation_);
      if (match.value < 0) {
        into.ids.resize(before);
        into.ids.push_back(unknown_);
        if (!origins.empty()) {
          into.offsets.resize(before);
          into.offsets.push_back({origins.front(), origins.back() + 1});
        }
        return;
      }
      into.ids.push_back(match.value);
      if (!origins.empty()) {
        const std::uint32_t end = begin + static_cast<std::uint32_t>(count_code_points(word.substr(at, match.length)));
        into.offsets.push_back({origins[begin], origins[end - 1] + 1});
        begin = end;
      }
      at += match.length;
    }
  }

 private:
  std::int32_t unknown_;
  std::uint32_t longest_word_;
  Trie trie_;
  std::uint32_t continuation_;
};

struct Mark {
  std::uint32_t code_point;
  std::uint8_t order;  // combining class
  bool inserted;       // not the first of its decomposition: stands where the one before it does
};

/// Normalizes and splits one piece of text, code point by code point, and hands its words on.
class Reader {
 public:
  Reader(const Pieces& pieces, const WordPieceOptions& options, Encoding& into, bool with_offsets)
      : pieces_(pieces), options_(options), into_(into), with_offsets_(with_offsets) {}

  /// `place`: code points before the text.
  void read(std::string_view text, std::uint32_t place) {
    for (std::size_t at = 0; at < text.size(); ++place) {
      place_ = place;
      take(next_code_point(text, at));
    }
    flush_marks();
    flush_word();
  }

 private:
  void take(std::uint32_t c) {
    const std::uint8_t flags = tables_.flags(c);
    if ((flags & Tables::kDropped) != 0) return;
    if ((flags & Tables::kSpace) != 0) return after_marks(' ');
    const bool spaced = (flags & Tables::kIdeograph) != 0 && options_.space_ideographs;
    if (spaced) after_marks(' ');
    if (options_.strip_accents) {
      decompose(c, flags);
    } else {
      emit(c, place_);
    }
    if (spaced) after_marks(' ');
  }

  void after_marks(std::uint32_t c) {
    flush_marks();
    emit(c, place_);
  }

  void decompose(std::uint32_t c, std::uint8_t flags) {
    if ((flags & Tables::kDecomposes) == 0) return push(c, false);
    if (0xAC00 <= c && c <= 0xD7A3) {  // a Hangul syllable, by arithmetic
      const std::uint32_t index = c - 0xAC00;
      push(0x1100 + index / 588, false);
      push(0x1161 + index % 588 / 28, true);
      if (index % 28 != 0) push(0x11A7 + index % 28, true);
      return;
    }
    bool inserted = false;
    for (const std::uint32_t part : tables_.decomposition(c)) push(part, std::exchange(inserted, true));
  }

  /// Marks wait for the next starter, to be ordered.
  void push(std::uint32_t c, bool inserted) {
    const bool mark = (tables_.flags(c) & Tables::kOrdered) != 0;
    if (!mark) flush_marks();
    if (!inserted) last_ = place_;
    if (!mark) return keep(c, last_);
    marks_.push_back({c, tables_.combining_class(c), inserted});
    if (!inserted) places_.push_back(place_);
  }

  void flush_marks() {
    if (marks_.empty()) return;
    std::stable_sort(marks_.begin(), marks_.end(), [](const Mark& a, const Mark& b) { return a.order < b.order; });
    std::size_t next = 0;
    std::uint32_t at = starter_;
    for (const Mark& mark : marks_) {
      if (!mark.inserted) at = places_[next++];
      keep(mark.code_point, at);
    }
    marks_.clear();
    places_.clear();
  }

  void keep(std::uint32_t c, std::uint32_t origin) {
    if (marks_.empty()) starter_ = origin;
    if ((tables_.flags(c) & Tables::kAccent) == 0) emit(c, origin);
  }

  void emit(std::uint32_t c, std::uint32_t origin) {
    if (options_.lowercase && (tables_.flags(c) & Tables::kHasLower) != 0) {
      for (const std::uint32_t lower : tables_.lower(c)) word_or_end(lower, origin);
    } else {
      word_or_end(c, origin);
    }
  }

  void word_or_end(std::uint32_t c, std::uint32_t origin) {
    const std::uint8_t flags = tables_.flags(c);
    if ((flags & (Tables::kSpace | Tables::kPunctuation)) == 0) return append(c, origin);
    flush_word();
    if ((flags & Tables::kSpace) != 0) return;
    append(c, origin);
    flush_word();
  }

  void append(std::uint32_t c, std::uint32_t origin) {
    append_utf8(word_, c);
    ++length_;
    if (with_offsets_) origins_.push_back(origin);
  }

  void flush_word() {
    if (length_ == 0) return;
    pieces_.append(word_, length_, origins_, into_);
    word_.clear();
    origins_.clear();
    length_ = 0;
  }

  const Pieces& pieces_;
  const WordPieceOptions& options_;
  Encoding& into_;
  const bool with_offsets_;
  const Tables& tables_ = Tables::get();
  std::uint32_t place_ = 0, last_ = 0, starter_ = 0;
  std::vector<Mark> marks_;
  std::vector<std::uint32_t> places_;  // of the marks that are not inserted, in the text's order
  std::string word_;
  std::vector<std::uint32_t> origins_;
  std::uint32_t length_ = 0;  // code points of word_
};

class WordPiece final : public Tokenizer {
 public:
  WordPiece(TokenizerFrame frame, AddedTokens added, WordPieceOptions options)
      : Tokenizer(std::move(frame)), added_(std::move(added)), options_(std::move(options)), pieces_(vocabulary(), options_) {}

 private:
  void append(std::string_view text, Encoding& into, bool with_offsets) const override {
    Reader reader(pieces_, options_, into, with_offsets);
    added_.cut(text, into, with_offsets, [&](std::string_view piece, std::uint32_t place) { reader.read(piece, place); });
  }

  AddedTokens added_;
  WordPieceOptions options_;
  Pieces pieces_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_word_piece(TokenizerFrame frame, AddedTokens added, const WordPieceOptions& options) {
  return std::make_unique<WordPiece>(std::move(frame), std::move(added), options);
}

}  // namespace seqbench::models
