// Kim's Approach I: a transformer over the factors bound near a gene, each a token of 0s and 1s by bin, read by a decoder with
// one learned token. Layers and starting values are those of torch.nn.Transformer (normalised after the sum, ReLU, biases
// everywhere); names too, but that in_proj is three layers here.
// Letters: B rows, S tokens, W bits of a token, H model_dim, F units of a layer's hidden layer, T targets.

#include <ATen/core/Tensor.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/contract/model.h"
#include "models/blocks/attention.h"
#include "models/blocks/parameters.h"
#include "models/blocks/relu_feed_forward.h"
#include "models/blocks/rotation.h"
#include "models/tf_encoder/merged.h"

namespace seqbench::models::tf_encoder {
namespace {

const BitView& bit_view(const View& view) {
  const auto* bits = std::get_if<BitView>(&view.data);
  if (bits == nullptr) throw InputError(fmt::format("tf_encoder: view '{}' does not hold bits", view.name));
  return *bits;
}

/// Attention to the row itself and, in a decoder, to the encoder's; a feed-forward network; norms after each.
struct Layer {
  Attention self;
  std::optional<Attention> cross;
  Linear in, out;
  std::vector<LayerNorm> norms;
  std::vector<Dropout> dropouts;  // of what each part adds
  Dropout hidden_dropout;
};

class Maker {
 public:
  Maker(const Streams& streams, ParameterSet& parameters, std::int64_t width, double dropout)
      : streams_(streams), parameters_(parameters), width_(width), dropout_(dropout) {}

  /// As torch.nn.Linear starts out.
  Linear linear(const std::string& name, std::int64_t in, std::int64_t out) {
    return {.weight = parameters_.add(name + ".weight", {out, in}, Init::kaiming(in)),
            .bias = parameters_.add(name + ".bias", {out}, Init::kaiming(in)), .lora_a = {}, .lora_b = {}};
  }
  LayerNorm norm(const std::string& name) {
    return {parameters_.add(name + ".weight", {width_}, Init::ones()), parameters_.add(name + ".bias", {width_}, Init::zeros()), 1e-5};
  }
  [[nodiscard]] Dropout dropout(const std::string& name) const { return {streams_, name, dropout_}; }

  /// Of an encoder's layer, or a decoder's.
  Layer layer(const std::string& name, std::int64_t heads, std::int64_t hidden, bool decodes) {
    Attention self = attention(name + ".self_attn", heads);
    std::optional<Attention> cross;
    if (decodes) cross.emplace(attention(name + ".multihead_attn", heads));
    Linear in = xavier(name + ".linear1", width_, hidden, Init::kaiming(width_), hidden);
    Linear out = xavier(name + ".linear2", hidden, width_, Init::kaiming(hidden), width_);
    std::vector<LayerNorm> norms;
    std::vector<Dropout> dropouts;
    for (int part = 1; part <= (decodes ? 3 : 2); ++part) {
      norms.push_back(norm(fmt::format("{}.norm{}", name, part)));
      dropouts.push_back(dropout(fmt::format("{}.dropout{}", name, part)));
    }
    return {std::move(self), std::move(cross), std::move(in), std::move(out), std::move(norms), std::move(dropouts), dropout(name + ".dropout")};
  }

 private:
  /// Uniform on sqrt(6 / (in + outputs)), `outputs` being those of the matrix that torch draws at once.
  Linear xavier(const std::string& name, std::int64_t in, std::int64_t out, Init bias, std::int64_t outputs) {
    return {.weight = parameters_.add(name + ".weight", {out, in}, Init::uniform(std::sqrt(6.0 / static_cast<double>(in + outputs)))),
            .bias = parameters_.add(name + ".bias", {out}, bias), .lora_a = {}, .lora_b = {}};
  }
  Attention attention(const std::string& name, std::int64_t heads) {
    Linear query = xavier(name + ".q_proj", width_, width_, Init::zeros(), 3 * width_);
    Linear key = xavier(name + ".k_proj", width_, width_, Init::zeros(), 3 * width_);
    Linear value = xavier(name + ".v_proj", width_, width_, Init::zeros(), 3 * width_);
    Linear output = xavier(name + ".out_proj", width_, width_, Init::zeros(), width_);
    return {std::move(query), std::move(key), std::move(value), std::move(output), heads, dropout(name + ".probabilities")};
  }

