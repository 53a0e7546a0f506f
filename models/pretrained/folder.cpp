// A pretrained transformer in use: predict, embed, attention.
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>

#include "harness/base/error.h"
#include "models/pretrained/entry.h"
#include "models/pretrained/source.h"
#include "models/weights/folder_writer.h"

namespace seqbench::models {
namespace folder {
namespace {

class TransformerFolder final : public FolderModel {
 public:
  TransformerFolder(const Family& family, const std::filesystem::path& path, const FolderOptions& options)
      : family_(family),
        path_(path),
        source_(open_source(family, path, options.adapter, true)),
        max_length_(max_length_of(source_, options.max_length)),
        outputs_(source_.outputs),
        device_(options.device) {
    Build build{.streams = Streams(0)};
    build.outputs = outputs_;
    build.language_model = options.language_model;
    if (options.language_model) need_lm_head(source_);
    if (source_.adapter) build.lora = *source_.adapter;
    model_ = std::make_unique<Assembled>(source_.architecture, build, std::move(source_.checkpoints));
    for (const NamedTensor& entry : model_->tensors()) {
      entry.tensor.set_requires_grad(false);
      if (device_ != at::kCPU) entry.tensor.set_data(entry.tensor.to(device_));
    }
  }

  [[nodiscard]] std::vector<std::int32_t> tokens(std::string_view text) const override {
    return tokens_of(*source_.tokenizer, text, max_length_);
  }
  [[nodiscard]] const std::string& token(std::int32_t id) const override { return source_.tokenizer->token(id); }
  [[nodiscard]] bool is_special(std::int32_t id) const override {
    return is_added(*source_.tokenizer, id);
  }
  [[nodiscard]] std::int64_t outputs() const override { return outputs_; }
  [[nodiscard]] std::int64_t layers() const override { return source_.architecture.encoder.layers; }
  [[nodiscard]] std::int64_t heads() const override { return source_.architecture.encoder.heads; }
  [[nodiscard]] std::int64_t width() const override { return source_.architecture.encoder.width; }
  [[nodiscard]] std::string summary() const override {
    return fmt::format("{}, {} layers of {}", family_.name, layers(), width());
  }

  [[nodiscard]] Answer run(std::span<const std::vector<std::int32_t>> rows, const Asked& asked) override;

 private:
  const Family& family_;
  std::filesystem::path path_;
  Source source_;
  std::int64_t max_length_;
  std::int64_t outputs_;
  at::Device device_;
  std::unique_ptr<Assembled> model_;
};

Answer TransformerFolder::run(std::span<const std::vector<std::int32_t>> rows, const Asked& asked) {
  if (asked.logits && outputs_ == 0) {
    throw InputError(fmt::format("{}: the folder has no classification head, so no logits ('{}' is not among its weights)",
                                 path_.string(), source_.architecture.head.second));
  }
  const at::NoGradGuard no_grad;
  const TokenTensors tokens = token_tensors(rows, source_.architecture.encoder.pad_id);
  model_->check_ids(tokens.ids);
  SEQBENCH_ASSERT(!asked.hidden_layer || (*asked.hidden_layer >= 0 && *asked.hidden_layer <= layers()), "a layer from 0 to layers()");
  SEQBENCH_ASSERT(!asked.attention_layer || (*asked.attention_layer >= 1 && *asked.attention_layer <= layers()), "a layer from 1 to layers()");
  Trace trace{.hidden_layer = asked.hidden_layer, .attention_layer = asked.attention_layer};
  const at::Tensor hidden = model_->hidden(tokens.ids.to(device_), tokens.keep.to(device_), {}, &trace);
  const auto answer = [](const at::Tensor& tensor) { return tensor.to(at::kCPU, at::kFloat).contiguous(); };
  Answer result;
  if (asked.logits) result.logits = answer(model_->logits(hidden, {}));
  if (asked.token_logits) result.token_logits = answer(model_->lm_logits(hidden, {}));
  if (asked.hidden_layer) result.hidden = answer(trace.hidden_BLH);
  if (asked.attention_layer) result.attention = answer(trace.attention_BhLL);
  return result;
}

}  // namespace
}  // namespace folder

std::unique_ptr<FolderModel> open_folder(const Family& family, const std::filesystem::path& path, const FolderOptions& options) {
  return std::make_unique<folder::TransformerFolder>(family, path, options);
}

void merge_adapter(const Family& family, const MergeOptions& options) {
  if (options.adapter.empty()) throw InputError(fmt::format("{}: no adapter to merge", options.folder.string()));
  Source source = open_source(family, options.folder, options.adapter, true);
  const Build build{.outputs = source.outputs, .language_model = source.has_lm_head, .keep_heads = true, .lora = *source.adapter, .streams = Streams(0)};
  const Assembled model(source.architecture, build, std::move(source.checkpoints));
  Json config = config_of_weights(source.config.json());
  if (source.outputs > 0) name_labels(config, source.outputs);
  write_model_folder(options.out, {.config = std::move(config), .tensors = model.merged(options.unmerge ? -1 : 1),
                                   .files = companion_files(source, 0)});
}

}  // namespace seqbench::models
