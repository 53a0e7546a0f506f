#pragma once
// A store's results as text that does not depend on how they were computed.

#include <iosfwd>

#include "harness/store/connection.h"

namespace seqbench::store {

/// See Reader::export_text. Works on every version whose tables still have the columns of version 1.
void export_store(Connection& db, std::ostream& out);

}  // namespace seqbench::store
