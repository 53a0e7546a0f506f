#include "harness/train/optimizer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <type_traits>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/train/adam.h"
#include "harness/train/named_tensors.h"

namespace seqbench::train {
namespace optimizer {
namespace {

using torch::optim::AdamParamState;
using torch::optim::AdamWParamState;
using torch::optim::SGDParamState;

template <typename Options>
Options adam_options(const FitSettings& settings) {
  return Options(settings.learning_rate)
      .betas({settings.beta1, settings.beta2})
      .eps(settings.eps)
      .weight_decay(settings.weight_decay);
}

using Groups = std::vector<torch::optim::OptimizerParamGroup>;

std::unique_ptr<torch::optim::Optimizer> make(const FitSettings& settings, const Groups& tensors) {
  if (settings.optimizer == "adam") {
    return std::make_unique<torch::optim::Adam>(tensors, adam_options<torch::optim::AdamOptions>(settings));
  }
  if (settings.optimizer == "adamw") {
    return std::make_unique<torch::optim::AdamW>(tensors, adam_options<torch::optim::AdamWOptions>(settings));
  }
  if (settings.optimizer == "sgd") {
    auto options = torch::optim::SGDOptions(settings.learning_rate);
    options.momentum(settings.momentum).weight_decay(settings.weight_decay);
    return std::make_unique<torch::optim::SGD>(tensors, options);
  }
  throw InputError(fmt::format("'train.optimizer' must be one of adam, adamw, sgd, got \"{}\"",
                               printable(settings.optimizer)));
}

template <typename State>
std::unique_ptr<torch::optim::OptimizerParamState> zero_adam(const at::Tensor& parameter) {
  auto state = std::make_unique<State>();
  state->step(0);
  state->exp_avg(at::zeros_like(parameter));
  state->exp_avg_sq(at::zeros_like(parameter));
  return state;
}

std::unique_ptr<torch::optim::OptimizerParamState> zero_state(const FitSettings& settings,
                                                              const at::Tensor& parameter) {
  if (settings.optimizer == "adam") return zero_adam<AdamParamState>(parameter);
  if (settings.optimizer == "adamw") return zero_adam<AdamWParamState>(parameter);
  const bool cycled = settings.schedule == "one_cycle" && settings.cycle_momentum;
  if (settings.momentum == 0 && !cycled) return nullptr;
  auto state = std::make_unique<SGDParamState>();
  state->momentum_buffer(at::zeros_like(parameter));
  return state;
}

template <typename State>
void export_adam(const State& state, const std::string& name, std::vector<NamedTensor>& into) {
  into.push_back({name + "/exp_avg", state.exp_avg()});
  into.push_back({name + "/exp_avg_sq", state.exp_avg_sq()});
  into.push_back({name + "/step", at::scalar_tensor(state.step(), at::kLong)});
}

void export_state(const torch::optim::OptimizerParamState& state, const std::string& name,
                  std::vector<NamedTensor>& into) {
  if (const auto* adam = dynamic_cast<const AdamParamState*>(&state)) return export_adam(*adam, name, into);
  if (const auto* adamw = dynamic_cast<const AdamWParamState*>(&state)) return export_adam(*adamw, name, into);
  into.push_back({name + "/momentum_buffer", dynamic_cast<const SGDParamState&>(state).momentum_buffer()});
}

void set_step(torch::optim::OptimizerParamState& state, std::int64_t step) {
  if (auto* adam = dynamic_cast<AdamParamState*>(&state)) adam->step(step);
  if (auto* adamw = dynamic_cast<AdamWParamState*>(&state)) adamw->step(step);
}

template <typename Options>
void stop_decay(torch::optim::OptimizerOptions& options) {
  if (auto* own = dynamic_cast<Options*>(&options)) own->weight_decay(0);
}

template <typename Options>
void set_beta1(torch::optim::OptimizerOptions& options, double beta1) {
  if (auto* own = dynamic_cast<Options*>(&options)) own->betas({beta1, std::get<1>(own->betas())});
}

void set_momentum(torch::optim::OptimizerOptions& options, double momentum) {
  set_beta1<torch::optim::AdamOptions>(options, momentum);
  set_beta1<torch::optim::AdamWOptions>(options, momentum);
  if (auto* sgd = dynamic_cast<torch::optim::SGDOptions*>(&options)) sgd->momentum(momentum);
}

/// What the fused operators take.
struct Lists {
  std::vector<at::Tensor> parameters, gradients, means, squares, steps;

