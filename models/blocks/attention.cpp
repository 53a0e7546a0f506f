#include "models/blocks/attention.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <limits>

#include "harness/base/error.h"

namespace seqbench::models {

at::Tensor KeyMask::broadcast() const {
  if (log_counts.defined()) return log_counts.view({1, 1, 1, -1});
  return keep_BL.defined() ? keep_BL.unsqueeze(1).unsqueeze(1) : at::Tensor();
}

Attention::Attention(LayerMaker& maker, const AttentionNames& names, std::int64_t width, std::int64_t heads, double dropout)
    : query_(maker.linear(names.query, width, width)),
      key_(maker.linear(names.key, width, width)),
      value_(maker.linear(names.value, width, width)),
      output_(maker.linear(names.output, width, width)),
      heads_(heads),
      dropout_(maker.dropout(names.query + ".probabilities", dropout)) {
  SEQBENCH_ASSERT(heads > 0 && width % heads == 0, "the width is a multiple of the heads");
}

Attention::Attention(Linear query, Linear key, Linear value, Linear output, std::int64_t heads, Dropout dropout)
    : query_(std::move(query)), key_(std::move(key)), value_(std::move(value)), output_(std::move(output)), heads_(heads), dropout_(std::move(dropout)) {
  SEQBENCH_ASSERT(heads > 0 && query_.weight.size(0) % heads == 0, "the width is a multiple of the heads");
}

at::Tensor Attention::heads_of(const at::Tensor& x_BLH) const {
  return x_BLH.view({x_BLH.size(0), x_BLH.size(1), heads_, x_BLH.size(2) / heads_}).transpose(1, 2);
}

at::Tensor Attention::spelled_out(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const KeyMask& mask,
                                  const Pass& pass, at::Tensor* probabilities) const {
  at::Tensor scores = at::matmul(q, k.transpose(-1, -2)).mul(1 / std::sqrt(static_cast<double>(q.size(-1))));
  if (mask.log_counts.defined()) {
    scores = scores.add(mask.broadcast());
  } else if (mask.keep_BL.defined()) {
    const bool single = scores.scalar_type() == at::kFloat;
    const double lowest = single ? std::numeric_limits<float>::lowest() : -3e38;
    scores = scores.masked_fill(mask.broadcast().logical_not(), lowest);
  }
  at::Tensor weights = at::softmax(scores, -1);
  if (probabilities != nullptr) *probabilities = weights;
  weights = dropout_(weights, pass);
  return at::matmul(weights.to(v.scalar_type()), v);
}

/// q [B, h, Q, d]; k, v [B, h, L, d] -> [B, h, Q, d].
at::Tensor Attention::dense(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const KeyMask& mask,
                            const Pass& pass, at::Tensor* probabilities) const {
  const double dropped = pass.training ? dropout_.probability() : 0;
  if (probabilities != nullptr || (q.is_cpu() && dropped > 0)) return spelled_out(q, k, v, mask, pass, probabilities);
  const at::Tensor seen = mask.broadcast();
  return at::scaled_dot_product_attention(q, k, v, seen.defined() ? std::optional(seen) : std::nullopt, dropped);
}

/// Of rows end to end: q [1, h, tokens that ask of all rows, d], `asking` of each; k, v [1, h, T, d] -> as q.
at::Tensor Attention::row_by_row(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                 const std::vector<std::int64_t>& asking, const KeyMask& mask, Pass pass) const {
  pass.lengths = {};
  const std::vector<std::int64_t>& lengths = mask.packing->lengths();
  const std::vector<at::Tensor> queries = q.split_with_sizes(asking, 2), keys = k.split_with_sizes(lengths, 2),
                                values = v.split_with_sizes(lengths, 2);
  std::vector<at::Tensor> counts(lengths.size()), contexts;
  if (mask.log_counts.defined()) counts = mask.log_counts.split_with_sizes(lengths, 0);
  for (std::size_t row = 0; row < lengths.size(); ++row) {
    const KeyMask own{.keep_BL = {}, .log_counts = counts[row]};
    contexts.push_back(lengths[row] == 0 ? at::zeros_like(queries[row]) : dense(queries[row], keys[row], values[row], own, pass, nullptr));
    ++pass.first_row;
  }
  return at::cat(contexts, 2);
}

at::Tensor Attention::operator()(const at::Tensor& x, const KeyMask& mask, const Rotation* rotation,
                                 const BlockSparse* sparse, const Pass& pass, at::Tensor* probabilities) const {
  SEQBENCH_ASSERT(rotation == nullptr || 2 * rotation->cos.size(1) * heads_ == x.size(2), "pairs of a head are turned");
  const auto placed = [&](const at::Tensor& y) { return heads_of(rotation != nullptr ? rotated(y, *rotation) : y); };
  const at::Tensor q = placed(query_(x, pass)), k = placed(key_(x, pass)), v = heads_of(value_(x, pass));
  at::Tensor context;
  if (sparse != nullptr) {
    context = block_sparse_attention(q, k, v, mask.keep_BL, *sparse);
  } else if (mask.packing != nullptr) {
    context = row_by_row(q, k, v, mask.packing->lengths(), mask, pass);
  } else {
    context = dense(q, k, v, mask, pass, probabilities);
  }
  return output_(context.transpose(1, 2).reshape(x.sizes()), pass);
}

at::Tensor Attention::across(const at::Tensor& x, const at::Tensor& memory, const KeyMask& mask, const Pass& pass) const {
  const at::Tensor k = heads_of(key_(memory, pass)), v = heads_of(value_(memory, pass));
  if (mask.packing == nullptr) {
    const at::Tensor context = dense(heads_of(query_(x, pass)), k, v, mask, pass, nullptr);
    return output_(context.transpose(1, 2).reshape(x.sizes()), pass);
  }
  const at::Tensor q = heads_of(query_(x.reshape({1, -1, x.size(2)}), pass));
  const at::Tensor context = row_by_row(q, k, v, std::vector<std::int64_t>(static_cast<std::size_t>(x.size(0)), x.size(1)), mask, pass);
  return output_(context.transpose(1, 2).reshape(x.sizes()), pass);
}

}  // namespace seqbench::models
