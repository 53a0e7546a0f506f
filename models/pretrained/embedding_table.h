#pragma once
// Embeddings of texts by an encoder that is not trained: computed once for all trials that ask for the same, kept in a file
// of the cache folder, read from there as they are needed.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/contract/model.h"
#include "models/pretrained/architecture.h"

namespace seqbench::models {

enum class Pooling {
  kMean,  // over the text's own tokens: f32 [E]
  kNone   // each of them: f16 [tokens, E]
};

struct EmbeddingRequest {
  const Family& family;
  std::filesystem::path folder;  // of the model; empty: an encoder of these sizes, its weights drawn from the seed
  Params sizes;                  // Family::fresh_params
  std::uint64_t seed = 0;        // apart from the trials': they share one table
  Pooling pooling = Pooling::kMean;
  std::int64_t layer = -1;       // 0 the embedding output ... the number of layers; -1: the last
  double max_gigabytes = 16;
  std::filesystem::path cache;   // empty: kept in memory
  FitControl control = {};
};

/// Parameters "encoder.*" of a model that reads texts through a frozen encoder of this family.
[[nodiscard]] std::vector<ParamSpec> encoder_params(const Family& family);
[[nodiscard]] EmbeddingRequest embedding_request(const Family& family, const ModelContext& context, Pooling pooling);

/// Rows of one batch.
struct Embedded {
  at::Tensor x;        // mean: f32 [B, E]; none: f16 [B, L, E], L >= 1 the longest row of the batch, zeros behind shorter ones
  at::Tensor lengths;  // none: int64 [B], tokens of a row
};

/// Not for several threads at once.
class EmbeddingTable {
 public:
  /// Opens the table of these texts, or computes it: waits for another process that does so already, goes on where a killed
  /// one stopped, with the same bits. Says on standard error what it computes and how large that gets. InputError where the
  /// table would be larger than max_gigabytes, or as the model folder's reader throws.
  EmbeddingTable(EmbeddingRequest request, const Texts& texts);
  ~EmbeddingTable();
  EmbeddingTable(const EmbeddingTable&) = delete;
  EmbeddingTable& operator=(const EmbeddingTable&) = delete;

  [[nodiscard]] std::int64_t width() const;
  /// A text that is not in the table is embedded now, alone. A text without tokens of its own has a mean of 0.
  [[nodiscard]] Embedded gather(const Texts& texts, std::span<const std::int64_t> rows) const;
  /// Distinct texts.
  [[nodiscard]] std::int64_t size() const;
  /// Texts that this object ran through the encoder.
  [[nodiscard]] std::int64_t computed() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seqbench::models
