#include "models/blocks/product.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv1d.h>
#include <ATen/ops/linear.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace seqbench::models {
namespace product {
namespace {

using OneDnn = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&, std::string_view,
                          c10::List<std::optional<at::Scalar>>, std::optional<std::string_view>);

/// Below this many multiplications its calls cost more than they save.
constexpr std::int64_t kLeastWork = 1'000'000;

const std::optional<c10::OperatorHandle>& one_dnn_linear() {
  static const std::optional<c10::OperatorHandle> kFound = c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
  return kFound;
}

bool fits(const at::Tensor& x, const at::Tensor& weight) {
  return x.numel() * weight.size(0) >= kLeastWork && x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat && x.is_cpu() &&
         !at::autocast::is_autocast_enabled(at::kCPU) && at::globalContext().userEnabledMkldnn() && one_dnn_linear();
}

/// What is neither dense nor the transpose of something dense takes oneDNN a hundred times as long.
at::Tensor dense(const at::Tensor& x) { return x.is_contiguous() || (x.dim() == 2 && x.t().is_contiguous()) ? x : x.contiguous(); }

/// x [..., in] weight^T [in, out]; either may be a transposed view.
at::Tensor multiplied(const at::Tensor& x, const at::Tensor& weight, const std::optional<at::Tensor>& bias) {
  if (!fits(x, weight)) return at::linear(x, weight, bias);
  return one_dnn_linear()->typed<OneDnn>().call(dense(x), dense(weight), bias, "none", c10::List<std::optional<at::Scalar>>(), std::nullopt);
}

at::Tensor rows_of(const at::Tensor& x) { return x.reshape({-1, x.size(-1)}); }

/// y [rows, out], x [rows, in] -> [out, in], laid out as the weight is: a gradient laid out otherwise would be copied.
at::Tensor gradient_of(const at::Tensor& weight, const at::Tensor& y, const at::Tensor& x) {
  return weight.is_contiguous() ? multiplied(y.t(), x.t(), {}) : multiplied(x.t(), y.t(), {}).t();
}

class Linear : public torch::autograd::Function<Linear> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias) {
    context->save_for_backward({x, weight});
    context->saved_data["bias"] = bias.has_value();
    return multiplied(x, weight, bias);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const at::Tensor y = rows_of(gradients[0]);
    at::Tensor of_x, of_weight, of_bias;
    if (context->needs_input_grad(0)) of_x = multiplied(y, weight.t(), {}).view(x.sizes());
    if (context->needs_input_grad(1)) of_weight = gradient_of(weight, y, rows_of(x));
    if (context->saved_data["bias"].toBool() && context->needs_input_grad(2)) of_bias = y.sum(0);
    return {of_x, of_weight, of_bias};
  }
};

}  // namespace
}  // namespace product

/// MKL uses AVX2 alone on AMD's processors: with AVX-512 (Zen 5) oneDNN took half of MKL's time, without (Zen 3) up to 1.8 times MKL's.
bool one_dnn_pays() {
#if defined(__x86_64__)
  static const bool kPays = __builtin_cpu_is("amd") && __builtin_cpu_supports("avx512f");
  return kPays;
#else
  return false;
#endif
}

void add_product(const at::Tensor& a, const at::Tensor& b, const at::Tensor& sum) {
  if (one_dnn_pays()) sum.add_(product::multiplied(a, b.t(), {}));
  else sum.addmm_(a, b);
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (one_dnn_pays()) return linear_by_one_dnn(x, weight, bias);
  return at::linear(x, weight, bias.defined() ? std::optional(bias) : std::nullopt);
}

at::Tensor linear_by_one_dnn(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const std::optional<at::Tensor> given = bias.defined() ? std::optional(bias) : std::nullopt;
  if (!product::fits(x, weight)) return at::linear(x, weight, given);
  if (at::GradMode::is_enabled()) return product::Linear::apply(x, weight, given);
  return product::multiplied(x, weight, given);
}

at::Tensor convolution(const at::Tensor& x_BCL, const at::Tensor& weight_OCK, const at::Tensor& bias_O) {
  const std::int64_t kernel = weight_OCK.size(2), half = kernel / 2;
  if (x_BCL.is_cpu()) return at::conv1d(x_BCL, weight_OCK, bias_O, 1, half);
  const at::Tensor windows_BCLK = at::constant_pad_nd(x_BCL, {half, half}).unfold(2, kernel, 1);
  const at::Tensor rows_BLJ = windows_BCLK.permute({0, 2, 1, 3}).flatten(2);
  return at::linear(rows_BLJ, weight_OCK.flatten(1), bias_O).transpose(1, 2);
}

}  // namespace seqbench::models
