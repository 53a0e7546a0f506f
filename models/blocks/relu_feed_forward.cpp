#include "models/blocks/relu_feed_forward.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/vectors.h"
#include "models/blocks/product.h"

namespace seqbench::models {
namespace feed_forward {
namespace {

constexpr std::int64_t kTokens = 256;  // whose hidden units are held in cache

inline float rectified(float x) { return x < 0.0F ? 0.0F : x; }  // NaN stays NaN

/// to[i] is max(to[i], 0) times kept[i].
SEQBENCH_VECTOR_CLONES
void rectify(const float* __restrict kept, std::int64_t count, float* __restrict to) {
  for (; count >= kVectorRun; count -= kVectorRun, kept += kVectorRun, to += kVectorRun) {
    for (std::int64_t i = 0; i < kVectorRun; ++i) to[i] = rectified(to[i]) * kept[i];
  }
  for (std::int64_t i = 0; i < count; ++i) to[i] = rectified(to[i]) * kept[i];
}

/// to[i] is to[i] times `scale` where unit i passed, else 0: what was dropped is 0 as what was rectified is.
SEQBENCH_VECTOR_CLONES
void rectify_gradient(const float* __restrict units, float scale, std::int64_t count, float* __restrict to) {
  for (; count >= kVectorRun; count -= kVectorRun, units += kVectorRun, to += kVectorRun) {
    for (std::int64_t i = 0; i < kVectorRun; ++i) to[i] = to[i] * (units[i] <= 0.0F ? 0.0F : scale);
  }
  for (std::int64_t i = 0; i < count; ++i) to[i] = to[i] * (units[i] <= 0.0F ? 0.0F : scale);
}

/// Which masks the hidden units of a step get.
struct Dropping {
  const Dropout& dropout;
  const Pass& pass;
  std::int64_t row_tokens;  // L

  [[nodiscard]] bool active() const { return pass.training && dropout.probability() > 0; }
  /// units [n, F], of tokens `first` ... of all rows; both ends of a piece of a row are multiples of F.
  void rectify_units(const at::Tensor& units, std::int64_t first) const {
    const std::int64_t width = units.size(1);
    auto* data = units.mutable_data_ptr<float>();
    at::parallel_for(0, units.size(0), 8, [&](std::int64_t begin, std::int64_t end) {
      std::vector<float> kept(static_cast<std::size_t>(width));
      for (std::int64_t token = begin; token < end; ++token) {
        dropout.draw(pass, (first + token) / row_tokens, (first + token) % row_tokens * width, kept);
        rectify(kept.data(), width, data + token * width);
      }
    });
  }
};

class FeedForward : public torch::autograd::Function<FeedForward> {
 public:
  /// x [N, H] -> [N, H]; hidden units [n, F] of each piece are appended to `kept` where it is not null.
  static at::Tensor outputs(const at::Tensor& x, const Affine& in, const Affine& out, const Dropping& dropping, std::vector<at::Tensor>* kept) {
    std::vector<at::Tensor> pieces;
    for (std::int64_t first = 0; first < x.size(0); first += kTokens) {
      const at::Tensor units = models::linear(x.narrow(0, first, std::min(kTokens, x.size(0) - first)), in.weight, in.bias);
      if (dropping.active()) dropping.rectify_units(units, first);
      else units.relu_();
      pieces.push_back(models::linear(units, out.weight, out.bias));
      if (kept != nullptr) kept->push_back(units);
    }
    return at::cat(pieces, 0);
  }

  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& in_weight,
                            const at::Tensor& in_bias, const at::Tensor& out_weight, const at::Tensor& out_bias, const Dropping& dropping) {
    torch::autograd::variable_list saved{x, in_weight, out_weight};
    at::Tensor y = outputs(x, {in_weight, in_bias}, {out_weight, out_bias}, dropping, &saved);
    context->save_for_backward(std::move(saved));
    context->saved_data["scale"] = dropping.active() ? 1 / (1 - dropping.dropout.probability()) : 1.0;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, const torch::autograd::variable_list& gradients) {
    SEQBENCH_ASSERT(!at::GradMode::is_enabled(), "there is no second derivative");
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &in_weight = saved[1], &out_weight = saved[2];
    const auto scale = static_cast<float>(context->saved_data["scale"].toDouble());
    const at::Tensor of_y = gradients[0].contiguous();
    at::Tensor of_in = at::zeros_like(in_weight), of_out = at::zeros_like(out_weight), of_bias = at::zeros_like(in_weight.select(1, 0));
    std::vector<at::Tensor> of_x;
    for (std::size_t piece = 3; piece < saved.size(); ++piece) {
      const at::Tensor& units = saved[piece];
      const std::int64_t first = static_cast<std::int64_t>(piece - 3) * kTokens;
      const at::Tensor of_piece = of_y.narrow(0, first, units.size(0)), x_piece = x.narrow(0, first, units.size(0));
      const at::Tensor of_units = models::linear(of_piece, out_weight.t());
      rectify_all(units, scale, of_units);
      add_product(of_piece.t(), units, of_out);
      add_product(of_units.t(), x_piece, of_in);
      of_bias.add_(of_units.sum(0));
      if (context->needs_input_grad(0)) of_x.push_back(models::linear(of_units, in_weight.t()));
    }
    return {of_x.empty() ? at::Tensor() : at::cat(of_x, 0), of_in, of_bias, of_out, of_y.sum(0), at::Tensor()};
  }

