#pragma once
// Arguments of the programs that time one thing.

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench {

/// What argument `name` tells, 1 or more. Throws InputError.
inline std::int64_t count_of(const char* name, std::string_view given) {
  const std::optional<std::int64_t> value = parse_int(given);
  if (!value || *value < 1) throw InputError(fmt::format("{} must be a whole number of at least 1, got '{}'", name, printable(given)));
  return *value;
}

}  // namespace seqbench
