#include "models/weights/tensor_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/json.h"
#include "harness/base/text.h"
#include "harness/tensors/safetensors.h"
#include "harness/tensors/torch_archive.h"

namespace seqbench::models {
namespace tensor_source {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxIndex = 64u << 20;
constexpr std::size_t kMaxValues = 1u << 20;  // a tensor takes two
constexpr std::size_t kMaxShards = 4096;

std::unique_ptr<tensors::TensorReader> reader_of(const fs::path& path) {
  const std::string ending = path.extension().string();
  if (ending == ".safetensors") return std::make_unique<tensors::SafetensorsFile>(path);
  if (ending == ".bin" || ending == ".pt" || ending == ".pth") return std::make_unique<tensors::TorchArchive>(path);
  throw InputError(fmt::format("'{}': weights are .safetensors, .bin, .pt or .pth", path.string()));
}

class OneFile final : public TensorSource {
 public:
  explicit OneFile(const fs::path& path) : reader_(reader_of(path)) {}
  [[nodiscard]] const std::vector<TensorInfo>& tensors() const override { return reader_->tensors(); }
  [[nodiscard]] at::Tensor read(std::string_view name) const override { return reader_->read(name); }

 private:
  std::unique_ptr<tensors::TensorReader> reader_;
};

/// tensor -> shard, as the index says.
std::map<std::string, std::string> weight_map(const fs::path& index, std::string_view ending) {
  const std::string path = index.string();
  const Json json = parse_json(read_file(index, kMaxIndex), path, kMaxValues);
  const auto map = json.is_object() ? json.find("weight_map") : json.end();
  if (map == json.end() || !map->is_object()) throw InputError(path + ": weight_map must be an object of file names");
  std::map<std::string, std::string> shards;
  for (const auto& [name, shard] : map->items()) {
    const std::string file = shard.is_string() ? shard.get<std::string>() : "";
    const bool plain = file.find_first_of(std::string_view("/\\\0", 3)) == file.npos && file.find("..") == file.npos;
    if (!plain || !file.ends_with(ending)) {  // so no index leads to another, nor out of the folder
      throw InputError(fmt::format("{}: '{}' must lie in a file NAME{} of the same folder, got {}", path, printable(name),
                                   ending, printable(shard.dump())));
    }
    shards[name] = file;
  }
  if (shards.empty()) throw InputError(path + ": weight_map names no tensor");
  return shards;
}

class Sharded final : public TensorSource {
 public:
  Sharded(const fs::path& index, std::string_view ending);
  [[nodiscard]] const std::vector<TensorInfo>& tensors() const override { return infos_; }
  [[nodiscard]] at::Tensor read(std::string_view name) const override;

 private:
  void check(const std::string& shard, const tensors::TensorReader& reader) const;

  std::string path_;
  std::map<std::string, std::string> shard_of_;
  std::map<std::string, std::unique_ptr<tensors::TensorReader>> readers_;
  std::vector<TensorInfo> infos_;
};

Sharded::Sharded(const fs::path& index, std::string_view ending)
    : path_(index.string()), shard_of_(weight_map(index, ending)) {
  for (const auto& [name, shard] : shard_of_) {
    if (readers_.contains(shard)) continue;
    if (readers_.size() == kMaxShards) throw InputError(fmt::format("{}: more than {} shards", path_, kMaxShards));
    const fs::path file = index.parent_path() / shard;
    std::error_code error;
    if (!fs::exists(file, error)) throw InputError(fmt::format("{}: its shard '{}' is not there", path_, printable(shard)));
    readers_[shard] = reader_of(file);
    check(shard, *readers_[shard]);
  }
  for (const auto& [name, shard] : shard_of_) {
    const std::vector<TensorInfo>& held = readers_.at(shard)->tensors();
    if (!std::ranges::binary_search(held, name, {}, &TensorInfo::name)) {
      throw InputError(fmt::format("{}: '{}' should be in '{}', which lacks it", path_, printable(name), printable(shard)));
    }
    infos_.push_back(*std::ranges::lower_bound(held, name, {}, &TensorInfo::name));
  }
}

/// A shard holds nothing that the index puts elsewhere or does not know.
void Sharded::check(const std::string& shard, const tensors::TensorReader& reader) const {
  for (const TensorInfo& info : reader.tensors()) {
    const auto listed = shard_of_.find(info.name);
    if (listed == shard_of_.end() || listed->second != shard) {
      throw InputError(fmt::format("{}: '{}' holds '{}', which the index {}", path_, printable(shard), printable(info.name),
                                   listed == shard_of_.end() ? "does not list" : "puts elsewhere"));
    }
  }
}

at::Tensor Sharded::read(std::string_view name) const {
  const auto shard = shard_of_.find(std::string(name));
  if (shard == shard_of_.end()) throw InputError(fmt::format("{}: there is no tensor '{}'", path_, printable(name)));
  return readers_.at(shard->second)->read(name);
}

}  // namespace
}  // namespace tensor_source

std::unique_ptr<TensorSource> TensorSource::open(const std::filesystem::path& folder) {
  for (const auto& [stem, ending] : {std::pair{"model", ".safetensors"}, std::pair{"pytorch_model", ".bin"}}) {
    const std::filesystem::path whole = folder / (std::string(stem) + ending);
    std::error_code error;
    if (std::filesystem::exists(whole, error)) return std::make_unique<tensor_source::OneFile>(whole);
    const std::filesystem::path index = whole.string() + ".index.json";
    if (std::filesystem::exists(index, error)) return std::make_unique<tensor_source::Sharded>(index, ending);
  }
  throw InputError(fmt::format("'{}' has no weights: expected model.safetensors, pytorch_model.bin, or an index of either",
                               folder.string()));
}

std::unique_ptr<TensorSource> TensorSource::open_file(const std::filesystem::path& path) {
  return std::make_unique<tensor_source::OneFile>(path);
}

}  // namespace seqbench::models