  /// `count`: the number of its step, of which those that are alike share a tensor.
  void add(AdamState state, std::int64_t count) {
    if (steps.empty() || count != last_) steps.push_back(at::full({}, count, state.parameter.options().dtype(at::kFloat).requires_grad(false)));
    else steps.push_back(steps.back());
    last_ = count;
    add(std::move(state));
  }
  void add(AdamState state, const at::Tensor& on_device) {
    steps.push_back(on_device);
    add(std::move(state));
  }

 private:
  void add(AdamState state) {
    parameters.push_back(std::move(state.parameter));
    gradients.push_back(std::move(state.gradient));
    means.push_back(std::move(state.exp_avg));
    squares.push_back(std::move(state.exp_avg_sq));
  }

  std::int64_t last_ = 0;
};

/// Steps parameters by our own pass where it fits; returns the rest that has a gradient. On the CPU each parameter counts its own
/// steps; on a device all share `on_device`.
template <typename State>
Lists step_fitting(torch::optim::Optimizer& optimizer, const torch::optim::OptimizerParamGroup& group, AdamStep step, const at::Tensor& on_device) {
  Lists rest;
  for (const at::Tensor& parameter : group.params()) {
    if (!parameter.grad().defined()) continue;
    auto& state = dynamic_cast<State&>(*optimizer.state().at(parameter.unsafeGetTensorImpl()));
    AdamState of{parameter, parameter.grad(), state.exp_avg(), state.exp_avg_sq()};
    if (on_device.defined()) {
      rest.add(std::move(of), on_device.select(0, 0));
      continue;
    }
    state.step(state.step() + 1);
    step.step = state.step();
    if (adam_pass_fits(of, step)) adam_pass(of, step);
    else rest.add(std::move(of), step.step);
  }
  return rest;
}

/// One pass over each parameter; torch's C++ Adam makes one for each operation. False: the group is no Adam of this kind.
template <typename State, typename Options, typename Fused>
bool step_fused(torch::optim::Optimizer& optimizer, torch::optim::OptimizerParamGroup& group, const at::Tensor& on_device,
                const Fused& fused) {
  const auto* options = dynamic_cast<const Options*>(&group.options());
  if (options == nullptr) return false;
  const auto [beta1, beta2] = options->betas();
  const AdamStep common{.learning_rate = options->lr(), .beta1 = beta1, .beta2 = beta2, .eps = options->eps(), .weight_decay = options->weight_decay(),
                        .decoupled = std::is_same_v<State, AdamWParamState>, .step = 0};
  const Lists rest = step_fitting<State>(optimizer, group, common, on_device);
  if (rest.parameters.empty()) return true;
  const auto step = [&](const auto& rate) {
    fused(rest.parameters, rest.gradients, rest.means, rest.squares, at::TensorList{}, rest.steps, rate, common.beta1, common.beta2,
          common.weight_decay, common.eps, false, false, std::nullopt, std::nullopt);
  };
  if (on_device.defined()) step(on_device.select(0, 1));
  else step(options->lr());
  return true;
}

bool step_adam(torch::optim::Optimizer& optimizer, torch::optim::OptimizerParamGroup& group, const at::Tensor& on_device) {
  const auto adam = [](auto&&... values) { at::_fused_adam_(std::forward<decltype(values)>(values)...); };
  const auto adamw = [](auto&&... values) { at::_fused_adamw_(std::forward<decltype(values)>(values)...); };
  return step_fused<AdamParamState, torch::optim::AdamOptions>(optimizer, group, on_device, adam) ||
         step_fused<AdamWParamState, torch::optim::AdamWOptions>(optimizer, group, on_device, adamw);
}

std::int64_t count_step(torch::optim::OptimizerParamState& state) {
  std::int64_t count = 0;
  const auto add = [&](auto* own) {
    if (own != nullptr) own->step(own->step() + 1), count = own->step();
  };
  add(dynamic_cast<AdamParamState*>(&state));
  add(dynamic_cast<AdamWParamState*>(&state));
  return count;
}

}  // namespace
}  // namespace optimizer

Optimizer::Optimizer(const FitSettings& settings, std::vector<NamedTensor> parameters,
                     const std::function<bool(std::string_view)>& decays)
    : parameters_(std::move(parameters)) {
  make_groups(settings, decays);
  make_state(settings);
}

/// As the Trainer of Hugging Face: first what decays, then the rest.
void Optimizer::make_groups(const FitSettings& settings, const std::function<bool(std::string_view)>& decays) {
  std::vector<at::Tensor> decayed, rest;
  for (const NamedTensor& entry : parameters_) (decays(entry.name) ? decayed : rest).push_back(entry.tensor);
  optimizer::Groups groups;
  groups.emplace_back(decayed);
  torch_ = optimizer::make(settings, groups);
  if (rest.empty()) return;
  torch_->add_param_group(torch::optim::OptimizerParamGroup(rest));
  torch::optim::OptimizerOptions& options = torch_->param_groups().back().options();
  optimizer::stop_decay<torch::optim::AdamOptions>(options);
  optimizer::stop_decay<torch::optim::AdamWOptions>(options);
  optimizer::stop_decay<torch::optim::SGDOptions>(options);
}

Optimizer::~Optimizer() = default;

void Optimizer::make_state(const FitSettings& settings) {
  const at::NoGradGuard no_grad;
  for (const NamedTensor& entry : parameters_) {
    auto state = optimizer::zero_state(settings, entry.tensor);
    if (state) torch_->state()[entry.tensor.unsafeGetTensorImpl()] = std::move(state);
  }
  if (settings.optimizer == "sgd" || parameters_.empty() || parameters_.front().tensor.is_cpu()) return;
  on_device_ = at::zeros({2}, parameters_.front().tensor.options().dtype(at::kFloat).requires_grad(false));
}

void Optimizer::zero_grad() { torch_->zero_grad(); }

at::Tensor Optimizer::clip(double max_norm) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const NamedTensor& entry : parameters_) {
    if (entry.tensor.grad().defined()) gradients.push_back(entry.tensor.grad());
  }
  if (gradients.empty()) return {};
  at::Tensor norm = at::stack(at::_foreach_norm(gradients)).norm();
  const at::Tensor factor = (max_norm / (norm + 1e-6)).clamp_max(1.0);
  if (!norm.is_cpu() || factor.item<double>() != 1) at::_foreach_mul_(gradients, factor);  // a device would have to be waited for
  return norm;
}

