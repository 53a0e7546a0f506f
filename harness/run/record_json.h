#pragma once
// A trial's record as it crosses the pipe: bits of doubles travel in the tail, never as text.

#include <string>

#include "harness/base/json.h"
#include "harness/store/records.h"

namespace seqbench::run {

struct PackedRecord {
  Json head;
  std::string tail;
};

[[nodiscard]] PackedRecord pack(const store::TrialRecord& record);
[[nodiscard]] store::TrialRecord unpack(const Json& head, const std::string& tail);
[[nodiscard]] PackedRecord pack(const std::vector<store::CurvePoint>& points);
[[nodiscard]] std::vector<store::CurvePoint> unpack_curves(const Json& head, const std::string& tail);

}  // namespace seqbench::run
