#include "models/blocks/sparse_rows.h"

#include <algorithm>
#include <utility>

namespace seqbench::models {
namespace sparse_rows {
namespace {

constexpr std::size_t kMostKept = std::size_t{64} << 20;  // values of 8 bytes

}  // namespace
}  // namespace sparse_rows

SparseRows::Block SparseRows::make(std::span<const std::int64_t> rows) const {
  Block block;
  block.ends.assign(rows.size(), 0);
  columns_.visit(view_, rows, [&](std::size_t i, std::int64_t column, double value) {
    block.columns.push_back(static_cast<std::int32_t>(column));
    block.values.push_back(static_cast<float>(value));
    block.ends[i] = block.values.size();
  });
  for (std::size_t i = 1; i < rows.size(); ++i) block.ends[i] = std::max(block.ends[i], block.ends[i - 1]);
  return block;
}

void SparseRows::for_each(const std::function<void()>& check_stop,
                          const std::function<void(std::size_t, const SparseRow&)>& visit) {
  std::size_t number = 0;
  for_each_block(rows_, [&](std::size_t begin, std::span<const std::int64_t> rows) {
    check_stop();
    Block made;
    if (number >= kept_.size()) {
      made = make(rows);
      if (number == kept_.size() && kept_values_ + made.values.size() <= sparse_rows::kMostKept) {
        kept_values_ += made.values.size();
        kept_.push_back(std::move(made));
      }
    }
    const Block& block = number < kept_.size() ? kept_[number] : made;
    ++number;
    for (std::size_t i = 0, from = 0; i < rows.size(); from = block.ends[i++]) {
      const std::size_t count = block.ends[i] - from;
      visit(begin + i, {std::span(block.columns).subspan(from, count), std::span(block.values).subspan(from, count)});
    }
  });
}

}  // namespace seqbench::models
