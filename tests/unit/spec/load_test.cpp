#include "harness/spec/experiment.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/base/error.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/spec/fake_catalog.h"

namespace seqbench::spec {
namespace {

namespace fs = std::filesystem;

class Load : public testing::Test {
 protected:
  void SetUp() override {
    options_.root = root_;
  }

  fs::path write(const std::string& name, const std::string& text) {
    const fs::path path = root_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  Result<ExperimentSpec> result(const std::string& text) {
    return load(write("experiments/a.toml", "schema = 1\n" + text), fake::catalog(), options_);
  }

  ExperimentSpec spec(const std::string& text) {
    auto loaded = result(text);
    if (loaded) return *loaded;
    ADD_FAILURE() << format_diagnostics(loaded.error());
    return {};
  }

  std::string faults(const std::string& text) {
    const auto loaded = result(text);
    return loaded ? "accepted" : format_diagnostics(loaded.error());
  }

  TempFolder folder_;
  const fs::path root_ = folder_.path();
  LoadOptions options_;
};

const std::string kReg = "data.task = \"toy_reg\"\n";
const std::string kNet = "[[model]]\nname = \"net\"\n";
const std::string kRidge = "[[model]]\nname = \"ridge\"\n";
const std::string kNoControls = "controls = false\n";

std::vector<std::string> labels(const ExperimentSpec& spec) {
  std::vector<std::string> all;
  for (const Variant& variant : spec.variants) all.push_back(variant.label);
  return all;
}

using Texts = std::vector<std::string>;

TEST_F(Load, DefaultsAreWrittenOut) {
  const ExperimentSpec loaded = spec(kReg + kNoControls + kNet);
  EXPECT_EQ(loaded.name, "a");
  EXPECT_EQ(loaded.scale, "desk");
  EXPECT_EQ(loaded.seeds, std::vector<std::int64_t>{0});
  EXPECT_EQ(loaded.run.integer("threads"), 1);
  EXPECT_EQ(loaded.limits.text("stall"), "10m");
  EXPECT_EQ(loaded.save.texts("predictions"), Texts{"test"});
  ASSERT_EQ(loaded.tasks.size(), 1u);
  const TaskUse& use = loaded.tasks[0];
  EXPECT_EQ(use.source, "twin");
  EXPECT_EQ(use.params.integer("window"), 10);
  EXPECT_EQ(use.split.text("kind"), "published");
  EXPECT_EQ(use.metrics, (Texts{"spearman", "mse"}));
  EXPECT_EQ(use.slices, Texts{"length"});
  ASSERT_EQ(loaded.variants.size(), 1u);
  const Variant& net = loaded.variants[0];
  EXPECT_EQ(net.view, "text") << "the model's first view that the task offers";
  EXPECT_EQ(net.params.integer("width"), 32);
  EXPECT_EQ(net.train.number("learning_rate"), 3e-3) << "the model's default";
  EXPECT_EQ(net.train.text("loss"), "mse");
  EXPECT_EQ(net.train.text("best_by"), "spearman") << "the task's ranking metric";
  EXPECT_EQ(net.train.integer("early_stop.patience"), 0);
  EXPECT_EQ(net.train.values().size(), train_keys().size());
}

TEST_F(Load, SplitsTakeTheTasksFields) {
  const auto split = [this](const std::string& task, const std::string& keys) {
    return spec("data.task = \"" + task + "\"\n" + kNoControls + kNet + "[split]\n" + keys + "\n").tasks.at(0).split;
  };
  EXPECT_EQ(split("toy_reg", "kind = \"grouped\"").text("group"), "cluster");
  EXPECT_EQ(split("toy_reg", "kind = \"grouped\"").text("stratify"), "");
  EXPECT_EQ(split("toy_reg", "kind = \"grouped\"\ngroup = \"other\"").text("group"), "other");
  EXPECT_EQ(split("toy_reg", "kind = \"stratified\"").text("stratify"), "quantiles(10)");
  EXPECT_EQ(split("toy_bin", "kind = \"stratified\"").text("stratify"), "target");
  const Params both = split("toy_reg", "kind = \"stratified_grouped\"\nstratify = \"quantiles(4) of length\"");
  EXPECT_EQ(both.text("group"), "cluster");
  EXPECT_EQ(both.text("stratify"), "quantiles(4) of length");
  // One drawn test part keeps groups whole only where it is told to.
  EXPECT_EQ(split("toy_reg", "kind = \"holdout\"").text("group"), "");
  EXPECT_EQ(split("toy_reg", "kind = \"subsample\"\ngroup = \"cluster\"\ntrain_rows = 50").text("group"), "cluster");
  EXPECT_EQ(split("toy_reg", "kind = \"published\"\ntrain_rows = 50").integer("train_rows"), 50);
}

TEST(Strata, HaveFourForms) {
  EXPECT_EQ(parse_strata("target")->field, kTargetField);
  EXPECT_EQ(parse_strata("target")->bins, 0);
  EXPECT_EQ(parse_strata("quantiles(7)")->field, kTargetField);
  EXPECT_EQ(parse_strata("quantiles(7)")->bins, 7);
  EXPECT_EQ(parse_strata("GC content")->field, "GC content");
  EXPECT_EQ(parse_strata("quantiles(1000) of GC content")->field, "GC content");
  EXPECT_EQ(parse_strata("quantiles(1000) of GC content")->bins, 1000);
  for (const char* bad : {"", "quantiles(", "quantiles()", "quantiles(1)", "quantiles(1001)", "quantiles(x)",
                          "quantiles(5) length", "quantiles(5) of ", "quantiles(5) of", "of (x)"}) {
    EXPECT_FALSE(parse_strata(bad)) << bad;
  }
}

TEST_F(Load, TheBinaryTaskBringsItsLossAndMetric) {
  const ExperimentSpec loaded = spec("data.task = \"toy_bin\"\n" + kNoControls + kNet);
  EXPECT_EQ(loaded.variants.at(0).train.text("loss"), "bce");
  EXPECT_EQ(loaded.variants.at(0).train.text("best_by"), "auroc");
  EXPECT_EQ(loaded.variants.at(0).view, "one_hot") << "the model prefers text, which the task has not";
  EXPECT_EQ(loaded.tasks.at(0).split.text("kind"), "kfold");
}

// Each layer sets what all later ones set too; removing the last one uncovers the one before.
TEST_F(Load, LaterLayersWin) {
  write("experiments/low.toml", "train.epochs = 1\ntrain.batch = 1\n");
  write("experiments/high.toml", "train.epochs = 2\n");
  const std::string include = "include = [\"low.toml\", \"high.toml\"]\n" + kNoControls;
  const auto epochs = [this](const std::string& text) {
    return spec(text).variants.at(0).train.integer("epochs");
  };
  EXPECT_EQ(epochs(kReg + kNoControls + kNet), 20) << "model default over built-in 10";
  EXPECT_EQ(epochs(include + kReg + kNet), 2) << "the later include";
  EXPECT_EQ(spec(include + kReg + kNet).variants.at(0).train.integer("batch"), 1)
      << "tables merge key by key";
  const std::string own = include + kReg + "train.epochs = 3\n";
  EXPECT_EQ(epochs(own + kNet), 3) << "the file";
  const std::string scaled = own + "scale.desk.train.epochs = 4\nscale.full.train.epochs = 40\n";
  EXPECT_EQ(epochs(scaled + kNet), 4) << "the scale";
  const std::string model = scaled + kNet + "train.epochs = 5\n";
  EXPECT_EQ(epochs(model), 5) << "[[model]].train";
  EXPECT_EQ(epochs(model + "[[case]]\ntrain.epochs = 6\n"), 6) << "the case";
  EXPECT_EQ(epochs(model + "[grid]\ntrain.epochs = [7]\n"), 7) << "the grid";
  options_.set = {"train.epochs=8"};
  EXPECT_EQ(epochs(model + "[[case]]\ntrain.epochs = 6\n"), 8) << "--set over the case";
  const ExperimentSpec set = spec(model + "[grid]\ntrain.epochs = [7, 9]\n");
  ASSERT_EQ(set.variants.size(), 1u) << "--set takes the place of the grid's values";
  EXPECT_EQ(set.variants[0].train.integer("epochs"), 8);
  EXPECT_EQ(set.variants[0].variant, "");
  options_.set = {"train.epochs=8", "model[net].train.epochs=9"};
  EXPECT_EQ(epochs(model), 9) << "a later --set";
}

TEST_F(Load, ScaleIsChosenByTheOption) {
  const std::string text =
      kReg + kNoControls + "seeds = 5\n[scale.smoke]\nseeds = 1\ndata.limit = 50\n" + kNet;
  EXPECT_EQ(spec(text).seeds.size(), 5u);
  options_.scale = "smoke";
  EXPECT_EQ(spec(text).seeds.size(), 1u);
  EXPECT_EQ(spec(text).tasks.at(0).limit, 50);
  options_.scale = "huge";
  EXPECT_THROW(static_cast<void>(result(text)), InputError);
}

TEST_F(Load, ExpansionOrderIsModelsThenCasesThenGridLastFastest) {
  const ExperimentSpec loaded = spec(kReg + kNoControls + R"(
[[model]]
name = "net"
label = "A"
[[model]]
name = "net"
label = "B"
params.width = 8
[[case]]
label = "sgd"
train.optimizer = "sgd"
[[case]]
label = "adam"
train.optimizer = "adam"
[grid]
"train.learning_rate" = [1, 1e-2]
params.dropout = [0, 0.5]
)");
  ASSERT_EQ(loaded.variants.size(), 16u);
  EXPECT_EQ(loaded.variants[0].label, "A sgd train.learning_rate=1e+00,params.dropout=0e+00");
  EXPECT_EQ(loaded.variants[0].variant, "train.optimizer=sgd,train.learning_rate=1e+00,params.dropout=0e+00");
  EXPECT_EQ(loaded.variants[1].variant, "train.optimizer=sgd,train.learning_rate=1e+00,params.dropout=5e-01");
  EXPECT_EQ(loaded.variants[2].variant, "train.optimizer=sgd,train.learning_rate=1e-02,params.dropout=0e+00");
  EXPECT_EQ(loaded.variants[4].label, "A adam train.learning_rate=1e+00,params.dropout=0e+00");
  EXPECT_EQ(loaded.variants[8].label, "B sgd train.learning_rate=1e+00,params.dropout=0e+00");
  EXPECT_EQ(loaded.variants[15].params.number("dropout"), 0.5);
  EXPECT_EQ(loaded.variants[15].params.integer("width"), 8);
  EXPECT_EQ(loaded.variants[15].train.number("learning_rate"), 1e-2);
}

TEST_F(Load, GridAndCaseKeysOfAModelPassOverTheOthers) {
  const ExperimentSpec loaded =
      spec(kReg + kNoControls + kNet + kRidge +
           "[[case]]\nlabel = \"wide\"\nparams.width = 64\n[grid]\nparams.strength = [1, 2]\n");
  EXPECT_EQ(labels(loaded),
            (Texts{"net wide", "ridge params.strength=1e+00", "ridge params.strength=2e+00"}));
}

TEST_F(Load, OneModelCanBeSetAlone) {
  const std::string text = kReg + kNoControls +
                           "[[model]]\nname = \"net\"\nlabel = \"a, b\"\n[[model]]\nname = \"net\"\n" +
                           "[grid]\nparams.width = [1, 2]\n";
  options_.set = {"model[a, b].params.width=64"};
  EXPECT_EQ(labels(spec(text)), (Texts{"a, b", "net params.width=1", "net params.width=2"}));
  EXPECT_EQ(spec(text).variants[0].params.integer("width"), 64);
  options_.set = {"model[net].params.width=64"};
  EXPECT_EQ(labels(spec(text)), (Texts{"a, b", "net"})) << "the name stands for all models of that name";
}

TEST_F(Load, SetTakesTomlOrTheRawTextAndWinsOverTasks) {
  const std::string text = kNoControls + "[[task]]\nname = \"toy_reg\"\nlimit = 5\nsplit.folds = 3\n" + kNet;
  options_.set = {"split.kind=kfold", "split.folds=7", "data.limit=9",
                  "seeds=[4, 2]",     "title=a = b",   "metrics.rank=mse"};
  const ExperimentSpec loaded = spec(text);
  EXPECT_EQ(loaded.tasks.at(0).split.text("kind"), "kfold");
  EXPECT_EQ(loaded.tasks.at(0).split.integer("folds"), 7);
  EXPECT_EQ(loaded.tasks.at(0).limit, 9);
  EXPECT_EQ(loaded.seeds, (std::vector<std::int64_t>{2, 4})) << "ascending";
  EXPECT_EQ(loaded.title, "a = b");
  EXPECT_EQ(loaded.tasks.at(0).metrics, (Texts{"mse", "spearman"})) << "the ranking one first";
}

TEST_F(Load, EstimatorsTakeNothingOfTrainButLabels) {
  const ExperimentSpec loaded =
      spec(kReg + kNoControls + "[train]\nbatch = 7\nlabels = \"shuffled\"\n" + kNet + kRidge);
  const Params& net = loaded.variants.at(0).train;
  const Params& ridge = loaded.variants.at(1).train;
  EXPECT_EQ(net.integer("batch"), 7);
  Params expected(train_keys());
  expected.set("labels", std::string("shuffled"));
  EXPECT_EQ(ridge, expected);
}

TEST_F(Load, ControlsComeLastAndTakeNothingOfTheFilesTrain) {
  const std::string text =
      kReg + "[train]\nbatch = 7\nlabels = \"shuffled\"\n[control.train]\nmax_steps = 20\n";
  const ExperimentSpec loaded = spec(text + kNet);
  EXPECT_EQ(labels(loaded), (Texts{"net", "net, shuffled", "ridge, one-hot"}));
  const Variant& control = loaded.variants[1];
  EXPECT_TRUE(control.control);
  EXPECT_EQ(control.view, "one_hot");
  EXPECT_EQ(control.params.integer("width"), 16);
  EXPECT_EQ(control.train.integer("batch"), 32);
  EXPECT_EQ(control.train.integer("max_steps"), 20);
  EXPECT_EQ(control.train.number("learning_rate"), 3e-3);
  EXPECT_EQ(loaded.variants[0].train.integer("max_steps"), 0);
  EXPECT_EQ(loaded.variants[2].train, Params(train_keys())) << "an estimator's";
  EXPECT_EQ(labels(spec(kNoControls + text + kNet)), Texts{"net"});
}

/// A task whose view "text" is in the tables "long" alone, and a control for any view.
Result<ExperimentSpec> with_tables(const fs::path& path, const LoadOptions& options) {
  TaskInfo task = fake::toy_reg();
  task.params.push_back({.name = "table", .fallback = std::string("short"), .help = "", .choices = {"short", "long"}});
  task.views = {{"text", "", "table", {"long"}}, {"one_hot", ""}};
  ModelInfo net = fake::net();
  net.controls.push_back({"any", "", {}, {}});
  net.controls.push_back({"of text", "text", {}, {}});
  return load(path, {{&task}, {&net}, {}}, options);
}

TEST_F(Load, AViewThatTheTableLacksIsNotTaken) {
  const auto views = [&](const std::string& text) {
    const auto loaded = with_tables(write("experiments/a.toml", "schema = 1\n" + kReg + text + kNet), options_);
    Texts all;
    for (const Variant& v : loaded->variants) all.push_back(v.label + ": " + v.view);
    return all;
  };
  const std::string real = "data.source = \"real\"\n";
  const Texts whole = {"net: text", "net, shuffled: one_hot", "any: text", "of text: text"};
  EXPECT_EQ(views(""), whole) << "the twin has every view";
  EXPECT_EQ(views(real + "data.params.table = \"long\"\n"), whole);
  EXPECT_EQ(views(real), (Texts{"net: one_hot", "net, shuffled: one_hot", "any: one_hot"}));
  const auto asked = with_tables(
      write("experiments/a.toml", "schema = 1\n" + kReg + real + kNet + "view = \"text\"\n"), options_);
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().at(0).message, "model 'net' needs the view 'text'; task 'toy_reg' offers one_hot");
}

TEST_F(Load, AControlGivesWayToARowOfItsLabel) {
  const ExperimentSpec loaded = spec(kReg + kRidge + "label = \"ridge, one-hot\"\nparams.strength = 5\n");
  EXPECT_EQ(labels(loaded), (Texts{"ridge, one-hot", "net, shuffled"}));
  EXPECT_FALSE(loaded.variants[0].control);
}

TEST_F(Load, ModelsRunOnEveryTaskThatFits) {
  const std::string tasks =
      kNoControls + "[[task]]\nname = \"toy_reg\"\n[[task]]\nname = \"toy_bin\"\nsplit.kind = \"holdout\"\n";
  const ExperimentSpec loaded = spec("split.folds = 9\n" + tasks + "[[model]]\nname = \"logit\"\n" + kNet +
                                     kRidge + "tasks = [\"toy_reg\"]\n");
  std::vector<std::pair<std::size_t, std::string>> rows;
  for (const Variant& variant : loaded.variants) rows.emplace_back(variant.task, variant.label);
  EXPECT_EQ(rows, (std::vector<std::pair<std::size_t, std::string>>{
                      {0, "net"}, {0, "ridge"}, {1, "logit"}, {1, "net"}}));
  EXPECT_EQ(loaded.tasks[1].split.text("kind"), "holdout");
  EXPECT_EQ(loaded.tasks[1].split.integer("folds"), 9) << "[split] is the default of all tasks";
}

TEST_F(Load, MetricsThatChooseAreOneAndPlain) {
  const std::string text = kReg + kNoControls + kNet + "train.early_stop.patience = 2\n";
  EXPECT_EQ(
      spec(text + "train.early_stop.metric = \"validation_mse\"\n").variants.at(0).train.text("best_by"),
      "mse");
  EXPECT_EQ(spec(text).variants.at(0).train.text("early_stop.metric"), "spearman");
  EXPECT_EQ(spec(text + "train.best_by = \"loss\"\n").variants.at(0).train.text("best_by"), "mse");
  EXPECT_EQ(spec(text + "train.best_by = \"mse\"\n").variants.at(0).train.text("early_stop.metric"), "mse");
}

TEST_F(Load, PublishedTestIsForReruns) {
  const std::string keep = kReg + kNoControls + kNet + "train.keep = \"published_test\"\n";
  EXPECT_EQ(spec("reruns = \"table2\"\n" + keep).variants.at(0).train.text("keep"), "published_test");
  EXPECT_NE(faults(keep).find("only a file with 'reruns' may ask for"), std::string::npos);
}

TEST_F(Load, RowsThatChooseAreOfASlice) {
  const std::string text = kReg + kNoControls + kNet;
  EXPECT_EQ(spec(text + "train.best_on = \"length=3\"\n").variants.at(0).train.text("best_on"), "length=3");
  for (const char* wrong : {"length", "length=", "other=3", "=3"}) {
    EXPECT_NE(faults(text + "train.best_on = \"" + wrong + "\"\n").find("must be FIELD=VALUE, with a field that the task 'toy_reg'"),
              std::string::npos) << wrong;
  }
  EXPECT_NE(faults("reruns = \"table2\"\n" + text + "train.best_on = \"length=3\"\ntrain.keep = \"published_test\"\n")
                .find("chooses nothing: 'train.keep' is \"published_test\""), std::string::npos);
}

TEST_F(Load, TwinOptionWinsOverRealData) {
  const std::string text = kReg + kNoControls + "data.source = \"real\"\n" + kNet;
  EXPECT_EQ(spec(text).tasks.at(0).source, "real");
  options_.twin = true;
  EXPECT_EQ(spec(text).tasks.at(0).source, "twin");
}

TEST_F(Load, IncludesAppendModelsAndFindShippedFragments) {
  write("experiments/common/net.toml", "[[model]]\nname = \"net\"\n");
  write("experiments/paper/x/t.toml",
        "schema = 1\ncontrols = false\ninclude = [\"<common/net.toml>\"]\n" + kReg + kRidge);
  const auto loaded = load(root_ / "experiments/paper/x/t.toml", fake::catalog(), options_);
  ASSERT_TRUE(loaded) << format_diagnostics(loaded.error());
  EXPECT_EQ(labels(*loaded), (Texts{"net", "ridge"}));
  EXPECT_EQ(loaded->name, "paper/x/t");
}

TEST_F(Load, RemovalTakesAwayWhatAnIncludeGave) {
  write("experiments/low.toml", "[train]\nepochs = 1\nbatch = 1\n");
  const std::string text =
      "include = [\"low.toml\"]\ntrain.epochs.remove = true\n" + kNoControls + kReg + kNet;
  EXPECT_EQ(spec(text).variants.at(0).train.integer("epochs"), 20);
  EXPECT_EQ(spec(text).variants.at(0).train.integer("batch"), 1);
}

TEST_F(Load, WindowsLineEndsMeanTheSame) {
  const std::string text =
      "schema = 1\ncontrols = false\ndata.task = \"toy_reg\"\n[[model]]\nname = \"net\"\n";
  std::string crlf;
  for (const char c : text) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const auto unix_ends = load(write("experiments/a.toml", text), fake::catalog(), options_);
  const auto windows = load(write("experiments/a.toml", crlf), fake::catalog(), options_);
  ASSERT_TRUE(unix_ends && windows);
  EXPECT_EQ(unix_ends->resolved(), windows->resolved());
  EXPECT_EQ(windows->text, crlf);
}

TEST_F(Load, ResolvedHoldsEverything) {
  const ExperimentSpec loaded =
      spec(kReg + "seeds = 2\npaper = \"p\"\n" + kNet + "[grid]\nparams.width = [1, 2]\n");
  const Json json = loaded.resolved();
  EXPECT_EQ(json.at("seeds"), Json({0, 1}));
  EXPECT_EQ(json.at("paper"), "p");
  EXPECT_EQ(json.at("tasks").at(0).at("split").at("validation"), 0.1);
  ASSERT_EQ(json.at("variants").size(), 4u);
  EXPECT_EQ(json.at("variants").at(1).at("params").at("width"), 2);
  EXPECT_EQ(json.at("variants").at(1).at("train").size(), train_keys().size());
  EXPECT_EQ(json.at("variants").at(3).at("control"), true);
  for (const char* key : {"name", "title", "notes", "reruns", "scale", "run", "limits", "save"})
    EXPECT_TRUE(json.contains(key)) << key;
}

TEST_F(Load, FilesThatCannotBeReadAreDiagnostics) {
  const auto message = [this](const fs::path& path) {
    const auto loaded = load(path, fake::catalog(), options_);
    return loaded ? "accepted" : format_diagnostics(loaded.error());
  };
  write("experiments/big.toml", "schema = 1\n" + std::string(1 << 20, '#'));
  EXPECT_EQ(message(root_ / "experiments/none.toml"),
            "experiments/none.toml:1:1: error: cannot be read: no such file\n1 error; nothing was run\n");
  EXPECT_EQ(message(root_ / "experiments"),
            "experiments:1:1: error: cannot be read: not a file\n1 error; nothing was run\n");
  EXPECT_EQ(message(root_ / "experiments/big.toml"),
            "experiments/big.toml:1:1: error: cannot be read: 1048587 bytes; an experiment file has at most "
            "1048576\n"
            "1 error; nothing was run\n");
}

TEST_F(Load, AFilesNameMustDoAsItsName) {
  const auto loaded = load(write("experiments/My-File.toml", "schema = 1\ncontrols = false\n" + kReg + kNet),
                           fake::catalog(), options_);
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().at(0).message.find("got the string \"My-File\"; give 'name'"), std::string::npos);
}

TEST_F(Load, AtMostOneHundredThousandTrials) {
  const std::string text = kReg + kNoControls + "[split]\nkind = \"kfold\"\nfolds = 100\nrepeats = 10\n";
  EXPECT_EQ(spec("seeds = 100\n" + text + kNet).variants.size(), 1u);
  EXPECT_NE(faults("seeds = 101\n" + text + kNet).find("make 101000 trials; at most 100000"),
            std::string::npos);
  EXPECT_NE(faults("seeds = 101\nsplit.kind = \"grouped\"\n" + kReg + kNoControls + "[scale.desk.split]\nfolds = 100\nrepeats = 10\n" +
                   kNet).find("make 101000 trials"), std::string::npos);
  EXPECT_EQ(spec("seeds = 101\n" + text + kRidge).variants.size(), 1u)
      << "a model without a seed counts once";
}

TEST_F(Load, AHugeGridIsRefusedWithoutBuildingIt) {
  std::string text = kReg + kNoControls + kNet + "[grid]\n";
  for (const char* key :
       {"train.batch", "train.epochs", "train.step_size", "train.eval_batch", "params.width"}) {
    text += std::string(key) + " = [";
    for (int i = 1; i <= 1000; ++i) text += std::to_string(i) + ",";
    text += "]\n";
  }
  EXPECT_NE(faults(text).find("make 1e+15 trials"), std::string::npos);
}

TEST(Format, ShowsFiftyAndCountsTheRest) {
  std::vector<Diagnostic> many(53, {"a.toml:1:1", "wrong", ""});
  const std::string text = format_diagnostics(many);
  std::size_t shown = 0;
  for (std::size_t at = 0; (at = text.find("error: wrong", at)) != std::string::npos; ++at) ++shown;
  EXPECT_EQ(shown, 50u);
  EXPECT_TRUE(text.ends_with("and 3 more\n53 errors; nothing was run\n"));
  EXPECT_EQ(format_diagnostics({{"a.toml:14:1", "unknown key", "   14 | x\n      | ^"}}),
            "a.toml:14:1: error: unknown key\n   14 | x\n      | ^\n1 error; nothing was run\n");
}

}  // namespace
}  // namespace seqbench::spec
