// The convolutional network of Gelman et al. (2021): convolutions without padding, then a hidden layer over all positions.

#include <ATen/ops/conv1d.h>
#include <fmt/format.h>

#include <memory>

#include "harness/base/error.h"
#include "models/nn4dms/variant_network.h"

namespace seqbench::models::nn4dms_cnn {
namespace {

// C: filters.

class Convolutional final : public nn4dms::VariantNetwork {
 public:
  explicit Convolutional(const ModelContext& context) : VariantNetwork(context, "nn4dms_cnn") {
    const std::int64_t layers = context.params.integer("layers"), kernel = context.params.integer("kernel");
    const std::int64_t filters = context.params.integer("filters");
    const std::int64_t left = length() - layers * (kernel - 1);
    if (left < 1) {
      throw InputError(fmt::format("nn4dms_cnn: {} 'layers' with a 'kernel' of {} leave none of {} positions", layers, kernel,
                                   length()));
    }
    // As published the first is a convolution over a plane, whose kernel is as wide as a position's encoding.
    std::int64_t fan_in = kernel * width(), fan_out = kernel * width() * filters, channels = width();
    for (std::int64_t i = 1; i <= layers; ++i) {
      convolutions_.push_back(layer(fmt::format("conv{}", i), {filters, channels, kernel}, fan_in, fan_out));
      channels = filters;
      fan_in = fan_out = kernel * filters;
    }
    add_hidden(context, left * filters, 1);
  }

 private:
  [[nodiscard]] at::Tensor features(const at::Tensor& x_BLD) const override {
    at::Tensor x_BCL = x_BLD.transpose(1, 2);
    for (const nn4dms::Layer& conv : convolutions_) x_BCL = nn4dms::leaky(at::conv1d(x_BCL, conv.weight, conv.bias));
    return x_BCL;
  }

  std::vector<nn4dms::Layer> convolutions_;
};

std::unique_ptr<Network> make(const ModelContext& context) { return std::make_unique<Convolutional>(context); }

}  // namespace
}  // namespace seqbench::models::nn4dms_cnn

namespace seqbench {

SEQBENCH_MODEL(nn4dms_cnn) {
  using models::nn4dms::count;
  ModelEntry entry = models::nn4dms::variant_entry(1e-3, 64);
  entry.summary = "nn4dms's convolutional network (5 x 128 filters of 3) over one-hot and AAindex components";
  entry.params.push_back(count("layers", 5, 64, "convolutions"));
  entry.params.push_back(count("kernel", 3, 255, "positions a convolution sees"));
  entry.params.push_back(count("filters", 128, 4096, "of each convolution"));
  entry.network = &models::nn4dms_cnn::make;
  return entry;
}

}  // namespace seqbench