  const Streams& streams_;
  ParameterSet& parameters_;
  std::int64_t width_;
  double dropout_;
};

/// f32 [S, H]: sines and cosines of wavelengths from 2 pi to 20,000 pi, by turns.
at::Tensor sinusoids(std::int64_t tokens, std::int64_t width) {
  const at::Tensor angles = rotation_angles(rotary_frequencies(width), tokens);
  return at::stack({angles.sin(), angles.cos()}, 2).flatten(1).narrow(1, 0, width);
}

class TfEncoder final : public Network {
 public:
  explicit TfEncoder(const ModelContext& context)
      : streams_(context.streams),
        parameters_(context.streams, context.dtype),
        width_(context.params.integer("model_dim")),
        by_bin_(context.params.text("token_axis") == "bin"),
        positions_(context.params.text("positions")),
        merge_(context.params.text("merge_tokens")),
        output_relu_(context.params.flag("output_relu")),
        dtype_(context.dtype),
        height_(bit_view(context.view).height),
        length_(bit_view(context.view).width),
        input_dropout_(context.streams, "positions", context.params.number("dropout")) {
    check(context.params, context.kind);
    Maker maker(streams_, parameters_, width_, context.params.number("dropout"));
    input_ = maker.linear("input", by_bin_ ? height_ : length_, width_);
    if (positions_ == "learned") places_ = parameters_.add("positions", {tokens(), width_}, Init::normal(1));
    if (positions_ == "sinusoidal") sinusoids_ = sinusoids(tokens(), width_).to(dtype_);
    add_layers(maker, context.params);
    const std::int64_t hidden = context.params.integer("ff_dim");
    hidden_ = maker.linear("head.hidden", width_, hidden);
    output_ = maker.linear("head.output", hidden, context.targets);
  }

  /// "bits" uint8 [B, S, W].
  [[nodiscard]] Batch collate(const View& view, std::span<const std::int64_t> rows) const override {
    const BitView& bits = bit_view(view);
    if (bits.height != height_ || bits.width != length_) {
      throw InputError(fmt::format("tf_encoder: made for {} factors x {} bins, the view has {} x {}", height_, length_, bits.height, bits.width));
    }
    Batch batch;
    batch.rows.assign(rows.begin(), rows.end());
    const at::Tensor gathered = bits.gather(rows);
    batch.inputs = {{"bits", by_bin_ ? gathered.transpose(1, 2).contiguous() : gathered}};
    return batch;
  }

  [[nodiscard]] at::Tensor forward(const Batch& batch, const Pass& pass) override {
    const at::Tensor bits = batch.input("bits");
    const bool may_merge = bits.is_cpu() && positions_ == "none" && (merge_ == "always" || (merge_ == "evaluation" && !pass.training));
    const std::optional<Merged> one_each = may_merge ? std::optional(merged(bits)) : std::nullopt;
    Pass inner = pass;
    KeyMask mask;
    if (one_each) {
      mask = {.keep_BL = {}, .packing = &one_each->packing, .log_counts = one_each->counts.to(dtype_).log()};
      inner.lengths = one_each->packing.lengths();
    }
    at::Tensor x = embedded(one_each ? one_each->packing.packed(bits) : bits, inner);
    for (const Layer& layer : encoder_) x = encoded(layer, x, mask, inner);
    const at::Tensor read_BH = decoder_.empty() ? mean(x, one_each, bits.size(0)) : decoded(encoder_norm_->operator()(x), mask, pass, bits.size(0));
    const at::Tensor y = output_(at::relu(hidden_(read_BH, pass)), pass);
    return output_relu_ ? at::relu(y) : y;
  }

  [[nodiscard]] std::vector<NamedTensor> parameters() override { return parameters_.tensors(); }
  [[nodiscard]] std::vector<NamedTensor> frozen() override {
    std::vector<NamedTensor> kept;
    if (sinusoids_.defined()) kept.push_back({"sinusoids", sinusoids_});
    if (given_eos_.defined()) kept.push_back({"given_eos", given_eos_});
    return kept;
  }
  [[nodiscard]] bool replayable(DeviceWork /*work*/) const override { return true; }

