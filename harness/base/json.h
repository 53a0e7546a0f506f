#pragma once
// JSON values (nlohmann) and the one canonical text of them that keys are hashed from.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace seqbench {

using Json = nlohmann::json;

/// UTF-8, no white space, object keys sorted by bytes, integers in decimal, floats by
/// std::to_chars(scientific), shortest round trip, -0 as 0e+00. Non-finite floats are an assertion.
/// {"a":1,"b":[1e-04,1e-01,true]} is the check of HARNESS 4.3.
[[nodiscard]] std::string canonical_json(const Json& value);

/// Strict parse with bounded depth (64) and size; throws InputError("WHAT: ..."). A value takes up to some hundred times
/// the memory of its text, so text from strangers that may be long is read with a bound on `max_values`: objects, arrays,
/// keys and all else counted.
[[nodiscard]] Json parse_json(std::string_view text, std::string_view what,
                              std::size_t max_values = static_cast<std::size_t>(-1));

/// A number for JSON output: non-finite values become the strings "nan", "inf", "-inf".
[[nodiscard]] Json json_number(double value);

}  // namespace seqbench
