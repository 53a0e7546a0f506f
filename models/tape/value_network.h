#pragma once
// What the three networks of TAPE (Rao et al. 2019) share: its tokens, and the head of its value predictions. Architectures
// and starting values are those of its PyTorch code (songlab-cal/tape at 6d345c2, tape/models/), parameters are named as
// there; the published table is of an older TensorFlow code with other sizes.
// Letters: B rows, L tokens, W width, T targets.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/model.h"
#include "models/blocks/layers.h"
#include "models/blocks/lora.h"
#include "models/blocks/parameters.h"

namespace seqbench::models::tape {

inline constexpr std::int64_t kVocabulary = 30;
inline constexpr std::int64_t kPad = 0;

/// <cls> PROTEIN <sep> in TAPE's vocabulary: pad 0, mask 1, cls 2, sep 3, unk 4, then A to Z without J. A stop `*` and J,
/// which it has no token for, are read as unk; TAPE's own data have stops deleted. InputError for other characters.
/// `most` tokens at most, <cls> and <sep> included, of which there are two or more; 0: all.
[[nodiscard]] std::vector<std::int64_t> tokens_of(std::string_view protein, std::int64_t most = 0);

/// A Linear whose weight is g v / |v|, with the norm over the whole matrix (weight_norm with dim=None). It starts as
/// v uniform on 1/sqrt(in) and g = |v|, so that TAPE's own draws of `weight` never show; biases start as zeros.
struct NormedLinear {
  at::Tensor v;     // [out, in]
  at::Tensor g;     // []
  at::Tensor bias;  // [out]
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const;
};

class ValueNetwork : public Network {
 public:
  /// "input_ids" int64 [B, L] and "attention_mask" bool [B, L], padded to the longest of the rows.
  [[nodiscard]] Batch collate(const View& view, std::span<const std::int64_t> rows) const final;
  [[nodiscard]] at::Tensor forward(const Batch& batch, const Pass& pass) final;
  [[nodiscard]] std::vector<NamedTensor> parameters() final { return parameters_.tensors(); }
  [[nodiscard]] bool replayable(DeviceWork /*work*/) const override { return true; }
  /// All but names with bias, gamma, beta or LayerNorm in them (tape/utils/setup_utils.py): norms of other names decay.
  [[nodiscard]] bool decays(std::string_view parameter) const final;
  [[nodiscard]] std::vector<std::int64_t> lengths(const View& view, std::span<const std::int64_t> rows) const final;

 protected:
  /// InputError where 'max_length' leaves no place for the two tokens that are added.
  explicit ValueNetwork(const ModelContext& context);

  /// [B, W] of ids [B, L] and which of them are real [B, L].
  [[nodiscard]] virtual at::Tensor pooled(const at::Tensor& ids, const at::Tensor& keep, const Pass& pass) = 0;
  /// W -> 'head' units -> T; called last by a constructor.
  void add_head(const ModelContext& context, std::int64_t width);
  [[nodiscard]] LayerMaker& maker() { return maker_; }

 private:
  [[nodiscard]] NormedLinear normed_linear(const std::string& name, std::int64_t in, std::int64_t out);

  Streams streams_;
  std::int64_t max_length_;
  Lora no_adapters_;
  ParameterSet parameters_;
  LayerMaker maker_;
  NormedLinear hidden_, output_;
};

/// An entry with these parameters, then 'head' and 'max_length' and the recipe of all three: AdamW at 1e-4, decay 0.01, a
/// linear warm-up and fall, norm clipped to 1.
[[nodiscard]] ModelEntry tape_entry(std::vector<ParamSpec> sizes);
/// An integer of at least 1.
[[nodiscard]] ParamSpec count(const char* name, std::int64_t fallback, double high, const char* help);
[[nodiscard]] ParamSpec dropout(const char* name, const char* help);

}  // namespace seqbench::models::tape
