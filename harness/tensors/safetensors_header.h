#pragma once
// The header of a safetensors file: an 8-byte little-endian length, JSON, then the tensors without gaps
// (huggingface/safetensors 0.8.0; stricter than it where a name is given twice).

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/tensors/dtypes.h"

namespace seqbench::tensors {

struct SafetensorsEntry {
  std::string name;
  const Dtype* dtype = nullptr;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  // relative to the data
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // by name
  std::map<std::string, std::string> metadata;
  std::uint64_t data = 0;  // where the data begins in the file
};

/// `bytes` is the whole file. Throws InputError "PATH: ..." for whatever is not as the format says: header over 100 MB
/// or of more than 2 million values,
/// offsets out of bounds, overlaps, gaps, sizes that do not fit dtype and shape, unknown dtypes.
[[nodiscard]] SafetensorsHeader parse_safetensors_header(std::string_view bytes, const std::string& path);

}  // namespace seqbench::tensors
