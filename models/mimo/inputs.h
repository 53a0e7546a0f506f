#pragma once
// What the three networks of the MIMO paper read: "protein" through a frozen ESM-2, pooled or residue by residue, or "one_hot",
// flattened or position by position. B rows, L positions, C numbers a position.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/model.h"
#include "models/blocks/parameters.h"
#include "models/blocks/product.h"
#include "models/pretrained/embedding_table.h"

namespace seqbench::models::mimo {

/// Weight of this shape and bias [shape[0]], as torch.nn.Linear and torch.nn.Conv1d start out.
[[nodiscard]] Affine affine(ParameterSet& parameters, const std::string& name, const std::vector<std::int64_t>& shape);

/// Positions of a batch.
struct Sequence {
  at::Tensor x_BCL;     // 0 behind a row's end
  at::Tensor keep_B1L;  // 1 within the row, else 0
};

class Inputs {
 public:
  /// Computes embeddings where the view holds texts. InputError for any other view than texts and codes.
  Inputs(const ModelContext& context, Pooling pooling, std::string model);

  /// Numbers a row of `pooled`, or a position of `sequence`.
  [[nodiscard]] std::int64_t width() const;
  [[nodiscard]] Batch collate(const View& view, std::span<const std::int64_t> rows) const;
  /// [B, width], or codes [B, L] that stand for one-hot rows; of Pooling::kMean, for `first`.
  [[nodiscard]] at::Tensor pooled(const Batch& batch) const;
  /// The first layers, ReLU behind them, over rows of `pooled`: [B, its width], which all read, or as many of its rows laid end to end
  /// as there are layers.
  [[nodiscard]] at::Tensor first(const at::Tensor& pooled, std::span<const Affine> layers) const;
  /// Of Pooling::kNone.
  [[nodiscard]] Sequence sequence(const Batch& batch) const;
  /// Of codes [B, L].
  [[nodiscard]] Sequence sequence(const at::Tensor& codes_BL) const;
  /// Undefined where the inputs are not codes.
  [[nodiscard]] const at::Tensor& reference() const { return reference_L_; }
  [[nodiscard]] std::int64_t symbols() const { return symbols_; }

 private:
  std::string model_;
  Pooling pooling_;
  at::ScalarType dtype_;
  std::unique_ptr<EmbeddingTable> table_;   // of texts
  std::int64_t length_ = 0, symbols_ = 0;   // of codes
  at::Tensor reference_L_;                  // uint8: the commonest of each position
};

/// Parameters of the encoder, then these.
[[nodiscard]] std::vector<ParamSpec> with_encoder(std::vector<ParamSpec> own);
[[nodiscard]] ParamSpec integer(const char* name, std::int64_t fallback, double low, double high, const char* help);
[[nodiscard]] ParamSpec number(const char* name, double fallback, double low, double high, const char* help);
/// "dropout", 0 unless said otherwise.
[[nodiscard]] ParamSpec dropout_param();
/// Sizes of layers; InputError where there are not `count` of them, or one is not from 1 to 65536.
[[nodiscard]] std::vector<std::int64_t> sizes(const Params& params, const char* name, std::size_t count);
/// The recipe that the three share, which the paper leaves open: Adam, batches of 64, a rate cut to a tenth every 10 epochs.
[[nodiscard]] std::vector<Setting> recipe(double learning_rate, std::int64_t epochs);

}  // namespace seqbench::models::mimo
