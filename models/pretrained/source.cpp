#include "models/pretrained/source.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "models/pretrained/adapter_files.h"

namespace seqbench::models {
namespace source {
namespace {

constexpr std::uint64_t kMaxModule = 4u << 20;

const TensorInfo* find(const TensorSource& source, const std::string& name) {
  const auto found = std::ranges::find(source.tensors(), name, &TensorInfo::name);
  return found == source.tensors().end() ? nullptr : &*found;
}

std::int64_t rows_of(const TensorInfo* info) { return info == nullptr || info->shape.empty() ? 0 : info->shape.front(); }

/// A classification head is there where its last layer's weight is.
void look_for_heads(Source& opened, const TensorSource& weights) {
  const std::string last = opened.architecture.head.second + ".weight";
  opened.outputs = rows_of(find(weights, last)) > 0 ? opened.architecture.labels : 0;
  opened.head_place = opened.folder.string();
  opened.has_lm_head = find(weights, opened.architecture.lm_head.dense + ".weight") != nullptr;
}

/// Transformers would put it on the base that it names: whoever means that says so.
void refuse_hidden_adapter(const std::filesystem::path& folder, const std::filesystem::path& adapter) {
  std::error_code error;
  if (!adapter.empty() || !std::filesystem::exists(folder / "adapter_config.json", error)) return;
  throw InputError(fmt::format("{}: an adapter (adapter_config.json) lies beside the model: name this folder as the adapter too, or move it away",
                               folder.string()));
}

void put_adapter_on(Source& opened, const std::filesystem::path& adapter) {
  opened.adapter = read_adapter_config(adapter);
  AdapterWeights weights = open_adapter(adapter, opened.architecture.head.second + ".weight", opened.architecture.rules.prefix);
  opened.checkpoints.adapter = std::move(weights.loader);
  opened.adapter->in_file = std::move(weights.adapted);
  if (weights.outputs == 0) return;
  opened.outputs = weights.outputs;
  opened.head_place = adapter.string();
}

}  // namespace
}  // namespace source

Source open_source(const Family& family, const std::filesystem::path& folder, const std::filesystem::path& adapter,
                   bool weights) {
  ConfigReader config = ConfigReader::of_folder(folder);
  if (!family.reads(config.json())) {
    throw InputError(fmt::format("{}: this is no folder of the family '{}'", config.path(), family.name));
  }
  Source opened{.config = config, .architecture = family.architecture(config), .tokenizer = nullptr, .checkpoints = {},
                .adapter = std::nullopt, .folder = folder};
  opened.tokenizer = open_tokenizer(folder, opened.architecture.tokenizer);
  if (weights) {
    source::refuse_hidden_adapter(folder, adapter);
    std::unique_ptr<TensorSource> tensors = TensorSource::open(folder);
    source::look_for_heads(opened, *tensors);
    opened.checkpoints.base =
        std::make_unique<WeightsLoader>(std::move(tensors), opened.architecture.rules, folder.string());
  }
  if (!adapter.empty()) source::put_adapter_on(opened, adapter);
  return opened;
}

Source fresh_source(const Family& family, const Params& params) {
  if (family.fresh_config == nullptr) {
    throw InputError(fmt::format("{}: 'folder' is needed: this family has no configuration or tokenizer without files", family.name));
  }
  const ConfigReader config(family.fresh_config(params), fmt::format("{} without a folder", family.name));
  Source made{.config = config, .architecture = family.architecture(config), .tokenizer = family.fresh_tokenizer(params),
              .checkpoints = {}, .adapter = std::nullopt, .folder = {}};
  return made;
}

TokenTensors token_tensors(std::span<const std::vector<std::int32_t>> rows, std::int64_t pad_id) {
  std::size_t length = 0;
  for (const auto& row : rows) length = std::max(length, row.size());
  const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(length)};
  TokenTensors tensors{at::full(shape, pad_id, at::kLong), at::full(shape, false, at::kBool)};
  auto* id = tensors.ids.mutable_data_ptr<std::int64_t>();
  bool* keep = tensors.keep.mutable_data_ptr<bool>();
  for (const auto& row : rows) {
    std::copy(row.begin(), row.end(), id);
    std::fill_n(keep, row.size(), true);
    id += length;
    keep += length;
  }
  return tensors;
}

