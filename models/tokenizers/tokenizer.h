#pragma once
// Text to ids, as the reference's tokenizers give them: BERT WordPiece, the unsplittable tokens of ESM-2 and
// Nucleotide Transformer, byte-pair encoding of GENA-LM. Reference: transformers 5.23 over tokenizers 0.23.3.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/tokenizers/encoding.h"
#include "models/tokenizers/vocabulary.h"

namespace seqbench::models {

/// -1: the vocabulary has none.
struct SpecialIds {
  std::int32_t pad = 0, unk = -1, cls = -1, sep = -1, mask = -1, eos = -1;
};

/// Files of one tokenizer, by name; `place` is how messages call the folder.
struct TokenizerFiles {
  std::string place;
  std::map<std::string, std::string> text;
};

/// What every tokenizer has beside its rule.
struct TokenizerFrame {
  Vocabulary vocabulary;
  SpecialIds specials;
  std::vector<std::int32_t> before, between, after;
  bool has_pairs = false;      // `between` is meant; else pairs are refused
  bool types_of_pairs = false;  // the second text and `after` have type 1
  std::int64_t model_max_length = 0;
  TokenizerFiles files;  // what it was made from
};

/// Immutable: used from several threads.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  /// Appends the text's ids, no specials added, to `into`; offsets only where asked for. Special tokens that stand in
  /// the text become their ids. Throws InputError naming the byte where the text isn't UTF-8.
  void encode(std::string_view text, Encoding& into, bool with_offsets) const;

  /// Rows of the vocabulary: highest id + 1.
  [[nodiscard]] std::int32_t size() const { return frame_.vocabulary.size(); }
  [[nodiscard]] std::optional<std::int32_t> id_of(std::string_view token) const { return frame_.vocabulary.id_of(token); }
  [[nodiscard]] const std::string& token(std::int32_t id) const { return frame_.vocabulary.token(id); }
  [[nodiscard]] const SpecialIds& specials() const { return frame_.specials; }
  /// Ids added around one text, and between the two of a pair: [CLS] text [SEP] text [SEP].
  [[nodiscard]] std::span<const std::int32_t> before() const { return frame_.before; }
  [[nodiscard]] std::span<const std::int32_t> between() const { return frame_.between; }
  [[nodiscard]] std::span<const std::int32_t> after() const { return frame_.after; }
  [[nodiscard]] bool has_pairs() const { return frame_.has_pairs; }
  [[nodiscard]] bool types_of_pairs() const { return frame_.types_of_pairs; }
  /// With specials; 0: no limit is written.
  [[nodiscard]] std::int64_t model_max_length() const { return frame_.model_max_length; }
  [[nodiscard]] const TokenizerFiles& files() const { return frame_.files; }

 protected:
  explicit Tokenizer(TokenizerFrame frame) : frame_(std::move(frame)) {}
  [[nodiscard]] const Vocabulary& vocabulary() const { return frame_.vocabulary; }

 private:
  /// `text` is UTF-8.
  virtual void append(std::string_view text, Encoding& into, bool with_offsets) const = 0;

  TokenizerFrame frame_;
};

/// How a vocab.txt alone is read; with kAny the tokenizer_class of tokenizer_config.json decides.
enum class TokenizerKind { kAny, kWordPiece, kEsm /* ESM-2, Nucleotide Transformer */ };

/// Reads tokenizer.json, else vocab.txt, with tokenizer_config.json and special_tokens_map.json. InputError names file
/// and key of anything broken or not supported.
[[nodiscard]] std::unique_ptr<Tokenizer> open_tokenizer(const std::filesystem::path& folder,
                                                        TokenizerKind kind = TokenizerKind::kAny);
/// The same of texts in memory.
[[nodiscard]] std::unique_ptr<Tokenizer> read_tokenizer(TokenizerFiles files, TokenizerKind kind = TokenizerKind::kAny);

/// Nucleotide Transformer, generation 1 (limit 1000) or 2 (2048): the bytes of the published vocab.txt.
[[nodiscard]] std::unique_ptr<Tokenizer> nucleotide_tokenizer(int generation);
/// ESM-2's 33 tokens.
[[nodiscard]] std::unique_ptr<Tokenizer> esm_tokenizer();
/// DREAM: [PAD] [UNK] [CLS] [SEP] [MASK] A C G T N, an id a character; `add_cls` puts [CLS] in front (the paper doesn't).
[[nodiscard]] std::unique_ptr<Tokenizer> dna_character_tokenizer(bool add_cls);
/// Name and text of the files that the tokenizer was made from; `max_length` above 0: as the new model_max_length.
[[nodiscard]] std::map<std::string, std::string> tokenizer_files(const Tokenizer& tokenizer, std::int64_t max_length = 0);

struct EncodeOptions {
  std::int64_t max_length = 0;  // with specials, cut from the right; 0: no truncation
  std::int64_t pad_to_multiple = 1;
  std::int64_t pad_to = 0;  // 0: the longest row
  bool add_specials = true;
  bool offsets = false;
  int threads = 1;
};

struct TokenBatch {
  std::int64_t rows = 0, length = 0;
  std::vector<std::int32_t> ids;        // [rows, length], padded right with specials().pad
  std::vector<std::int32_t> lengths;    // [rows], with specials
  std::vector<Offset> offsets;          // [rows, length] where asked for; specials added and padding: 0, 0
  std::vector<std::uint8_t> type_ids;   // [rows, length], of pairs only
};

/// InputError where max_length has no room for the specials, or pad_to none for a row; it names the text's index.
[[nodiscard]] TokenBatch encode_batch(const Tokenizer& tokenizer, std::span<const std::string_view> texts,
                                      const EncodeOptions& options);
struct TextPair {
  std::string_view first, second;
};
/// Truncation takes from the longer of the two first, as the reference's longest_first.
[[nodiscard]] TokenBatch encode_pairs(const Tokenizer& tokenizer, std::span<const TextPair> pairs,
                                      const EncodeOptions& options);

}  // namespace seqbench::models
