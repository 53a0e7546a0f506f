// A pretrained transformer in training: whole, its head alone, or with adapters.
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "harness/base/error.h"
#include "models/pretrained/adapter_files.h"
#include "models/pretrained/entry.h"
#include "models/pretrained/source.h"
#include "models/weights/folder_writer.h"

namespace seqbench::models {
namespace network {
namespace {

constexpr const char* kPooler = "pooler";

/// "all-linear", or an entry with a character that no module's name has.
bool is_pattern(const std::string& entry) {
  return entry == "all-linear" || std::ranges::any_of(entry, [](unsigned char c) {
    return std::isalnum(c) == 0 && c != '_' && c != '.' && c != '-';
  });
}

Lora lora_of(const Params& params) {
  Lora lora;
  lora.rank = params.integer("lora.rank");
  lora.alpha = params.number("lora.alpha");
  lora.dropout = params.number("lora.dropout");
  lora.rank_stabilized = params.flag("lora.rank_stabilized");
  const std::vector<std::string>& targets = params.texts("lora.target_modules");
  if (targets.size() == 1 && is_pattern(targets.front())) lora.target_pattern = targets.front();
  else lora.target_modules = targets;
  lora.modules_to_save = params.texts("lora.modules_to_save");
  return lora.rank > 0 ? lora : Lora();
}

/// As peft does for sequence classification, whatever task an adapter was made for.
void save_heads(Lora& lora, bool pooler) {
  std::vector<std::string> modules = {"classifier", "score"};
  if (pooler) modules.emplace_back(kPooler);
  for (const std::string& module : modules) {
    if (std::ranges::find(lora.modules_to_save, module) == lora.modules_to_save.end()) lora.modules_to_save.push_back(module);
  }
}

/// Sums to one logit: cross entropy over two is logistic loss over their difference.
std::int64_t outputs_of(const ModelContext& context) { return context.kind == TaskKind::kBinary ? 2 : context.targets; }

Sparsity sparsity_of(const Params& params, Sparsity of_folder) {
  if (!params.has("attention") || params.text("attention") == "folder") return of_folder;
  const std::string& name = params.text("attention");
  return name == "full" ? Sparsity::kFull : name == "auto" ? Sparsity::kAuto
         : name == "sticky" ? Sparsity::kSticky : Sparsity::kBlockSparse;
}

Source source_of(const Family& family, const Params& params) {
  const std::string& folder = params.text("folder");
  const std::string& adapter = params.text("adapter");
  const bool fresh = params.flag("fresh");
  if (folder.empty() && (fresh || !adapter.empty())) {
    throw InputError(fmt::format("{}: '{}' needs 'folder'", family.name, fresh ? "fresh" : "adapter"));
  }
  if (fresh && !adapter.empty()) throw InputError(fmt::format("{}: 'adapter' needs the folder's weights, 'fresh' draws others", family.name));
  Source source = folder.empty() ? fresh_source(family, params) : open_source(family, folder, adapter, !fresh);
  EncoderSettings& s = source.architecture.encoder;
  if (const double dropout = params.number("dropout"); dropout >= 0) {
    s.hidden_dropout = s.attention_dropout = source.architecture.head.dropout = dropout;
  }
  s.sparsity = sparsity_of(params, s.sparsity);
  return source;
}

Build build_of(const ModelContext& context, Source& source) {
  Build build{.streams = context.streams};
  build.outputs = outputs_of(context);
  build.new_heads = true;
  build.replace_head = context.params.flag("new_head");
  build.dtype = context.dtype;
  if (!build.replace_head && source.outputs > 0 && source.outputs != build.outputs) {
    throw InputError(fmt::format("{}: the head has {} outputs, the task needs {}: 'new_head' draws one", source.head_place,
                                 source.outputs, build.outputs));
  }
  build.lora = source.adapter ? *source.adapter : lora_of(context.params);
  if (build.lora.rank > 0) save_heads(build.lora, context.params.flag("train_pooler"));
  return build;
}

class TransformerNetwork final : public Network {
 public:
  TransformerNetwork(const Family& family, const ModelContext& context)
      : family_(family),
        source_(source_of(family, context.params)),
        asked_length_(context.params.integer("max_length")),
        max_length_(max_length_of(source_, asked_length_)),
        build_(build_of(context, source_)),
        on_weights_(source_.checkpoints.base != nullptr),
        difference_(context.kind == TaskKind::kBinary) {
    static_cast<void>(texts_of(context.view, family));
    const std::string& trained = context.params.text("trained");
    if (build_.lora.rank > 0 && trained == "head") {
      throw InputError(fmt::format("{}: 'trained' is \"head\", but there are adapters to train ('lora.rank')", family.name));
    }
    model_ = std::make_unique<Assembled>(source_.architecture, build_, std::move(source_.checkpoints));
    for (const NamedTensor& entry : model_->tensors()) {
      const bool is_trained = trains(entry.name, trained);
      entry.tensor.set_requires_grad(is_trained);
      (is_trained ? trained_ : frozen_).push_back(entry);
    }
  }

  [[nodiscard]] Batch collate(const View& view, std::span<const std::int64_t> rows) const override {
    Batch batch = token_batch(source_, texts_of(view, family_), rows, max_length_);
    model_->check_ids(batch.input("input_ids"));
    return batch;
  }

  [[nodiscard]] at::Tensor forward(const Batch& batch, const Pass& pass) override {
    const at::Tensor hidden = model_->hidden(batch.input("input_ids"), batch.input_if_any("attention_mask"), pass);
    const at::Tensor logits = model_->logits(hidden, pass);
    return difference_ ? logits.narrow(1, 1, 1).sub(logits.narrow(1, 0, 1)) : logits;
  }

