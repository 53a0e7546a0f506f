#include "models/tokenizers/unsplittable.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "models/tokenizers/unicode.h"

namespace seqbench::models {
namespace {

bool has_space(std::string_view token) {
  for (std::size_t at = 0; at < token.size();) {
    if (is_python_space(next_code_point(token, at))) return true;
  }
  return false;
}

class Unsplittable final : public Tokenizer {
 public:
  explicit Unsplittable(TokenizerFrame frame) : Tokenizer(std::move(frame)) {
    for (std::int32_t id = 0; id < size(); ++id) {
      if (has_space(token(id))) {
        throw InputError(fmt::format("{}: line {}: a token without white space is expected, got '{}'",
                                     files().place + "/vocab.txt", id + 1, printable(token(id), 80)));
      }
      if (!trie_.insert(token(id), id)) {
        throw InputError(fmt::format("{}: more than {} bytes of tokens", files().place + "/vocab.txt", Trie::kMostNodes));
      }
    }
  }

 private:
  void append(std::string_view text, Encoding& into, bool with_offsets) const override {
    std::uint32_t place = 0;
    bool in_word = false;  // the last id is an unknown that goes on
    for (std::size_t at = 0; at < text.size();) {
      const Trie::Match match = trie_.longest(text.substr(at));
      if (match.value >= 0) {
        into.ids.push_back(match.value);
        if (with_offsets) {
          const std::uint32_t end = place + static_cast<std::uint32_t>(count_code_points(text.substr(at, match.length)));
          into.offsets.push_back({std::exchange(place, end), end});
        }
        at += match.length;
        in_word = false;
        continue;
      }
      if (is_python_space(next_code_point(text, at))) {
        in_word = false;
      } else if (in_word) {
        if (with_offsets) into.offsets.back().end = place + 1;
      } else {
        in_word = true;
        into.ids.push_back(specials().unk);
        if (with_offsets) into.offsets.push_back({place, place + 1});
      }
      ++place;
    }
  }

  Trie trie_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_unsplittable(TokenizerFrame frame) {
  SEQBENCH_ASSERT(frame.specials.unk >= 0, "a foreign word has an id");
  return std::make_unique<Unsplittable>(std::move(frame));
}

}  // namespace seqbench::models
