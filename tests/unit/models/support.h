#pragma once
// Views made by hand, and models reached through the table as the harness reaches them.

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/streams.h"
#include "harness/contract/model.h"

namespace seqbench::testing {

template <typename T>
at::Tensor tensor_of(const std::vector<T>& values, const std::vector<std::int64_t>& shape, at::ScalarType dtype) {
  at::Tensor tensor = at::empty(shape, dtype);
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<T>());
  return tensor;
}

/// Normal numbers, other ones for each `item`.
inline at::Tensor drawn(const std::vector<std::int64_t>& shape, std::uint32_t item, at::ScalarType type) {
  at::Tensor x = at::empty(shape, at::kDouble);
  Draws draws = Streams(6).open("test").at({.item = item});
  for (std::int64_t i = 0; i < x.numel(); ++i) x.mutable_data_ptr<double>()[i] = draws.normal();
  return x.to(type);
}

/// Sines of 0, step, 2 step ...
inline at::Tensor wave(const std::vector<std::int64_t>& shape, double step) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return at::arange(count, at::kFloat).mul(step).sin().view(shape);
}

/// `rows` of equal length over symbols A, B, C ...; '-' is padding.
inline View code_view(const std::vector<std::string>& rows, std::int64_t symbols) {
  std::vector<std::uint8_t> codes;
  std::vector<std::int64_t> lengths;
  for (const std::string& row : rows) {
    for (const char c : row) codes.push_back(static_cast<std::uint8_t>(c == '-' ? symbols : c - 'A'));
    lengths.push_back(static_cast<std::int64_t>(row.find_last_not_of('-') + 1));
  }
  const auto count = static_cast<std::int64_t>(rows.size());
  const auto width = static_cast<std::int64_t>(rows.front().size());
  return {"one_hot", CodeView{tensor_of(codes, {count, width}, at::kByte), tensor_of(lengths, {count}, at::kLong),
                              symbols}};
}

/// Rows of `height` x width zeros and ones.
inline View bit_view(const std::vector<std::string>& rows, std::int64_t height) {
  const auto count = static_cast<std::int64_t>(rows.size()), bits = static_cast<std::int64_t>(rows.front().size());
  const std::int64_t bytes = (bits + 7) / 8;
  std::vector<std::uint8_t> packed(static_cast<std::size_t>(count * bytes));
  for (std::int64_t row = 0; row < count; ++row) {
    for (std::int64_t i = 0; i < bits; ++i) {
      if (rows[static_cast<std::size_t>(row)][static_cast<std::size_t>(i)] != '1') continue;
      std::uint8_t& byte = packed[static_cast<std::size_t>(row * bytes + i / 8)];
      byte = static_cast<std::uint8_t>(byte | 1U << (i % 8));
    }
  }
  return {"tf_bins", BitView{tensor_of(packed, {count, bytes}, at::kByte), height, bits / height}};
}

inline View dense_view(const std::vector<float>& values, std::int64_t features) {
  const auto rows = static_cast<std::int64_t>(values.size()) / features;
  return {"kmer_counts", DenseView{tensor_of(values, {rows, features}, at::kFloat)}};
}

inline View set_view(const std::vector<std::vector<std::int64_t>>& sets, std::int64_t features) {
  std::vector<std::int64_t> offsets = {0};
  std::vector<std::int64_t> members;
  for (const auto& set : sets) {
    members.insert(members.end(), set.begin(), set.end());
    offsets.push_back(static_cast<std::int64_t>(members.size()));
  }
  const auto rows = static_cast<std::int64_t>(sets.size());
  const auto total = static_cast<std::int64_t>(members.size());
  return {"mutations", SetView{tensor_of(offsets, {rows + 1}, at::kLong), tensor_of(members, {total}, at::kLong),
                               features}};
}

inline const NamedModel& named_model(std::string_view name) {
  for (const NamedModel& model : models_table()) {
    if (model.name == name) return model;
  }
  throw InputError(std::string("no model ").append(name));
}

inline std::vector<std::int64_t> row_range(std::int64_t begin, std::int64_t end) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(end - begin));
  std::iota(rows.begin(), rows.end(), begin);
  return rows;
}

/// Some rows of a data set, kept alive for the FitRows that point at them.
struct Rows {
  std::vector<std::int64_t> rows;
  std::vector<double> targets;
  std::vector<double> weights;
  [[nodiscard]] FitRows of(const View& view) const { return {view, rows, targets, weights}; }
};

inline Rows unweighted(std::vector<std::int64_t> rows, std::vector<double> targets) {
  const std::size_t count = rows.size();
  return {std::move(rows), std::move(targets), std::vector<double>(count, 1.0)};
}

inline std::unique_ptr<Estimator> make_estimator(std::string_view name, const View& view, TaskKind kind,
                                                 std::vector<double> strengths = {}, std::int64_t targets = 1) {
  const ModelEntry entry = named_model(name).make();
  Params params(entry.params);
  if (!strengths.empty()) params.set("strengths", std::move(strengths));
  return entry.estimator({params, view, kind, targets, Streams(0)});
}

inline double chosen_number(const Estimator& estimator, std::string_view key) {
  for (const Setting& setting : estimator.chosen()) {
    if (setting.key == key) return std::get<double>(setting.value);
  }
  throw InputError(std::string("not chosen: ").append(key));
}

}  // namespace seqbench::testing
