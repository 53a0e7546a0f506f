#pragma once
// A transformer put together: encoder and heads over one set of parameters under their checkpoint's names.
// Letters: B rows, L tokens, H width, V vocabulary.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "harness/contract/model.h"
#include "models/pretrained/architecture.h"

namespace seqbench::models {

/// What to build, and what of it may be drawn where the checkpoint lacks it.
struct Build {
  std::int64_t outputs = 0;        // of the classification head; 0: no such head
  bool language_model = false;     // the masked language model's head
  bool new_heads = false;          // heads that the files lack are drawn; else that is an error
  bool replace_head = false;       // the files' classification head is passed over, but for a pooler
  bool keep_heads = false;         // of heads that are not built the tensors are kept for merged()
  Lora lora = {};
  Streams streams;
  at::ScalarType dtype = at::kFloat;
};

/// Checkpoints that values come from; null: all values are drawn.
struct Checkpoints {
  std::unique_ptr<WeightsLoader> base;
  std::unique_ptr<WeightsLoader> adapter;  // peft's, by its names without "base_model.model."
};

class Assembled {
 public:
  /// Throws InputError that lists every missing, misshapen and surplus tensor of the files.
  Assembled(const Architecture& architecture, const Build& build, Checkpoints checkpoints);
  Assembled(const Assembled&) = delete;
  Assembled& operator=(const Assembled&) = delete;

  /// ids int64 [B, L], keep bool [B, L] -> [B, L, H].
  [[nodiscard]] at::Tensor hidden(const at::Tensor& ids, const at::Tensor& keep, const Pass& pass, Trace* trace = nullptr);
  /// Of ids that are still on the CPU: InputError where one has no row in the embedding.
  void check_ids(const at::Tensor& ids) const { encoder_->check_values(ids); }
  /// hidden -> [B, outputs]; an assertion without that head.
  [[nodiscard]] at::Tensor logits(const at::Tensor& hidden, const Pass& pass) const;
  /// hidden -> [B, L, V]; an assertion without that head.
  [[nodiscard]] at::Tensor lm_logits(const at::Tensor& hidden, const Pass& pass) const;

  /// All tensors, adapters among them, in order of making.
  [[nodiscard]] const std::vector<NamedTensor>& tensors() const { return parameters_.tensors(); }
  /// Of any head; of the classification head or its pooler.
  [[nodiscard]] bool is_head(std::string_view name) const;
  [[nodiscard]] bool is_classifier(std::string_view name) const;
  /// Modules that have an adapter.
  [[nodiscard]] const std::vector<std::string>& adapted() const { return adapted_; }
  /// Whether the tensor was drawn, the files having none.
  [[nodiscard]] bool is_drawn(const std::string& name) const { return drawn_.contains(name); }
  /// tensors() without adapters, each adapter added onto its weight so many times (-1 takes it off a weight that has it), and
  /// the files' tensors that no forward pass reads: what a folder holds. Detached.
  [[nodiscard]] std::vector<NamedTensor> merged(double times = 1) const;

 private:
  [[nodiscard]] std::optional<at::Tensor> given(const std::string& name, const std::vector<std::int64_t>& shape,
                                                at::ScalarType dtype);
  void make(const Build& build);
  [[nodiscard]] at::Tensor stored_frequencies();
  [[nodiscard]] at::Tensor hidden_by_length(const at::Tensor& ids, const at::Tensor& keep, Pass pass, Trace* trace);
  void take_unused(const Build& build);
  void check() const;
  [[nodiscard]] bool is_replaced(std::string_view name) const;
  [[nodiscard]] bool is_of_missing_head(std::string_view name) const;
  [[nodiscard]] bool may_be_drawn(std::string_view name) const;
  [[nodiscard]] bool is_built(std::string_view name) const;

  Architecture architecture_;
  Checkpoints checkpoints_;
  bool new_heads_, replace_head_;
  bool has_head_, has_lm_head_;  // in the files
  bool faulty_ = false;          // a tensor is missing or misshapen: nothing more is drawn
  ParameterSet parameters_;
  Lora lora_;
  std::set<std::string> of_adapter_, drawn_;
  std::vector<std::string> adapted_;
  std::vector<NamedTensor> unused_;
  std::optional<Encoder> encoder_;
  std::optional<ClassificationHead> head_;
  std::optional<LmHead> lm_head_;
};

}  // namespace seqbench::models
