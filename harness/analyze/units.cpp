#include "harness/analyze/units.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "harness/base/error.h"

namespace seqbench::analyze {
namespace {

constexpr std::size_t kMostLeftOutSingly = 2000;
constexpr std::size_t kBlocks = 200;

}  // namespace

Units Units::rows(std::size_t count) {
  return Units(count);
}

Units Units::groups(std::span<const std::int64_t> group_of_row) {
  Units units(group_of_row.size());
  std::map<std::int64_t, std::uint32_t> numbers;
  for (std::size_t row = 0; row < group_of_row.size(); ++row) {
    const auto number = numbers.emplace(group_of_row[row], static_cast<std::uint32_t>(numbers.size())).first->second;
    if (number == units.members_.size()) units.members_.emplace_back();
    units.members_[number].push_back(static_cast<std::uint32_t>(row));
  }
  units.strata_.emplace_back(units.members_.size());
  std::iota(units.strata_[0].begin(), units.strata_[0].end(), 0u);
  return units;
}

Units Units::classes(std::span<const double> truth) {
  Units units(truth.size());
  units.strata_.resize(2);
  for (std::size_t row = 0; row < truth.size(); ++row) {
    units.strata_[truth[row] == 1 ? 1 : 0].push_back(static_cast<std::uint32_t>(row));
  }
  return units;
}

std::size_t Units::count() const { return members_.empty() ? rows_ : members_.size(); }

void Units::draw(Draws draws, std::span<double> weights) const {
  SEQBENCH_ASSERT(weights.size() == rows_, "one weight a row");
  std::ranges::fill(weights, 0.0);
  if (strata_.empty()) {
    for (std::size_t i = 0; i < rows_; ++i) weights[draws.below(rows_)] += 1;
    return;
  }
  for (const std::vector<std::uint32_t>& stratum : strata_) {
    for (std::size_t i = 0; i < stratum.size(); ++i) {
      const std::uint32_t unit = stratum[draws.below(stratum.size())];
      if (members_.empty()) {
        weights[unit] += 1;
      } else {
        for (const std::uint32_t row : members_[unit]) weights[row] += 1;
      }
    }
  }
}

std::vector<Units::Block> Units::blocks() const {
  std::vector<std::vector<std::uint32_t>> strata = strata_;
  if (strata.empty()) {
    strata.emplace_back(rows_);
    std::iota(strata[0].begin(), strata[0].end(), 0u);
  }
  std::vector<Block> out;
  for (std::size_t s = 0; s < strata.size(); ++s) {
    const std::size_t size = strata[s].size(), begin = out.size();
    const std::size_t blocks = size > kMostLeftOutSingly ? kBlocks : size;
    for (std::size_t b = 0; b < blocks; ++b) out.push_back({s, {}});
    for (std::size_t i = 0; i < size; ++i) {
      std::vector<std::uint32_t>& rows = out[begin + i % blocks].rows;
      if (members_.empty()) {
        rows.push_back(strata[s][i]);
      } else {
        rows.insert(rows.end(), members_[strata[s][i]].begin(), members_[strata[s][i]].end());
      }
    }
  }
  return out;
}

}  // namespace seqbench::analyze
