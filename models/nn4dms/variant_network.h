#pragma once
// What the three networks of Gelman et al. (2021) share: sequences of one length become vectors position by position, and
// hidden layers become predictions. Architecture and starts: gitter-lab/nn4dms (network_specs/, code/build_tf_model.py).
// All rows have one length there; where a view's rows do not, padding is one more symbol of the one-hot part.
// Letters: B rows, L positions, D numbers a position, H hidden units, T targets.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/contract/model.h"
#include "models/blocks/dropout.h"
#include "models/blocks/parameters.h"

namespace seqbench::models::nn4dms {

/// LeakyReLU with TensorFlow's slope below 0, which is 0.2.
[[nodiscard]] at::Tensor leaky(const at::Tensor& x);

struct Layer {
  at::Tensor weight, bias;
};

class VariantNetwork : public Network {
 public:
  /// Codes at the view's full width, so that no other row decides how far a row is padded. InputError for a view of
  /// another size than the network was made for.
  [[nodiscard]] Batch collate(const View& view, std::span<const std::int64_t> rows) const final;
  [[nodiscard]] at::Tensor forward(const Batch& batch, const Pass& pass) final;
  [[nodiscard]] std::vector<NamedTensor> parameters() final { return parameters_.tensors(); }
  [[nodiscard]] bool replayable(DeviceWork /*work*/) const final { return true; }
  [[nodiscard]] std::vector<NamedTensor> frozen() final { return frozen_; }

 protected:
  /// `model`: its name, for messages. InputError for a view without codes, or an encoding that its symbols do not have.
  VariantNetwork(const ModelContext& context, std::string model);

  /// What the hidden layers see of [B, L, D], flattened by the caller.
  [[nodiscard]] virtual at::Tensor features(const at::Tensor& x_BLD) const = 0;
  /// Adds weights NAME.weight, uniform on Glorot's bound as TensorFlow counts inputs and outputs (times the kernel's
  /// extent), and NAME.bias of zeros.
  [[nodiscard]] Layer layer(const std::string& name, const std::vector<std::int64_t>& shape, std::int64_t fan_in,
                            std::int64_t fan_out);
  /// Adds `layers` hidden layers of 'hidden' units, each with dropout, and the output; called last by a constructor.
  void add_hidden(const ModelContext& context, std::int64_t inputs, std::int64_t layers);
  /// An untrained tensor that moves with the network.
  [[nodiscard]] at::Tensor keep(const std::string& name, const at::Tensor& values);

  [[nodiscard]] at::Tensor add(const std::string& name, const std::vector<std::int64_t>& shape, Init init) {
    return parameters_.add(name, shape, init);
  }
  [[nodiscard]] std::int64_t length() const { return length_; }
  [[nodiscard]] std::int64_t width() const { return encoding_.size(1); }

 private:
  ParameterSet parameters_;
  std::vector<NamedTensor> frozen_;
  at::ScalarType dtype_;
  std::string model_;
  std::int64_t length_, symbols_;
  at::Tensor encoding_;  // [symbols + 1, D], the last row padding's
  std::vector<Layer> hidden_;
  std::vector<Dropout> dropouts_;
  Layer output_;
};

/// Views, kinds, recipe (Adam, at most 300 epochs, patience 15, least gain 1e-5) and the parameters of all three.
[[nodiscard]] ModelEntry variant_entry(double learning_rate, std::int64_t batch);
/// An integer of at least 1.
[[nodiscard]] ParamSpec count(const char* name, std::int64_t fallback, double high, const char* help);

}  // namespace seqbench::models::nn4dms