void Optimizer::scale(double factor) {
  const at::NoGradGuard no_grad;
  for (const NamedTensor& entry : parameters_) {
    if (entry.tensor.grad().defined()) entry.tensor.mutable_grad().mul_(factor);
  }
}

void Optimizer::step(double learning_rate, std::optional<double> momentum) {
  prepare(learning_rate, momentum);
  apply();
}

void Optimizer::prepare(double learning_rate, std::optional<double> momentum) {
  for (torch::optim::OptimizerParamGroup& group : torch_->param_groups()) {
    group.options().set_lr(learning_rate);
    if (momentum) optimizer::set_momentum(group.options(), *momentum);
  }
  if (!on_device_.defined()) return;
  std::int64_t count = 0;
  for (const NamedTensor& entry : parameters_) count = optimizer::count_step(*torch_->state().at(entry.tensor.unsafeGetTensorImpl()));
  on_device_.copy_(at::tensor({static_cast<double>(count), learning_rate}, at::kFloat));
}

void Optimizer::apply() {
  const at::NoGradGuard no_grad;
  bool fused = true;
  for (torch::optim::OptimizerParamGroup& group : torch_->param_groups()) {
    fused = fused && optimizer::step_adam(*torch_, group, on_device_);
  }
  if (!fused) torch_->step();
}

std::vector<NamedTensor> Optimizer::state() const {
  std::vector<NamedTensor> result;
  const auto& states = torch_->state();
  for (const NamedTensor& entry : parameters_) {
    const auto found = states.find(entry.tensor.unsafeGetTensorImpl());
    if (found != states.end()) optimizer::export_state(*found->second, entry.name, result);
  }
  return result;
}

void Optimizer::load_state(std::span<const NamedTensor> state) {
  copy_values(state, this->state());
  for (const NamedTensor& entry : parameters_) {
    const at::Tensor* step = find(state, entry.name + "/step");
    const auto found = torch_->state().find(entry.tensor.unsafeGetTensorImpl());
    if (step != nullptr && found != torch_->state().end()) {
      optimizer::set_step(*found->second, step->item<std::int64_t>());
    }
  }
}

}  // namespace seqbench::train