 private:
  [[nodiscard]] std::int64_t tokens() const { return by_bin_ ? length_ : height_; }

  void check(const Params& params, TaskKind kind) const {
    if (output_relu_ && kind == TaskKind::kBinary) {
      throw InputError("tf_encoder: output_relu is for numbers, the task is binary: logits below 0 would not be told");
    }
    if (width_ % params.integer("heads") != 0) {
      throw InputError(fmt::format("tf_encoder: 'model_dim' is {}, no multiple of the {} 'heads'", width_, params.integer("heads")));
    }
    if (merge_ == "always" && positions_ != "none") {
      throw InputError(fmt::format("tf_encoder: merge_tokens = \"always\" needs positions = \"none\", got \"{}\": they tell equal tokens apart", positions_));
    }
    if (merge_ == "always" && params.number("dropout") > 0) {
      throw InputError(fmt::format("tf_encoder: merge_tokens = \"always\" needs dropout = 0, got {}: equal tokens have masks of their own",
                                   params.number("dropout")));
    }
  }

  void add_layers(Maker& maker, const Params& params) {
    const std::int64_t heads = params.integer("heads"), given = params.integer("ffn_dim");
    const std::int64_t hidden = given == 0 ? params.integer("ff_dim") : given;
    const auto add = [&](std::vector<Layer>& layers, const std::string& name, bool decodes) {
      for (std::int64_t i = 0; i < params.integer("layers"); ++i) layers.push_back(maker.layer(fmt::format("{}.layers.{}", name, i), heads, hidden, decodes));
    };
    add(encoder_, "encoder", false);
    if (params.text("readout") == "mean") return;
    encoder_norm_ = maker.norm("encoder.norm");
    add(decoder_, "decoder", true);
    decoder_norm_ = maker.norm("decoder.norm");
    const std::string& eos = params.text("eos");
    if (eos == "learned") eos_ = parameters_.add("eos", {1, width_}, Init::normal(1));
    else given_eos_ = eos == "ones" ? at::ones({1, width_}, dtype_) : at::zeros({1, width_}, dtype_);
  }

  /// [B, S, W] -> [B, S, H].
  [[nodiscard]] at::Tensor embedded(const at::Tensor& bits, const Pass& pass) const {
    const at::Tensor x = input_(bits.to(dtype_), pass);
    if (positions_ == "none") return x;
    if (positions_ == "learned") return input_dropout_(x.add(places_), pass);
    return input_dropout_(x.mul(std::sqrt(static_cast<double>(width_))).add(sinusoids_), pass);
  }

  /// What part `number` of a layer makes of x, and norm of the sum with x.
  [[nodiscard]] static at::Tensor added(const Layer& layer, std::size_t number, const at::Tensor& x, const at::Tensor& made, const Pass& pass) {
    return layer.norms[number](x.add(layer.dropouts[number](made, pass)));
  }

  [[nodiscard]] static at::Tensor encoded(const Layer& layer, const at::Tensor& x, const KeyMask& mask, const Pass& pass) {
    const at::Tensor y = added(layer, 0, x, layer.self(x, mask, nullptr, nullptr, pass, nullptr), pass);
    return added(layer, 1, y, relu_feed_forward(y, layer.in, layer.out, layer.hidden_dropout, pass), pass);
  }

  /// memory [B, S, H], or rows end to end -> [B, H].
  [[nodiscard]] at::Tensor decoded(const at::Tensor& memory, const KeyMask& mask, const Pass& pass, std::int64_t rows) const {
    at::Tensor x = (eos_.defined() ? eos_ : given_eos_).unsqueeze(0).expand({rows, 1, width_});
    for (const Layer& layer : decoder_) {
      x = added(layer, 0, x, layer.self(x, {}, nullptr, nullptr, pass, nullptr), pass);
      x = added(layer, 1, x, layer.cross->across(x, memory, mask, pass), pass);
      x = added(layer, 2, x, relu_feed_forward(x, layer.in, layer.out, layer.hidden_dropout, pass), pass);
    }
    return decoder_norm_->operator()(x).squeeze(1);
  }

