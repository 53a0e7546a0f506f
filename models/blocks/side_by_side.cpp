#include "models/blocks/side_by_side.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/threshold_backward.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <vector>

#include "harness/base/error.h"

/// BLAS, as LibTorch brings it for its own products: called for parts of tensors without a tensor for each. Null where it is not.
extern "C" [[gnu::weak]] void sgemm_(const char* transposed_a, const char* transposed_b, const int* m, const int* n, const int* k,
                                     const float* alpha, const float* a, const int* stride_a, const float* b, const int* stride_b,
                                     const float* beta, float* c, const int* stride_c);

namespace seqbench::models {
namespace layers_in_one {
namespace {

/// What layer `member` reads of x, or writes of y.
at::Tensor part(const at::Tensor& x, std::int64_t width, std::size_t member) {
  return x.size(1) == width ? x : x.narrow(1, static_cast<std::int64_t>(member) * width, width);
}

at::Tensor joined(const std::vector<at::Tensor>& parts) { return parts.size() == 1 ? parts[0] : at::cat(parts, 1); }

/// How wide the layers are, and where in a row what layer m reads begins.
struct Shape {
  std::int64_t rows, in, out, layers;
  bool shared;

  Shape(const at::Tensor& x, at::TensorList weights)
      : rows(x.size(0)), in(weights[0].size(1)), out(weights[0].size(0)), layers(static_cast<std::int64_t>(weights.size())), shared(x.size(1) == in) {}
  [[nodiscard]] std::int64_t read() const { return shared ? in : layers * in; }
  [[nodiscard]] std::int64_t written() const { return layers * out; }
  [[nodiscard]] std::int64_t begin(std::int64_t m) const { return shared ? 0 : m * in; }
};

/// Rows, `stride` numbers apart; transposed: the factor's columns.
struct Factor {
  const float* data;
  std::int64_t stride;
  bool transposed = false;
};

/// c [m, n], rows `stride` apart, = a [m, k] b [k, n], or c + a b. As at::mm and at::addmm call it, to the bit: rows are the columns of
/// BLAS, but for a tensor of one column.
void multiply(const Factor& a, const Factor& b, const std::array<std::int64_t, 3>& mnk, bool added, float* c, std::int64_t stride) {
  const auto whole = [](std::int64_t value) { return static_cast<int>(value); };
  const int m = whole(mnk[0]), n = whole(mnk[1]), k = whole(mnk[2]);
  const int stride_a = whole(a.stride), stride_b = whole(b.stride), stride_c = whole(stride);
  const float one = 1, beta = added ? 1 : 0;
  if (n == 1 && stride == 1) {
    sgemm_(a.transposed ? "N" : "T", b.transposed ? "N" : "T", &m, &n, &k, &one, a.data, &stride_a, b.data, &stride_b, &beta, c, &m);
    return;
  }
  sgemm_(b.transposed ? "T" : "N", a.transposed ? "T" : "N", &n, &m, &k, &one, b.data, &stride_b, a.data, &stride_a, &beta, c, &stride_c);
}

/// Whether BLAS can be given them as they are.
bool by_blas(const at::Tensor& x, at::TensorList weights) {
  const auto fits = [](const at::Tensor& tensor) {
    return tensor.scalar_type() == at::kFloat && tensor.is_cpu() && tensor.is_contiguous() && tensor.numel() > 0 && tensor.numel() <= std::numeric_limits<int>::max();
  };
  return sgemm_ != nullptr && fits(x) && std::ranges::all_of(weights, fits);
}

at::Tensor outputs_by_blas(const at::Tensor& x, at::TensorList weights, at::TensorList biases) {
  const Shape shape(x, weights);
  at::Tensor y = at::empty({shape.rows, shape.written()}, x.options());
  for (std::int64_t m = 0; m < shape.layers; ++m) {
    const auto layer = static_cast<std::size_t>(m);
    float* const to = y.mutable_data_ptr<float>() + m * shape.out;
    const at::Tensor dense = biases[layer].contiguous();
    const auto* bias = dense.const_data_ptr<float>();
    for (std::int64_t row = 0; row < shape.rows; ++row) std::copy_n(bias, shape.out, to + row * shape.written());
    multiply({x.const_data_ptr<float>() + shape.begin(m), shape.read()}, {weights[layer].const_data_ptr<float>(), shape.in, true},
             {shape.rows, shape.out, shape.in}, true, to, shape.written());
  }
  return y;
}

at::Tensor outputs_by_parts(const at::Tensor& x, at::TensorList weights, at::TensorList biases, bool one_dnn) {
  const Shape shape(x, weights);
  std::vector<at::Tensor> parts;
  at::Tensor y = one_dnn ? at::Tensor() : at::empty({shape.rows, shape.written()}, x.options());
  for (std::size_t m = 0; m < weights.size(); ++m) {
    const at::Tensor read = part(x, shape.in, m);
    if (one_dnn) {
      parts.push_back(linear_by_one_dnn(read, weights[m], biases[m]));
    } else {
      at::Tensor into = part(y, shape.out, m);
      at::addmm_out(into, biases[m], read, weights[m].t());
    }
  }
  return one_dnn ? joined(parts) : y;
}

at::Tensor outputs(const at::Tensor& x, at::TensorList weights, at::TensorList biases, bool relu, bool one_dnn) {
  const at::Tensor y = !one_dnn && by_blas(x, weights) ? outputs_by_blas(x, weights, biases) : outputs_by_parts(x, weights, biases, one_dnn);
  return relu ? y.relu_() : y;
}

/// Which gradients are asked for.
struct Asked {
  bool x;
  std::vector<bool> weights;
};

/// Those: undefined where not asked for.
struct Gradients {
  at::Tensor x;
  std::vector<at::Tensor> weights;
};

/// Not of an x that several layers share: their parts of its gradient are to be added up.
Gradients gradients_by_blas(const at::Tensor& of_y, const at::Tensor& x, at::TensorList weights, const Asked& asked) {
  const Shape shape(x, weights);
  Gradients of{asked.x ? at::empty_like(x) : at::Tensor(), std::vector<at::Tensor>(weights.size())};
  for (std::int64_t m = 0; m < shape.layers; ++m) {
    const auto layer = static_cast<std::size_t>(m);
    const float* const from = of_y.const_data_ptr<float>() + m * shape.out;
    if (asked.weights[layer]) {
      of.weights[layer] = at::empty_like(weights[layer]);
      multiply({from, shape.written(), true}, {x.const_data_ptr<float>() + shape.begin(m), shape.read()}, {shape.out, shape.in, shape.rows}, false,
               of.weights[layer].mutable_data_ptr<float>(), shape.in);
    }
    if (asked.x) {
      multiply({from, shape.written()}, {weights[layer].const_data_ptr<float>(), shape.in}, {shape.rows, shape.in, shape.out}, false,
               of.x.mutable_data_ptr<float>() + shape.begin(m), shape.read());
    }
  }
  return of;
}

/// a [m, k] b [k, n] -> [m, n].
at::Tensor product_of(const at::Tensor& a, const at::Tensor& b, bool one_dnn) { return one_dnn ? linear_by_one_dnn(a, b.t()) : at::mm(a, b); }

Gradients gradients_by_parts(const at::Tensor& of_y, const at::Tensor& x, at::TensorList weights, const Asked& asked, bool one_dnn) {
  const Shape shape(x, weights);
  Gradients of{{}, std::vector<at::Tensor>(weights.size())};
  std::vector<at::Tensor> of_x;
  for (std::size_t m = 0; m < weights.size(); ++m) {
    const at::Tensor of_part = part(of_y, shape.out, m);
    if (asked.weights[m]) of.weights[m] = product_of(of_part.t(), part(x, shape.in, m), one_dnn);
    if (asked.x) of_x.push_back(product_of(of_part, weights[m], one_dnn));
  }
  if (!asked.x) return of;
  of.x = shape.shared ? of_x[0] : joined(of_x);
  for (std::size_t m = 1; shape.shared && m < of_x.size(); ++m) of.x = of.x.add(of_x[m]);
  return of;
}

class SideBySide : public torch::autograd::Function<SideBySide> {
 public:
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
    const at::TensorList weights = at::TensorList(saved).slice(2);
    const at::Tensor of_y = (y.defined() ? at::threshold_backward(gradients[0], y, 0) : gradients[0]).contiguous();
    Asked asked{context->needs_input_grad(0), {}};
    for (std::size_t m = 0; m < weights.size(); ++m) asked.weights.push_back(context->needs_input_grad(1 + m));
    Gradients of = gradients_of(of_y, x, weights, asked, context->saved_data["one_dnn"].toBool());
    const at::Tensor of_biases = of_y.sum(0);
    torch::autograd::variable_list of_inputs{of.x};
    std::ranges::move(of.weights, std::back_inserter(of_inputs));
    const std::int64_t out = weights[0].size(0);
    for (std::size_t m = 0; m < weights.size(); ++m) of_inputs.push_back(of_biases.narrow(0, static_cast<std::int64_t>(m) * out, out));
    of_inputs.resize(of_inputs.size() + 2);  // the two that are no tensors
    return of_inputs;
  }

