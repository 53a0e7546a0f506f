#include "models/blocks/one_hot.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_add.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "harness/base/vectors.h"
#include "models/blocks/product.h"

namespace seqbench::models {
namespace one_hots {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Entry {
  std::int32_t row, column, sign;
};

/// Columns of the reference, and for each code that differs its own column, and the reference's taken away.
struct Changes {
  std::vector<std::int32_t> reference;
  std::vector<Entry> entries;
};

Changes changes_of(const at::Tensor& codes_BL, const at::Tensor& reference_L, std::int64_t symbols) {
  const std::int64_t length = codes_BL.size(1);
  const auto* code = codes_BL.const_data_ptr<std::uint8_t>();
  const auto* reference = reference_L.const_data_ptr<std::uint8_t>();
  const auto column = [&](std::uint8_t symbol, std::int64_t place) { return static_cast<std::int32_t>(symbol * length + place); };
  Changes changes;
  for (std::int64_t place = 0; place < length; ++place) {
    if (reference[place] < symbols) changes.reference.push_back(column(reference[place], place));
  }
  for (std::int64_t row = 0; row < codes_BL.size(0); ++row, code += length) {
    for (std::int64_t place = 0; place < length; ++place) {
      if (code[place] == reference[place]) continue;
      if (code[place] < symbols) changes.entries.push_back({static_cast<std::int32_t>(row), column(code[place], place), 1});
      if (reference[place] < symbols) changes.entries.push_back({static_cast<std::int32_t>(row), column(reference[place], place), -1});
    }
  }
  return changes;
}

/// A unit's weights are one row, so that the columns that are read stay in the nearest cache.
template <typename T>
void products(const Changes& changes, const at::Tensor& weight, const at::Tensor& bias, at::Tensor& y_OB) {
  const std::int64_t rows = y_OB.size(1), columns = weight.size(1);
  const T *weights = weight.const_data_ptr<T>(), *first = bias.const_data_ptr<T>();
  T* out = y_OB.mutable_data_ptr<T>();
  at::parallel_for(0, weight.size(0), 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t unit = begin; unit < end; ++unit) {
      const T* w = weights + unit * columns;
      T sum = first[unit];
      for (const std::int32_t column : changes.reference) sum += w[column];
      T* y = out + unit * rows;
      std::fill_n(y, rows, sum);
      for (const Entry& entry : changes.entries) y[entry.row] += static_cast<T>(entry.sign) * w[entry.column];
    }
  });
}

template <typename T>
void gradients(const Changes& changes, const at::Tensor& y_OB, at::Tensor& of_weight) {
  const std::int64_t rows = y_OB.size(1), columns = of_weight.size(1);
  const T* in = y_OB.const_data_ptr<T>();
  T* out = of_weight.mutable_data_ptr<T>();
  at::parallel_for(0, of_weight.size(0), 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t unit = begin; unit < end; ++unit) {
      const T* y = in + unit * rows;
      T *w = out + unit * columns, sum = 0;
      for (std::int64_t row = 0; row < rows; ++row) sum += y[row];
      for (const std::int32_t column : changes.reference) w[column] = sum;
      for (const Entry& entry : changes.entries) w[entry.column] += static_cast<T>(entry.sign) * y[entry.row];
    }
  });
}

class Product : public torch::autograd::Function<Product> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& codes_BL,
                            const at::Tensor& reference_L, std::int64_t symbols) {
    context->save_for_backward({weight, codes_BL, reference_L});
    context->saved_data["symbols"] = symbols;
    at::Tensor y_OB = at::empty({weight.size(0), codes_BL.size(0)}, weight.options());
    AT_DISPATCH_FLOATING_TYPES(weight.scalar_type(), "one_hot_linear", [&] {
      products<scalar_t>(changes_of(codes_BL, reference_L, symbols), weight, bias, y_OB);
    });
    return y_OB.t().contiguous();
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor y_OB = outputs[0].t().contiguous();
    at::Tensor of_weight = at::zeros(saved[0].sizes(), saved[0].options());
    AT_DISPATCH_FLOATING_TYPES(of_weight.scalar_type(), "one_hot_linear_backward", [&] {
      gradients<scalar_t>(changes_of(saved[1], saved[2], context->saved_data["symbols"].toInt()), y_OB, of_weight);
    });
    return {of_weight, y_OB.sum(1), {}, {}, {}};
  }
};

/// into[to[i]] += from[index[i]].
template <typename T>
void add_rows(const at::Tensor& from, const at::Tensor& index, const at::Tensor& to, at::Tensor& into) {
  const std::int64_t width = from.size(1);
  const T* source = from.const_data_ptr<T>();
  T* sums = into.mutable_data_ptr<T>();
  const auto *read = index.const_data_ptr<std::int64_t>(), *written = to.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < index.numel(); ++i) {
    add_values(source + read[i] * width, width, sums + written[i] * width);
  }
}

at::Tensor added(const at::Tensor& from, const at::Tensor& index, const at::Tensor& to, std::int64_t rows) {
  at::Tensor into = at::zeros({rows, from.size(1)}, from.options());
  if (!from.is_cpu()) return into.index_add(0, to, from.index_select(0, index));
  AT_DISPATCH_FLOATING_TYPES(from.scalar_type(), "sums_by_row", [&] { add_rows<scalar_t>(from.contiguous(), index, to, into); });
  return into;
}

class Sums : public torch::autograd::Function<Sums> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& table, const at::Tensor& index, const at::Tensor& row, std::int64_t rows) {
    context->save_for_backward({index, row});
    context->saved_data["rows"] = table.size(0);
    return added(table, index, row, rows);
  }
  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const variable_list saved = context->get_saved_variables();
    return {added(outputs[0], saved[1], saved[0], context->saved_data["rows"].toInt()), {}, {}, {}};
  }
};

/// Whether so few codes differ that it pays.
bool is_near(const at::Tensor& codes_BL, const at::Tensor& reference_L) {
  return codes_BL.is_cpu() && codes_BL.ne(reference_L).sum().item<std::int64_t>() * 4 < codes_BL.numel();
}

}  // namespace
}  // namespace one_hots

/// Padding is a symbol of its own that is cut off: a column of zeros.
at::Tensor one_hot(const at::Tensor& codes_BL, std::int64_t symbols, at::ScalarType dtype) {
  const at::Tensor all = at::zeros({codes_BL.size(0), symbols + 1, codes_BL.size(1)}, codes_BL.options().dtype(dtype));
  return all.scatter(1, codes_BL.to(at::kLong).unsqueeze(1), 1).narrow(1, 0, symbols);
}

at::Tensor one_hot_linear(const at::Tensor& codes_BL, std::int64_t symbols, const at::Tensor& reference_L, const at::Tensor& weight,
                          const at::Tensor& bias) {
  if (!one_hots::is_near(codes_BL, reference_L)) {
    return linear(one_hot(codes_BL, symbols, weight.scalar_type()).flatten(1), weight, bias);
  }
  return one_hots::Product::apply(weight, bias, codes_BL.contiguous(), reference_L, symbols);
}

at::Tensor sums_by_row(const at::Tensor& table, const at::Tensor& index_D, const at::Tensor& row_D, std::int64_t rows) {
  return one_hots::Sums::apply(table, index_D.contiguous(), row_D.contiguous(), rows);
}

}  // namespace seqbench::models
