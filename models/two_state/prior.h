#pragma once
// What is thought of substitutions before any is measured: how alike the effects of two of them are.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "models/blocks/contacts.h"

namespace seqbench::models::two_state {

/// Codes of a view, padding (= symbols) included; of proteins (`protein` below) places in kProteinSymbols.
struct Substitution {
  std::int64_t position = 0, from = 0, to = 0;
  bool operator==(const Substitution&) const = default;
};

/// f64 [V, V], positive definite. Two effects covary with what they share: nothing but themselves (0.3); the position (0.3, and
/// up to 1 as the new amino acids are alike); positions near in the graph of contacts (up to 0.5, half of it as the new ones are
/// alike); amino acids that are alike on both sides of the arrow (up to 0.3). Stops and padding covary with
/// one another alone (2).
/// Likeness of amino acids: exp(-d^2 / 4.5), d between their AAindex components scaled to unit mean square; without `protein`
/// a symbol is like itself alone. Nearness: exp(-2 L) of the graph's normalised Laplacian L, scaled to 1 on the diagonal; without
/// contacts the term is left out.
[[nodiscard]] at::Tensor prior_covariance(std::span<const Substitution> substitutions, const std::vector<Contact>& contacts,
                                          std::int64_t positions, std::int64_t symbols, bool protein);

}  // namespace seqbench::models::two_state
