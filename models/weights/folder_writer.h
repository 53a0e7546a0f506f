#pragma once
// Folders of models, as Transformers lays them out.

#include <filesystem>
#include <vector>

#include "harness/base/json.h"
#include "harness/contract/model.h"

namespace seqbench::models {

struct ModelFolder {
  Json config;                                   // config.json: what was read, unknown keys too, and what changed
  std::vector<NamedTensor> tensors;              // of a tied group one name only
  std::vector<std::filesystem::path> copied;     // files that go along as they are: tokenizer.json, vocab.txt ...
};

/// Writes model.safetensors, config.json and the copies into a new folder that is whole or not there. Throws InputError
/// where something of that name is there already, or a file to copy is not; MachineError where the disk refuses.
void write_model_folder(const std::filesystem::path& folder, const ModelFolder& content);

/// The files of `folder` that a tokenizer is read from, those there are.
[[nodiscard]] std::vector<std::filesystem::path> tokenizer_files(const std::filesystem::path& folder);

}  // namespace seqbench::models
