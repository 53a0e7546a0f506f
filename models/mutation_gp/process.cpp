#include "models/mutation_gp/process.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/linalg_solve_triangular.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "harness/base/error.h"
#include "models/blocks/linear_scores.h"

namespace seqbench::models::mutation_gp {
namespace process {
namespace {

constexpr std::size_t kBlockRows = 512;
constexpr std::int64_t kMostFeatures = std::int64_t{1} << 31;
constexpr std::array<std::string_view, 8> kState = {"ends",    "members",  "shape",  "reference",
                                                    "targets", "variance", "kernel", "scale"};

at::Tensor long_tensor(const std::vector<std::int64_t>& values) {
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(values.size())}, at::kLong);
  std::ranges::copy(values, tensor.mutable_data_ptr<std::int64_t>());
  return tensor;
}

std::vector<std::int64_t> to_longs(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.contiguous();
  const auto* data = plain.const_data_ptr<std::int64_t>();
  return {data, data + plain.numel()};
}

/// Throws InputError unless the index can be built and the kernel used.
void check(const Data& data) {
  const std::int64_t features = data.reader.features(), symbols = data.reader.symbols();
  const bool counted = features >= 0 && features <= kMostFeatures;
  const bool shaped = symbols == 0 ? data.reader.reference().numel() == 0 && !data.sites
                                   : symbols > 0 && data.reader.reference().numel() * symbols == features;
  if (!counted || !shaped) {
    throw InputError("mutation_gp: 'shape' [features, symbols, sites] and 'reference' do not fit each other");
  }
  const auto members = static_cast<std::int64_t>(data.sets.members.size());
  const bool ordered = data.sets.ends.front() >= 0 && std::ranges::is_sorted(data.sets.ends) && data.sets.ends.back() == members;
  const auto known = [&](std::int64_t member) { return member >= 0 && member < features; };
  if (!ordered || !std::ranges::all_of(data.sets.members, known)) {
    throw InputError(fmt::format("mutation_gp: expected 'ends' ascending to {}, the number of 'members', and those of 0 ... {}",
                                 members, features - 1));
  }
  if (!is_kernel(data.kernel)) throw InputError("mutation_gp: 'kernel' must be finite, of a length and a noise above 0");
}

}  // namespace
}  // namespace process

std::vector<NamedTensor> Data::state() const {
  const std::array<double, 5> values = kernel.values();
  return {{"ends", process::long_tensor(sets.ends)},
          {"members", process::long_tensor(sets.members)},
          {"shape", process::long_tensor({reader.features(), reader.symbols(), sites ? 1 : 0})},
          {"reference", reader.reference()},
          {"targets", targets},
          {"variance", variance},
          {"kernel", tensor_from(values, 0, {5})},
          {"scale", scale}};
}

Data Data::of(std::span<const NamedTensor> state) {
  const std::vector<at::Tensor> taken = take_tensors("mutation_gp", state, process::kState);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const at::ScalarType wanted = i < 4 ? at::kLong : at::kDouble;
    if (taken[i].scalar_type() == wanted) continue;
    throw InputError(fmt::format("mutation_gp: tensor '{}' must be {}, got {}", process::kState[i], c10::toString(wanted),
                                 c10::toString(taken[i].scalar_type())));
  }
  const std::int64_t rows = taken[0].numel(), targets = taken[4].numel() / std::max<std::int64_t>(rows, 1);
  if (rows == 0 || rows > kMostRows || taken[2].numel() != 3 || taken[4].dim() != 2 || taken[4].size(0) != rows ||
      taken[5].numel() != rows || taken[6].numel() != 5 || taken[7].sizes() != at::IntArrayRef({2, targets})) {
    throw InputError("mutation_gp: expected 'ends' [N], 'members' [M], 'shape' [3], 'reference' [L], 'targets' [N, T], "
                     "'variance' [N], 'kernel' [5] and 'scale' [2, T]; got other shapes");
  }
  const std::vector<std::int64_t> shape = process::to_longs(taken[2]);
  Data data;
  data.reader = Reader(shape[0], shape[1], taken[3].clone());
  data.sites = shape[2] != 0;
  data.sets = {process::to_longs(taken[0]), process::to_longs(taken[1])};
  data.targets = taken[4].clone();
  data.variance = taken[5].clone();
  data.scale = taken[7].clone();
  data.kernel = Kernel::of(to_vector(taken[6]));
  process::check(data);
  return data;
}

