#pragma once
// safetensors files: model weights and checkpoints.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/contract/model.h"
#include "harness/tensors/mapped_file.h"
#include "harness/tensors/safetensors_header.h"
#include "harness/tensors/tensor_reader.h"

namespace seqbench::tensors {

/// The __metadata__ that Transformers writes and its versions before 5 ask for.
inline const std::map<std::string, std::string> kPytorchMetadata = {{"format", "pt"}};

/// The file's bytes, laid out as the reference writer does: by dtype (wide ones first), then by name. `metadata` goes into
/// __metadata__ as text values, sorted by key. Tensors are copied to the CPU. Names must be unique, dtypes those of
/// dtypes().
[[nodiscard]] std::string to_safetensors(const std::vector<NamedTensor>& tensors,
                                         const std::map<std::string, std::string>& metadata);
/// The same bytes into a file that is whole or not there; never holds more than one tensor's copy. Throws MachineError.
void write_safetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                       const std::map<std::string, std::string>& metadata = kPytorchMetadata);

struct TensorFile {
  std::vector<NamedTensor> tensors;  // by name
  std::map<std::string, std::string> metadata;
};
/// Throws InputError "PATH: ..." for anything that parse_safetensors_header refuses.
[[nodiscard]] TensorFile from_safetensors(const std::string& bytes, const std::string& path);

/// A file read tensor by tensor.
class SafetensorsFile final : public TensorReader {
 public:
  /// Reads the header. Throws InputError naming the path.
  explicit SafetensorsFile(const std::filesystem::path& path);
  [[nodiscard]] const std::vector<TensorInfo>& tensors() const override { return infos_; }
  [[nodiscard]] at::Tensor read(std::string_view name) const override;
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return header_.metadata; }

 private:
  std::string path_;
  MappedFile file_;
  SafetensorsHeader header_;
  std::vector<TensorInfo> infos_;
};

}  // namespace seqbench::tensors
