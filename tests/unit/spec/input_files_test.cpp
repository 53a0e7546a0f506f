// Files that parameters name, views of a model that takes any, and tasks without a model.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/base/error.h"
#include "harness/base/sha256.h"
#include "harness/spec/experiment.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/spec/fake_catalog.h"

namespace seqbench::spec {
namespace {

namespace fs = std::filesystem;

ModelInfo outside() {
  ModelInfo model;
  model.name = "outside";
  model.kinds = {TaskKind::kRegression, TaskKind::kBinary};
  model.params = {{.name = "command", .fallback = std::vector<std::string>{}, .help = "words", .choices = {}, .files = FileWords::kSome},
                  {.name = "files", .fallback = std::vector<std::string>{}, .help = "more", .choices = {}, .files = FileWords::kAll},
                  {.name = "weights", .fallback = std::string(), .help = "a folder", .choices = {}, .files = FileWords::kFolder}};
  model.trained_by_loop = false;
  model.external = true;
  return model;
}

class InputFiles : public testing::Test {
 protected:
  void SetUp() override {
    write("experiments/mine/model.py", "one");
    write("experiments/mine/data.txt", "two");
    write("shared/table.txt", "three");
    write("top.txt", "four");
  }

  fs::path write(const std::string& name, const std::string& text) const {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name, std::ios::binary) << text;
    return root_ / name;
  }
  [[nodiscard]] Result<ExperimentSpec> load_with(const std::string& model) const {
    static const ModelInfo info = outside();
    Catalog catalog = fake::catalog();
    catalog.models.push_back(&info);
    const std::string text = "schema = 1\ncontrols = false\ndata.task = \"toy_reg\"\n[[model]]\nname = \"outside\"\n" + model + "\n";
    return load(write("experiments/mine/a.toml", text), catalog, {.set = {}, .root = root_, .weights = root_ / "home"});
  }
  [[nodiscard]] std::string faults(const std::string& model) const {
    const auto loaded = load_with(model);
    return loaded ? "accepted" : format_diagnostics(loaded.error());
  }

