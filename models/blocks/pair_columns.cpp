#include "models/blocks/pair_columns.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>

#include "harness/base/error.h"

namespace seqbench::models {
namespace pair_columns {
namespace {

constexpr std::size_t kMostPairs = std::size_t{1} << 27;  // of all rows while they are counted: 1 GiB

ListedRows list_singles(const Columns& columns, const View& view, std::span<const std::int64_t> rows) {
  ListedRows listed;
  listed.ends.assign(rows.size(), 0);
  for_each_block(rows, [&](std::size_t begin, std::span<const std::int64_t> block) {
    columns.visit(view, block, [&](std::size_t i, std::int64_t column, double value) {
      listed.columns.push_back(column);
      listed.values.push_back(value);
      listed.ends[begin + i] = listed.values.size();
    });
  });
  for (std::size_t i = 1; i < rows.size(); ++i) listed.ends[i] = std::max(listed.ends[i], listed.ends[i - 1]);
  return listed;
}

/// Whether a column may be one of a pair, [count].
std::vector<bool> pairing(const Columns& columns, const View& view, const ListedRows& rows) {
  std::vector<std::size_t> seen(static_cast<std::size_t>(columns.count()));
  for (const std::int64_t column : rows.columns) ++seen[static_cast<std::size_t>(column)];
  std::vector<bool> pairs(seen.size(), true);
  if (!std::holds_alternative<CodeView>(view.data)) return pairs;
  for (std::size_t column = 0; column < seen.size(); ++column) pairs[column] = 2 * seen[column] < rows.ends.size();
  return pairs;
}

/// Codes that occur at least `min_rows` times, ascending, once each.
std::vector<std::int64_t> frequent(std::vector<std::int64_t> codes, std::int64_t min_rows) {
  std::ranges::sort(codes);
  std::vector<std::int64_t> kept;
  for (auto from = codes.begin(); from != codes.end();) {
    const auto to = std::upper_bound(from, codes.end(), *from);
    if (to - from >= min_rows) kept.push_back(*from);
    from = to;
  }
  return kept;
}

}  // namespace
}  // namespace pair_columns

PairColumns::PairColumns(Columns columns, at::Tensor pairs) : columns_(std::move(columns)), pairs_(pairs.contiguous()) {
  const auto* column = pairs_.const_data_ptr<std::int64_t>();
  const std::int64_t count = columns_.count();
  for (std::int64_t q = 0; q < pairs_.size(0); ++q, column += 2) {
    const bool fits = 0 <= column[0] && column[0] < column[1] && column[1] < count;
    const std::int64_t code = column[0] * count + column[1];
    if (!fits || (!codes_.empty() && codes_.back() >= code)) {
      throw InputError(fmt::format("pair {} is ({}, {}): expected two ascending columns of {}, pairs in ascending order", q,
                                   column[0], column[1], count));
    }
    codes_.push_back(code);
  }
}

PairColumns PairColumns::seen_in(const View& view, std::span<const std::int64_t> rows, std::int64_t min_rows) {
  Columns columns = Columns::seen_in(view, rows);
  const ListedRows singles = pair_columns::list_singles(columns, view, rows);
  const std::vector<bool> pairing = pair_columns::pairing(columns, view, singles);
  std::vector<std::int64_t> codes, row;
  for (std::size_t i = 0, from = 0; i < rows.size(); from = singles.ends[i++]) {
    row.clear();
    for (std::size_t j = from; j < singles.ends[i]; ++j) {
      if (pairing[static_cast<std::size_t>(singles.columns[j])]) row.push_back(singles.columns[j]);
    }
    if (codes.size() + row.size() * row.size() / 2 > pair_columns::kMostPairs) {
      throw InputError(fmt::format("view '{}': rows hold more than {} pairs of features; pairs are for rows of few features",
                                   view.name, pair_columns::kMostPairs));
    }
    for (std::size_t a = 0; a < row.size(); ++a) {
      for (std::size_t b = a + 1; b < row.size(); ++b) codes.push_back(row[a] * columns.count() + row[b]);
    }
  }
  codes = pair_columns::frequent(std::move(codes), min_rows);
  at::Tensor pairs = at::empty({static_cast<std::int64_t>(codes.size()), 2}, at::kLong);
  auto* column = pairs.mutable_data_ptr<std::int64_t>();
  for (const std::int64_t code : codes) {
    *column++ = code / columns.count();
    *column++ = code % columns.count();
  }
  return {std::move(columns), std::move(pairs)};
}

ListedRows PairColumns::list(const View& view, std::span<const std::int64_t> rows) const {
  const ListedRows singles = pair_columns::list_singles(columns_, view, rows);
  std::vector<bool> paired(static_cast<std::size_t>(columns_.count()));
  const auto* column = codes_.empty() ? nullptr : pairs_.const_data_ptr<std::int64_t>();
  for (std::size_t k = 0; k < 2 * codes_.size(); ++k) paired[static_cast<std::size_t>(column[k])] = true;
  ListedRows listed;
  std::vector<std::size_t> row;  // places in `singles` of what may be in a pair
  for (std::size_t i = 0, from = 0; i < rows.size(); from = singles.ends[i++]) {
    row.clear();
    for (std::size_t j = from; j < singles.ends[i]; ++j) {
      listed.columns.push_back(singles.columns[j]);
      listed.values.push_back(singles.values[j]);
      if (paired[static_cast<std::size_t>(singles.columns[j])]) row.push_back(j);
    }
    for (std::size_t a = 0; a < row.size(); ++a) {
      for (std::size_t b = a + 1; b < row.size(); ++b) {
        const std::int64_t code = singles.columns[row[a]] * columns_.count() + singles.columns[row[b]];
        const auto found = std::ranges::lower_bound(codes_, code);
        if (found == codes_.end() || *found != code) continue;
        listed.columns.push_back(columns_.count() + (found - codes_.begin()));
        listed.values.push_back(singles.values[row[a]] * singles.values[row[b]]);
      }
    }
    listed.ends.push_back(listed.values.size());
  }
  return listed;
}

}  // namespace seqbench::models
