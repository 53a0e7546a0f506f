#pragma once
// The weights of a model folder, whatever files they lie in.

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "harness/tensors/tensor_reader.h"

namespace seqbench::models {

using tensors::TensorInfo;

class TensorSource {
 public:
  TensorSource() = default;
  TensorSource(const TensorSource&) = delete;
  TensorSource& operator=(const TensorSource&) = delete;
  virtual ~TensorSource() = default;
  /// model.safetensors, else model.safetensors.index.json and its shards, else pytorch_model.bin, else its index and
  /// shards (as Transformers 5.23 chooses). Throws InputError naming the folder where it has none of them, or the file
  /// that is broken: an index that leads out of the folder, to other indices, to missing shards, or that disagrees with
  /// its shards.
  [[nodiscard]] static std::unique_ptr<TensorSource> open(const std::filesystem::path& folder);
  /// One file, read as its ending says: .safetensors, or .bin, .pt, .pth of torch.save.
  [[nodiscard]] static std::unique_ptr<TensorSource> open_file(const std::filesystem::path& path);
  /// Sorted by name; names are unique.
  [[nodiscard]] virtual const std::vector<TensorInfo>& tensors() const = 0;
  /// An owned contiguous CPU tensor in the file's dtype. Throws InputError where there is no such name.
  [[nodiscard]] virtual at::Tensor read(std::string_view name) const = 0;
};

}  // namespace seqbench::models
