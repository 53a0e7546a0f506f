#include "models/blocks/columns.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>

#include "harness/base/error.h"

namespace seqbench::models {
namespace columns {
namespace {

constexpr std::size_t kBlockRows = 2048;

std::int64_t width_of(const View& view) {
  if (const auto* codes = std::get_if<CodeView>(&view.data)) return codes->length() * codes->symbols;
  if (const auto* dense = std::get_if<DenseView>(&view.data)) return dense->features();
  if (const auto* bits = std::get_if<BitView>(&view.data)) return bits->height * bits->width;
  if (const auto* sets = std::get_if<SetView>(&view.data)) return sets->features;
  throw InputError(fmt::format("view '{}' is text: a linear model needs codes, numbers or sets", view.name));
}

/// Calls visit(i, feature, value) for the features of the i-th of these rows that are not 0, ascending.
template <typename Visit>
void visit_codes(const CodeView& view, std::span<const std::int64_t> rows, const Visit& visit) {
  const at::Tensor codes = view.gather(rows);
  const std::int64_t length = view.length();
  const std::uint8_t* row = codes.const_data_ptr<std::uint8_t>();
  for (std::size_t i = 0; i < rows.size(); ++i, row += length) {
    for (std::int64_t position = 0; position < length; ++position) {
      if (row[position] < view.symbols) visit(i, position * view.symbols + row[position], 1.0);
    }
  }
}

template <typename Visit>
void visit_dense(const DenseView& view, std::span<const std::int64_t> rows, const Visit& visit) {
  const at::Tensor values = view.gather(rows);
  const float* row = values.const_data_ptr<float>();
  for (std::size_t i = 0; i < rows.size(); ++i, row += view.features()) {
    for (std::int64_t feature = 0; feature < view.features(); ++feature) {
      if (row[feature] != 0) visit(i, feature, static_cast<double>(row[feature]));
    }
  }
}

template <typename Visit>
void visit_sets(const SetView& view, std::span<const std::int64_t> rows, const Visit& visit) {
  const at::Tensor offsets = view.offsets.contiguous();
  const at::Tensor members = view.members.contiguous();
  const auto* offset = offsets.const_data_ptr<std::int64_t>();
  const auto* member = members.const_data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::int64_t j = offset[rows[i]]; j < offset[rows[i] + 1]; ++j) visit(i, member[j], 1.0);
  }
}

template <typename Visit>
void visit_bits(const BitView& view, std::span<const std::int64_t> rows, const Visit& visit) {
  const at::Tensor bits = view.gather(rows);
  const std::uint8_t* bit = bits.const_data_ptr<std::uint8_t>();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::int64_t feature = 0; feature < view.height * view.width; ++feature) {
      if (*bit++ != 0) visit(i, feature, 1.0);
    }
  }
}

template <typename Visit>
void visit_features(const View& view, std::span<const std::int64_t> rows, const Visit& visit) {
  if (const auto* codes = std::get_if<CodeView>(&view.data)) {
    visit_codes(*codes, rows, visit);
  } else if (const auto* dense = std::get_if<DenseView>(&view.data)) {
    visit_dense(*dense, rows, visit);
  } else if (const auto* bits = std::get_if<BitView>(&view.data)) {
    visit_bits(*bits, rows, visit);
  } else {
    visit_sets(std::get<SetView>(view.data), rows, visit);
  }
}

}  // namespace
}  // namespace columns

Columns::Columns(at::Tensor features, std::int64_t width)
    : features_(features.contiguous()), column_of_(static_cast<std::size_t>(width), -1) {
  const auto* feature = features_.const_data_ptr<std::int64_t>();
  for (std::int64_t column = 0; column < features_.numel(); ++column) {
    const bool fits = feature[column] >= 0 && feature[column] < width;
    if (!fits) throw InputError(fmt::format("feature {} is outside of 0 ... {}", feature[column], width - 1));
    column_of_[static_cast<std::size_t>(feature[column])] = column;
  }
}

Columns Columns::seen_in(const View& view, std::span<const std::int64_t> rows) {
  std::vector<bool> seen(static_cast<std::size_t>(columns::width_of(view)));
  for_each_block(rows, [&](std::size_t, std::span<const std::int64_t> block) {
    columns::visit_features(view, block, [&](std::size_t, std::int64_t feature, double) {
      seen[static_cast<std::size_t>(feature)] = true;
    });
  });
  at::Tensor features = at::empty({std::ranges::count(seen, true)}, at::kLong);
  auto* next = features.mutable_data_ptr<std::int64_t>();
  for (std::size_t feature = 0; feature < seen.size(); ++feature) {
    if (seen[feature]) *next++ = static_cast<std::int64_t>(feature);
  }
  return {features, static_cast<std::int64_t>(seen.size())};
}

void Columns::visit(const View& view, std::span<const std::int64_t> rows,
                    const std::function<void(std::size_t, std::int64_t, double)>& visit) const {
  const std::int64_t view_width = columns::width_of(view);
  if (view_width != width()) {
    throw InputError(fmt::format("view '{}' has {} features, the model was fitted on {}", view.name, view_width,
                                 width()));
  }
  columns::visit_features(view, rows, [&](std::size_t i, std::int64_t feature, double value) {
    const std::int64_t column = column_of_[static_cast<std::size_t>(feature)];
    if (column >= 0) visit(i, column, value);
  });
}

at::Tensor Columns::expand(const View& view, std::span<const std::int64_t> rows) const {
  at::Tensor expanded = at::zeros({static_cast<std::int64_t>(rows.size()), count()}, at::kDouble);
  auto* values = expanded.mutable_data_ptr<double>();
  visit(view, rows, [&](std::size_t i, std::int64_t column, double value) {
    values[static_cast<std::int64_t>(i) * count() + column] = value;
  });
  return expanded;
}

void for_each_block(std::span<const std::int64_t> rows,
                    const std::function<void(std::size_t begin, std::span<const std::int64_t> block)>& visit) {
  for (std::size_t begin = 0; begin < rows.size(); begin += columns::kBlockRows) {
    visit(begin, rows.subspan(begin, std::min(columns::kBlockRows, rows.size() - begin)));
  }
}

at::Tensor tensor_from(std::span<const double> values, std::size_t begin, const std::vector<std::int64_t>& shape) {
  at::Tensor copy = at::empty(shape, at::kDouble);
  const auto from = values.subspan(begin, static_cast<std::size_t>(copy.numel()));
  std::ranges::copy(from, copy.mutable_data_ptr<double>());
  return copy;
}

Means weighted_means(const Columns& columns, const FitRows& train, const FitControl& control) {
  const std::size_t targets = train.targets.size() / train.rows.size();
  Means means{.x = at::zeros({columns.count()}, at::kDouble),
              .y = at::zeros({static_cast<std::int64_t>(targets)}, at::kDouble)};
  for_each_block(train.rows, [&](std::size_t begin, std::span<const std::int64_t> block) {
    control.check_stop();
    const auto count = static_cast<std::int64_t>(block.size());
    const at::Tensor weights = tensor_from(train.weights, begin, {count});
    const at::Tensor labels = tensor_from(train.targets, begin * targets, {count, means.y.numel()});
    means.x.add_(weights.matmul(columns.expand(train.view, block)));
    means.y.add_(weights.matmul(labels));
    means.weight += weights.sum().item<double>();
  });
  if (!(means.weight > 0)) throw InputError("the weights of the training rows sum to 0");
  means.x.div_(means.weight);
  means.y.div_(means.weight);
  return means;
}

}  // namespace seqbench::models
