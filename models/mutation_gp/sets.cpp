#include "models/mutation_gp/sets.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/base/error.h"
#include "models/blocks/reference.h"

namespace seqbench::models::mutation_gp {
namespace sets {
namespace {

void append(Sets& sets, const SetView& view, std::span<const std::int64_t> rows) {
  const at::Tensor offsets = view.offsets.contiguous(), members = view.members.contiguous();
  const auto* offset = offsets.const_data_ptr<std::int64_t>();
  const auto* member = members.const_data_ptr<std::int64_t>();
  for (const std::int64_t row : rows) {
    sets.members.insert(sets.members.end(), member + offset[row], member + offset[row + 1]);
    sets.ends.push_back(static_cast<std::int64_t>(sets.members.size()));
  }
}

void append(Sets& sets, const CodeView& view, std::span<const std::int64_t> rows, const at::Tensor& reference) {
  const at::Tensor codes = view.gather(rows);
  const auto* code = codes.const_data_ptr<std::uint8_t>();
  const auto* common = reference.const_data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < rows.size(); ++i, code += view.length()) {
    for (std::int64_t position = 0; position < view.length(); ++position) {
      if (code[position] != common[position]) sets.members.push_back(position * (view.symbols + 1) + code[position]);
    }
    sets.ends.push_back(static_cast<std::int64_t>(sets.members.size()));
  }
}

}  // namespace
}  // namespace sets

std::span<const std::int64_t> Sets::row(std::size_t i) const {
  const std::int64_t begin = i == 0 ? 0 : ends[i - 1];
  return std::span(members).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(ends[i] - begin));
}

Sets Sets::slice(std::size_t begin, std::size_t count) const {
  Sets part;
  for (std::size_t i = begin; i < begin + count; ++i) {
    const auto row_members = row(i);
    part.members.insert(part.members.end(), row_members.begin(), row_members.end());
    part.ends.push_back(static_cast<std::int64_t>(part.members.size()));
  }
  return part;
}

at::Tensor Sets::sizes() const {
  at::Tensor sizes = at::empty({static_cast<std::int64_t>(size())}, at::kDouble);
  auto* value = sizes.mutable_data_ptr<double>();
  for (std::size_t i = 0; i < size(); ++i) value[i] = static_cast<double>(row(i).size());
  return sizes;
}

Reader::Reader(const View& view, std::span<const std::int64_t> rows) : reference_(at::empty({0}, at::kLong)) {
  if (const auto* codes = std::get_if<CodeView>(&view.data)) {
    symbols_ = codes->symbols + 1;
    features_ = codes->length() * symbols_;
    reference_ = commonest_symbols(*codes, rows);
  } else if (const auto* given = std::get_if<SetView>(&view.data)) {
    features_ = given->features;
  } else {
    throw InputError(fmt::format("mutation_gp: view '{}' holds neither codes nor sets", view.name));
  }
}

Reader::Reader(std::int64_t features, std::int64_t symbols, at::Tensor reference)
    : features_(features), symbols_(symbols), reference_(std::move(reference)) {}

void Reader::check(const View& view) const {
  const auto* codes = std::get_if<CodeView>(&view.data);
  const auto* given = std::get_if<SetView>(&view.data);
  if (codes == nullptr && given == nullptr) {
    throw InputError(fmt::format("mutation_gp: view '{}' holds neither codes nor sets", view.name));
  }
  const std::int64_t symbols = codes != nullptr ? codes->symbols + 1 : 0;
  const std::int64_t features = codes != nullptr ? codes->length() * symbols : given->features;
  if (symbols == symbols_ && features == features_) return;
  throw InputError(fmt::format("mutation_gp: fitted on {} of {} features, view '{}' holds {} of {}",
                               symbols_ > 0 ? "codes" : "sets", features_, view.name, symbols > 0 ? "codes" : "sets", features));
}

Sets Reader::read(const View& view, std::span<const std::int64_t> rows) const {
  check(view);
  Sets read;
  if (const auto* given = std::get_if<SetView>(&view.data)) {
    sets::append(read, *given, rows);
  } else {
    sets::append(read, std::get<CodeView>(view.data), rows, reference_);
  }
  return read;
}

std::span<const std::int32_t> SetIndex::Lists::of(std::int64_t key) const {
  const auto k = static_cast<std::size_t>(key);
  const std::size_t begin = k == 0 ? 0 : ends[k - 1];
  return std::span(rows).subspan(begin, ends[k] - begin);
}

SetIndex::Lists SetIndex::invert(const Sets& sets, std::int64_t keys, std::int64_t features_of_key) {
  std::vector<std::size_t> next(static_cast<std::size_t>(keys) + 1);
  for (const std::int64_t member : sets.members) ++next[static_cast<std::size_t>(member / features_of_key) + 1];
  for (std::size_t key = 1; key < next.size(); ++key) next[key] += next[key - 1];
  Lists lists{{next.begin() + 1, next.end()}, std::vector<std::int32_t>(sets.members.size())};
  for (std::size_t i = 0; i < sets.size(); ++i) {
    for (const std::int64_t member : sets.row(i)) {
      lists.rows[next[static_cast<std::size_t>(member / features_of_key)]++] = static_cast<std::int32_t>(i);
    }
  }
  return lists;
}

SetIndex::SetIndex(const Sets& sets, std::int64_t features, std::int64_t symbols)
    : symbols_(symbols), sizes_(sets.sizes()), by_feature_(invert(sets, features, 1)) {
  if (symbols_ > 0) by_site_ = invert(sets, features / symbols_, symbols_);
}

Common SetIndex::common(const Sets& rows) const {
  const auto count = static_cast<std::int64_t>(rows.size());
  Common common{at::zeros({count, size()}, at::kDouble), {}};
  at::Tensor touched = symbols_ > 0 ? at::zeros({count, size()}, at::kDouble) : common.shared;  // sites that both rows change
  auto* shared = common.shared.mutable_data_ptr<double>();
  auto* sites = touched.mutable_data_ptr<double>();
  for (std::size_t i = 0; i < rows.size(); ++i, shared += size(), sites += size()) {
    for (const std::int64_t member : rows.row(i)) {
      for (const std::int32_t j : by_feature_.of(member)) shared[j] += 1;
      if (symbols_ == 0) continue;
      for (const std::int32_t j : by_site_.of(member / symbols_)) sites[j] += 1;
    }
  }
  common.distance = rows.sizes().unsqueeze(1).add(sizes_).sub_(common.shared).sub_(touched);
  return common;
}

}  // namespace seqbench::models::mutation_gp
