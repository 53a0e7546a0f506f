// The fully connected network of Gelman et al. (2021): all positions at once into hidden layers, with dropout after each.

#include <memory>

#include "models/nn4dms/variant_network.h"

namespace seqbench::models::nn4dms_fc {
namespace {

class FullyConnected final : public nn4dms::VariantNetwork {
 public:
  explicit FullyConnected(const ModelContext& context) : VariantNetwork(context, "nn4dms_fc") {
    add_hidden(context, length() * width(), context.params.integer("layers"));
  }

 private:
  [[nodiscard]] at::Tensor features(const at::Tensor& x_BLD) const override { return x_BLD; }
};

std::unique_ptr<Network> make(const ModelContext& context) { return std::make_unique<FullyConnected>(context); }

}  // namespace
}  // namespace seqbench::models::nn4dms_fc

namespace seqbench {

SEQBENCH_MODEL(nn4dms_fc) {
  ModelEntry entry = models::nn4dms::variant_entry(1e-4, 32);
  entry.summary = "nn4dms's fully connected network (3 layers of 100) over one-hot and AAindex components";
  entry.params.push_back(models::nn4dms::count("layers", 3, 64, "hidden layers"));
  entry.network = &models::nn4dms_fc::make;
  return entry;
}

}  // namespace seqbench
