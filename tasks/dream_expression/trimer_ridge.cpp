#include "tasks/dream_expression/trimer_ridge.h"

#include <cmath>
#include <vector>

#include "tasks/data/packed_dna.h"

namespace seqbench::tasks::dream_expression {

TrimerRidge::Row TrimerRidge::counts(std::string_view insert) {
  Row row{};
  std::size_t word = 0;
  for (std::size_t i = 0; i < insert.size(); ++i) {
    word = (word * 4 + base_code(insert[i])) % kColumns;
    if (i >= 2) row[word] += 1;
  }
  return row;
}

TrimerRidge::TrimerRidge(std::span<const std::string> inserts, std::span<const double> labels) {
  const auto n = static_cast<double>(inserts.size());
  std::vector<Row> rows;
  for (std::size_t i = 0; i < inserts.size(); ++i) {
    rows.push_back(counts(inserts[i]));
    for (std::size_t c = 0; c < kColumns; ++c) means_[c] += rows.back()[c] / n;
    intercept_ += labels[i] / n;
  }
  std::array<Row, kColumns> gram{};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Row& row = rows[i];
    for (std::size_t c = 0; c < kColumns; ++c) row[c] -= means_[c];
    for (std::size_t c = 0; c < kColumns; ++c) {
      weights_[c] += row[c] * (labels[i] - intercept_);
      for (std::size_t d = 0; d <= c; ++d) gram[c][d] += row[c] * row[d];
    }
  }
  for (std::size_t c = 0; c < kColumns; ++c) {  // Cholesky, in place
    gram[c][c] += 1;
    for (std::size_t d = 0; d <= c; ++d) {
      for (std::size_t e = 0; e < d; ++e) gram[c][d] -= gram[c][e] * gram[d][e];
      gram[c][d] = d == c ? std::sqrt(gram[c][c]) : gram[c][d] / gram[d][d];
    }
  }
  for (std::size_t c = 0; c < kColumns; ++c) {
    for (std::size_t e = 0; e < c; ++e) weights_[c] -= gram[c][e] * weights_[e];
    weights_[c] /= gram[c][c];
  }
  for (std::size_t c = kColumns; c-- > 0;) {
    for (std::size_t e = c + 1; e < kColumns; ++e) weights_[c] -= gram[e][c] * weights_[e];
    weights_[c] /= gram[c][c];
  }
}

double TrimerRidge::predict(std::string_view insert) const {
  const Row row = counts(insert);
  double value = intercept_;
  for (std::size_t c = 0; c < kColumns; ++c) value += weights_[c] * (row[c] - means_[c]);
  return value;
}

}  // namespace seqbench::tasks::dream_expression
