#pragma once
// Ridge regression on counts of 3-mers, of the twin's own: it says which inserts are hard for a model that only counts.

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace seqbench::tasks::dream_expression {

class TrimerRidge {
 public:
  TrimerRidge(std::span<const std::string> inserts, std::span<const double> labels);
  [[nodiscard]] double predict(std::string_view insert) const;

 private:
  static constexpr std::size_t kColumns = 64;
  using Row = std::array<double, kColumns>;
  [[nodiscard]] static Row counts(std::string_view insert);

  Row means_{}, weights_{};
  double intercept_ = 0;
};

}  // namespace seqbench::tasks::dream_expression