std::int64_t max_length_of(const Source& source, std::int64_t asked) {
  const EncoderSettings& s = source.architecture.encoder;
  const std::int64_t table = s.positions == Positions::kLearned          ? s.max_positions
                             : s.positions == Positions::kLearnedFromPad ? s.max_positions - s.pad_id - 1
                                                                         : 0;
  const std::int64_t wanted = asked > 0 ? asked : source.tokenizer->model_max_length();
  if (asked > 0 && table > 0 && asked > table) {
    throw InputError(fmt::format("'max_length' is {}, but the model has positions for {}", asked, table));
  }
  return wanted > 0 && table > 0 ? std::min(wanted, table) : wanted;
}

std::vector<std::int32_t> tokens_of(const Tokenizer& tokenizer, std::string_view text, std::int64_t max_length) {
  const std::string_view texts[] = {text};
  EncodeOptions options;
  options.max_length = max_length;
  std::vector<std::int32_t> ids = encode_batch(tokenizer, texts, options).ids;
  if (ids.empty()) throw InputError("an empty text, and a tokenizer that adds no token: nothing for the model to read");
  return ids;
}

const Texts& texts_of(const View& view, const Family& family) {
  const auto* texts = std::get_if<TextView>(&view.data);
  if (texts == nullptr) throw InputError(fmt::format("{}: view '{}' does not hold texts", family.name, view.name));
  return texts->rows;
}

Batch token_batch(const Source& source, const Texts& texts, std::span<const std::int64_t> rows, std::int64_t max_length) {
  std::vector<std::vector<std::int32_t>> tokens;
  for (const std::int64_t row : rows) {
    tokens.push_back(tokens_of(*source.tokenizer, texts[static_cast<std::size_t>(row)], max_length));
  }
  const TokenTensors tensors = token_tensors(tokens, source.architecture.encoder.pad_id);
  Batch batch;
  batch.rows.assign(rows.begin(), rows.end());
  batch.inputs = {{"input_ids", tensors.ids}};
  if (!tensors.keep.all().item<bool>()) batch.inputs.push_back({"attention_mask", tensors.keep});
  return batch;
}

bool is_added(const Tokenizer& tokenizer, std::int64_t id) {
  const SpecialIds& s = tokenizer.specials();
  return id >= 0 && (id == s.cls || id == s.sep || id == s.eos || id == s.pad);
}

bool is_special(const Tokenizer& tokenizer, std::int64_t id) {
  const SpecialIds& s = tokenizer.specials();
  return is_added(tokenizer, id) || (id >= 0 && (id == s.unk || id == s.mask));
}

void need_lm_head(const Source& source) {
  if (source.has_lm_head) return;
  throw InputError(fmt::format("{}: the folder has no masked language model's head ('{}' is not among its weights)",
                               source.folder.string(), source.architecture.lm_head.dense));
}

std::map<std::string, std::string> companion_files(const Source& source, std::int64_t max_length) {
  std::map<std::string, std::string> files = tokenizer_files(*source.tokenizer, max_length);
  const Json& config = source.config.json();
  if (source.folder.empty() || !config.contains("auto_map") || !config.at("auto_map").is_object()) return files;
  for (const auto& [key, value] : config.at("auto_map").items()) {
    const std::string name = value.is_string() ? value.get<std::string>() : "";
    const std::string module = name.substr(0, name.find('.'));  // "esm_config.EsmConfig"; "repository--module.Class" is elsewhere
    std::error_code error;
    const bool plain = !module.empty() && module.find_first_of("/\\-") == module.npos;
    const std::filesystem::path path = source.folder / (module + ".py");
    if (plain && std::filesystem::is_regular_file(path, error)) files[module + ".py"] = read_file(path, source::kMaxModule);
  }
  return files;
}

Json config_of_weights(Json config) {
  config["dtype"] = "float32";
  config.erase("torch_dtype");
  return config;
}

void name_labels(Json& config, std::int64_t outputs) {
  const Json known = config.value("id2label", Json());
  if (known.is_object() && static_cast<std::int64_t>(known.size()) == outputs) return;
  Json names = Json::object(), ids = Json::object();
  for (std::int64_t i = 0; i < outputs; ++i) {
    names[std::to_string(i)] = fmt::format("LABEL_{}", i);
    ids[fmt::format("LABEL_{}", i)] = i;
  }
  config["id2label"] = names;
  config["label2id"] = ids;
}

bool decays_by_name(std::string_view name) {
  std::string lower;
  for (const char c : name) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const char* part : {"bias", "norm", "_ln."}) {
    if (lower.find(part) != std::string::npos) return false;
  }
  return true;
}

}  // namespace seqbench::models