 private:
  static Gradients gradients_of(const at::Tensor& of_y, const at::Tensor& x, at::TensorList weights, const Asked& asked, bool one_dnn) {
    const bool summed = asked.x && weights.size() > 1 && x.size(1) == weights[0].size(1);
    return one_dnn || summed || !by_blas(x, weights) ? gradients_by_parts(of_y, x, weights, asked, one_dnn) : gradients_by_blas(of_y, x, weights, asked);
  }
};

void check(const at::Tensor& x, std::span<const Affine> layers) {
  SEQBENCH_ASSERT(!layers.empty() && x.dim() == 2, "rows for a layer or more");
  const std::int64_t in = layers[0].weight.size(1);
  SEQBENCH_ASSERT(x.size(1) == in || x.size(1) == in * static_cast<std::int64_t>(layers.size()), "each layer has its inputs");
  for (const Affine& layer : layers) {
    SEQBENCH_ASSERT(layer.weight.sizes() == layers[0].weight.sizes() && layer.bias.dim() == 1 && layer.bias.size(0) == layer.weight.size(0),
                    "the layers are of one form");
  }
}

}  // namespace
}  // namespace layers_in_one

at::Tensor side_by_side(const at::Tensor& x, std::span<const Affine> layers, bool relu, bool one_dnn) {
  namespace own = layers_in_one;
  own::check(x, layers);
  if (!x.is_cpu() || at::autocast::is_autocast_enabled(at::kCPU)) {
    std::vector<at::Tensor> outputs;
    for (std::size_t m = 0; m < layers.size(); ++m) {
      outputs.push_back(at::linear(own::part(x, layers[m].weight.size(1), m), layers[m].weight, layers[m].bias));
    }
    return relu ? at::relu(own::joined(outputs)) : own::joined(outputs);
  }
  std::vector<at::Tensor> weights, biases;
  for (const Affine& layer : layers) {
    weights.push_back(layer.weight);
    biases.push_back(layer.bias);
  }
  if (!at::GradMode::is_enabled()) return own::outputs(x, weights, biases, relu, one_dnn);
  return own::SideBySide::apply(x, at::TensorList(weights), at::TensorList(biases), relu, one_dnn);
}

}  // namespace seqbench::models
