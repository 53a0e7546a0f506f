// Files of predictions made elsewhere: what is taken, what is refused, and that a refusal writes nothing.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>

#include "harness/base/error.h"
#include "harness/run/submit.h"
#include "harness/store/reader.h"
#include "tests/unit/run/fixture.h"

namespace seqbench::run {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;

/// Ten rows: 0-3 training, 4-5 validation, 6-9 test; "key" numbers the test rows.
class Ten : public Dataset {
 public:
  Ten() {
    std::vector<std::int64_t> keys, board;
    for (std::int64_t i = 0; i < 10; ++i) {
      examples_.ids.push_back(fmt::format("row{}", i));
      examples_.targets.push_back(static_cast<double>(i % 5) / 4);
      examples_.published_split.push_back(i < 4 ? Part::kTrain : i < 6 ? Part::kValidation : Part::kTest);
      keys.push_back(i < 6 ? -1 : i - 6);
      board.push_back(i % 2);
    }
    examples_.fields["key"] = keys;
    examples_.fields["board"] = board;
  }
  [[nodiscard]] View view(std::string_view name) const override {
    return {std::string(name), TextView{Texts(examples_.rows(), [](std::int64_t row) { return fmt::format("text {}", row); })}};
  }
};

TaskEntry ten_task() {
  TaskEntry task;
  task.title = "Ten";
  task.targets = {{"y", "1", ""}};
  task.metrics = {"mse", "spearman"};
  task.views = {{"dense", "numbers"}};
  task.splits = {"published", "kfold"};
  task.load = [](const LoadRequest&) -> std::unique_ptr<Dataset> { return std::make_unique<Ten>(); };
  return task;
}

TaskEntry keyed_task() {
  TaskEntry task = ten_task();
  task.submission_key = "key";
  return task;
}

class SubmitTest : public ::testing::Test {
 protected:
  SubmitReport run(const std::string& name, const std::string& text, SubmitOptions options = {}, const std::string& task = "ten",
                   std::vector<std::string> set = {}) {
    options.file = folder_.path() / name;
    std::ofstream(options.file, std::ios::binary) << text;
    if (options.model.empty()) options.model = "mine";
    const auto experiment = spec::load_task(tables_.task(task), tables_.catalog(), {std::move(set), "desk", false, {}});
    if (!experiment) throw InputError(spec::format_diagnostics(experiment.error()));
    RunOptions where;
    where.store = store();
    return submit(*experiment, tables_, code_.hashes(), where, options);
  }
  std::string refusal(const std::string& name, const std::string& text, const SubmitOptions& options = {}, const std::string& task = "ten") {
    try {
      static_cast<void>(run(name, text, options, task));
    } catch (const InputError& error) {
      return error.what();
    }
    return "taken";
  }
  [[nodiscard]] fs::path store() const { return folder_.path() / "store.db"; }

  TempFolder folder_;
  Tables tables_{{{"keyed", &keyed_task}, {"ten", &ten_task}}, {{"net", &test::net_model}}};
  test::Code code_;
};

const std::string kWhole = "id\tprediction\nrow9\t1\nrow6\t0.25\nrow8\t0.75\nrow7\t0.5\n";

TEST_F(SubmitTest, IsScoredAndStoredOnce) {
  const SubmitReport report = run("a.tsv", kWhole, {.file = {}, .model = "mine", .licence = "CC0-1.0", .only = "", .card = {{"by", "me"}}});
  EXPECT_TRUE(report.stored);
  EXPECT_EQ(report.rows, 4);
  ASSERT_EQ(report.records.size(), 1u);
  EXPECT_EQ(report.records[0].metrics[0].name, "mse");
  EXPECT_EQ(report.records[0].metrics[0].value, 0);
  {
    const store::Reader reader(store());
    const store::TrialResult trial = reader.trial(report.keys[0]);
    EXPECT_EQ(trial.kind, "submitted");
    EXPECT_EQ(trial.status, "done");
    EXPECT_EQ(trial.label, "mine");
    EXPECT_EQ(trial.chosen.at("licence"), "CC0-1.0");
    EXPECT_EQ(trial.chosen.at("sha256").get<std::string>().size(), 64u);
    EXPECT_EQ(reader.predictions(trial.execution).at(0).values, (std::vector<double>{0.25, 0.5, 0.75, 1}));
    EXPECT_EQ(reader.card("model", "mine")->card.at("card").at("by"), "me");
    EXPECT_TRUE(reader.check().empty());
  }
  const SubmitReport again = run("b.tsv", kWhole);
  EXPECT_TRUE(again.known);
  EXPECT_FALSE(again.stored);
  EXPECT_EQ(again.keys, report.keys);
  EXPECT_NE(run("c.tsv", "id\tprediction\nrow9\t1.0\nrow6\t0.25\nrow8\t0.75\nrow7\t0.5\n").keys, report.keys) << "other bytes";
}

TEST_F(SubmitTest, FormsOfTheFile) {
  const std::vector<double> values = {0.25, 0.5, 0.75, 1};
  for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{
           {"a.csv", "id,prediction\r\nrow6,0.25\r\nrow7,0.5\r\nrow8,0.75\r\nrow9,1\r\n"},
           {"b.csv", "\"id\",\"prediction\"\n\"row6\",0.25\nrow7,0.5\nrow8,0.75\nrow9,1\n"},
           {"c.json", R"({"row9": 1, "row6": 0.25, "row8": 75e-2, "row7": 0.5})"}}) {
    const SubmitReport report = run(name, text, {.file = {}, .model = "mine", .licence = "", .only = "", .card = {}, .dry_run = true});
    EXPECT_EQ(report.records.at(0).predictions.at(0).values, values) << name;
    EXPECT_FALSE(report.stored);
  }
  EXPECT_FALSE(fs::exists(store()));
}

