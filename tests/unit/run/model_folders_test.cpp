// Folders that parameters name, and folders that trials write.

#include "harness/run/model_folders.h"

#include <gtest/gtest.h>

#include <fstream>

#include "harness/base/error.h"
#include "harness/base/sha256.h"
#include "tests/unit/run/fixture.h"

namespace seqbench::run {
namespace {

using namespace test;
namespace fs = std::filesystem;

ModelEntry folder_model() {
  ModelEntry model = net_model();
  model.params.push_back({.name = "weights", .fallback = std::string(), .help = "for tests", .choices = {}, .files = FileWords::kFolder});
  model.reads_folder = [](const Json&) { return true; };
  model.open_folder = [](const fs::path&, const FolderOptions&) -> std::unique_ptr<FolderModel> { return nullptr; };
  return model;
}

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

class PlacedFolder : public testing::Test {
 protected:
  void SetUp() override {
    write(folder() / "config.json", "{}");
    write(folder() / "vocab.txt", "a");
    for (const char* name : {"config.json", "vocab.txt"}) {
      const std::string full = std::string("small/") + name;
      spec_.files[full] = (folder() / name).string();
      spec_.row.config["code"][code_name_of_file(full)] = sha256_file_hex(folder() / name);
    }
  }
  [[nodiscard]] fs::path folder() const { return temp_.path() / "home/small"; }
  std::string placed() {
    const ModelEntry model = folder_model();
    Params params(model.params);
    params.set("weights", std::string("small"));
    place_files(spec_, model, params);
    return params.text("weights");
  }

  TempFolder temp_;
  TrialSpec spec_;
};

TEST_F(PlacedFolder, TheParameterHoldsItsPath) { EXPECT_EQ(placed(), folder().string()); }

TEST_F(PlacedFolder, NoNameIsNoFolder) {
  const ModelEntry model = folder_model();
  Params params(model.params);
  place_files({}, model, params);
  EXPECT_EQ(params.text("weights"), "");
}

TEST_F(PlacedFolder, WhatChangedCameOrWentIsNamed) {
  write(folder() / "vocab.txt", "b");
  EXPECT_NE(message_of([&] { placed(); }).find("'small/vocab.txt' changed since"), std::string::npos);
  write(folder() / "vocab.txt", "a");
  write(folder() / "tokenizer.json", "{}");
  EXPECT_NE(message_of([&] { placed(); }).find("files came to folder 'small'"), std::string::npos);
  fs::remove(folder() / "tokenizer.json");
  EXPECT_EQ(placed(), folder().string());
  fs::remove(folder() / "vocab.txt");
  EXPECT_NE(message_of([&] { placed(); }).find("vocab.txt"), std::string::npos);
}

/// Writes its number, or half of it.
struct Writer : Network {
  Writer(std::string text, bool breaks) : text_(std::move(text)), breaks_(breaks) {}
  Batch collate(const View&, std::span<const std::int64_t>) const override { return {}; }
  at::Tensor forward(const Batch&, const Pass&) override { return {}; }
  std::vector<NamedTensor> parameters() override { return {}; }
  void write_folder(const fs::path& folder, const TargetScale&) const override {
    write(folder / "config.json", text_);
    if (breaks_) throw MachineError("disk full");
  }
  std::string text_;
  bool breaks_;
};

TEST(SaveModel, IsWholeOrNotThere) {
  const TempFolder temp;
  const fs::path folder = temp.path() / "models/0123456789abcdef";
  EXPECT_THROW(save_model(Writer("half", true), {}, folder), MachineError);
  EXPECT_FALSE(fs::exists(folder));
  save_model(Writer("one", false), {}, folder);
  EXPECT_EQ(read_file(folder / "config.json"), "one");
  EXPECT_THROW(save_model(Writer("half", true), {}, folder), MachineError);
  EXPECT_EQ(read_file(folder / "config.json"), "one") << "what was there stays";
  save_model(Writer("two", false), {}, folder);
  EXPECT_EQ(read_file(folder / "config.json"), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.parent_path()), fs::directory_iterator()), 1) << "nothing is left beside it";
}

TEST(SaveModel, PlansAFolderForEachTrialAndKeepsTheKey) {
  const Tables tables({{"toy", &toy_task}}, {{"net", &folder_model}});
  const Code code;
  spec::ExperimentSpec e = experiment();
  e.variants = {variant_of(folder_model(), "net")};
  const Plan without = expand_plan(e, tables, code.hashes(), {.data_home = "none", .models = "there/models"});
  EXPECT_TRUE(without.trials.at(0).spec.model_folder.empty());
  e.save.set("model", true);
  const Plan plan = expand_plan(e, tables, code.hashes(), {.data_home = "none", .models = "there/models"});
  const TrialSpec& spec = plan.trials.at(0).spec;
  EXPECT_EQ(spec.row.key, without.trials.at(0).spec.row.key);
  EXPECT_EQ(spec.model_folder, "there/models/" + spec.row.key.substr(0, 16));
  EXPECT_EQ(TrialSpec::from_json(spec.to_json()).model_folder, spec.model_folder);
  EXPECT_TRUE(plan.trials.back().spec.model_folder.empty()) << "the ceiling has no model";
}

TEST(SaveModel, OfAModelWithoutFolderFormIsRefusedAtPlanning) {
  spec::ExperimentSpec e = experiment();
  e.save.set("model", true);
  EXPECT_NE(message_of([&] { static_cast<void>(plan_of(e)); }).find("'save.model' is true, but model 'net' has no folder form"),
            std::string::npos);
  e.variants[0].control = true;
  EXPECT_EQ(message_of([&] { static_cast<void>(plan_of(e)); }), "") << "nothing is saved of controls";
}

}  // namespace
}  // namespace seqbench::run
