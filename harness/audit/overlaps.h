#pragma once
// Private to the room: rows of the test part that training holds too.

#include <span>
#include <vector>

#include "harness/audit/audit.h"
#include "harness/audit/rows.h"

namespace seqbench::audit {

/// The two sides of a split; `seen` = training and validation.
struct Sides {
  std::vector<std::int64_t> seen, test;
};

[[nodiscard]] Finding exact_duplicates(const Rows& rows, const Examples& examples, const Sides& sides);
[[nodiscard]] Finding reverse_complements(const Rows& rows, const Examples& examples, const Sides& sides);
[[nodiscard]] Finding near_duplicates(const Rows& rows, const Examples& examples, const Sides& sides);
[[nodiscard]] Finding shared_groups(const Examples& examples, const Sides& sides, const std::string& group);
[[nodiscard]] Finding contradicting_labels(const Rows& rows, const Examples& examples, std::int64_t targets);

}  // namespace seqbench::audit