Readings Data::readings(std::int64_t count) const {
  const Sets first = sets.slice(0, static_cast<std::size_t>(count));
  return {index(first).common(first), targets.narrow(0, 0, count), variance.narrow(0, 0, count)};
}

Process::Process(Data data, const FitControl& control)
    : data_(std::move(data)), index_(data_.index(data_.sets)) {
  factor(control);
  const at::Tensor half = at::linalg_solve_triangular(factor_, data_.targets, false);
  alpha_ = at::linalg_solve_triangular(factor_.t(), half, true);
}

/// Block by block of rows and, of each, of columns: by products of what is done, so that one matrix is all there is.
void Process::factor(const FitControl& control) {
  const std::int64_t all = index_.size();
  factor_ = at::empty({all, all}, at::kDouble);
  const auto block_rows = static_cast<std::int64_t>(process::kBlockRows);
  for (std::int64_t begin = 0; begin < all; begin += block_rows) {
    control.check_stop();
    control.progress(begin, all);
    const std::int64_t count = std::min(block_rows, all - begin);
    const Sets block = data_.sets.slice(static_cast<std::size_t>(begin), static_cast<std::size_t>(count));
    const at::Tensor k_BN = data_.kernel.covariance(index_.common(block));
    at::Tensor factor_BN = factor_.narrow(0, begin, count);
    for (std::int64_t from = 0; from < begin; from += block_rows) {
      const at::Tensor before = factor_.narrow(0, from, block_rows);
      at::Tensor left = k_BN.narrow(1, from, block_rows);
      left.addmm_(factor_BN.narrow(1, 0, from), before.narrow(1, 0, from).t(), 1, -1);
      const at::Tensor corner = before.narrow(1, from, block_rows).t();
      factor_BN.narrow(1, from, block_rows).copy_(at::linalg_solve_triangular(corner, left, true, false));
    }
    at::Tensor own = k_BN.narrow(1, begin, count);
    own.diagonal().add_(data_.variance.narrow(0, begin, count), data_.kernel.noise * data_.kernel.noise);
    own.addmm_(factor_BN.narrow(1, 0, begin), factor_BN.narrow(1, 0, begin).t(), 1, -1);
    const auto [lower, info] = at::linalg_cholesky_ex(own);
    if (info.item<int>() != 0) {
      throw InputError(fmt::format("mutation_gp: the covariance of {} rows is not positive definite under noise {}; expected a "
                                   "'kernel' of more noise",
                                   all, data_.kernel.noise));
    }
    factor_BN.narrow(1, begin, count).copy_(lower);
  }
}

template <typename Make>
at::Tensor Process::by_blocks(const View& view, std::span<const std::int64_t> rows, const Make& make) const {
  at::Tensor made = at::empty({static_cast<std::int64_t>(rows.size()), data_.targets.size(1)}, at::kDouble);
  for (std::size_t begin = 0; begin < rows.size(); begin += process::kBlockRows) {
    const auto block = rows.subspan(begin, std::min(process::kBlockRows, rows.size() - begin));
    const Sets sets = data_.reader.read(view, block);
    const at::Tensor k_BN = data_.kernel.covariance(index_.common(sets));
    made.narrow(0, static_cast<std::int64_t>(begin), static_cast<std::int64_t>(block.size())).copy_(make(sets, k_BN));
  }
  return made;
}

at::Tensor Process::mean(const View& view, std::span<const std::int64_t> rows) const {
  return by_blocks(view, rows, [&](const Sets&, const at::Tensor& k_BN) {
    return k_BN.matmul(alpha_).mul_(data_.scale[1]).add_(data_.scale[0]);
  });
}

at::Tensor Process::deviation(const View& view, std::span<const std::int64_t> rows) const {
  return by_blocks(view, rows, [&](const Sets& sets, const at::Tensor& k_BN) {
    const at::Tensor told_B = at::linalg_solve_triangular(factor_, k_BN.t(), false).square_().sum(0);
    at::Tensor variance_B = data_.kernel.variance(sets.sizes()).sub_(told_B).clamp_min_(0);  // below 0 by rounding alone
    return variance_B.add_(data_.kernel.noise * data_.kernel.noise).sqrt_().unsqueeze(1).mul(data_.scale[1]);
  });
}

}  // namespace seqbench::models::mutation_gp