  /// [B, S, H], or rows end to end -> the mean over all tokens, [B, H].
  [[nodiscard]] at::Tensor mean(const at::Tensor& x, const std::optional<Merged>& one_each, std::int64_t rows) const {
    if (!one_each) return x.mean(1);
    const at::Tensor weighted = x.squeeze(0).mul(one_each->counts.to(x.scalar_type()).div(static_cast<double>(tokens())).unsqueeze(1));
    return at::zeros({rows, width_}, x.options()).index_add(0, one_each->rows, weighted);
  }

  Streams streams_;
  ParameterSet parameters_;
  std::int64_t width_;
  bool by_bin_;
  std::string positions_, merge_;
  bool output_relu_;
  at::ScalarType dtype_;
  std::int64_t height_, length_;
  Dropout input_dropout_;
  Linear input_, hidden_, output_;
  at::Tensor places_, sinusoids_, eos_, given_eos_;
  std::vector<Layer> encoder_, decoder_;
  std::optional<LayerNorm> encoder_norm_, decoder_norm_;
};

std::unique_ptr<Network> make(const ModelContext& context) { return std::make_unique<TfEncoder>(context); }

ParamSpec count(const char* name, std::int64_t fallback, double low, double high, const char* help) {
  return {.name = name, .fallback = fallback, .help = help, .low = low, .high = high, .choices = {}};
}

ParamSpec choice(const char* name, const char* help, std::vector<std::string> choices) {
  return {.name = name, .fallback = choices.front(), .help = help, .choices = choices};
}

std::vector<ParamSpec> params() {
  return {count("model_dim", 64, 1, 16384, "width of tokens; the paper's grid: 64, 128, 256"),
          count("heads", 2, 1, 256, "of each attention; the paper's grid: 2, 4, 8"),
          count("layers", 3, 1, 256, "of the encoder, and as many of the decoder; the paper's grid: 3, 6"),
          count("ff_dim", 64, 1, 65536, "units of the head's hidden layer; the paper's grid: 64, 128, 256"),
          count("ffn_dim", 2048, 0, 65536, "units of each layer's feed-forward network, which the paper does not tell; 0: as ff_dim"),
          {.name = "dropout", .fallback = 0.1, .help = "of attention's probabilities, hidden units, what each part adds and tokens with their positions", .low = 0, .high = 0.99, .choices = {}},
          choice("token_axis", "a token is a factor with its bins, or a bin with its factors", {"tf", "bin"}),
          choice("positions", "what tells tokens of one content apart", {"none", "sinusoidal", "learned"}),
          choice("readout", "a decoder of one token, or the encoder alone: the mean of its tokens, without a last norm", {"decoder", "mean"}),
          choice("eos", "the decoder's token", {"learned", "zeros", "ones"}),
          {.name = "output_relu", .fallback = false, .help = "no output below 0, as the paper's text has it, though its targets are; of targets as they are: with train.scale_targets = false", .choices = {}},
          choice("merge_tokens", "equal tokens of a row are computed once, on the CPU without positions: the same to rounding",
                 {"evaluation", "always", "never"})};
}

}  // namespace
}  // namespace seqbench::models::tf_encoder

namespace seqbench {

SEQBENCH_MODEL(tf_encoder) {
  ModelEntry entry;
  entry.summary = "Kim's Approach I at the smallest size of its grid: a transformer over factors by bin, read by one token";
  entry.citation = "Kim, Mining Molecular Logics through Human Language, Stanford CS224N custom project";
  entry.views = {"tf_bins", "tf_bins12"};
  entry.kinds = {TaskKind::kRegression, TaskKind::kBinary};
  entry.params = models::tf_encoder::params();
  entry.train = {{"optimizer", std::string("adam")},
                 {"learning_rate", 1e-5},
                 {"batch", std::int64_t{128}},
                 {"eval_batch", std::int64_t{128}},
                 {"epochs", std::int64_t{100}},
                 {"best_by", std::string("loss")},
                 {"early_stop.patience", std::int64_t{10}}};
  entry.network = &models::tf_encoder::make;
  return entry;
}

}  // namespace seqbench
