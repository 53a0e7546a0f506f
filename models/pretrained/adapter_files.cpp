#include "models/pretrained/adapter_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/tensors/safetensors.h"
#include "models/pretrained/config_reader.h"

namespace seqbench::models {
namespace adapter_files {
namespace {

constexpr char kPrefix[] = "base_model.model.";
constexpr std::uint64_t kMaxBytes = 4u << 20;

/// Keys that say nothing of the arithmetic, and those that Lora holds.
constexpr std::array kRead = {"peft_type", "task_type", "r", "lora_alpha", "lora_dropout", "target_modules", "modules_to_save",
                              "use_rslora", "base_model_name_or_path", "inference_mode", "peft_version", "revision",
                              "auto_mapping", "init_lora_weights", "megatron_core", "layers_pattern", "ensure_weight_tying",
                              "runtime_config", "qalora_group_size"};

bool is_empty(const Json& value) {
  return value.is_null() || value == false || (value.is_structured() && value.empty()) || value == "";
}

/// A key that this program does not know names another kind of adapter, unless it is off.
void refuse_unknown(const ConfigReader& config) {
  for (const auto& [key, value] : config.json().items()) {
    if (std::ranges::find(kRead, key) != kRead.end() || is_empty(value)) continue;
    if (key == "bias") config.only("bias", {"none"});
    else config.refuse(key, "absent, null or false (that kind of adapter is not supported)");
  }
  config.only("init_lora_weights", {true, false, "gaussian"});  // the others change the base's weights
}

std::vector<std::string> words(const ConfigReader& config, const char* key) {
  const Json value = config.json().value(key, Json());
  if (value.is_null()) return {};
  const bool texts = value.is_array() && std::ranges::all_of(value, [](const Json& one) { return one.is_string(); });
  if (!texts) config.refuse(key, "a list of strings");
  return value.get<std::vector<std::string>>();
}

}  // namespace
}  // namespace adapter_files

Lora read_adapter_config(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "adapter_config.json";
  const ConfigReader config(parse_json(read_file(path, adapter_files::kMaxBytes), path.string()), path.string());
  config.only("peft_type", {"LORA"});
  adapter_files::refuse_unknown(config);
  Lora lora;
  lora.rank = config.integer("r", 8, 1, 65536);
  lora.alpha = config.number("lora_alpha", 8, 0, 1e9);
  lora.dropout = config.number("lora_dropout", 0, 0, 0.999);
  lora.rank_stabilized = config.flag("use_rslora", false);
  lora.where = fmt::format("{}: 'target_modules'", path.string());
  // As in peft, a text is a pattern and a list holds ends of names.
  if (config.json().value("target_modules", Json()).is_string()) lora.target_pattern = config.text("target_modules", "");
  else lora.target_modules = adapter_files::words(config, "target_modules");
  lora.modules_to_save = lora.carried = adapter_files::words(config, "modules_to_save");
  return lora;
}

AdapterWeights open_adapter(const std::filesystem::path& folder, const std::string& head_weight, const std::string& prefix) {
  std::filesystem::path path = folder / "adapter_model.safetensors";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) path = folder / "adapter_model.bin";
  if (!std::filesystem::exists(path, error)) {
    throw InputError(fmt::format("{}: adapter_model.safetensors or adapter_model.bin expected, there is none", folder.string()));
  }
  NameRules rules;
  rules.prefix = prefix;
  rules.renamed = {{std::string(adapter_files::kPrefix) + "*", "*"}};
  std::unique_ptr<TensorSource> source = TensorSource::open_file(path);
  AdapterWeights opened;
  for (const TensorInfo& tensor : source->tensors()) {
    constexpr std::string_view kTail = ".lora_A.weight";
    const bool is_head = tensor.name == adapter_files::kPrefix + head_weight;
    if (tensor.name.starts_with(adapter_files::kPrefix) && tensor.name.ends_with(kTail)) {
      const std::string module = tensor.name.substr(sizeof(adapter_files::kPrefix) - 1, tensor.name.size() - sizeof(adapter_files::kPrefix) + 1 - kTail.size());
      opened.adapted.insert(module);
      opened.adapted.insert(prefix + module);
    }
    if (is_head && !tensor.shape.empty()) opened.outputs = tensor.shape.front();
  }
  opened.loader = std::make_unique<WeightsLoader>(std::move(source), rules, path.string());
  return opened;
}

void write_adapter(const std::filesystem::path& folder, const Lora& lora, std::span<const NamedTensor> tensors,
                   const std::string& base_model) {
  std::filesystem::create_directories(folder);
  const Json config = {{"peft_type", "LORA"},
                       {"task_type", "SEQ_CLS"},
                       {"r", lora.rank},
                       {"lora_alpha", lora.alpha},
                       {"lora_dropout", lora.dropout},
                       {"use_rslora", lora.rank_stabilized},
                       {"target_modules", lora.target_modules},
                       {"modules_to_save", lora.modules_to_save},
                       {"bias", "none"},
                       {"fan_in_fan_out", false},
                       {"inference_mode", true},
                       {"base_model_name_or_path", base_model}};
  write_file_atomically(folder / "adapter_config.json", config.dump(2) + "\n");
  std::vector<NamedTensor> renamed;
  for (const NamedTensor& entry : tensors) renamed.push_back({adapter_files::kPrefix + entry.name, entry.tensor.detach()});
  tensors::write_safetensors(folder / "adapter_model.safetensors", renamed);
}

}  // namespace seqbench::models
