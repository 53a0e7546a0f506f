// Predicts the first feature: instant, and the same for every seed.
#include "harness/contract/model.h"

#include <ATen/core/Tensor.h>

namespace seqbench::fakes::echo {
namespace {

class Echo : public Estimator {
 public:
  void fit(const FitRows&, const FitRows&, const FitControl& control) override { control.progress(1, 1); }
  [[nodiscard]] std::vector<double> predict(const View& view, std::span<const std::int64_t> rows) const override {
    const auto& dense = std::get<DenseView>(view.data);
    const at::Tensor values = dense.gather(rows);
    std::vector<double> out;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      out.push_back(values.const_data_ptr<float>()[static_cast<std::int64_t>(i) * dense.features()]);
    }
    return out;
  }
  [[nodiscard]] std::vector<NamedTensor> state() const override { return {}; }
  void load_state(std::span<const NamedTensor>) override {}
};

std::unique_ptr<Estimator> make(const ModelContext&) { return std::make_unique<Echo>(); }

}  // namespace
}  // namespace seqbench::fakes::echo

namespace seqbench {

SEQBENCH_MODEL(echo) {
  ModelEntry entry;
  entry.summary = "predicts the first feature";
  entry.views = {"features"};
  entry.kinds = {TaskKind::kRegression};
  entry.trained_by_loop = false;
  entry.seeded = false;
  entry.estimator = &fakes::echo::make;
  return entry;
}

}  // namespace seqbench
