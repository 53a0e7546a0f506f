// A pretrained transformer in training: whole, its head alone, or with adapters.
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>

#include "harness/base/error.h"
#include "models/pretrained/adapter_files.h"
#include "models/pretrained/entry.h"
#include "models/pretrained/source.h"
#include "models/weights/folder_writer.h"

namespace seqbench::models {
namespace network {
namespace {

Lora lora_of(const Params& params) {
  Lora lora;
  lora.rank = params.integer("lora.rank");
  lora.alpha = params.number("lora.alpha");
  lora.dropout = params.number("lora.dropout");
  lora.rank_stabilized = params.flag("lora.rank_stabilized");
  lora.target_modules = params.texts("lora.target_modules");
  lora.modules_to_save = params.texts("lora.modules_to_save");
  // As peft does for sequence classification.
  for (const char* head : {"classifier", "score"}) lora.modules_to_save.emplace_back(head);
  return lora.rank > 0 ? lora : Lora();
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
  build.lora = source.adapter ? *source.adapter : lora_of(context.params);
  return build;
}

class TransformerNetwork final : public Network {
 public:
  TransformerNetwork(const Family& family, const ModelContext& context)
      : family_(family),
        source_(source_of(family, context.params)),
        max_length_(max_length_of(source_, context.params.integer("max_length"))),
        build_(build_of(context, source_)),
        difference_(context.kind == TaskKind::kBinary) {
    static_cast<void>(texts_of(context.view, family));
    const std::string& trained = context.params.text("trained");
    if (build_.lora.rank > 0 && trained == "head") {
      throw InputError(fmt::format("{}: 'trained' is \"head\", but there are adapters to train ('lora.rank')", family.name));
    }
    model_ = std::make_unique<Assembled>(source_.architecture, build_, std::move(source_.checkpoints));
    for (const NamedTensor& entry : model_->tensors()) {
      const bool is_trained = trains(entry.name, trained, context.params.flag("train_pooler"));
      entry.tensor.set_requires_grad(is_trained);
      (is_trained ? trained_ : frozen_).push_back(entry);
    }
  }

  [[nodiscard]] Batch collate(const View& view, std::span<const std::int64_t> rows) const override {
    return token_batch(source_, texts_of(view, family_), rows, max_length_);
  }

  [[nodiscard]] at::Tensor forward(const Batch& batch, const Pass& pass) override {
    const at::Tensor hidden = model_->hidden(batch.input("input_ids"), batch.input("attention_mask"), pass);
    const at::Tensor logits = model_->logits(hidden, pass);
    return difference_ ? logits.narrow(1, 1, 1).sub(logits.narrow(1, 0, 1)) : logits;
  }

  [[nodiscard]] std::vector<NamedTensor> parameters() override { return trained_; }
  [[nodiscard]] std::vector<NamedTensor> frozen() override { return frozen_; }
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
  [[nodiscard]] bool trains(const std::string& name, const std::string& trained, bool pooler) const {
    const bool is_pooler = name.find(".pooler.") != std::string::npos;
    if (build_.lora.rank > 0) {
      return name.find(".lora_") != std::string::npos || build_.lora.saves(name) || (pooler && is_pooler);
    }
    return trained != "head" || model_->is_head(name);
  }
  [[nodiscard]] Json written_config() const;

  const Family& family_;
  Source source_;
  std::int64_t max_length_;
  Build build_;
  bool difference_;
  std::unique_ptr<Assembled> model_;
  std::vector<NamedTensor> trained_, frozen_;
};

Json TransformerNetwork::written_config() const {
  Json config = source_.config.json();
  config["architectures"] = {source_.architecture.sequence_class};
  Json names = Json::object(), ids = Json::object();
  for (std::int64_t i = 0; i < build_.outputs; ++i) {
    names[std::to_string(i)] = fmt::format("LABEL_{}", i);
    ids[fmt::format("LABEL_{}", i)] = i;
  }
  config["id2label"] = names;
  config["label2id"] = ids;
  config["problem_type"] = difference_ ? "single_label_classification" : "regression";
  config["dtype"] = "float32";
  config.erase("torch_dtype");
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
  write_model_folder(folder, {.config = written_config(), .tensors = rescaled(model_->merged()), .copied = {}});
  write_tokenizer(*source_.tokenizer, folder);
  if (build_.lora.rank == 0) return;
  std::vector<NamedTensor> saved;
  for (const NamedTensor& entry : trained_) saved.push_back({entry.name, entry.tensor.detach()});
  write_adapter(folder / "adapter", build_.lora, rescaled(saved), source_.folder.filename().string());
}

}  // namespace
}  // namespace network

std::unique_ptr<Network> make_network(const Family& family, const ModelContext& context) {
  return std::make_unique<network::TransformerNetwork>(family, context);
}

}  // namespace seqbench::models
