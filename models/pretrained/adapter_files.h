#pragma once
// peft's adapter folder: adapter_config.json and adapter_model.safetensors (or .bin).

#include <filesystem>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "harness/contract/model.h"
#include "models/blocks/lora.h"
#include "models/weights/weights_loader.h"

namespace seqbench::models {

/// InputError for a kind of adapter, or a setting of it, that is not built here.
[[nodiscard]] Lora read_adapter_config(const std::filesystem::path& folder);
/// Its tensors under our names.
struct AdapterWeights {
  std::unique_ptr<WeightsLoader> loader;
  std::int64_t outputs = 0;       // of its head, whose last weight is `head_weight`; 0: it has none
  std::set<std::string> adapted;  // modules that it has a lora_A for, with the prefix
};
/// `prefix` ("bert."): adapters of a headless model lack it.
[[nodiscard]] AdapterWeights open_adapter(const std::filesystem::path& folder, const std::string& head_weight,
                                          const std::string& prefix);
/// A new folder that peft's PeftModel.from_pretrained reads. `tensors`: adapters and modules that were trained whole.
void write_adapter(const std::filesystem::path& folder, const Lora& lora, std::span<const NamedTensor> tensors,
                   const std::string& base_model);

}  // namespace seqbench::models
