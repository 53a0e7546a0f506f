#include "models/blocks/product.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv1d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/threshold_backward.h>
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

/// What layer `member` reads of x, or writes of y.
at::Tensor part(const at::Tensor& x, std::int64_t width, std::size_t member) {
  return x.size(1) == width ? x : x.narrow(1, static_cast<std::int64_t>(member) * width, width);
}

at::Tensor joined(const std::vector<at::Tensor>& parts) { return parts.size() == 1 ? parts[0] : at::cat(parts, 1); }

/// a [m, k] b [k, n] -> [m, n].
at::Tensor matrix_product(const at::Tensor& a, const at::Tensor& b, bool one_dnn) { return one_dnn ? multiplied(a, b.t(), {}) : at::mm(a, b); }

class SideBySide : public torch::autograd::Function<SideBySide> {
 public:
  static at::Tensor outputs(const at::Tensor& x, at::TensorList weights, at::TensorList biases, bool relu, bool one_dnn) {
    const std::int64_t in = weights[0].size(1), out = weights[0].size(0);
    at::Tensor y;
    if (one_dnn) {
      std::vector<at::Tensor> parts;
      for (std::size_t m = 0; m < weights.size(); ++m) parts.push_back(multiplied(part(x, in, m), weights[m], biases[m]));
      y = joined(parts);
    } else {
      y = at::empty({x.size(0), static_cast<std::int64_t>(weights.size()) * out}, x.options());
      for (std::size_t m = 0; m < weights.size(); ++m) {
        at::Tensor into = part(y, out, m);
        at::addmm_out(into, biases[m], part(x, in, m), weights[m].t());
      }
    }
    return relu ? y.relu_() : y;
  }

  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, at::TensorList weights, at::TensorList biases,
                            bool relu, bool one_dnn) {
    const at::AutoDispatchBelowADInplaceOrView plain;
    at::Tensor y = outputs(x, weights, biases, relu, one_dnn);
    torch::autograd::variable_list saved{x, relu ? y : at::Tensor()};
    saved.insert(saved.end(), weights.begin(), weights.end());
    context->save_for_backward(std::move(saved));
    context->saved_data["one_dnn"] = one_dnn;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, const torch::autograd::variable_list& gradients) {
    SEQBENCH_ASSERT(!at::GradMode::is_enabled(), "there is no second derivative");
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const at::AutoDispatchBelowADInplaceOrView plain;
    const at::Tensor &x = saved[0], &y = saved[1];
    const bool one_dnn = context->saved_data["one_dnn"].toBool();
    const std::size_t layers = saved.size() - 2;
    const std::int64_t in = saved[2].size(1), out = saved[2].size(0);
    const at::Tensor of_y = y.defined() ? at::threshold_backward(gradients[0], y, 0) : gradients[0].contiguous();
    const at::Tensor of_biases = of_y.sum(0);
    torch::autograd::variable_list of_inputs(1 + 2 * layers + 2);  // of x, weights, biases, and the two that are no tensors
    std::vector<at::Tensor> of_x;
    for (std::size_t m = 0; m < layers; ++m) {
      const at::Tensor of_part = part(of_y, out, m);
      if (context->needs_input_grad(1 + m)) of_inputs[1 + m] = matrix_product(of_part.t(), part(x, in, m), one_dnn);
      if (context->needs_input_grad(1 + layers + m)) of_inputs[1 + layers + m] = of_biases.narrow(0, static_cast<std::int64_t>(m) * out, out);
      if (context->needs_input_grad(0)) of_x.push_back(matrix_product(of_part, saved[2 + m], one_dnn));
    }
    if (!of_x.empty()) of_inputs[0] = x.size(1) == in ? sum_of(of_x) : joined(of_x);
    return of_inputs;
  }

 private:
  static at::Tensor sum_of(const std::vector<at::Tensor>& parts) {
    at::Tensor sum = parts[0];
    for (std::size_t m = 1; m < parts.size(); ++m) sum = sum.add(parts[m]);
    return sum;
  }
};

void check_side_by_side(const at::Tensor& x, std::span<const Affine> layers) {
  SEQBENCH_ASSERT(!layers.empty() && x.dim() == 2, "rows for a layer or more");
  const std::int64_t in = layers[0].weight.size(1);
  SEQBENCH_ASSERT(x.size(1) == in || x.size(1) == in * static_cast<std::int64_t>(layers.size()), "each layer has its inputs");
  for (const Affine& layer : layers) SEQBENCH_ASSERT(layer.weight.sizes() == layers[0].weight.sizes(), "the layers are of one form");
}

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

at::Tensor side_by_side(const at::Tensor& x, std::span<const Affine> layers, bool relu, bool one_dnn) {
  product::check_side_by_side(x, layers);
  if (!x.is_cpu() || at::autocast::is_autocast_enabled(at::kCPU)) {
    std::vector<at::Tensor> outputs;
    for (std::size_t m = 0; m < layers.size(); ++m) {
      outputs.push_back(at::linear(product::part(x, layers[m].weight.size(1), m), layers[m].weight, layers[m].bias));
    }
    return relu ? at::relu(product::joined(outputs)) : product::joined(outputs);
  }
  std::vector<at::Tensor> weights, biases;
  for (const Affine& layer : layers) {
    weights.push_back(layer.weight);
    biases.push_back(layer.bias);
  }
  if (!at::GradMode::is_enabled()) return product::SideBySide::outputs(x, weights, biases, relu, one_dnn);
  return product::SideBySide::apply(x, at::TensorList(weights), at::TensorList(biases), relu, one_dnn);
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
