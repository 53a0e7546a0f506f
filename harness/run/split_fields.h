#pragma once
// What grouped and stratified splits read of a data set: a number a row, in the byte order of names.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/contract/examples.h"

namespace seqbench::run {

/// Groups of `rows` by the field `split.group`. Throws InputError naming the fields there are where it is none of them, or
/// holds numbers that name nothing.
[[nodiscard]] std::vector<std::int64_t> groups_of(const Examples& examples, std::span<const std::int64_t> rows,
                                                  const std::string& group);
/// Classes of `rows` by `split.stratify` (spec::parse_strata): values of a field or of the first target, or bins of
/// equal count. Throws InputError as above, and where a number that is to be ranked is not finite.
[[nodiscard]] std::vector<std::int64_t> classes_of(const Examples& examples, std::span<const std::int64_t> rows,
                                                   const std::string& stratify);

}  // namespace seqbench::run
