// Against scikit-learn and torch.nn: fixtures made by tests/parity/make_linear.py and make_small_cnn.py.

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "harness/base/files.h"
#include "harness/base/json.h"
#include "tests/unit/models/support.h"

namespace seqbench {
namespace {

Json fixture(const std::string& name) {
  const std::string path = std::string(SEQBENCH_SOURCE_DIR) + "/tests/parity/" + name;
  return parse_json(read_file(path), name);
}

View codes_of(const Json& json) {
  std::vector<std::string> rows;
  const auto symbols = json.at("symbols").get<std::int64_t>();
  for (const Json& row : json.at("codes")) {
    std::string& text = rows.emplace_back();
    for (const int code : row.get<std::vector<int>>()) text += code == symbols ? '-' : static_cast<char>('A' + code);
  }
  return testing::code_view(rows, symbols);
}

std::vector<double> flat(const Json& nested) {
  std::vector<double> values;
  for (const Json& value : nested) {
    const std::vector<double> inner = value.is_array() ? flat(value) : std::vector<double>{value.get<double>()};
    values.insert(values.end(), inner.begin(), inner.end());
  }
  return values;
}

std::vector<double> first(const std::vector<double>& values, std::int64_t count) {
  return {values.begin(), values.begin() + count};
}

void expect_parity(const std::string& model, TaskKind kind, const char* labels, std::int64_t targets,
                   double tolerance) {
  const Json json = fixture("linear.json");
  const auto rows = json.at("rows").get<std::int64_t>();
  const auto train_rows = json.at("train").get<std::int64_t>();
  const std::vector<double> dense = flat(json.at("dense"));
  const std::vector<float> narrow(dense.begin(), dense.end());
  const View codes = codes_of(json);
  const View kmers = testing::dense_view(narrow, static_cast<std::int64_t>(dense.size()) / rows);
  const testing::Rows train{testing::row_range(0, train_rows), first(flat(json.at(labels)), train_rows * targets),
                            first(flat(json.at("weights")), train_rows)};
  for (const Json& expected : json.at(model)) {
    SCOPED_TRACE(expected.at("view").get<std::string>() + " " + expected.at("strength").dump());
    const View& view = expected.at("view") == "one_hot" ? codes : kmers;
    const auto estimator =
        testing::make_estimator(model, view, kind, {expected.at("strength").get<double>()}, targets);
    estimator->fit(train.of(view), testing::Rows{}.of(view), {});
    const std::vector<double> predicted = estimator->predict(view, testing::row_range(0, rows));
    const std::vector<double> wanted = flat(expected.at("predictions"));
    ASSERT_EQ(predicted.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) ASSERT_NEAR(predicted[i], wanted[i], tolerance) << i;
  }
}

TEST(Parity, RidgeIsScikitLearns) { expect_parity("ridge", TaskKind::kRegression, "targets", 2, 1e-8); }

TEST(Parity, LogisticIsScikitLearns) { expect_parity("logistic", TaskKind::kBinary, "labels", 1, 1e-6); }

TEST(Parity, SmallCnnIsTorchs) {
  const Json json = fixture("small_cnn.json");
  const ModelEntry entry = testing::named_model("small_cnn").make();
  Params params(entry.params);
  for (const auto& [key, value] : json.at("params").items()) params.set(key, value.get<std::int64_t>());
  const View view = codes_of(json);
  const auto network = entry.network({params, view, TaskKind::kRegression, 2, Streams(0), at::kDouble});
  std::int64_t k = 0;
  for (const NamedTensor& parameter : network->parameters()) {
    auto* values = parameter.tensor.mutable_data_ptr<double>();
    for (std::int64_t i = 0; i < parameter.tensor.numel(); ++i) {
      values[i] = 0.4 * std::sin(0.7 * static_cast<double>(i) + static_cast<double>(k));
    }
    ++k;
  }
  const Batch batch = network->collate(view, testing::row_range(0, 3));
  const at::Tensor outputs = network->forward(batch, {});
  outputs.square().sum().backward();
  const std::vector<double> wanted = flat(json.at("outputs"));
  ASSERT_EQ(outputs.sizes(), (std::vector<std::int64_t>{3, 2}));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_NEAR(outputs.const_data_ptr<double>()[i], wanted[i], 1e-12);
  }
  ASSERT_EQ(network->parameters().size(), json.at("gradients").size());
  for (const NamedTensor& parameter : network->parameters()) {
    const std::vector<double> gradient = flat(json.at("gradients").at(parameter.name));
    const at::Tensor measured = parameter.tensor.grad().contiguous();
    ASSERT_EQ(measured.numel(), static_cast<std::int64_t>(gradient.size())) << parameter.name;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      ASSERT_NEAR(measured.const_data_ptr<double>()[i], gradient[i], 1e-11) << parameter.name << " " << i;
    }
  }
}

}  // namespace
}  // namespace seqbench
