#include "harness/train/ensemble.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include "harness/base/error.h"

namespace seqbench::train {
namespace ensemble {
namespace {

constexpr double kLeastDeviation = 1e-6;  // of scaled targets: members that agree to the last bit still give an interval

class Ensemble final : public Network {
 public:
  explicit Ensemble(std::vector<std::unique_ptr<Network>> members) : members_(std::move(members)) {
    SEQBENCH_ASSERT(members_.size() > 1, "an ensemble has two members or more");
  }

  [[nodiscard]] Batch collate(const View& view, std::span<const std::int64_t> rows) const override {
    return members_.front()->collate(view, rows);
  }

  /// In training [B, members * C], C columns a member; in evaluation [B, 2 T].
  [[nodiscard]] at::Tensor forward(const Batch& batch, const Pass& pass) override {
    outputs_.clear();
    for (const auto& member : members_) outputs_.push_back(member->forward(batch, pass));
    return pass.training ? at::cat(outputs_, 1) : combined();
  }

  /// Of the forward pass before.
  [[nodiscard]] LossSum loss(std::string_view name, const at::Tensor& /*outputs*/, const Batch& batch) override {
    LossSum total;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      const LossSum one = members_[i]->loss(name, outputs_[i], batch);
      total.sum = i == 0 ? one.sum : total.sum + one.sum;
      total.count = one.count;
    }
    // The value is the mean, the gradient each member's own.
    const at::Tensor mean = (total.sum / static_cast<double>(members_.size())).detach();
    total.sum = total.sum - total.sum.detach() + mean;
    return total;
  }

  [[nodiscard]] bool predicts_spread() const override { return true; }
  [[nodiscard]] std::int64_t members() const override { return static_cast<std::int64_t>(members_.size()); }
  [[nodiscard]] at::Tensor member_variance() const override { return variance_of(means_of(at::stack(outputs_))); }
  [[nodiscard]] std::vector<NamedTensor> parameters() override { return named([](Network& one) { return one.parameters(); }); }
  [[nodiscard]] std::vector<NamedTensor> buffers() override { return named([](Network& one) { return one.buffers(); }); }
  [[nodiscard]] std::vector<NamedTensor> frozen() override { return named([](Network& one) { return one.frozen(); }); }
  [[nodiscard]] bool replayable(DeviceWork work) const override { return members_.front()->replayable(work); }
  [[nodiscard]] bool decays(std::string_view parameter) const override {
    return members_.front()->decays(parameter.substr(parameter.find('/') + 1));
  }
  [[nodiscard]] std::vector<std::int64_t> lengths(const View& view, std::span<const std::int64_t> rows) const override {
    return members_.front()->lengths(view, rows);
  }
  [[nodiscard]] std::optional<std::vector<std::int64_t>> sample_epoch(std::span<const std::int64_t> train_rows,
                                                                      std::int64_t epoch) const override {
    return members_.front()->sample_epoch(train_rows, epoch);
  }

 private:
  template <typename Of>
  [[nodiscard]] std::vector<NamedTensor> named(const Of& of) {
    std::vector<NamedTensor> all;
    for (std::size_t i = 0; i < members_.size(); ++i) {
      for (NamedTensor& entry : of(*members_[i])) all.push_back({fmt::format("member{}/{}", i, entry.name), entry.tensor});
    }
    return all;
  }

  /// Of outputs [M, B, C]: the columns that are no deviations.
  [[nodiscard]] at::Tensor means_of(const at::Tensor& all_MBC) const {
    return all_MBC.narrow(2, 0, all_MBC.size(2) / (members_.front()->predicts_spread() ? 2 : 1));
  }

  [[nodiscard]] static at::Tensor variance_of(const at::Tensor& means_MBT) { return (means_MBT - means_MBT.mean(0)).square().mean(0); }

  /// Mean and log deviation of the mixture: its variance is that of the means plus the mean of the variances.
  [[nodiscard]] at::Tensor combined() const {
    const at::Tensor all_MBC = at::stack(outputs_), means_MBT = means_of(all_MBC);
    const std::int64_t targets = means_MBT.size(2);
    const at::Tensor mean_BT = means_MBT.mean(0);
    at::Tensor variance_BT = variance_of(means_MBT);
    if (targets < all_MBC.size(2)) variance_BT = variance_BT + all_MBC.narrow(2, targets, targets).mul(2).exp().mean(0);
    return at::cat({mean_BT, variance_BT.clamp_min(kLeastDeviation * kLeastDeviation).log().mul(0.5)}, 1);
  }

  std::vector<std::unique_ptr<Network>> members_;
  std::vector<at::Tensor> outputs_;  // of the last forward pass, a member each
};

}  // namespace
}  // namespace ensemble

std::unique_ptr<Network> make_ensemble(std::vector<std::unique_ptr<Network>> members) {
  return std::make_unique<ensemble::Ensemble>(std::move(members));
}

}  // namespace seqbench::train
