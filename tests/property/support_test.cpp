// Implementation of support.h, and a test of its own: a suite over empty tables would prove nothing.

#include "tests/property/support.h"

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

namespace seqbench::property {

std::vector<TaskEntry> all_tasks() {
  std::vector<TaskEntry> tasks;
  for (const NamedTask& named : tasks_table()) {
    tasks.push_back(named.make());
    tasks.back().name = named.name;
  }
  return tasks;
}

std::vector<ModelEntry> all_models() {
  std::vector<ModelEntry> models;
  for (const NamedModel& named : models_table()) {
    models.push_back(named.make());
    models.back().name = named.name;
  }
  return models;
}

bool offers(const TaskEntry& task, std::string_view view) {
  return std::ranges::find(task.views, view, &ViewInfo::name) != task.views.end();
}

std::unique_ptr<Dataset> load_twin(const TaskEntry& task, std::int64_t rows) {
  const Params params(task.params);
  return task.load({.twin = true, .folder = {}, .params = params, .rows = rows});
}

std::vector<Case> cases(bool networks) {
  std::vector<Case> found;
  for (const ModelEntry& model : all_models()) {
    if (model.trained_by_loop != networks) continue;
    for (const TaskEntry& task : all_tasks()) {
      if (std::ranges::find(model.kinds, task.kind) == model.kinds.end()) continue;
      // An external model cannot be fitted without a program: tests/unit/models/external_test.cpp.
      for (const std::string& view : model.views) {
        if (offers(task, view)) found.push_back({model, task, view});
      }
    }
  }
  return found;
}

std::string test_name(const Case& one) { return one.model.name + "_on_" + one.task.name + "_" + one.view; }

namespace {

/// Of a model that reads through a frozen encoder: a small one of random weights, and all that dropout and free slots touch.
Params with_small_encoder(Params params) {
  for (const auto& [name, size] : {std::pair("encoder.hidden", 12), {"encoder.layers", 1}, {"encoder.heads", 3}, {"encoder.feed_forward", 20}}) {
    params.set(name, std::int64_t{size});
  }
  params.set("dropout", 0.1);
  // Few channels: of thousands of rectified places one lies within a difference of its kink.
  if (params.has("channels")) params.set("channels", std::vector<std::int64_t>{3, 3});
  if (params.has("slot_assignment")) params.set("slot_assignment", std::string("free"));  // few tasks have rows of 1, 2, 3 differences
  return params;
}

/// Networks whose defaults are too large for differences at thousands of positions in f64.
const std::map<std::string, std::vector<std::pair<std::string, std::int64_t>>>& small_sizes() {
  static const std::map<std::string, std::vector<std::pair<std::string, std::int64_t>>> kSizes = {
      {"tf_encoder", {{"model_dim", 4}, {"layers", 1}, {"ff_dim", 4}, {"ffn_dim", 4}}},
      {"nn4dms_cnn", {{"filters", 4}, {"hidden", 8}}},
      {"nn4dms_fc", {{"hidden", 8}}},
      {"nn4dms_gcn", {{"filters", 4}, {"hidden", 8}}},
      {"tape_lstm", {{"width", 6}, {"embedding", 4}, {"head", 8}, {"max_length", 24}}},
      {"tape_resnet", {{"layers", 2}, {"width", 8}, {"head", 8}, {"max_length", 24}}},
      {"tape_transformer", {{"width", 8}, {"feed_forward", 12}, {"head", 8}, {"max_length", 24}}}};
  return kSizes;
}

/// Defaults; of some families a size that a test can afford, or a small folder where they need one.
Params params_of(const ModelEntry& model) {
  Params params(model.params);
  if (!model.frozen_encoder.param.empty()) return with_small_encoder(std::move(params));
  if (const auto sizes = small_sizes().find(model.name); sizes != small_sizes().end()) {
    for (const auto& [name, size] : sizes->second) params.set(name, size);
  }
  if (model.open_folder == nullptr) return params;
  params.set("max_length", std::int64_t{16});
  for (const auto& [name, size] : {std::pair("hidden", 12), {"layers", 2}, {"heads", 3}, {"feed_forward", 20}}) {
    if (params.has(name)) params.set(name, std::int64_t{size});
  }
  if (!params.has("hidden")) {
    params.set("folder", SEQBENCH_SOURCE_DIR "/tests/parity/zoo/cases/" + model.name + "_a");
    params.set("new_head", true);
  }
  if (params.has("add_cls")) params.set("add_cls", true);  // an empty text needs a token
  params.set("dropout", 0.1);
  return params;
}

}  // namespace

Loaded load(const Case& one) {
  static std::map<std::string, std::unique_ptr<Dataset>> datasets;
  static std::map<std::pair<std::string, std::string>, View> views;
  std::unique_ptr<Dataset>& dataset = datasets[one.task.name];
  if (dataset == nullptr) dataset = load_twin(one.task);
  const auto key = std::pair(one.task.name, one.view);
  if (!views.contains(key)) views.emplace(key, dataset->view(one.view));
  return {one, dataset->examples(), views.at(key), params_of(one.model)};
}

std::vector<std::int64_t> row_range(std::int64_t begin, std::int64_t end) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(end - begin));
  std::iota(rows.begin(), rows.end(), begin);
  return rows;
}

