// Models in training: what is trained, how many parameters there are, and the folders that they leave.
#include <gtest/gtest.h>

#include <cstdlib>
#include <tuple>

#include "tests/support/temp_folder.h"
#include "tests/unit/zoo/trained.h"

namespace seqbench::zoo {
namespace {

struct Model {
  const ModelEntry& entry;
  Params params;
  View view{"dna", TextView{Texts({"ACGTACGTAC", "TTTACG"})}};

  explicit Model(const std::string& name) : entry(named(name)), params(entry.params) {}
  [[nodiscard]] std::unique_ptr<Network> make(TaskKind kind) const {
    return entry.network({.params = params, .view = view, .kind = kind, .targets = 1, .streams = Streams(1)});
  }
  static const ModelEntry& named(const std::string& name) {
    static const Tables kTables({}, {models_table().begin(), models_table().end()});
    return kTables.model(name);
  }
};

std::int64_t numbers(const std::vector<NamedTensor>& tensors) {
  std::int64_t sum = 0;
  for (const NamedTensor& entry : tensors) sum += entry.tensor.numel();
  return sum;
}

// Counted by the reference (MODELS 3.11); tensors that no forward pass reads are not made without files.
TEST(ParameterCounts, AreThoseOfTheReference) {
  const auto bert = Model("bert").make(TaskKind::kRegression);
  EXPECT_EQ(numbers(bert->parameters()), 86'049'793) << "DREAM's BERT";
  const auto esm2 = Model("esm2").make(TaskKind::kBinary);
  EXPECT_EQ(numbers(esm2->parameters()), 7'512'443 - 121) << "ESM-2 8M without its contact head";
}

TEST(ParameterCounts, OfTheThesissRecipe) {
  Model v2("nucleotide_transformer");
  v2.params.set("lora.rank", std::int64_t{1});
  v2.params.set("lora.modules_to_save", std::vector<std::string>{"intermediate"});
  const auto network = v2.make(TaskKind::kBinary);
  EXPECT_EQ(numbers(network->parameters()), 25'454'082);
  const std::int64_t unread = 193 + 2050 * 512;  // contact head and position table
  EXPECT_EQ(numbers(network->parameters()) + numbers(network->frozen()) - 24'576, 53'798'083 - unread);
  std::int64_t adapters = 0;
  for (const NamedTensor& entry : network->parameters()) {
    if (entry.name.find(".lora_") != std::string::npos) adapters += entry.tensor.numel();
  }
  EXPECT_EQ(adapters, 24'576);
}

/// Below $SEQBENCH_ZOO_OUT, for tests/parity/zoo/check_folders.py.
void leave_for_the_reference(const std::filesystem::path& model, const std::vector<std::string>& texts, const at::Tensor& outputs) {
  const char* out = std::getenv("SEQBENCH_ZOO_OUT");
  if (out == nullptr) return;
  const std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::filesystem::path folder = std::filesystem::path(out) / name.substr(name.find('/') + 1);
  std::filesystem::create_directories(folder);
  std::filesystem::copy(model, folder / "model", std::filesystem::copy_options::recursive);
  Json values = Json::array();
  for (std::int64_t i = 0; i < outputs.size(0); ++i) values.push_back(outputs[i][0].item<double>());
  write_file_atomically(folder / "texts.json", Json(texts).dump());
  write_file_atomically(folder / "outputs.json", values.dump());
}

class WrittenFolder : public testing::TestWithParam<std::string> {};

TEST_P(WrittenFolder, ReadAgainGivesTheSame) {
  const TempFolder temp;
  const Trained trained(GetParam());
  const auto network = trained.make();
  const TargetScale scale = trained.data.outputs == 1 ? TargetScale{{2.5}, {0.5}} : TargetScale{};
  network->write_folder(temp.path() / "model", scale);
  at::Tensor expected = trained.outputs(*network);
  if (trained.data.outputs == 1) expected = expected.mul(0.5).add(2.5);
  leave_for_the_reference(temp.path() / "model", trained.data.texts, expected);
  EXPECT_LE(largest_difference(trained.outputs(temp.path() / "model"), expected), 1e-5);
  if (trained.data.adapter().empty()) return;
  // Adapter on its base: what was not merged is the same model; in the task's units too.
  EXPECT_LE(largest_difference(trained.outputs(trained.data.folder, temp.path() / "model/adapter"), expected), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Cases, WrittenFolder, testing::ValuesIn(case_names()), [](const auto& one) { return one.param; });

TEST(LanguageModel, GoesOnFromItsOwnFolder) {
  const TempFolder temp;
  const Trained trained("bert_a");
  const LanguageModelContext context{.folder = trained.data.folder, .view = trained.view, .streams = Streams(3), .masked = 0.5};
  const auto first = trained.entry().language_model(context);
  const std::vector<std::int64_t> rows = {1, 4, 5};
  const auto loss = [&](Network& model, const Pass& pass) {
    const Batch batch = model.collate(trained.view, rows);
    const LossSum sum = model.loss("", model.forward(batch, pass), batch);
    return sum.sum.item<double>() / sum.count;
  };
  EXPECT_EQ(loss(*first, {.training = true, .epoch = 1}), loss(*first, {.training = true, .epoch = 1}));
  EXPECT_NE(loss(*first, {.training = true, .epoch = 1}), loss(*first, {.training = true, .epoch = 2})) << "other masks";
  first->write_folder(temp.path() / "model", {});
  LanguageModelContext again = context;
  again.folder = temp.path() / "model";
  const auto second = trained.entry().language_model(again);
  EXPECT_NEAR(loss(*first, {}), loss(*second, {}), 1e-6);
  EXPECT_LE(largest_difference(trained.outputs(temp.path() / "model"), trained.outputs(trained.data.folder)), 1e-6) << "the head stays";
}

TEST(Configurations, UnsupportedOnesAreRefusedByKey) {
  const TempFolder temp;
  const std::vector<std::tuple<std::string, std::string, Json>> cases = {
      {"bert_a", "position_embedding_type", "relative_key"}, {"bert_a", "is_decoder", true},
      {"bert_a", "hidden_act", "mish"},                      {"bert_a", "num_attention_heads", 5},
      {"bert_a", "hidden_size", "12"},                       {"bert_a", "hidden_size", -12},
      {"bert_a", "quantization_config", {{"bits", 4}}},      {"gena_lm_a", "sparse_attention", {{"num_local_blocks", 4}}},
      {"bigbird_a", "attention_type", "sliding"},            {"bigbird_a", "use_bias", false},
      {"esm2_a", "position_embedding_type", "relative_key"}, {"esm2_a", "is_folding_model", true},
      {"esm2_a", "pad_token_id", 99},                        {"esm2_a", "num_attention_heads", 4},
      {"distilbert_a", "activation", "swiglu"},
      {"distilbert_a", "n_heads", 0},                        {"distilbert_a", "sinusoidal_pos_embds", true},
                           {"nucleotide_transformer_v2_a", "rope_theta", 500000}};
  for (const auto& [name, key, value] : cases) {
    const std::filesystem::path folder = changed(temp, name, key, value);
    const std::string message = message_of([&] { static_cast<void>(entry_of(cases_folder() / name).open_folder(folder, {})); });
    EXPECT_NE(message.find("config.json: '" + key + "' must be"), std::string::npos) << key << ": " << message;
    std::filesystem::remove_all(folder);
  }
}

TEST(Configurations, SizesThatAreNotTheWeightsListAllTensors) {
  const TempFolder temp;
  const std::filesystem::path folder = changed(temp, "bert_a", "intermediate_size", 21);
  const std::string message = message_of([&] { static_cast<void>(entry_of(folder).open_folder(folder, {})); });
  for (const char* part : {"layer.0.intermediate.dense.weight", "layer.1.output.dense.weight", "[20, 12]", "[21, 12]"}) {
    EXPECT_NE(message.find(part), std::string::npos) << part << " in: " << message;
  }
}

TEST(Networks, ParamsThatContradictAreRefused) {
  Model bert("bert");
  bert.params.set("adapter", std::string("somewhere"));
  EXPECT_EQ(message_of([&] { static_cast<void>(bert.make(TaskKind::kBinary)); }), "bert: 'adapter' needs 'folder'");
  EXPECT_NE(message_of([&] { static_cast<void>(Model("distilbert").make(TaskKind::kBinary)); }).find("'folder' is needed"), std::string::npos);
  const Model letters("bert");
  const View empty{"dna", TextView{Texts({"ACGT", ""})}};
  const std::vector<std::int64_t> rows = {0, 1};
  EXPECT_NE(message_of([&] { static_cast<void>(letters.make(TaskKind::kBinary)->collate(empty, rows)); }).find("an empty text"), std::string::npos);
  Trained lora("bert_a");
  lora.params.set("lora.rank", std::int64_t{2});
  lora.params.set("lora.target_modules", std::vector<std::string>{"nothing"});
  EXPECT_NE(message_of([&] { static_cast<void>(lora.make()); }).find("'lora.target_modules' matches no layer"), std::string::npos);
  lora.params.set("lora.target_modules", std::vector<std::string>{"query"});
  lora.params.set("trained", std::string("head"));
  EXPECT_NE(message_of([&] { static_cast<void>(lora.make()); }).find("'trained' is \"head\""), std::string::npos);
  Trained lengthy("bert_a");
  lengthy.params.set("max_length", std::int64_t{18});
  EXPECT_EQ(message_of([&] { static_cast<void>(lengthy.make()); }), "'max_length' is 18, but the model has positions for 17");
}

}  // namespace
}  // namespace seqbench::zoo
