#pragma once
// Steps of a network beside those of a script: set values, a mean loss with its gradients, Adam as torch defines it.

#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "harness/base/json.h"
#include "harness/contract/model.h"

namespace seqbench::testing {

/// Parameter k is 0.4 sin(0.7 i + k) over its numbers i. Doubles.
inline void set_sines(Network& network) {
  std::int64_t k = 0;
  for (const NamedTensor& parameter : network.parameters()) {
    auto* values = parameter.tensor.mutable_data_ptr<double>();
    for (std::int64_t i = 0; i < parameter.tensor.numel(); ++i) {
      values[i] = 0.4 * std::sin(0.7 * static_cast<double>(i) + static_cast<double>(k));
    }
    ++k;
  }
}

inline void expect_values(const at::Tensor& measured, const Json& wanted, double tolerance, const std::string& what = "") {
  const at::Tensor flat = measured.detach().contiguous();
  ASSERT_EQ(static_cast<std::size_t>(flat.numel()), wanted.size()) << what;
  for (std::int64_t i = 0; i < flat.numel(); ++i) {
    EXPECT_NEAR(flat.const_data_ptr<double>()[i], wanted[static_cast<std::size_t>(i)].get<double>(), tolerance)
        << what << " " << i;
  }
}

/// The mean loss; gradients are of it.
inline double backward(Network& network, const Batch& batch) {
  for (const NamedTensor& parameter : network.parameters()) parameter.tensor.mutable_grad() = at::Tensor();
  const LossSum loss = network.loss("mse", network.forward(batch, {.training = true}), batch);
  const at::Tensor mean = loss.sum.div(loss.count);
  mean.backward();
  return mean.item<double>();
}

struct Adam {
  std::vector<at::Tensor> first, second;
  int steps = 0;
  void step(const std::vector<NamedTensor>& parameters, double rate) {
    ++steps;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const at::Tensor gradient = parameters[i].tensor.grad();
      if (first.size() == i) first.push_back(at::zeros_like(gradient)), second.push_back(at::zeros_like(gradient));
      first[i].mul_(0.9).add_(gradient, 0.1);
      second[i].mul_(0.999).addcmul_(gradient, gradient, 0.001);
      const at::Tensor root = second[i].div(1 - std::pow(0.999, steps)).sqrt_().add_(1e-8);
      parameters[i].tensor.detach().addcdiv_(first[i], root, -rate / (1 - std::pow(0.9, steps)));
    }
  }
};

}  // namespace seqbench::testing
