#include "harness/contract/tables.h"

#include <gtest/gtest.h>

#include "harness/base/error.h"

namespace seqbench {
namespace {

std::unique_ptr<Dataset> load(const LoadRequest& /*request*/) { return nullptr; }
ImportPlan import_files(std::span<const std::filesystem::path> /*files*/) { return {}; }
std::unique_ptr<Network> network(const ModelContext& /*context*/) { return nullptr; }
std::unique_ptr<Estimator> estimator(const ModelContext& /*context*/) { return nullptr; }

TaskEntry good_task() {
  TaskEntry task;
  task.title = "a task";
  task.targets = {{"brightness", "", ""}};
  task.metrics = {"mse"};
  task.views = {{"one_hot", ""}};
  task.splits = {"kfold"};
  task.params = {{.name = "length", .fallback = std::int64_t{8}, .low = 1}};
  task.load = &load;
  return task;
}

ModelEntry good_model() {
  ModelEntry model;
  model.views = {"one_hot"};
  model.kinds = {TaskKind::kRegression};
  model.params = {{.name = "width", .fallback = std::int64_t{8}, .low = 1, .high = 64}};
  model.controls = {{.label = "narrow", .view = "one_hot", .params = {{"width", std::int64_t{1}}}, .train = {}}};
  model.network = &network;
  return model;
}

std::string error_of(const auto& call) {
  try {
    call();
  } catch (const InputError& error) {
    return error.what();
  }
  return "(accepted)";
}

TEST(Tables, FillInNamesAndSort) {
  const Tables tables({{"promoters", &good_task}, {"gfp", &good_task}}, {{"ridge", &good_model}, {"cnn", &good_model}});
  EXPECT_EQ(tables.task("gfp").name, "gfp");
  EXPECT_EQ(tables.task("promoters").title, "a task");
  EXPECT_EQ(tables.model("ridge").name, "ridge");
  const Catalog catalog = tables.catalog();
  ASSERT_EQ(catalog.tasks.size(), 2u);
  EXPECT_EQ(catalog.tasks[0]->name, "gfp");
  EXPECT_EQ(catalog.tasks[1]->name, "promoters");
  ASSERT_EQ(catalog.models.size(), 2u);
  EXPECT_EQ(catalog.models[0]->name, "cnn");
  EXPECT_EQ(catalog.model("ridge"), &tables.model("ridge"));
}

TEST(Tables, UnknownNamesGetTheNearest) {
  const Tables tables({{"promoters", &good_task}, {"gfp", &good_task}}, {{"ridge", &good_model}});
  EXPECT_EQ(error_of([&] { static_cast<void>(tables.task("promotors")); }),
            "unknown task 'promotors'; nearest: 'promoters'");
  EXPECT_EQ(error_of([&] { static_cast<void>(tables.task("something")); }),
            "unknown task 'something'; known: gfp, promoters");
  EXPECT_EQ(error_of([&] { static_cast<void>(tables.model("rigde")); }), "unknown model 'rigde'; nearest: 'ridge'");
  EXPECT_EQ(error_of([&] { static_cast<void>(tables.model("gfp\n")); }), "unknown model 'gfp?'; known: ridge");
}

TEST(Tables, EmptyOnesAreAllowed) {
  const Tables tables({}, {});
  EXPECT_TRUE(tables.catalog().tasks.empty());
  EXPECT_TRUE(tables.models().empty());
}

TEST(Tables, EstimatorsAndImportersAreAllowed) {
  const Tables tables({{"real", [] {
                          TaskEntry task = good_task();
                          task.has_real = true;
                          task.import_files = &import_files;
                          return task;
                        }}},
                      {{"ridge", [] {
                          ModelEntry model = good_model();
                          model.network = nullptr;
                          model.estimator = &estimator;
                          model.trained_by_loop = false;
                          return model;
                        }}});
  EXPECT_TRUE(tables.task("real").has_real);
  EXPECT_FALSE(tables.model("ridge").trained_by_loop);
}

struct BrokenTask {
  TaskEntry (*make)();
  const char* says;
};

// One changed promise each: `change` sees the entry as `it`.
#define BROKEN(good, change) [] { auto it = good(); change; return it; }

const BrokenTask kBrokenTasks[] = {
    {BROKEN(good_task, it.contract = kContractVersion + 1), "another contract version"},
    {BROKEN(good_task, it.load = nullptr), "no load function"},
    {BROKEN(good_task, it.has_real = true), "has_real and import_files disagree"},
    {BROKEN(good_task, it.import_files = &import_files), "has_real and import_files disagree"},
    {BROKEN(good_task, it.targets.clear()), "no targets, or two"},
    {BROKEN(good_task, it.targets.push_back(it.targets[0])), "no targets, or two"},
    {BROKEN(good_task, it.views.clear()), "no views, or two"},
    {BROKEN(good_task, it.views.push_back(it.views[0])), "no views, or two"},
    {BROKEN(good_task, it.views[0].param = "length"), "view 'one_hot' hangs on 'length', which is no text parameter"},
    {BROKEN(good_task, it.views[0].param = "table"), "view 'one_hot' hangs on 'table', which is no text parameter"},
    {BROKEN(good_task, it.metrics.clear()), "no metrics"},
    {BROKEN(good_task, it.splits.clear()), "no split kinds"},
    {BROKEN(good_task, it.params.push_back(it.params[0])), "parameter 'length' is declared twice"},
    {BROKEN(good_task, it.params[0].fallback = std::int64_t{0}), "'length' must be an integer of at least 1, got 0"}};

TEST(TablesDeathTest, TasksKeepTheirPromises) {
  for (const auto& [make, says] : kBrokenTasks) {
    EXPECT_DEATH(Tables({{"gfp", make}}, {}), std::string("task gfp: .*") + says) << says;
  }
}

struct BrokenModel {
  ModelEntry (*make)();
  const char* says;
};

const BrokenModel kBrokenModels[] = {
    {BROKEN(good_model, it.contract = kContractVersion + 1), "another contract version"},
    {BROKEN(good_model, it.network = nullptr), "not exactly one of network and estimator"},
    {BROKEN(good_model, it.estimator = &estimator), "not exactly one of network and estimator"},
    {BROKEN(good_model, it.trained_by_loop = false), "trained_by_loop and the factory disagree"},
    {BROKEN(good_model, it.views.clear()), "accepts no view"},
    {BROKEN(good_model, it.kinds.clear()), "no kind of task"},
    {BROKEN(good_model, it.params[0].fallback = std::int64_t{65}), "'width' must be an integer from 1 to 64, got 65"},
    {BROKEN(good_model, it.controls[0].view = "dna"), "control 'narrow' uses the view 'dna'"},
    {BROKEN(good_model, it.controls[0].params[0].key = "wdth"), "control 'narrow' sets 'wdth', which is not declared"},
    {BROKEN(good_model, it.controls[0].params[0].value = 0.5), "'width' must be an integer from 1 to 64, got 0.5"},
    {BROKEN(good_model, it.controls.push_back(it.controls[0])), "two controls of one label"}};
#undef BROKEN

TEST(TablesDeathTest, ModelsKeepTheirPromises) {
  for (const auto& [make, says] : kBrokenModels) {
    EXPECT_DEATH(Tables({}, {{"cnn", make}}), std::string("model cnn: .*") + says) << says;
  }
}

TEST(TablesDeathTest, NamesAreUnique) {
  EXPECT_DEATH(Tables({{"gfp", &good_task}, {"gfp", &good_task}}, {}), "gfp: is registered twice");
  EXPECT_DEATH(Tables({}, {{"cnn", &good_model}, {"cnn", &good_model}}), "cnn: is registered twice");
}

}  // namespace
}  // namespace seqbench
