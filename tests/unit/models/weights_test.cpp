// Folders of weights, the names in them, folders written.
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/tensors/safetensors.h"
#include "models/weights/folder_writer.h"
#include "models/weights/weights_loader.h"
#include "tests/support/temp_folder.h"

namespace seqbench::models {
namespace weights_test {
namespace {

namespace fs = std::filesystem;

fs::path fixture(const char* name) { return fs::path(SEQBENCH_SOURCE_DIR) / "tests/fixtures/weights" / name; }

template <typename F>
std::string refusal(const F& run) {
  try {
    run();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

at::Tensor row(double value) { return at::full({2}, value, at::kFloat); }

WeightsLoader loader_of(const TempFolder& folder, const std::vector<NamedTensor>& tensors, NameRules rules) {
  tensors::write_safetensors(folder.path() / "model.safetensors", tensors);
  return {TensorSource::open(folder.path()), std::move(rules), "some/folder"};
}

const auto kNever = [](const std::string&) { return false; };

TEST(TensorSource, ReadsShardsOfBothKinds) {
  for (const char* name : {"sharded_safetensors", "sharded_bin"}) {
    const auto source = TensorSource::open(fixture(name));
    ASSERT_EQ(source->tensors().size(), 3u) << name;
    EXPECT_TRUE(source->read("a").equal(at::arange(12, at::kFloat))) << name;
    EXPECT_TRUE(source->read("b").equal(at::arange(1, 3, at::kFloat))) << name;
    EXPECT_TRUE(source->read("c").equal(at::arange(3, 5, at::kFloat))) << name;
  }
}

TEST(TensorSource, RefusesBrokenIndices) {
  const auto with = [](const std::string& index) {
    const TempFolder folder;
    tensors::write_safetensors(folder.path() / "s.safetensors", {{"a", row(1)}, {"b", row(2)}});
    tensors::write_safetensors(folder.path() / "t.safetensors", {{"c", row(1)}});
    write_file_atomically(folder.path() / "model.safetensors.index.json", index);
    return refusal([&] { static_cast<void>(TensorSource::open(folder.path())); });
  };
  const auto map = [](const std::string& text) { return R"({"weight_map":{)" + text + "}}"; };
  EXPECT_EQ(with(map(R"("a":"s.safetensors","b":"s.safetensors")")), "");
  EXPECT_NE(with(map(R"("a":"s.safetensors")")).find("does not list"), std::string::npos);
  EXPECT_NE(with(map(R"("a":"s.safetensors","b":"s.safetensors","z":"s.safetensors")")).find("lacks it"), std::string::npos);
  EXPECT_NE(with(map(R"("a":"s.safetensors","b":"t.safetensors")")).find("elsewhere"), std::string::npos);
  EXPECT_NE(with(map(R"("a":"gone.safetensors")")).find("is not there"), std::string::npos);
  for (const char* bad : {"../s.safetensors", "x/s.safetensors", "model.safetensors.index.json", "", "s\\\\s.safetensors"}) {
    EXPECT_NE(with(map(std::string(R"("a":")") + bad + "\"")).find("of the same folder"), std::string::npos) << bad;
  }
  EXPECT_NE(with("{}").find("weight_map"), std::string::npos);
  EXPECT_NE(with(map("")).find("names no tensor"), std::string::npos);
}

TEST(WeightsLoader, MapsNamesBothWaysAndTies) {
  const TempFolder folder;
  WeightsLoader loader = loader_of(folder, {{"embeddings.LayerNorm.gamma", row(1)}, {"embeddings.position_ids", row(2)},
                                            {"embeddings.words", row(3)}, {"encoder.0.old.w", row(4)}},
                                   {"bert.", {"*.position_ids"}, {{"bert.embeddings.words", "cls.decoder"}},
                                    {{"bert.encoder.*.old.w", "bert.encoder.*.new.w"}}});
  EXPECT_TRUE(loader.take("bert.embeddings.LayerNorm.weight", {2}, at::kDouble)->equal(row(1).to(at::kDouble)));
  EXPECT_TRUE(loader.take("cls.decoder", {2}, at::kFloat)->equal(row(3)));
  EXPECT_TRUE(loader.take("bert.encoder.0.new.w", {2}, at::kFloat)->equal(row(4)));
  EXPECT_TRUE(loader.has("bert.embeddings.words"));
  EXPECT_EQ(loader.faults(kNever, kNever), "");
  EXPECT_TRUE(loader.untied().empty());
}

TEST(WeightsLoader, TiedNamesThatDifferKeepTheirOwn) {
  const TempFolder folder;
  WeightsLoader loader = loader_of(folder, {{"words", row(1)}, {"decoder", row(2)}}, {"", {}, {{"words", "decoder"}}, {}});
  EXPECT_EQ(loader.untied(), std::vector<std::string>{"decoder differs from words"});
  EXPECT_TRUE(loader.take("words", {2}, at::kFloat)->equal(row(1)));
  EXPECT_NE(loader.faults(kNever, kNever).find("not of this model (1): decoder"), std::string::npos);
  EXPECT_TRUE(loader.take("decoder", {2}, at::kFloat)->equal(row(2)));
  EXPECT_EQ(loader.faults(kNever, kNever), "");
}

TEST(WeightsLoader, ListsAllThatDoesNotFit) {
  const TempFolder folder;
  WeightsLoader loader = loader_of(folder, {{"a", row(1)}, {"surplus", row(2)}}, {});
  EXPECT_FALSE(loader.take("a", {3}, at::kFloat));
  EXPECT_FALSE(loader.take("b", {2}, at::kFloat));
  const std::string message = loader.faults(kNever, kNever);
  for (const char* part : {"some/folder", "a is [2], expected [3]", "missing (1): b", "not of this model (1): surplus"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
  const std::string strict = loader.faults([](const std::string&) { return true; }, [](const std::string&) { return true; });
  EXPECT_NE(strict.find("a is [2], expected [3]"), std::string::npos) << "absence can be allowed, another shape never";
  EXPECT_EQ(strict.find("missing"), std::string::npos);
}

TEST(WeightsLoader, TakesFloatingPointAlone) {
  const TempFolder folder;
  WeightsLoader loader = loader_of(folder, {{"half", row(1).to(at::kHalf)}, {"double", row(2).to(at::kDouble)},
                                            {"long", row(3).to(at::kLong)}, {"bool", row(4).to(at::kBool)}}, {});
  EXPECT_TRUE(loader.take("half", {2}, at::kFloat)->equal(row(1)));
  EXPECT_TRUE(loader.take("double", {2}, at::kFloat)->equal(row(2)));
  EXPECT_FALSE(loader.take("long", {2}, at::kFloat));
  EXPECT_FALSE(loader.take("bool", {2}, at::kFloat));
  const std::string message = loader.faults(kNever, kNever);
  EXPECT_NE(message.find("long is Long, expected floating point"), std::string::npos) << message;
  EXPECT_NE(message.find("bool is Bool"), std::string::npos) << message;
}

TEST(FolderWriter, WritesAWholeFolderOrNone) {
  const TempFolder folder;
  const ModelFolder content{{{"odd_key", 1}}, {{"a", row(1)}}, {{"vocab.txt", "[PAD]\n"}}};
  write_model_folder(folder.path() / "new", content);
  EXPECT_EQ(read_file(folder.path() / "new/vocab.txt"), "[PAD]\n");
  EXPECT_EQ(parse_json(read_file(folder.path() / "new/config.json"), "c"), content.config);
  EXPECT_TRUE(TensorSource::open(folder.path() / "new")->read("a").equal(row(1)));
  EXPECT_NE(refusal([&] { write_model_folder(folder.path() / "new", content); }).find("there already"), std::string::npos);
  const ModelFolder broken{{}, {{"a", row(1)}}, {{"no/such/folder.txt", "x"}}};
  EXPECT_ANY_THROW(write_model_folder(folder.path() / "other", broken));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace weights_test
}  // namespace seqbench::models
