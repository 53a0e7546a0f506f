// seqbench new model NAME: a folder that compiles, is found by the build and tested by the conformance suite.
#include <fmt/format.h>

#include <map>

#include "harness/base/text.h"
#include "harness/cli/commands.h"
#include "harness/cli/skeleton.h"

namespace seqbench::cli {
namespace fs = std::filesystem;

namespace {

/// How a view becomes the float features [rows, FEATURES] of the skeleton's linear layer.
struct ViewCode {
  const char* type;      // alternative of View::data
  const char* features;  // expression: their number
  const char* fill;      // statements: row `row` of the view into `cell`, which points at zeros
};

constexpr ViewCode kCodes = {"CodeView", "data.length() * data.symbols", R"(
      const at::Tensor gathered = data.gather(std::span(&row, 1));
      const auto* codes = gathered.const_data_ptr<std::uint8_t>();
      for (std::int64_t i = 0; i < data.length(); ++i) {
        if (codes[i] < data.symbols) cell[i * data.symbols + codes[i]] = 1;  // padding stays 0
      })"};
constexpr ViewCode kDense = {"DenseView", "data.features()", R"(
      const at::Tensor gathered = data.gather(std::span(&row, 1));
      std::copy_n(gathered.const_data_ptr<float>(), features, cell);)"};
constexpr ViewCode kSet = {"SetView", "data.features", R"(
      const std::int64_t* offsets = data.offsets.const_data_ptr<std::int64_t>();
      for (std::int64_t i = offsets[row]; i < offsets[row + 1]; ++i) {
        cell[data.members.const_data_ptr<std::int64_t>()[i]] = 1;
      })"};
constexpr ViewCode kBits = {"BitView", "data.height * data.width", R"(
      const at::Tensor gathered = data.gather(std::span(&row, 1));
      std::copy_n(gathered.const_data_ptr<std::uint8_t>(), features, cell);)"};
constexpr ViewCode kText = {"TextView", "128", R"(
      const std::string text = data.rows[static_cast<std::size_t>(row)];
      for (const char c : text) cell[c & 127] += 1.0F / static_cast<float>(text.size());)"};

const ViewCode& code_of(const std::string& view) {
  static const std::map<std::string, ViewCode> kViews = {{"one_hot", kCodes},      {"mutations", kSet}, {"tf_set", kSet},
                                                        {"kmer_counts", kDense}, {"features", kDense},  {"tf_bins", kBits}};
  const auto found = kViews.find(view);
  return found == kViews.end() ? kText : found->second;
}

constexpr std::string_view kSource = R"(// @NAME@: one linear layer on the view "@VIEW@". Replace forward() by your network.

#include <ATen/core/Tensor.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>


#include "harness/contract/model.h"
#include "models/blocks/dropout.h"
#include "models/blocks/parameters.h"

namespace seqbench::models::@NAME@ {
namespace {

// Letters: B rows, F features, T targets.

std::int64_t feature_count(const View& view) {
  [[maybe_unused]] const auto& data = std::get<@TYPE@>(view.data);
  return @FEATURES@;
}

class Model final : public Network {
 public:
  explicit Model(const ModelContext& context)
      : parameters_(context.streams, context.dtype),
        dropout_(context.streams, "input", context.params.number("dropout")) {
    const std::int64_t features = feature_count(context.view);
    weight_ = parameters_.add("weight", {context.targets, features}, Init::kaiming(features));
    bias_ = parameters_.add("bias", {context.targets}, Init::zeros());
  }

  /// Inputs of these rows, on the CPU. Padding must not change what a row gives.
  [[nodiscard]] Batch collate(const View& view, std::span<const std::int64_t> rows) const override {
    const auto& data = std::get<@TYPE@>(view.data);
    const std::int64_t features = feature_count(view);
    at::Tensor x_BF = at::zeros({static_cast<std::int64_t>(rows.size()), features}, at::kFloat);
    float* cell = x_BF.mutable_data_ptr<float>();
    for (const std::int64_t row : rows) {@FILL@
      cell += features;
    }
    Batch batch;
    batch.rows.assign(rows.begin(), rows.end());
    batch.inputs = {{"x", x_BF}};
    return batch;
  }

