#pragma once
// An encoder that is not trained, as the embedding table runs it.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/pretrained/embedding_table.h"
#include "models/pretrained/source.h"

namespace seqbench::models {

class FrozenEncoder {
 public:
  /// Configuration and tokenizer; weights are read or drawn when they are needed. InputError as open_source.
  explicit FrozenEncoder(const EmbeddingRequest& request);

  [[nodiscard]] std::int64_t width() const { return source_.architecture.encoder.width; }
  [[nodiscard]] std::int64_t layer() const { return layer_; }
  /// Everything that decides an embedding besides the text: sizes and seed, or the hashes of the folder's files.
  [[nodiscard]] Json identity() const;
  /// "esm2, 6 layers of 320, random weights".
  [[nodiscard]] std::string summary() const;

  /// Of each text, the layer's output at the text's own tokens, f32 [tokens, E] on the CPU. Run as one batch.
  [[nodiscard]] std::vector<at::Tensor> embed(std::span<const std::string> texts);

 private:
  const Family& family_;
  std::filesystem::path folder_;
  std::uint64_t seed_;
  Source source_;
  std::int64_t layer_, max_length_;
  std::unique_ptr<Assembled> model_;
};

}  // namespace seqbench::models