std::vector<double> targets_of(const Loaded& loaded, std::span<const std::int64_t> rows) {
  std::vector<double> targets;
  for (const std::int64_t row : rows) {
    for (std::int64_t t = 0; t < loaded.targets(); ++t) {
      targets.push_back(loaded.examples.targets[static_cast<std::size_t>(row * loaded.targets() + t)]);
    }
  }
  return targets;
}

View with_short_rows(const View& view) {
  View cut = view;
  if (auto* codes = std::get_if<CodeView>(&cut.data)) {
    codes->codes = codes->codes.clone();
    codes->lengths = codes->lengths.clone();
    for (std::int64_t row = 0; row < codes->codes.size(0); row += 3) {
      const std::int64_t half = codes->lengths[row].item<std::int64_t>() / 2 + 1;
      codes->lengths[row].fill_(half);
      if (codes->bits == 8) codes->codes[row].narrow(0, half, codes->length() - half).fill_(codes->symbols);
    }
  } else if (auto* text = std::get_if<TextView>(&cut.data)) {
    std::vector<std::string> rows(text->rows.begin(), text->rows.end());
    for (std::size_t row = 0; row < rows.size(); row += 3) rows[row].resize(row % 2 == 0 ? 0 : rows[row].size() / 2 + 1);
    text->rows = std::move(rows);
  }
  return cut;
}

bool same(const View& a, const View& b) {
  if (a.name != b.name || a.data.index() != b.data.index()) return false;
  if (const auto* text = std::get_if<TextView>(&a.data)) return text->rows == std::get<TextView>(b.data).rows;
  if (const auto* dense = std::get_if<DenseView>(&a.data)) {
    const auto rows = row_range(0, b.rows());
    return dense->rows() == b.rows() && at::equal(dense->gather(rows), std::get<DenseView>(b.data).gather(rows));
  }
  if (const auto* codes = std::get_if<CodeView>(&a.data)) {
    const auto& other = std::get<CodeView>(b.data);
    const auto rows = row_range(0, b.rows());
    return codes->symbols == other.symbols && at::equal(codes->gather(rows), other.gather(rows)) &&
           at::equal(codes->lengths, other.lengths);
  }
  if (const auto* bits = std::get_if<BitView>(&a.data)) {
    const auto& other = std::get<BitView>(b.data);
    return bits->height == other.height && bits->width == other.width && at::equal(bits->bits, other.bits);
  }
  const auto& sets = std::get<SetView>(a.data);
  const auto& other = std::get<SetView>(b.data);
  return sets.features == other.features && at::equal(sets.offsets, other.offsets) &&
         at::equal(sets.members, other.members);
}

TEST(Conformance, MeetsTasksNetworksAndEstimators) {
  EXPECT_FALSE(all_tasks().empty());
  EXPECT_FALSE(cases(true).empty());
  EXPECT_FALSE(cases(false).empty());
}

/// A model that no task can use is tested by nothing.
TEST(Conformance, EveryModelMeetsATask) {
  std::vector<Case> all = cases(true);
  for (Case& one : cases(false)) all.push_back(std::move(one));
  for (const ModelEntry& model : all_models()) {
    if (model.external) continue;  // runs what an experiment names: tests/unit/models/external_test, tests/e2e/submit_test
    EXPECT_TRUE(std::ranges::any_of(all, [&](const Case& one) { return one.model.name == model.name; })) << model.name;
  }
}

}  // namespace seqbench::property