TEST_F(SubmitTest, RowsAreNamedByTheTasksKey) {
  const SubmitReport report = run("a.json", R"({"0": 0.25, "3": 1.0, "1": 0.5, "2": 0.75})", {}, "keyed");
  EXPECT_EQ(report.records.at(0).metrics[0].value, 0);
  EXPECT_NE(refusal("b.json", R"({"-1": 0.25})", {}, "keyed").find("id '-1' is a training row"), std::string::npos);
}

TEST_F(SubmitTest, APartOfTheRowsStandsApart) {
  SubmitOptions options;
  options.only = "board=1";
  const SubmitReport part = run("a.tsv", "id\tprediction\nrow7\t0.5\nrow9\t1\n", options);
  EXPECT_EQ(part.rows, 2);
  const store::Reader reader(store());
  EXPECT_EQ(reader.trial(part.keys[0]).split_kind, "published, board=1");
  EXPECT_NE(refusal("b.tsv", kWhole, options).find("id 'row6' is none of the rows that are scored here"), std::string::npos);
  options.only = "nothing=1";
  EXPECT_NE(refusal("c.tsv", kWhole, options).find("a field of the data (board, key), got 'nothing=1'"), std::string::npos);
  options.only = "board=7";
  EXPECT_NE(refusal("d.tsv", kWhole, options).find("no test row has that value"), std::string::npos);
}

TEST_F(SubmitTest, FoldsTakeOnePredictionForEveryRow) {
  std::string text = "id\tprediction\n";
  for (int i = 0; i < 10; ++i) text += fmt::format("row{}\t{}\n", i, i % 5 / 4.0);
  const SubmitReport report = run("a.tsv", text, {}, "ten", {"split.kind=kfold"});
  ASSERT_EQ(report.records.size(), 5u);
  for (const store::TrialRecord& record : report.records) EXPECT_EQ(record.metrics[0].n, 2);
  EXPECT_THROW(run("b.tsv", text, {}, "ten", {"split.kind=kfold", "split.repeats=2"}), InputError);
  EXPECT_THROW(run("c.tsv", text, {}, "ten", {"split.kind=nothing"}), InputError);
}

TEST_F(SubmitTest, ARefusalNamesTheFaultAndWritesNothing) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "the file is empty"},
      {"id\tscore\nrow6\t1\n", ":1: expected the header 'id prediction'"},
      {"id\tprediction\nrow6\t1\n", "3 of 4 ids are missing: row7, row8, row9"},
      {"id\tprediction\n", "4 of 4 ids are missing: row6, row7, row8, row9"},
      {kWhole + "row6\t1\n", ":6: id 'row6' comes twice"},
      {kWhole + "row1\t1\n", ":6: id 'row1' is a training row"},
      {kWhole + "row4\t1\n", "id 'row4' is a validation row"},
      {kWhole + "row10\t1\n", "id 'row10' is no row of the data"},
      {"id\tprediction\nrow6\tnan\n", ":2: id 'row6': expected a finite number, got 'nan'"},
      {"id\tprediction\nrow6\n", "expected 1 values, got 0"},
      {"id\tprediction\nrow6\t1\t2\n", "expected 1 values, got 2"},
      {R"({"row6": "1"})", "id 'row6': expected a number, got \"1\""},
      {R"({"row6": null})", "expected a number, got null"},
      {R"({"row6": 1, "row6": 1})", "given twice"},
      {R"({"row6": 1)", "byte"},
      {"{}", "4 of 4 ids are missing"}};
  for (const auto& [text, expected] : cases) {
    EXPECT_NE(refusal("a.txt", text).find(expected), std::string::npos) << text << "\n" << refusal("a.txt", text);
  }
  for (const char* model : {"net", "ceiling", "a b", "a/b", "\xC3\xA4"}) {
    SubmitOptions options;
    options.model = model;
    EXPECT_NE(refusal("a.tsv", kWhole, options).find("--model"), std::string::npos) << model;
  }
  EXPECT_FALSE(fs::exists(store()));
}

}  // namespace
}  // namespace seqbench::run
