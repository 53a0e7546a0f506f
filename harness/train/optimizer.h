#pragma once
// torch::optim's Adam, AdamW and SGD with their state by parameter name.

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/model.h"
#include "harness/train/fit.h"

namespace torch::optim {
class Optimizer;
}

namespace seqbench::train {

class Optimizer {
 public:
  /// Weight decay acts on the parameters that `decays` names. Throws InputError for an unknown name in settings.optimizer.
  Optimizer(const FitSettings& settings, std::vector<NamedTensor> parameters,
            const std::function<bool(std::string_view)>& decays = [](std::string_view) { return true; });
  ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  void zero_grad();
  /// Scales all gradients so that their global L2 norm is at most `max_norm`, as torch's clip_grad_norm_ does.
  /// Returns the norm before, a scalar; undefined where there is no gradient.
  at::Tensor clip(double max_norm);
  /// Multiplies all gradients.
  void scale(double factor);
  /// `momentum`, where given, takes the place of beta1 or of SGD's momentum.
  void step(double learning_rate, std::optional<double> momentum = std::nullopt);
  /// The two halves of a step. Of Adam on a device the second sends the same work at every step, so that it may be recorded:
  /// learning rate and number of the step are read there, where the first has put them.
  void prepare(double learning_rate, std::optional<double> momentum = std::nullopt);
  void apply();
  [[nodiscard]] bool replayable() const { return on_device_.defined(); }

  /// NAME/exp_avg, NAME/exp_avg_sq, NAME/step (int64 []), or NAME/momentum_buffer; there from the start on, zero,
  /// which is what torch makes at the first step.
  [[nodiscard]] std::vector<NamedTensor> state() const;
  /// `state` holds at least the names and forms of state(), see check_same.
  void load_state(std::span<const NamedTensor> state);

 private:
  void make_groups(const FitSettings& settings, const std::function<bool(std::string_view)>& decays);
  void make_state(const FitSettings& settings);

  std::vector<NamedTensor> parameters_;
  std::unique_ptr<torch::optim::Optimizer> torch_;
  at::Tensor on_device_;  // f32 [2]: the number of the step and the learning rate; undefined on the CPU and of SGD
};

}  // namespace seqbench::train
