#pragma once
// The zip files that torch.save makes of state dicts since 1.6 (caffe2/serialize/inline_container.cc), read only.

#include <filesystem>
#include <string>
#include <vector>

#include "harness/tensors/mapped_file.h"
#include "harness/tensors/pickle.h"
#include "harness/tensors/tensor_reader.h"
#include "harness/tensors/zip_directory.h"

namespace seqbench::tensors {

/// The tensors of a flat dict, or of the dict under its "state_dict" or "model" as research code saves it. Nothing of
/// the pickle is run; views of shared and transposed storages come out contiguous and apart.
class TorchArchive final : public TensorReader {
 public:
  /// Reads directory and pickle. Throws InputError naming the path for anything else, files of torch before 1.6 and of
  /// big-endian machines among them.
  explicit TorchArchive(const std::filesystem::path& path);
  [[nodiscard]] const std::vector<TensorInfo>& tensors() const override { return infos_; }
  [[nodiscard]] at::Tensor read(std::string_view name) const override;

 private:
  [[noreturn]] void fail(const std::string& why) const;
  [[nodiscard]] std::string_view member(const std::string& name, bool required) const;
  void find_top();
  void take_tensors(const Pickle& pickle);
  void take_tensor(const Pickle& pickle, const PickleNode& key, const PickleNode& value);
  [[nodiscard]] std::string_view storage(const PickledView& view) const;

  std::string path_;
  MappedFile file_;
  std::vector<ZipMember> members_;  // by name
  std::string top_;                 // the one folder, with its slash
  std::vector<TensorInfo> infos_;
  std::vector<PickledView> views_;  // as infos_
};

}  // namespace seqbench::tensors
