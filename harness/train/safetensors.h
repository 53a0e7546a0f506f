#pragma once
// Checkpoint files: safetensors (8-byte little-endian header length, JSON header, data), F32, F64, I64, U8.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/base/json.h"
#include "harness/contract/model.h"

namespace seqbench::train {

/// The file's bytes; `metadata` goes into __metadata__ as text values. Tensors are copied to the CPU.
[[nodiscard]] std::string to_safetensors(const std::vector<NamedTensor>& tensors,
                                         const std::map<std::string, std::string>& metadata);
struct TensorFile {
  std::vector<NamedTensor> tensors;
  std::map<std::string, std::string> metadata;
};
/// Throws InputError "PATH: ..." for anything torn: header over 100 MB, offsets out of bounds, overlaps, gaps,
/// sizes that do not fit dtype and shape, unknown dtypes.
[[nodiscard]] TensorFile from_safetensors(const std::string& bytes, const std::string& path);

}  // namespace seqbench::train
