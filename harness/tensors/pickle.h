#pragma once
// The pickles of state dicts (protocol 2), read by a machine that builds values and calls nothing: the opcodes and
// globals of torch/_weights_only_unpickler.py (2.13) that tensors need, each result a plain node.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/tensors/dtypes.h"

namespace seqbench::tensors {

/// What _rebuild_tensor_v2 was given. Offset and strides are in elements of the storage, and lie in it.
struct PickledView {
  const Dtype* dtype = nullptr;
  std::string_view key;              // of the storage: the archive's member data/KEY
  std::int64_t storage_elements = 0;
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape, strides;
};

struct PickleNode {
  enum class Kind { kNone, kBool, kInt, kFloat, kText, kTuple, kList, kSet, kDict, kGlobal, kStorage, kTensor };
  Kind kind = Kind::kNone;
  std::int64_t integer = 0;           // kInt; kGlobal: which; kStorage: elements; kTensor: index of `views`
  std::string_view text{};            // kText; kStorage: key
  const Dtype* dtype = nullptr;       // kStorage, and the global that names one
  std::vector<std::uint32_t> items{};  // indices of nodes; kDict: key, value, key, value ...
};

/// Nodes name one another by index: containers may hold themselves, so walk to a fixed depth only.
struct Pickle {
  std::vector<PickleNode> nodes;
  std::vector<PickledView> views;
  std::uint32_t root = 0;
};

/// Views into `bytes`. Throws InputError "PATH: data.pkl, byte N: ..." for other opcodes and globals (named), and for more
/// than 32 MB, a million nodes, memo places or values on the stack, 1024 open
/// marks, 65,536 tensors, or texts of 64 KB.
[[nodiscard]] Pickle read_pickle(std::string_view bytes, const std::string& path);

}  // namespace seqbench::tensors