  [[nodiscard]] std::vector<NamedTensor> parameters() override { return trained_; }
  [[nodiscard]] std::vector<NamedTensor> frozen() override { return frozen_; }
  /// Block-sparse attention draws its blocks anew in each pass.
  [[nodiscard]] bool replayable(DeviceWork /*work*/) const override {
    return source_.architecture.encoder.sparsity == Sparsity::kFull;
  }
  [[nodiscard]] bool decays(std::string_view parameter) const override { return decays_by_name(parameter); }

  [[nodiscard]] std::vector<std::int64_t> lengths(const View& view, std::span<const std::int64_t> rows) const override {
    const Texts& texts = texts_of(view, family_);
    std::vector<std::int64_t> lengths;
    for (const std::int64_t row : rows) {
      lengths.push_back(static_cast<std::int64_t>(
          tokens_of(*source_.tokenizer, texts[static_cast<std::size_t>(row)], max_length_).size()));
    }
    return lengths;
  }

  /// The whole model, adapters merged; beside it "adapter", as peft reads it, where there are adapters.
  void write_folder(const std::filesystem::path& folder, const TargetScale& scale) const override;

 private:
  [[nodiscard]] bool trains(const std::string& name, const std::string& trained) const {
    if (build_.lora.rank > 0) return name.find(".lora_") != std::string::npos || build_.lora.saves(name);
    return trained != "head" || model_->is_head(name);
  }
  [[nodiscard]] Json written_config() const;
  [[nodiscard]] bool carries_pooler() const;
  [[nodiscard]] Lora adapter_lora() const;
  [[nodiscard]] std::vector<NamedTensor> adapter_tensors() const;

  const Family& family_;
  Source source_;
  std::int64_t asked_length_, max_length_;
  Build build_;
  bool on_weights_;  // of the folder
  bool difference_;
  std::unique_ptr<Assembled> model_;
  std::vector<NamedTensor> trained_, frozen_;
};

Json TransformerNetwork::written_config() const {
  Json config = config_of_weights(source_.config.json());
  config["architectures"] = {source_.architecture.sequence_class};
  config.erase("id2label");  // other classes than the folder's
  name_labels(config, build_.outputs);
  // The variants of block-sparse attention are the experiment's: no folder says them.
  if (config.contains("attention_type")) {
    config["attention_type"] = source_.architecture.encoder.sparsity == Sparsity::kFull ? "original_full" : "block_sparse";
  }
  config["problem_type"] = difference_ ? "single_label_classification" : "regression";
  return config;
}

/// The last layer gives the task's units once it holds the scale.
void rescale(NamedTensor& entry, const std::string& last, const TargetScale& scale) {
  if (scale.sd.empty()) return;
  const auto outputs = static_cast<std::int64_t>(scale.sd.size());
  const auto values = [&](const std::vector<double>& list) {
    return at::tensor(at::ArrayRef<double>(list), at::kDouble).to(entry.tensor.options());
  };
  SEQBENCH_ASSERT(entry.tensor.size(0) == outputs, "one scale an output");
  if (entry.name == last + ".weight") entry.tensor = entry.tensor.mul(values(scale.sd).unsqueeze(1));
  if (entry.name == last + ".bias") entry.tensor = entry.tensor.mul(values(scale.sd)).add(values(scale.mean));
}

void TransformerNetwork::write_folder(const std::filesystem::path& folder, const TargetScale& scale) const {
  const std::string& last = source_.architecture.head.second;
  const auto rescaled = [&](std::vector<NamedTensor> tensors) {
    for (NamedTensor& entry : tensors) {
      if (!difference_ && entry.name.starts_with(last + ".")) rescale(entry, last, scale);
    }
    return tensors;
  };
  write_model_folder(folder, {.config = written_config(), .tensors = rescaled(model_->merged()),
                              .files = companion_files(source_, asked_length_)});
  if (build_.lora.rank == 0 || !on_weights_) return;  // an adapter stands on weights that others have too
  write_adapter(folder / "adapter", adapter_lora(), rescaled(adapter_tensors()), source_.folder.filename().string());
}

/// A pooler that the folder lacks, frozen as it was drawn: the adapter carries it whole, with its own adapter merged, since peft
/// puts none on what it carries.
bool TransformerNetwork::carries_pooler() const {
  return std::ranges::any_of(frozen_, [&](const NamedTensor& entry) { return model_->is_drawn(entry.name); });
}

Lora TransformerNetwork::adapter_lora() const {
  Lora lora = build_.lora;
  // Every module by name: peft widens "all-linear" anew, and its patterns are Python's.
  lora.target_modules = model_->adapted();
  if (!carries_pooler()) return lora;
  save_heads(lora, true);
  std::erase_if(lora.target_modules, [&](const std::string& module) { return lora.saves(module); });
  return lora;
}

std::vector<NamedTensor> TransformerNetwork::adapter_tensors() const {
  std::vector<NamedTensor> saved;
  const std::string pooler = carries_pooler() ? source_.architecture.head.first + "." : "";
  for (const NamedTensor& entry : trained_) {
    if (pooler.empty() || !entry.name.starts_with(pooler)) saved.push_back({entry.name, entry.tensor.detach()});
  }
  if (pooler.empty()) return saved;
  for (const NamedTensor& entry : model_->merged()) {
    if (entry.name.starts_with(pooler)) saved.push_back(entry);
  }
  return saved;
}

}  // namespace
}  // namespace network

std::unique_ptr<Network> make_network(const Family& family, const ModelContext& context) {
  return std::make_unique<network::TransformerNetwork>(family, context);
}

}  // namespace seqbench::models
