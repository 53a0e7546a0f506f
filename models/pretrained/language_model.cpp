// Pretraining goes on: masked tokens are told from the rest (Devlin et al. 2019).
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/full.h>
#include <ATen/ops/index_put.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include "harness/base/error.h"
#include "models/pretrained/entry.h"
#include "models/pretrained/source.h"
#include "models/weights/folder_writer.h"

namespace seqbench::models {
namespace language_model {
namespace {

/// Tokens that have to be told, row by row of the batch.
struct Masked {
  std::vector<std::int64_t> row, place, truth, shown;
};

class LanguageModel final : public Network {
 public:
  LanguageModel(const Family& family, const LanguageModelContext& context)
      : family_(family),
        context_(context),
        source_(open_source(family, context.folder, {}, true)),
        max_length_(max_length_of(source_, context.max_length)),
        masks_(context.streams.open("mask/tokens")) {
    need_lm_head(source_);
    if (source_.tokenizer->specials().mask < 0) {
      throw InputError(fmt::format("{}: the tokenizer has no mask token", context.folder.string()));
    }
    Build build{.streams = context.streams};
    build.language_model = true;
    build.outputs = source_.outputs;  // heads are kept for whoever reads the folder next
    build.keep_heads = true;
    model_ = std::make_unique<Assembled>(source_.architecture, build, std::move(source_.checkpoints));
    model_->check_ids(at::full({1, 1}, source_.tokenizer->specials().mask, at::kLong));
    for (const NamedTensor& entry : model_->tensors()) {
      const bool trains = !model_->is_classifier(entry.name);
      entry.tensor.set_requires_grad(trains);
      (trains ? trained_ : frozen_).push_back(entry);
    }
  }

  [[nodiscard]] Batch collate(const View& view, std::span<const std::int64_t> rows) const override {
    Batch batch = token_batch(source_, texts_of(view, family_), rows, max_length_);
    model_->check_ids(batch.input("input_ids"));
    return batch;
  }

  [[nodiscard]] at::Tensor forward(const Batch& batch, const Pass& pass) override;
  /// Of the forward pass before: its tokens are the count.
  [[nodiscard]] LossSum loss(std::string_view, const at::Tensor& outputs, const Batch&) override {
    return {outputs.sum(), count_};
  }
  [[nodiscard]] std::vector<NamedTensor> parameters() override { return trained_; }
  [[nodiscard]] std::vector<NamedTensor> frozen() override { return frozen_; }
  [[nodiscard]] bool decays(std::string_view parameter) const override { return decays_by_name(parameter); }
  void write_folder(const std::filesystem::path& folder, const TargetScale&) const override {
    write_model_folder(folder, {.config = config_of_weights(source_.config.json()), .tensors = model_->merged(),
                                .files = companion_files(source_, context_.max_length)});
  }

 private:
  [[nodiscard]] Masked masked(const Batch& batch, const Pass& pass) const;

  const Family& family_;
  LanguageModelContext context_;
  Source source_;
  std::int64_t max_length_;
  Stream masks_;
  std::unique_ptr<Assembled> model_;
  std::vector<NamedTensor> trained_, frozen_;
  double count_ = 0;
};

/// A function of (text, epoch) alone, so that batching and resuming change nothing. Of a text that has a token to tell at least
/// one is masked, as its authors do.
Masked LanguageModel::masked(const Batch& batch, const Pass& pass) const {
  const at::Tensor ids = batch.input("input_ids").to(at::kCPU).contiguous();
  const auto* id = ids.const_data_ptr<std::int64_t>();
  const auto vocabulary = static_cast<std::uint64_t>(source_.architecture.encoder.vocabulary);
  Masked found;
  for (std::int64_t row = 0; row < ids.size(0); ++row) {
    Draws draws = masks_.at({.epoch = pass.training ? static_cast<std::uint32_t>(pass.epoch) + 1 : 0,
                             .item = static_cast<std::uint32_t>(batch.rows[static_cast<std::size_t>(row)])});
    std::vector<std::int64_t> places;
    for (std::int64_t place = 0; place < ids.size(1); ++place) {
      if (!is_special(*source_.tokenizer, id[row * ids.size(1) + place])) places.push_back(place);
    }
    if (places.empty()) continue;
    const auto mask = [&](std::int64_t place) {
      const std::int64_t truth = id[row * ids.size(1) + place];
      const double how = draws.uniform();
      const auto other = static_cast<std::int64_t>(draws.below(vocabulary));
      found.row.push_back(row);
      found.place.push_back(place);
      found.truth.push_back(truth);
      found.shown.push_back(how < context_.kept ? truth
                            : how < context_.kept + context_.random ? other : source_.tokenizer->specials().mask);
    };
    const std::size_t before = found.row.size();
    for (const std::int64_t place : places) {
      if (draws.uniform() < context_.masked) mask(place);
    }
    if (found.row.size() == before) mask(places[draws.below(places.size())]);
  }
  return found;
}

at::Tensor LanguageModel::forward(const Batch& batch, const Pass& pass) {
  const Masked tokens = masked(batch, pass);
  const at::Tensor& ids = batch.input("input_ids");
  const auto list = [&](const std::vector<std::int64_t>& values) { return at::tensor(values, at::kLong).to(ids.device()); };
  const at::Tensor row = list(tokens.row), place = list(tokens.place);
  const c10::List<std::optional<at::Tensor>> where({row, place});
  const at::Tensor shown = at::index_put(ids, where, list(tokens.shown));
  const at::Tensor hidden = model_->hidden(shown, batch.input_if_any("attention_mask"), pass);
  count_ = static_cast<double>(tokens.row.size());
  const at::Tensor sums = at::zeros({ids.size(0)}, hidden.options().dtype(at::kFloat));
  if (tokens.row.empty()) return sums.add(hidden.sum().mul(0)).unsqueeze(1);
  const at::Tensor logits = model_->lm_logits(hidden.index(where), pass).to(at::kFloat);
  const at::Tensor each = at::cross_entropy_loss(logits, list(tokens.truth), {}, at::Reduction::None);
  return sums.index_add(0, row, each).unsqueeze(1);
}

}  // namespace
}  // namespace language_model

std::unique_ptr<Network> make_language_model(const Family& family, const LanguageModelContext& context) {
  return std::make_unique<language_model::LanguageModel>(family, context);
}

}  // namespace seqbench::models
