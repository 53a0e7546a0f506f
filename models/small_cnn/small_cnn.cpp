// A small convolutional network with dropout over one-hot positions: two convolutions, the second strided, then a
// hidden layer over all positions. Positions are not pooled away: in a protein or a promoter it matters where.

#include <ATen/core/Tensor.h>
#include <ATen/ops/conv1d.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include "harness/base/error.h"
#include "harness/contract/model.h"
#include "models/blocks/dropout.h"
#include "models/blocks/parameters.h"

namespace seqbench::models::small_cnn {
namespace {

// Letters: B rows, L positions, S symbols, C channels, H hidden units, T targets.

struct Layer {
  at::Tensor weight;
  at::Tensor bias;
};

const CodeView& code_view(const View& view) {
  const auto* codes = std::get_if<CodeView>(&view.data);
  if (codes == nullptr) throw InputError(fmt::format("small_cnn: view '{}' does not hold codes", view.name));
  return *codes;
}

class SmallCnn final : public Network {
 public:
  explicit SmallCnn(const ModelContext& context)
      : parameters_(context.streams, context.dtype),
        length_(code_view(context.view).length()),
        symbols_(code_view(context.view).symbols),
        stride_(context.params.integer("stride")),
        dtype_(context.dtype),
        conv_dropout_(context.streams, "conv", context.params.number("conv_dropout")),
        hidden_dropout_(context.streams, "hidden", context.params.number("dropout")) {
    const std::int64_t channels = context.params.integer("channels");
    const std::int64_t kernel = context.params.integer("kernel");
    const std::int64_t hidden = context.params.integer("hidden");
    if (kernel % 2 == 0) throw InputError(fmt::format("small_cnn: 'kernel' must be odd, got {}", kernel));
    const std::int64_t strided = (length_ - 1) / stride_ + 1;
    conv1_ = layer("conv1", {channels, symbols_, kernel});
    conv2_ = layer("conv2", {channels, channels, kernel});
    hidden_ = layer("hidden", {hidden, channels * strided});
    output_ = layer("output", {context.targets, hidden});
  }

  /// The rows' codes at the view's full width, so that no other row decides how far a row is padded.
  [[nodiscard]] Batch collate(const View& view, std::span<const std::int64_t> rows) const override {
    const CodeView& codes = code_view(view);
    if (codes.length() != length_ || codes.symbols != symbols_) {
      throw InputError(fmt::format("small_cnn: made for {} positions of {} symbols, the view has {} of {}", length_,
                                   symbols_, codes.length(), codes.symbols));
    }
    Batch batch;
    batch.rows.assign(rows.begin(), rows.end());
    batch.inputs = {{"codes", codes.gather(rows)}};
    return batch;
  }

  [[nodiscard]] at::Tensor forward(const Batch& batch, const Pass& pass) override {
    const at::Tensor x_BSL = one_hot(batch.input("codes"));
    const std::int64_t half = conv1_.weight.size(2) / 2;
    at::Tensor x_BCL = at::leaky_relu(at::conv1d(x_BSL, conv1_.weight, conv1_.bias, 1, half));
    x_BCL = conv_dropout_(x_BCL, pass);
    x_BCL = at::leaky_relu(at::conv1d(x_BCL, conv2_.weight, conv2_.bias, stride_, half));
    at::Tensor x_BH = at::leaky_relu(at::linear(x_BCL.flatten(1), hidden_.weight, hidden_.bias));
    x_BH = hidden_dropout_(x_BH, pass);
    return at::linear(x_BH, output_.weight, output_.bias);
  }

  [[nodiscard]] std::vector<NamedTensor> parameters() override { return parameters_.tensors(); }
  [[nodiscard]] bool replayable(DeviceWork /*work*/) const override { return true; }

 private:
  /// Weight and bias as torch.nn.Linear and torch.nn.Conv1d start out.
  Layer layer(const std::string& name, const std::vector<std::int64_t>& shape) {
    std::int64_t fan_in = 1;
    for (std::size_t i = 1; i < shape.size(); ++i) fan_in *= shape[i];
    return {parameters_.add(name + ".weight", shape, Init::kaiming(fan_in)),
            parameters_.add(name + ".bias", {shape[0]}, Init::kaiming(fan_in))};
  }

  /// Padding is a symbol of its own that is cut off, so it becomes a column of zeros.
  [[nodiscard]] at::Tensor one_hot(const at::Tensor& codes_BL) const {
    const at::Tensor index_B1L = codes_BL.to(at::kLong).unsqueeze(1);
    const at::Tensor all = at::zeros({codes_BL.size(0), symbols_ + 1, length_}, codes_BL.options().dtype(dtype_));
    return all.scatter(1, index_B1L, 1).narrow(1, 0, symbols_);
  }

  ParameterSet parameters_;
  std::int64_t length_;
  std::int64_t symbols_;
  std::int64_t stride_;
  at::ScalarType dtype_;
  Dropout conv_dropout_;
  Dropout hidden_dropout_;
  Layer conv1_, conv2_, hidden_, output_;
};

std::unique_ptr<Network> make(const ModelContext& context) { return std::make_unique<SmallCnn>(context); }

ParamSpec integer(const char* name, std::int64_t fallback, double high, const char* help) {
  return {.name = name, .fallback = fallback, .help = help, .low = 1, .high = high, .choices = {}};
}

ParamSpec probability(const char* name, double fallback, const char* help) {
  return {.name = name, .fallback = fallback, .help = help, .low = 0, .high = 0.99, .choices = {}};
}

}  // namespace
}  // namespace seqbench::models::small_cnn

namespace seqbench {

SEQBENCH_MODEL(small_cnn) {
  using models::small_cnn::integer;
  using models::small_cnn::probability;
  ModelEntry entry;
  entry.summary = "a small convolutional network with dropout over one-hot positions";
  entry.views = {"one_hot"};
  entry.kinds = {TaskKind::kRegression, TaskKind::kBinary};
  entry.params = {integer("channels", 8, 4096, "of both convolutions"),
                  integer("kernel", 5, 255, "positions a convolution sees; odd"),
                  integer("stride", 2, 64, "of the second convolution"),
                  integer("hidden", 64, 65536, "units of the hidden layer"),
                  probability("conv_dropout", 0.1, "share of the first convolution's outputs that training drops"),
                  probability("dropout", 0.1, "share of the hidden units that training drops")};
  entry.train = {{"optimizer", std::string("adamw")},
                 {"learning_rate", 2e-3},
                 {"batch", std::int64_t{64}},
                 {"eval_batch", std::int64_t{512}},
                 {"epochs", std::int64_t{12}},
                 {"clip_norm", 1.0},
                 {"best_by", std::string("loss")},
                 {"early_stop.patience", std::int64_t{4}}};
  entry.controls = {{.label = "small CNN", .view = "one_hot", .params = {}, .train = {}}};
  entry.network = &models::small_cnn::make;
  return entry;
}

}  // namespace seqbench
