#include "models/weights/folder_writer.h"

#include <fmt/format.h>

#include <system_error>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/tensors/safetensors.h"

namespace seqbench::models {
namespace folder_writer {
namespace {

namespace fs = std::filesystem;

/// Removed with all it holds, unless it was given its name.
class Unfinished {
 public:
  explicit Unfinished(const fs::path& folder) : folder_(folder), path_(folder.string() + ".tmp-" + new_uid()) {
    std::error_code error;
    if (!folder.parent_path().empty()) fs::create_directories(folder.parent_path(), error);
    if (error || !fs::create_directory(path_, error)) fail(error);
  }
  ~Unfinished() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }
  void finish() {
    std::error_code error;
    fs::rename(path_, folder_, error);
    if (error) fail(error);
  }

 private:
  [[noreturn]] void fail(const std::error_code& error) const {
    throw MachineError(fmt::format("cannot write '{}': {}", folder_.string(), error.message()));
  }

  fs::path folder_, path_;
};

}  // namespace
}  // namespace folder_writer

void write_model_folder(const std::filesystem::path& folder, const ModelFolder& content) {
  std::error_code error;
  if (std::filesystem::exists(std::filesystem::symlink_status(folder, error))) {
    throw InputError(fmt::format("'{}' is there already, expected a new folder", folder.string()));
  }
  folder_writer::Unfinished unfinished(folder);
  for (const auto& [name, text] : content.files) write_file_atomically(unfinished.path() / name, text);
  write_file_atomically(unfinished.path() / "config.json", content.config.dump(2) + "\n");
  tensors::write_safetensors(unfinished.path() / "model.safetensors", content.tensors);
  unfinished.finish();
}

}  // namespace seqbench::models
