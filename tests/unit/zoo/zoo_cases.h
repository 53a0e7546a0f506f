#pragma once
// The parity cases of tests/parity/zoo: a small model folder and what the reference computes from it.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/json.h"
#include "harness/contract/tables.h"
#include "harness/tensors/safetensors.h"

namespace seqbench::zoo {

struct Case {
  std::filesystem::path folder;
  std::vector<std::string> texts;
  std::int64_t outputs = 0;
  std::map<std::string, at::Tensor> expected;

  [[nodiscard]] bool has(const std::string& name) const { return expected.contains(name); }
  [[nodiscard]] const at::Tensor& at(const std::string& name) const { return expected.at(name); }
  [[nodiscard]] std::filesystem::path adapter() const {
    return std::filesystem::exists(folder / "adapter") ? folder / "adapter" : std::filesystem::path();
  }
};

/// $SEQBENCH_ZOO_CASES, else the committed ones.
inline std::filesystem::path cases_folder() {
  const char* given = std::getenv("SEQBENCH_ZOO_CASES");
  return given != nullptr ? std::filesystem::path(given) : std::filesystem::path(SEQBENCH_SOURCE_DIR) / "tests/parity/zoo/cases";
}

inline std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(cases_folder())) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

inline Case load(const std::string& name) {
  Case loaded;
  loaded.folder = cases_folder() / name;
  const std::filesystem::path path = loaded.folder / "expected.safetensors";
  tensors::TensorFile file = tensors::from_safetensors(read_file(path), path.string());
  loaded.texts = Json::parse(file.metadata.at("texts")).get<std::vector<std::string>>();
  loaded.outputs = std::stoll(file.metadata.at("labels"));
  for (NamedTensor& entry : file.tensors) loaded.expected.emplace(entry.name, entry.tensor);
  return loaded;
}

/// The one entry of the table that reads the folder.
inline const ModelEntry& entry_of(const std::filesystem::path& folder) {
  static const Tables kTables({}, {models_table().begin(), models_table().end()});
  const Json config = parse_json(read_file(folder / "config.json"), "config.json");
  const ModelEntry* found = nullptr;
  for (const ModelEntry& entry : kTables.models()) {
    if (entry.reads_folder == nullptr || !entry.reads_folder(config)) continue;
    SEQBENCH_ASSERT(found == nullptr, "one family reads a folder");
    found = &entry;
  }
  SEQBENCH_ASSERT(found != nullptr, "a family reads the folder");
  return *found;
}

/// Largest |a - b| over max(1, largest |b|).
inline double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  SEQBENCH_ASSERT(a.sizes() == b.sizes(), "the same shape");
  if (b.numel() == 0) return 0;
  return a.sub(b).abs().max().item<double>() / std::max(1.0, b.abs().max().item<double>());
}

/// |a - b| over |b|, 2-norms; |b| is at least `floor`.
inline double relative_difference(const at::Tensor& a, const at::Tensor& b, double floor) {
  SEQBENCH_ASSERT(a.sizes() == b.sizes(), "the same shape");
  return a.sub(b).norm().item<double>() / std::max(floor, b.norm().item<double>());
}

}  // namespace seqbench::zoo
