#pragma once
// Amino acids as numbers: the principal components of the indices of AAindex1 (Kawashima et al. 2008), standardised
// over the 20 amino acids, as Gelman et al. (2021) computed them.

#include <array>
#include <cstdint>
#include <string_view>

namespace seqbench::models {

inline constexpr std::int64_t kComponents = 19;
inline constexpr std::int64_t kAminoAcids = 20;
/// The symbols of a view of proteins: code = place here. The stop has zeros for components, as in nn4dms.
inline constexpr std::string_view kProteinSymbols = "ACDEFGHIKLMNPQRSTVWY*";

[[nodiscard]] const std::array<std::array<float, kComponents>, kAminoAcids>& aa_components();

}  // namespace seqbench::models
