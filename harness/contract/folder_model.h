#pragma once
// A model folder in use, apart from any experiment: what `predict`, `embed` and `attention` ask of it. Folders are
// Hugging Face's (config.json, tokenizer, weights), or those that trials save, which are the same.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/json.h"

namespace seqbench {

struct FolderOptions {
  std::int64_t max_length = 0;  // tokens with specials that a text is cut to; 0: what the folder says, else no limit
  at::Device device = at::kCPU;
  std::filesystem::path adapter = {};  // folder of a peft adapter to put on the model
  bool language_model = false;         // open the masked language model's head too, for token_logits
};

/// What `merge` asks for: `out`, a new folder with all of `folder`'s heads, the adapter added onto its weights; `unmerge`: taken
/// off weights that hold it already (modules that were trained whole stay as the adapter has them).
struct MergeOptions {
  std::filesystem::path folder, adapter, out;
  bool unmerge = false;
};

/// What to compute. Layer 0 is the embedding output, `layers()` the last; attentions are of layers 1 to layers().
struct Asked {
  bool logits = false;
  std::optional<std::int64_t> hidden_layer = {};
  std::optional<std::int64_t> attention_layer = {};
  bool token_logits = false;  // of a folder opened with language_model
};

/// B rows, padded to L tokens; only what was asked for is defined. On the CPU, f32.
struct Answer {
  at::Tensor logits;     // [B, outputs]
  at::Tensor hidden;     // [B, L, H]; padded places hold anything
  at::Tensor attention;  // [B, heads, L, L], probabilities by query and key
  at::Tensor token_logits;  // [B, L, vocabulary]
};

class FolderModel {
 public:
  virtual ~FolderModel() = default;
  /// Ids of a text with specials, cut to the maximal length. Thread-safe. InputError where the text is no UTF-8.
  [[nodiscard]] virtual std::vector<std::int32_t> tokens(std::string_view text) const = 0;
  [[nodiscard]] virtual const std::string& token(std::int32_t id) const = 0;
  /// Whether the id is one that the tokenizer adds, not the text: [CLS], <eos>.
  [[nodiscard]] virtual bool is_special(std::int32_t id) const = 0;
  [[nodiscard]] virtual std::int64_t outputs() const = 0;  // of the head; 0: the folder has none
  [[nodiscard]] virtual std::int64_t layers() const = 0;
  [[nodiscard]] virtual std::int64_t heads() const = 0;
  [[nodiscard]] virtual std::int64_t width() const = 0;
  /// Runs rows of ids together; a row's answer does not depend on the others beyond rounding. InputError for an id that
  /// has no row in the embedding, a row longer than the position table, logits without a head.
  [[nodiscard]] virtual Answer run(std::span<const std::vector<std::int32_t>> rows, const Asked& asked) = 0;
  /// "bert, 12 layers of 768", for people.
  [[nodiscard]] virtual std::string summary() const = 0;
};

}  // namespace seqbench