  TempFolder folder_;
  const fs::path root_ = folder_.path();
};

TEST_F(InputFiles, AreThoseBesideTheExperimentAndNamesWithASlashBelowTheRoot) {
  const auto loaded = load_with(R"(params.command = ["python3", "model.py", "shared/table.txt", "top.txt", "model.py", "-v"]
params.files = ["data.txt"])");
  ASSERT_TRUE(loaded) << format_diagnostics(loaded.error());
  const std::vector<InputFile>& files = loaded->variants.at(0).files;
  ASSERT_EQ(files.size(), 3u);
  EXPECT_EQ(files[0].name, "model.py");
  EXPECT_EQ(files[0].path, fs::absolute(root_ / "experiments/mine/model.py").lexically_normal());
  EXPECT_EQ(files[0].sha256, sha256_hex("one"));
  EXPECT_EQ(files[1].name, "shared/table.txt");
  EXPECT_EQ(files[2].sha256, sha256_hex("two"));
  EXPECT_EQ(loaded->resolved().at("variants").at(0).at("files").at("model.py"), sha256_hex("one"));
  EXPECT_EQ(loaded->resolved().dump().find(root_.string()), std::string::npos) << "no path of this machine is kept";
}

TEST_F(InputFiles, FaultsNameKeyAndWord) {
  EXPECT_NE(faults("").find("'model.params.command' of model 'outside' must hold a word or more"), std::string::npos);
  EXPECT_NE(faults("params.command = [\"x\"]\nparams.files = [\"none.txt\"]").find("'model.params.files' names 'none.txt': no such file"), std::string::npos);
  const std::string path = (root_ / "top.txt").string();
  EXPECT_NE(faults("params.command = [\"x\", \"" + path + "\"]").find("an absolute path would be part of the key"), std::string::npos);
}

std::vector<std::string> names_of(const Variant& variant) {
  std::vector<std::string> names;
  for (const InputFile& file : variant.files) names.push_back(file.name);
  return names;
}

TEST_F(InputFiles, AFolderCoversWhatDecidesTheModel) {
  for (const char* name : {"config.json", "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "tokenizer.json",
                           "tokenizer_config.json", "vocab.txt", "special_tokens_map.json", "adapter_config.json",
                           "README.md", ".hidden.bin", "lock.json", "trainer_state.json", "deep/vocab.txt"}) {
    write(std::string("experiments/mine/net/") + name, name);
  }
  const auto loaded = load_with("params.command = [\"x\"]\nparams.weights = \"net\"");
  ASSERT_TRUE(loaded) << format_diagnostics(loaded.error());
  const Variant& variant = loaded->variants.at(0);
  EXPECT_EQ(names_of(variant),
            (std::vector<std::string>{"net/adapter_config.json", "net/config.json", "net/model.safetensors",
                                      "net/model.safetensors.index.json", "net/pytorch_model.bin", "net/special_tokens_map.json",
                                      "net/tokenizer.json", "net/tokenizer_config.json", "net/vocab.txt"}));
  EXPECT_EQ(variant.files.at(1).path, fs::absolute(root_ / "experiments/mine/net/config.json").lexically_normal());
  EXPECT_EQ(variant.files.at(1).sha256, sha256_hex("config.json"));
  EXPECT_EQ(variant.params.text("weights"), "net") << "the key holds the name";
  EXPECT_TRUE(names_of(load_with("params.command = [\"x\"]")->variants.at(0)).empty());
}

TEST_F(InputFiles, ACheckpointsNameIsLookedUpInTheWeightsHomeAfterTheExperiment) {
  write("home/small/config.json", "of the home");
  const std::string model = "params.command = [\"x\"]\nparams.weights = \"small\"";
  const auto home = load_with(model);
  ASSERT_TRUE(home) << format_diagnostics(home.error());
  EXPECT_EQ(home->variants.at(0).files.at(0).sha256, sha256_hex("of the home"));
  write("experiments/mine/small/config.json", "beside");
  EXPECT_EQ(load_with(model)->variants.at(0).files.at(0).sha256, sha256_hex("beside"));
}

TEST_F(InputFiles, AnAbsentFolderNamesThePlacesAndTheCommand) {
  fs::create_directories(root_ / "home/empty");
  for (const std::string name : {"esm2", "empty"}) {
    const std::string message = faults("params.command = [\"x\"]\nparams.weights = \"" + name + "\"");
    for (const std::string& part : {"'model.params.weights' names '" + name + "'", std::string("beside the experiment file or in "),
                                    (root_ / "home").string(), "seqbench weights fetch " + name}) {
      EXPECT_NE(message.find(part), std::string::npos) << part << "\n" << message;
    }
  }
  const std::string absolute = faults("params.command = [\"x\"]\nparams.weights = \"" + root_.string() + "\"");
  EXPECT_NE(absolute.find("an absolute path would be part of the key"), std::string::npos) << absolute;
}

TEST(FileHash, OfALargeFileFollowsItsBytes) {
  const TempFolder temp;
  const fs::path path = temp.path() / "large";
  for (const char letter : {'a', 'b'}) {
    const std::string text((1 << 20) + 5, letter);
    std::ofstream(path.string() + letter, std::ios::binary) << text;
    fs::rename(path.string() + letter, path);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(sha256_file_hex_once(path), sha256_hex(text));
  }
  fs::remove(path);
  EXPECT_THROW(static_cast<void>(sha256_file_hex_once(path)), InputError);
}

TEST_F(InputFiles, AModelOfAnyViewTakesTheOneAskedForOrTheTasksFirst) {
  const auto first = load_with("params.command = [\"x\"]");
  ASSERT_TRUE(first) << format_diagnostics(first.error());
  EXPECT_EQ(first->variants.at(0).view, fake::toy_reg().views.at(0).name);
  const auto last = load_with("view = \"" + fake::toy_reg().views.back().name + "\"\nparams.command = [\"x\"]");
  ASSERT_TRUE(last) << format_diagnostics(last.error());
  EXPECT_EQ(last->variants.at(0).view, fake::toy_reg().views.back().name);
  EXPECT_NE(faults("view = \"nothing\"\nparams.command = [\"x\"]").find("needs the view 'nothing'"), std::string::npos);
}

TEST(LoadTask, HasTheTasksDefaultsAndNoModel) {
  const TaskInfo task = fake::toy_reg();
  const auto loaded = load_task(task, fake::catalog(), {.set = {"split.kind=kfold", "split.folds=3"}, .root = {}});
  ASSERT_TRUE(loaded) << format_diagnostics(loaded.error());
  EXPECT_TRUE(loaded->variants.empty());
  EXPECT_EQ(loaded->tasks.at(0).task, task.name);
  EXPECT_EQ(loaded->tasks.at(0).source, task.has_real ? "real" : "twin");
  EXPECT_EQ(loaded->tasks.at(0).split.integer("folds"), 3);
  EXPECT_EQ(loaded->tasks.at(0).metrics, task.metrics);
  EXPECT_FALSE(load_task(task, fake::catalog(), {.set = {"split.kind=nothing"}, .root = {}}));
  EXPECT_THROW(static_cast<void>(load_task(task, fake::catalog(), {.set = {}, .scale = "huge", .root = {}})), InputError);
}

TEST(ReadCard, IsTomlOrJsonOfOneObject) {
  const TempFolder temp;
  const fs::path& folder = temp.path();
  const auto card = [&](const char* name, const char* text) {
    std::ofstream(folder / name, std::ios::binary) << text;
    return read_card(folder / name);
  };
  EXPECT_EQ(card("card.toml", "by = \"me\"\n[data]\nrows = 3\n"), (Json{{"by", "me"}, {"data", {{"rows", 3}}}}));
  EXPECT_EQ(card("card.json", R"({"by": "me"})"), (Json{{"by", "me"}}));
  EXPECT_THROW(card("card.toml", "by = ["), InputError);
  EXPECT_THROW(card("card.json", "[1]"), InputError);
  EXPECT_THROW(static_cast<void>(read_card(folder / "no-card.toml")), InputError);
}

}  // namespace
}  // namespace seqbench::spec
