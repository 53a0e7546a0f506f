// TAPE's transformer: BERT over amino acids with learned positions; the first token's state through a tanh layer.
// Published size: layers 12, width 768, heads 12, feed_forward 3072.

#include <ATen/ops/tanh.h>
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "harness/base/error.h"
#include "models/blocks/encoder.h"
#include "models/tape/value_network.h"

namespace seqbench::models::tape_transformer {
namespace {

EncoderSettings settings_of(const Params& params) {
  EncoderSettings s;
  s.vocabulary = tape::kVocabulary;
  s.width = params.integer("width");
  s.layers = params.integer("layers");
  s.heads = params.integer("heads");
  s.feed_forward = params.integer("feed_forward");
  s.max_positions = params.integer("positions");
  s.token_types = 2;  // of which all tokens are the first
  s.pad_id = tape::kPad;
  s.hidden_dropout = params.number("dropout");
  s.attention_dropout = params.number("attention_dropout");
  if (s.width % s.heads != 0) {
    throw InputError(fmt::format("tape_transformer: 'width' is {}, no multiple of the {} 'heads'", s.width, s.heads));
  }
  return s;
}

EncoderNames names() {
  const std::string layer = "bert.encoder.layer.{}.";
  return {.words = "bert.embeddings.word_embeddings",
          .positions = "bert.embeddings.position_embeddings",
          .types = "bert.embeddings.token_type_embeddings",
          .embedding_norm = "bert.embeddings.LayerNorm",
          .attention = {layer + "attention.self.query", layer + "attention.self.key", layer + "attention.self.value",
                        layer + "attention.output.dense"},
          .attention_norm = layer + "attention.output.LayerNorm",
          .feed_forward_in = layer + "intermediate.dense",
          .feed_forward_out = layer + "output.dense",
          .feed_forward_norm = layer + "output.LayerNorm",
          .final_norm = ""};
}

class Transformer final : public tape::ValueNetwork {
 public:
  explicit Transformer(const ModelContext& context)
      : ValueNetwork(context), encoder_(maker(), settings_of(context.params), names(), {}) {
    const std::int64_t width = encoder_.settings().width;
    pooler_ = maker().linear("bert.pooler.dense", width, width);
    add_head(context, width);
  }

 private:
  [[nodiscard]] at::Tensor pooled(const at::Tensor& ids, const at::Tensor& keep, const Pass& pass) override {
    return at::tanh(pooler_(encoder_(ids, keep, pass, nullptr).select(1, 0), pass));
  }

  Encoder encoder_;
  Linear pooler_;
};

std::unique_ptr<Network> make(const ModelContext& context) { return std::make_unique<Transformer>(context); }

}  // namespace
}  // namespace seqbench::models::tape_transformer

namespace seqbench {

SEQBENCH_MODEL(tape_transformer) {
  using models::tape::count;
  ModelEntry entry = models::tape::tape_entry({
      count("layers", 2, 256, "published: 12"),
      count("width", 64, 16384, "published: 768"),
      count("heads", 1, 256, "of each layer; published: 12, as here one for 64 of the width"),
      count("feed_forward", 128, 65536, "width of a layer's hidden layer; published: 3072"),
      count("positions", 8096, 1e6, "rows of the position table: the longest protein, and two"),
      models::tape::dropout("dropout", "of embeddings and layers"),
      models::tape::dropout("attention_dropout", "of attention's probabilities")});
  entry.summary = "TAPE's transformer from scratch, at desk size (2 layers of 64, one head); published: 12 of 768";
  entry.network = &models::tape_transformer::make;
  return entry;
}

}  // namespace seqbench