 private:
  static void rectify_all(const at::Tensor& units, float scale, const at::Tensor& to) {
    const auto* from = units.const_data_ptr<float>();
    auto* data = to.mutable_data_ptr<float>();
    at::parallel_for(0, units.numel(), 16 * 1024, [&](std::int64_t begin, std::int64_t end) { rectify_gradient(from + begin, scale, end - begin, data + begin); });
  }
};

/// Masks are drawn by blocks of four, and for rows of one length.
bool draws(const Dropping& dropping, const Linear& in) { return in.weight.size(0) % 4 == 0 && dropping.pass.lengths.empty(); }

bool fits(const at::Tensor& x, const Linear& in, const Linear& out, const Dropping& dropping) {
  const bool plain = in.bias.defined() && out.bias.defined() && !in.lora_a.defined() && !out.lora_a.defined();
  return plain && x.dim() == 3 && x.numel() > 0 && x.is_cpu() && x.scalar_type() == at::kFloat && in.weight.scalar_type() == at::kFloat &&
         !at::autocast::is_autocast_enabled(at::kCPU) && (!dropping.active() || draws(dropping, in));
}

}  // namespace
}  // namespace feed_forward

at::Tensor plain_relu_feed_forward(const at::Tensor& x, const Linear& in, const Linear& out, const Dropout& dropout, const Pass& pass) {
  return out(dropout(activate(Activation::kRelu, in(x, pass)), pass), pass);
}

at::Tensor relu_feed_forward(const at::Tensor& x, const Linear& in, const Linear& out, const Dropout& dropout, const Pass& pass) {
  const feed_forward::Dropping dropping{dropout, pass, x.dim() == 3 ? x.size(1) : 1};
  if (!feed_forward::fits(x, in, out, dropping)) return plain_relu_feed_forward(x, in, out, dropout, pass);
  const at::Tensor tokens = x.reshape({-1, x.size(-1)});
  if (!at::GradMode::is_enabled()) {
    return feed_forward::FeedForward::outputs(tokens, {in.weight, in.bias}, {out.weight, out.bias}, dropping, nullptr).view(x.sizes());
  }
  return feed_forward::FeedForward::apply(tokens, in.weight, in.bias, out.weight, out.bias, dropping).view(x.sizes());
}

}  // namespace seqbench::models
