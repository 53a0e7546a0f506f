#pragma once
// The one transformer encoder (BERT, DistilBERT, BigBird, GENA-LM, ESM-2, Nucleotide Transformer v1 and v2): families are
// settings and names, not copies. Formulas as in transformers' modeling_bert, _distilbert, _big_bird and _esm.
// Letters: B rows, L tokens, H width, I feed-forward width, h heads.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "models/blocks/attention.h"
#include "models/blocks/layers.h"

namespace seqbench::models {

enum class Positions {
  kLearned,         // table row = place, from 0
  kLearnedFromPad,  // ESM: the first real token has row pad + 1, padding has row pad
  kRotary
};

/// Which keys a query sees in families with block-sparse attention.
enum class Sparsity {
  kFull,         // all
  kAuto,         // block-sparse for texts longer than full_attention_up_to, each as it would be alone
  kBlockSparse,  // always; InputError for a batch too short for it
  kSticky        // as the reference: the first short batch switches to full for good
};

struct EncoderSettings {
  std::int64_t vocabulary = 0, width = 0, layers = 0, heads = 0, feed_forward = 0;
  std::int64_t max_positions = 0;  // rows of the position table; rotary: 0 = no limit
  std::int64_t token_types = 0;    // 0: no such embedding
  std::int64_t pad_id = 0;
  std::int64_t mask_id = -1;       // read by token_dropout
  double eps = 1e-12;
  double hidden_dropout = 0, attention_dropout = 0;
  Positions positions = Positions::kLearned;
  bool embedding_norm = true;
  bool embedding_dropout = true;
  bool dropout_before_norm = false;  // BigBird's embeddings
  bool rescale_embeddings = false;   // word embeddings times sqrt(H)
  bool token_dropout = false;        // ESM-2, NT v1: word embeddings scaled by 0.88 / (1 - share of masks), masks are 0
  bool mask_embeddings = false;      // ESM: padding starts as 0
  bool pre_norm = false;             // normalise before attention and feed-forward, else after the residual sum
  bool final_norm = false;
  bool output_dropout = true;        // after attention's projection; DistilBERT has none
  bool gated = false;                // NT v2: silu(first half) * second half
  bool feed_forward_bias = true;
  Activation activation = Activation::kGelu;  // of what is not gated
  Sparsity sparsity = Sparsity::kFull;
  std::int64_t block = 64, random_blocks = 3;
};

/// Names in the checkpoint; those with {} hold a layer's number.
struct EncoderNames {
  std::string words, positions, types, embedding_norm;
  AttentionNames attention;
  std::string attention_norm, feed_forward_in, feed_forward_out, feed_forward_norm;
  std::string final_norm;
};

/// What a forward pass keeps besides its result: of one layer, for all of them would be many times the model's memory.
struct Trace {
  std::optional<std::int64_t> hidden_layer = {};     // from 0, the embeddings, to layers, after the final norm
  std::optional<std::int64_t> attention_layer = {};  // from 1 to layers
  at::Tensor hidden_BLH = {};      // set where asked for
  at::Tensor attention_BhLL = {};  // probabilities; set where asked for
};

class Encoder {
 public:
  /// `frequencies`: stored rotary ones, or undefined: computed.
  Encoder(LayerMaker& maker, const EncoderSettings& settings, const EncoderNames& names, const at::Tensor& frequencies);

  /// ids int64 [B, L], keep bool [B, L] -> [B, L, H]. On the CPU padding is left out of the layers and comes back as 0, but for
  /// block-sparse attention and where attention is traced. InputError for batches longer than the position table, and for ids on
  /// the CPU that have no row.
  [[nodiscard]] at::Tensor operator()(const at::Tensor& ids, const at::Tensor& keep, Pass pass, Trace* trace);
  /// InputError for ids without a row. Ids on a device are not looked at again: that would wait for it.
  void check_values(const at::Tensor& ids) const;
  [[nodiscard]] const EncoderSettings& settings() const { return settings_; }
  /// [vocabulary, H], which tied heads share.
  [[nodiscard]] const at::Tensor& word_embeddings() const { return words_; }

 private:
  struct Layer {
    Attention attention;
    LayerNorm attention_norm;
    Linear in, out;
    LayerNorm feed_forward_norm;
    Dropout attention_dropout, feed_forward_dropout;
  };
  [[nodiscard]] Layer make_layer(LayerMaker& maker, const EncoderNames& names, std::int64_t number) const;
  void check(const at::Tensor& ids) const;
  [[nodiscard]] at::Tensor embedded(const at::Tensor& ids, const at::Tensor& keep, const Pass& pass) const;
  [[nodiscard]] at::Tensor word_part(const at::Tensor& ids, const at::Tensor& keep) const;
  [[nodiscard]] at::Tensor position_part(const at::Tensor& ids) const;
  [[nodiscard]] at::Tensor feed_forward(const Layer& layer, const at::Tensor& x, const Pass& pass) const;
  [[nodiscard]] at::Tensor block(const Layer& layer, const at::Tensor& x, const KeyMask& mask, const Rotation* rotation,
                                 const BlockSparse* sparse, const Pass& pass, at::Tensor* probabilities) const;
  [[nodiscard]] bool is_sparse(std::int64_t length, const Trace* trace);

  EncoderSettings settings_;
  at::Tensor words_, positions_, types_, frequencies_;
  LayerNorm embedding_norm_, final_norm_;
  Dropout embedding_dropout_;
  std::vector<Layer> layers_;
  bool switched_to_full_ = false;
};

/// NAME with the layer's number in place of {}.
[[nodiscard]] std::string with_layer(const std::string& name, std::int64_t layer);

}  // namespace seqbench::models
