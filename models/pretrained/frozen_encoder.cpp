#include "models/pretrained/frozen_encoder.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/sha256.h"

namespace seqbench::models {
namespace frozen_encoder {
namespace {

namespace fs = std::filesystem;

Source source_of(const EmbeddingRequest& request) {
  return request.folder.empty() ? fresh_source(request.family, request.sizes)
                                : open_source(request.family, request.folder, {}, false);
}

std::int64_t layer_of(const EmbeddingRequest& request, const Source& source) {
  const std::int64_t layers = source.architecture.encoder.layers;
  if (request.layer > layers) {
    throw InputError(fmt::format("'encoder.layer' is {}, but the encoder has {} layers", request.layer, layers));
  }
  return request.layer < 0 ? layers : request.layer;
}

/// Hashes of the files that may decide the model: weights, configuration, tokenizer.
Json hashes_of(const fs::path& folder) {
  Json hashes = Json::object();
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string end = entry.path().extension().string();
    const bool counts = end == ".safetensors" || end == ".bin" || end == ".json" || end == ".txt";
    if (counts && entry.is_regular_file()) hashes[entry.path().filename().string()] = sha256_file_hex_once(entry.path());
  }
  return hashes;
}

}  // namespace
}  // namespace frozen_encoder

FrozenEncoder::FrozenEncoder(const EmbeddingRequest& request)
    : family_(request.family),
      folder_(request.folder),
      seed_(request.seed),
      source_(frozen_encoder::source_of(request)),
      layer_(frozen_encoder::layer_of(request, source_)),
      max_length_(max_length_of(source_, 0)) {}

Json FrozenEncoder::identity() const {
  Json identity = {{"family", family_.name}, {"layer", layer_}};
  if (folder_.empty()) {
    identity["config"] = source_.config.json();
    identity["seed"] = seed_;
  } else {
    identity["files"] = frozen_encoder::hashes_of(folder_);
  }
  return identity;
}

std::string FrozenEncoder::summary() const {
  const EncoderSettings& s = source_.architecture.encoder;
  return fmt::format("{}, {} layers of {}, {}", family_.name, s.layers, s.width,
                     folder_.empty() ? fmt::format("random weights of seed {}", seed_) : folder_.string());
}

std::vector<at::Tensor> FrozenEncoder::embed(std::span<const std::string> texts) {
  const at::NoGradGuard no_grad;
  if (model_ == nullptr) {
    if (!folder_.empty()) source_ = open_source(family_, folder_, {}, true);
    model_ = std::make_unique<Assembled>(source_.architecture, Build{.streams = Streams(seed_)}, std::move(source_.checkpoints));
  }
  std::vector<std::vector<std::int32_t>> tokens;
  for (const std::string& text : texts) tokens.push_back(tokens_of(*source_.tokenizer, text, max_length_));
  const TokenTensors batch = token_tensors(tokens, source_.architecture.encoder.pad_id);
  Trace trace{.hidden_layer = layer_};
  static_cast<void>(model_->hidden(batch.ids, batch.keep, {}, &trace));
  std::vector<at::Tensor> embedded;
  for (std::size_t row = 0; row < tokens.size(); ++row) {
    std::vector<std::int64_t> places;
    for (std::size_t place = 0; place < tokens[row].size(); ++place) {
      if (!is_added(*source_.tokenizer, tokens[row][place])) places.push_back(static_cast<std::int64_t>(place));
    }
    embedded.push_back(trace.hidden_BLH[static_cast<std::int64_t>(row)].index_select(0, at::tensor(places, at::kLong)).to(at::kFloat));
  }
  return embedded;
}

}  // namespace seqbench::models
