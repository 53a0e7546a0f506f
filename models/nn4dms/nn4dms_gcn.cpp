// The graph-convolutional network of Gelman et al. (2021), with the averaging convolution of Fout et al. (2017): a
// position's own numbers and the mean of those that it touches in the folded protein, each with weights of its own.

#include <ATen/ops/matmul.h>
#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "harness/base/error.h"
#include "models/blocks/contacts.h"
#include "models/nn4dms/variant_network.h"

namespace seqbench::models::nn4dms_gcn {
namespace {

// F: filters.

struct GraphConvolution {
  at::Tensor centre, neighbour;  // [D, F]
  at::Tensor bias;               // [F]
};

std::vector<Contact> contacts_or_chain(const Params& params, std::int64_t positions) {
  std::vector<Contact> contacts = contacts_of(params, positions, "nn4dms_gcn");
  return contacts.empty() ? chain_contacts(positions, params.integer("window")) : contacts;
}

class GraphConvolutional final : public nn4dms::VariantNetwork {
 public:
  explicit GraphConvolutional(const ModelContext& context) : VariantNetwork(context, "nn4dms_gcn") {
    const std::int64_t filters = context.params.integer("filters");
    means_LL_ = keep("contacts", mean_over_contacts(contacts_or_chain(context.params, length()), length()));
    std::int64_t inputs = width();
    for (std::int64_t i = 1; i <= context.params.integer("layers"); ++i) {
      const std::string name = fmt::format("graph{}", i);
      const Init init = Init::uniform(1 / std::sqrt(static_cast<double>(inputs * filters)));  // theirs: of inputs x outputs
      layers_.push_back({.centre = add(name + ".centre", {inputs, filters}, init),
                         .neighbour = add(name + ".neighbour", {inputs, filters}, init),
                         .bias = add(name + ".bias", {filters}, Init::zeros())});
      inputs = filters;
    }
    add_hidden(context, length() * filters, 1);
  }

 private:
  [[nodiscard]] at::Tensor features(const at::Tensor& x_BLD) const override {
    at::Tensor x = x_BLD;
    for (const GraphConvolution& layer : layers_) {
      const at::Tensor around_BLF = at::matmul(means_LL_, at::matmul(x, layer.neighbour));
      x = nn4dms::leaky(at::matmul(x, layer.centre).add(around_BLF).add(layer.bias));
    }
    return x;
  }

  at::Tensor means_LL_;
  std::vector<GraphConvolution> layers_;
};

std::unique_ptr<Network> make(const ModelContext& context) { return std::make_unique<GraphConvolutional>(context); }

}  // namespace
}  // namespace seqbench::models::nn4dms_gcn

namespace seqbench {

SEQBENCH_MODEL(nn4dms_gcn) {
  using models::nn4dms::count;
  ModelEntry entry = models::nn4dms::variant_entry(1e-4, 32);
  entry.summary = "nn4dms's graph convolution (2 x 128 filters) over contacts of a structure, or over the chain";
  entry.params.push_back(count("layers", 2, 64, "graph convolutions"));
  entry.params.push_back(count("filters", 128, 4096, "of each graph convolution"));
  entry.params.push_back(models::contacts_param("neighbours in the chain"));
  entry.params.push_back(count("window", 1, 4096, "without a file: positions up to so far apart are neighbours"));
  entry.network = &models::nn4dms_gcn::make;
  return entry;
}

}  // namespace seqbench
