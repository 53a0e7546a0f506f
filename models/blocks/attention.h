#pragma once
// Multi-head attention (Vaswani et al. 2017), of a text to itself or to another, with rotary positions (Su et al. 2021) where
// asked for. One block for all families: they differ in names and in what stands around it.
// Letters: B rows, L tokens, Q tokens that ask, H width, h heads, d = H / h, T tokens of all rows end to end.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "models/blocks/block_sparse.h"
#include "models/blocks/layers.h"
#include "models/blocks/packing.h"
#include "models/blocks/rotation.h"

namespace seqbench::models {

struct AttentionNames {
  std::string query, key, value, output;
};

/// Which keys may be seen: undefined = all; else bool [B, L], true at real tokens. Rows end to end see their own.
struct KeyMask {
  at::Tensor keep_BL;
  const Packing* packing = nullptr;
  /// [T], of rows end to end, or undefined: a key counts as if it stood there exp(log_counts) times.
  at::Tensor log_counts = {};
  /// [B, 1, 1, L], or undefined.
  [[nodiscard]] at::Tensor broadcast() const;
};

class Attention {
 public:
  Attention(LayerMaker& maker, const AttentionNames& names, std::int64_t width, std::int64_t heads, double dropout);
  Attention(Linear query, Linear key, Linear value, Linear output, std::int64_t heads, Dropout dropout);

  /// x [B, L, H] -> [B, L, H], the output projection included. `rotation`: of L tokens, or null. Of rows end to end B is 1 and L
  /// all tokens.
  /// `sparse`: undefined = every query sees every key. `probabilities` not null: set to [B, h, L, L].
  [[nodiscard]] at::Tensor operator()(const at::Tensor& x, const KeyMask& mask, const Rotation* rotation,
                                      const BlockSparse* sparse, const Pass& pass, at::Tensor* probabilities) const;
  /// x [B, Q, H] asks memory [B, L, H], or [1, T, H] of rows end to end -> [B, Q, H].
  [[nodiscard]] at::Tensor across(const at::Tensor& x, const at::Tensor& memory, const KeyMask& mask, const Pass& pass) const;

 private:
  [[nodiscard]] at::Tensor heads_of(const at::Tensor& x_BLH) const;
  [[nodiscard]] at::Tensor dense(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const KeyMask& mask,
                                 const Pass& pass, at::Tensor* probabilities) const;
  [[nodiscard]] at::Tensor row_by_row(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                      const std::vector<std::int64_t>& asking, const KeyMask& mask, Pass pass) const;
  [[nodiscard]] at::Tensor spelled_out(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const KeyMask& mask,
                                       const Pass& pass, at::Tensor* probabilities) const;

  Linear query_, key_, value_, output_;
  std::int64_t heads_;
  Dropout dropout_;
};

}  // namespace seqbench::models