  /// [B, T]: scaled targets, or one logit a row.
  [[nodiscard]] at::Tensor forward(const Batch& batch, const Pass& pass) override {
    const at::Tensor x_BF = batch.input("x").to(weight_.scalar_type());
    return at::linear(dropout_(x_BF, pass), weight_, bias_);
  }

  [[nodiscard]] std::vector<NamedTensor> parameters() override { return parameters_.tensors(); }

 private:
  ParameterSet parameters_;
  Dropout dropout_;
  at::Tensor weight_, bias_;
};

std::unique_ptr<Network> make(const ModelContext& context) { return std::make_unique<Model>(context); }

}  // namespace
}  // namespace seqbench::models::@NAME@

namespace seqbench {

SEQBENCH_MODEL(@NAME@) {
  ModelEntry entry;
  entry.summary = "one linear layer, from the skeleton";
  entry.views = {"@VIEW@"};
  entry.kinds = {TaskKind::kRegression, TaskKind::kBinary};
  entry.params = {{.name = "dropout",
                   .fallback = 0.0,
                   .help = "share of the inputs that training drops",
                   .low = 0,
                   .high = 0.99,
                   .choices = {}}};
  entry.train = {{"learning_rate", 1e-2}, {"epochs", std::int64_t{5}}, {"batch", std::int64_t{64}}};
  entry.network = &models::@NAME@::make;
  return entry;
}

}  // namespace seqbench
)";

constexpr std::string_view kReadme = R"(# @NAME@

Takes the view `@VIEW@`. Say here what the network is, from which paper (table, equation, reference file), and
what it was checked against.

- `@NAME@.cpp`: the whole model. The build finds it; nothing else needs an edit.
- `example.toml`: `./seqbench run models/@NAME@/example.toml`, then `./seqbench leaderboard @TASK@`.
- Tests: the conformance suite takes it up by itself (`tests/run -R property`).
)";

constexpr std::string_view kExample = R"(schema = 1
name = "@NAME@/example"
title = "@NAME@ on the twin of @TASK@"
seeds = 2
controls = false

[data]
task = "@TASK@"

[[model]]
name = "@NAME@"
)";

/// The first task that offers the view.
std::string task_with(const Context& context, const std::string& view) {
  std::vector<std::string> known;
  for (const TaskEntry& task : context.tables.tasks()) {
    for (const ViewInfo& offered : task.views) {
      if (offered.name == view) return task.name;
      known.push_back(offered.name);
    }
  }
  const auto close = nearest(view, known);
  throw InputError(fmt::format("no task offers the view '{}'{}", printable(view), close ? "; nearest: '" + *close + "'" : ""));
}

}  // namespace

ExitCode new_model(const Context& context) {
  const Arguments& a = context.arguments;
  const std::string view = a.view.empty() ? "one_hot" : a.view;
  std::vector<std::string> taken;
  for (const ModelEntry& model : context.tables.models()) taken.push_back(model.name);
  check_new_name("model", a.what, taken);
  const ViewCode& code = code_of(view);
  const std::map<std::string, std::string> values = {{"NAME", a.what}, {"VIEW", view}, {"TASK", task_with(context, view)},
                                                     {"TYPE", code.type}, {"FEATURES", code.features}, {"FILL", code.fill}};
  const fs::path folder = fs::path("models") / a.what;
  if (fs::exists(a.root / folder)) throw InputError(fmt::format("{} is there already", folder.generic_string()));
  write_new(a.root, {{folder / (a.what + ".cpp"), filled(kSource, values)},
                     {folder / "README.md", filled(kReadme, values)},
                     {folder / "example.toml", filled(kExample, values)}});
  fmt::print(stderr, "next: ./seqbench run models/{0}/example.toml builds it and runs it\n", a.what);
  return ExitCode::kDone;
}

}  // namespace seqbench::cli
