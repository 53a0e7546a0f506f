#pragma once
// Folders of models, as Transformers lays them out.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "harness/base/json.h"
#include "harness/contract/model.h"

namespace seqbench::models {

struct ModelFolder {
  Json config;                                   // config.json: what was read, unknown keys too, and what changed
  std::vector<NamedTensor> tensors;              // of a tied group one name only
  std::map<std::string, std::string> files;      // name and text of what goes along: tokenizer.json, vocab.txt ...
};

/// Writes model.safetensors, config.json and the files into a new folder that is whole or not there. Throws InputError where something
/// of that name is there already; MachineError where the disk refuses.
void write_model_folder(const std::filesystem::path& folder, const ModelFolder& content);

}  // namespace seqbench::models
