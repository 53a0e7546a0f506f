#include "models/blocks/swiglu.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/silu_backward.h>
#include <torch/csrc/autograd/custom_function.h>

#include "harness/base/error.h"

namespace seqbench::models {
namespace gate {
namespace {

at::Tensor first_half(const at::Tensor& x) { return x.narrow(-1, 0, x.size(-1) / 2); }
at::Tensor second_half(const at::Tensor& x) { return x.narrow(-1, x.size(-1) / 2, x.size(-1) / 2); }

at::Tensor outputs(const at::Tensor& x) { return at::silu(first_half(x)).mul_(second_half(x)); }

class Swiglu : public torch::autograd::Function<Swiglu> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x) {
    context->save_for_backward({x});
    return outputs(x);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, const torch::autograd::variable_list& gradients) {
    SEQBENCH_ASSERT(!at::GradMode::is_enabled(), "there is no second derivative");
    const at::Tensor x = context->get_saved_variables()[0], of_x = at::empty_like(x);
    at::Tensor of_first = first_half(of_x), of_second = second_half(of_x);
    at::mul_out(of_second, gradients[0], at::silu(first_half(x)));
    at::silu_backward_out(of_first, gradients[0].mul(second_half(x)), first_half(x));
    return {of_x};
  }
};

}  // namespace
}  // namespace gate

at::Tensor plain_swiglu(const at::Tensor& x) { return at::silu(gate::first_half(x)).mul(gate::second_half(x)); }

at::Tensor swiglu(const at::Tensor& x) {
  SEQBENCH_ASSERT(x.size(-1) % 2 == 0, "two halves");
  return at::GradMode::is_enabled() ? gate::Swiglu::apply(x) : gate::outputs(x);
}

}  // namespace seqbench::models
