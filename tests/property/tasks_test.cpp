// What every task promises, on its twin.

#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <numeric>
#include <set>

#include "harness/base/error.h"
#include "harness/contract/tables.h"
#include "tests/property/support.h"

namespace seqbench::property {
namespace {

class TaskConformance : public ::testing::TestWithParam<TaskEntry> {};

bool all_finite(const std::vector<double>& values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

TEST_P(TaskConformance, TwinHasTheRowsAskedFor) {
  const auto twin = load_twin(GetParam());
  const std::int64_t rows = twin->examples().rows();
  EXPECT_GE(rows, kTwinRows / 2);
  EXPECT_LE(rows, kTwinRows * 3 / 2);
}

TEST_P(TaskConformance, IdsAreUniqueAndNotEmpty) {
  const auto twin = load_twin(GetParam());
  const std::vector<std::string>& ids = twin->examples().ids;
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
  EXPECT_TRUE(std::ranges::none_of(ids, [](const std::string& id) { return id.empty(); }));
}

TEST_P(TaskConformance, TargetsAreFiniteAndOfTheTasksKind) {
  const auto twin = load_twin(GetParam());
  const Examples& examples = twin->examples();
  const std::size_t cells = examples.ids.size() * GetParam().targets.size();
  ASSERT_EQ(examples.targets.size(), cells);
  EXPECT_TRUE(all_finite(examples.targets));
  const auto [low, high] = std::ranges::minmax_element(examples.targets);
  EXPECT_LT(*low, *high);
  if (GetParam().kind == TaskKind::kBinary) {
    EXPECT_TRUE(std::ranges::all_of(examples.targets, [](double y) { return y == 0 || y == 1; }));
  }
}

TEST_P(TaskConformance, WeightsMaskAndFieldsFitTheRows) {
  const auto twin = load_twin(GetParam());
  const Examples& examples = twin->examples();
  const std::size_t rows = examples.ids.size();
  EXPECT_TRUE(examples.weights.empty() || examples.weights.size() == rows);
  EXPECT_TRUE(examples.mask.empty() || examples.mask.size() == examples.targets.size());
  for (const auto& [name, field] : examples.fields) {
    EXPECT_EQ(std::visit([](const auto& values) { return values.size(); }, field), rows) << name;
  }
  for (const std::string& slice : GetParam().slices) EXPECT_TRUE(examples.fields.contains(slice)) << slice;
  if (const std::string& group = GetParam().group; !group.empty()) {
    ASSERT_TRUE(examples.fields.contains(group)) << group;
    EXPECT_FALSE(std::holds_alternative<std::vector<double>>(examples.fields.at(group))) << group;
  }
}

TEST_P(TaskConformance, PublishedSplitCoversAllParts) {
  const auto twin = load_twin(GetParam());
  const std::vector<Part>& parts = twin->examples().published_split;
  const bool offered = std::ranges::find(GetParam().splits, "published") != GetParam().splits.end();
  ASSERT_EQ(!parts.empty(), offered);
  if (!offered) return;
  EXPECT_EQ(parts.size(), twin->examples().ids.size());
  for (const Part part : {Part::kTrain, Part::kValidation, Part::kTest}) {
    EXPECT_GT(std::ranges::count(parts, part), 0) << static_cast<int>(part);
  }
}

/// Mean loss of predictions: log loss of two classes, else squared error.
double mean_loss(TaskKind kind, const std::vector<double>& targets, const std::vector<double>& predictions) {
  double sum = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const double right = targets[i] == 1 ? predictions[i] : 1 - predictions[i];
    sum += kind == TaskKind::kBinary ? -std::log(right) : std::pow(targets[i] - predictions[i], 2);
  }
  return sum / static_cast<double>(targets.size());
}

TEST_P(TaskConformance, ExpectedIsACeilingAboveTheConstant) {
  const auto twin = load_twin(GetParam());
  const Examples& examples = twin->examples();
  ASSERT_EQ(examples.expected.size(), examples.targets.size());
  ASSERT_EQ(examples.noiseless.size(), examples.targets.size());
  EXPECT_TRUE(all_finite(examples.expected));
  EXPECT_TRUE(all_finite(examples.noiseless));
  const std::size_t targets = GetParam().targets.size();
  std::vector<double> constant(examples.targets.size(), 0.0);
  for (std::size_t i = 0; i < constant.size(); ++i) constant[i % targets] += examples.targets[i];
  for (std::size_t t = 0; t < targets; ++t) constant[t] /= static_cast<double>(examples.ids.size());
  for (std::size_t i = targets; i < constant.size(); ++i) constant[i] = constant[i - targets];
  EXPECT_LT(mean_loss(GetParam().kind, examples.targets, examples.expected),
            0.9 * mean_loss(GetParam().kind, examples.targets, constant));
}

TEST_P(TaskConformance, TwinIsTheSameTwice) {
  const auto one = load_twin(GetParam());
  const auto other = load_twin(GetParam());
  EXPECT_EQ(one->examples().ids, other->examples().ids);
  EXPECT_EQ(one->examples().targets, other->examples().targets);
  EXPECT_EQ(one->examples().expected, other->examples().expected);
  EXPECT_EQ(one->examples().fields, other->examples().fields);
  EXPECT_EQ(one->examples().published_split, other->examples().published_split);
  for (const ViewInfo& view : GetParam().views) EXPECT_TRUE(same(one->view(view.name), other->view(view.name)));
}

void check(const TextView& view, std::int64_t rows) {
  ASSERT_EQ(static_cast<std::int64_t>(view.rows.size()), rows);
  EXPECT_TRUE(std::ranges::none_of(view.rows, [](const std::string& row) { return row.empty(); }));
}

void check(const CodeView& view, std::int64_t rows) {
  ASSERT_EQ(view.codes.scalar_type(), at::kByte);
  ASSERT_EQ(view.lengths.scalar_type(), at::kLong);
  ASSERT_EQ(view.codes.dim(), 2);
  ASSERT_EQ(view.codes.size(0), rows);
  const at::Tensor gathered = view.gather(row_range(0, rows));
  ASSERT_EQ(view.lengths.sizes(), std::vector<std::int64_t>{rows});
  ASSERT_TRUE(view.codes.is_contiguous());
  ASSERT_TRUE(view.symbols >= 1 && view.symbols <= 255);
  const std::int64_t width = view.length();
  const auto* codes = gathered.const_data_ptr<std::uint8_t>();
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t length = view.lengths.const_data_ptr<std::int64_t>()[row];
    ASSERT_TRUE(length >= 1 && length <= width) << row;
    for (std::int64_t i = 0; i < width; ++i) {
      const std::int64_t code = codes[row * width + i];
      ASSERT_TRUE(i < length ? code < view.symbols : code == view.symbols) << row << ", " << i << ": " << code;
    }
  }
}

void check(const DenseView& view, std::int64_t rows) {
  ASSERT_EQ(view.rows(), rows);
  const at::Tensor values = view.gather(row_range(0, rows));
  ASSERT_EQ(values.scalar_type(), at::kFloat);
  ASSERT_EQ(values.sizes(), (std::vector<std::int64_t>{rows, view.features()}));
  EXPECT_TRUE(values.isfinite().all().item<bool>());
}

void check(const BitView& view, std::int64_t rows) {
  ASSERT_EQ(view.bits.scalar_type(), at::kByte);
  ASSERT_TRUE(view.height >= 1 && view.width >= 1);
  ASSERT_EQ(view.bits.sizes(), (std::vector<std::int64_t>{rows, (view.height * view.width + 7) / 8}));
  ASSERT_TRUE(view.bits.is_contiguous());
}

void check(const SetView& view, std::int64_t rows) {
  ASSERT_EQ(view.offsets.scalar_type(), at::kLong);
  ASSERT_EQ(view.members.scalar_type(), at::kLong);
  ASSERT_EQ(view.offsets.sizes(), std::vector<std::int64_t>{rows + 1});
  const auto* offsets = view.offsets.const_data_ptr<std::int64_t>();
  const auto* members = view.members.const_data_ptr<std::int64_t>();
  ASSERT_EQ(offsets[0], 0);
  ASSERT_EQ(offsets[rows], view.members.numel());
  for (std::int64_t row = 0; row < rows; ++row) {
    ASSERT_LE(offsets[row], offsets[row + 1]);
    std::int64_t last = -1;
    for (std::int64_t j = offsets[row]; j < offsets[row + 1]; ++j) {
      ASSERT_TRUE(members[j] > last && members[j] < view.features) << row << ": " << members[j];
      last = members[j];
    }
  }
}

TEST_P(TaskConformance, EveryDeclaredViewHoldsEveryRowInItsRange) {
  const auto twin = load_twin(GetParam());
  for (const ViewInfo& info : GetParam().views) {
    SCOPED_TRACE(info.name);
    const View view = twin->view(info.name);
    EXPECT_EQ(view.name, info.name);
    std::visit([&](const auto& data) { check(data, twin->examples().rows()); }, view.data);
  }
}

/// An assertion or InputError: the contract leaves no third way.
TEST_P(TaskConformance, AViewThatIsNotDeclaredIsRefused) {
  const auto refuse = [&] {
    try {
      (void)load_twin(GetParam())->view("no_such_view");
    } catch (const InputError&) {
      _exit(2);
    }
    _exit(0);
  };
  const auto refused = [](int status) {
    return ::testing::ExitedWithCode(2)(status) || ::testing::KilledBySignal(SIGABRT)(status);
  };
  EXPECT_EXIT(refuse(), refused, "");
}

INSTANTIATE_TEST_SUITE_P(All, TaskConformance, ::testing::ValuesIn(all_tasks()),
                         [](const auto& test) { return test.param.name; });

TEST(Tables, KeepTheirPromises) {
  const auto tasks = tasks_table();
  const auto models = models_table();
  const Tables tables({tasks.begin(), tasks.end()}, {models.begin(), models.end()});  // asserts
  EXPECT_EQ(tables.tasks().size(), tasks.size());
  EXPECT_EQ(tables.models().size(), models.size());
}

TEST(Controls, EveryTaskGetsOneConstantRowAndOneShuffledOneAtLeast) {
  for (const TaskEntry& task : all_tasks()) {
    SCOPED_TRACE(task.name);
    std::int64_t constants = 0;
    std::int64_t shuffled = 0;
    std::set<std::string> labels;
    for (const ModelEntry& model : all_models()) {
      if (std::ranges::find(model.kinds, task.kind) == model.kinds.end()) continue;
      for (const Control& control : model.controls) {
        const std::vector<std::string> views =
            control.view.empty() ? model.views : std::vector<std::string>{control.view};
        EXPECT_TRUE(control.view.empty() || std::ranges::count(model.views, control.view) == 1) << control.label;
        if (std::ranges::none_of(views, [&](const std::string& view) { return offers(task, view); })) continue;
        EXPECT_TRUE(labels.insert(control.label).second) << control.label;
        constants += model.name == "constant" ? 1 : 0;
        shuffled += std::ranges::count(control.train, "labels", &Setting::key);
      }
    }
    EXPECT_EQ(constants, 1);
    EXPECT_GE(shuffled, 1);
  }
}

}  // namespace
}  // namespace seqbench::property
