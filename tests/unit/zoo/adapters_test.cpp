// Adapters and heads: what of them is read, drawn, trained and written.
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include "models/pretrained/assembled.h"
#include "tests/unit/zoo/trained.h"

namespace seqbench::zoo {
namespace {

std::string refusal(const std::filesystem::path& folder, const std::filesystem::path& adapter = {}) {
  return message_of([&] { static_cast<void>(entry_of(folder).open_folder(folder, {.adapter = adapter})); });
}

/// The case's adapter with another value in adapter_config.json.
std::filesystem::path adapter_with(const TempFolder& temp, const std::string& name, const std::string& key, const Json& value) {
  const std::filesystem::path adapter = temp.path() / (name + key);
  std::filesystem::copy(cases_folder() / name / "adapter", adapter);
  Json config = Json::parse(read_file(adapter / "adapter_config.json"));
  config[key] = value;
  write_file_atomically(adapter / "adapter_config.json", config.dump());
  return adapter;
}

TEST(Adapters, OtherKindsAreRefusedByKey) {
  const TempFolder temp;
  const std::vector<std::pair<std::string, Json>> cases = {{"use_dora", true}, {"peft_type", "IA3"}, {"bias", "all"},
                                                           {"rank_pattern", {{"query", 3}}}, {"r", 0}, {"a_new_idea", 1},
                                                           {"init_lora_weights", "pissa"}, {"target_modules", 3}};
  for (const auto& [key, value] : cases) {
    const std::filesystem::path adapter = temp.path() / key;
    std::filesystem::copy(cases_folder() / "lora_bert/adapter", adapter);
    Json config = Json::parse(read_file(adapter / "adapter_config.json"));
    config[key] = value;
    write_file_atomically(adapter / "adapter_config.json", config.dump());
    const std::filesystem::path folder = cases_folder() / "lora_bert";
    const std::string message = message_of([&] { static_cast<void>(entry_of(folder).open_folder(folder, {.adapter = adapter})); });
    EXPECT_NE(message.find("adapter_config.json: '" + key + "' must be"), std::string::npos) << key << ": " << message;
  }
}

TEST(Adapters, AllOfTheirTensorsHaveToBeThere) {
  const TempFolder temp;
  const std::filesystem::path folder = with_tensors(temp, "lora_bert", [](auto& tensors) { drop(tensors, "layer.0.attention.self.query.lora_A"); },
                                                    "adapter/adapter_model.safetensors");
  const std::string message = refusal(folder, folder / "adapter");
  EXPECT_NE(message.find("missing (1): bert.encoder.layer.0.attention.self.query.lora_A.weight"), std::string::npos) << message;
}

TEST(Adapters, ThatFitNoLayerAreRefusedByTheirOwnKey) {
  const TempFolder temp;
  const std::filesystem::path list = adapter_with(temp, "lora_bert", "target_modules", {"nothing"});
  EXPECT_NE(refusal(cases_folder() / "lora_bert", list).find("adapter_config.json: 'target_modules' matches no layer"), std::string::npos);
  std::filesystem::remove_all(list);
  const std::filesystem::path broken = adapter_with(temp, "lora_bert", "target_modules", "(query");
  EXPECT_NE(refusal(cases_folder() / "lora_bert", broken).find("must be a regular expression, got '(query'"), std::string::npos);
}

TEST(Adapters, BesideAModelAreNotPassedOverInSilence) {
  const TempFolder temp;
  const std::filesystem::path folder = temp.path() / "both", source = cases_folder() / "lora_bert";
  std::filesystem::copy(source, folder);
  std::filesystem::copy(source / "adapter", folder);
  EXPECT_NE(refusal(folder).find("lies beside the model"), std::string::npos);
  EXPECT_EQ(refusal(folder, folder), "");
}

/// Ends of the names of all that is trained.
bool trains(Network& network, const std::string& part) {
  for (const NamedTensor& entry : network.parameters()) {
    if (entry.name.find(part) != std::string::npos) return true;
  }
  return false;
}

TEST(Adapters, TargetsAreEndsOrAPatternAsInPeft) {
  Trained bert("bert_a");
  bert.params.set("lora.rank", std::int64_t{2});
  const auto adapted = [&](const std::vector<std::string>& targets, const std::string& module) {
    bert.params.set("lora.target_modules", targets);
    return trains(*bert.make(), module + ".lora_A");
  };
  EXPECT_TRUE(adapted({"all-linear"}, "bert.pooler.dense")) << "peft leaves out the classifier alone";
  EXPECT_TRUE(adapted({"all-linear"}, "layer.1.output.dense"));
  EXPECT_FALSE(adapted({"all-linear"}, "classifier"));
  EXPECT_TRUE(adapted({R"(.*layer\.1\..*(query|key))"}, "layer.1.attention.self.key"));
  EXPECT_FALSE(adapted({R"(.*layer\.1\..*(query|key))"}, "layer.0.attention.self.key"));
  bert.params.set("lora.target_modules", std::vector<std::string>{"[query"});
  EXPECT_NE(message_of([&] { static_cast<void>(bert.make()); }).find("'lora.target_modules' must be a regular expression"), std::string::npos);
}

TEST(Adapters, OfAnotherTaskTrainTheHeadToo) {
  const TempFolder temp;
  const std::filesystem::path folder = with_tensors(temp, "lora_bert", [](auto& tensors) { drop(tensors, "classifier"); },
                                                    "adapter/adapter_model.safetensors");
  Json config = Json::parse(read_file(folder / "adapter/adapter_config.json"));
  config["task_type"] = "FEATURE_EXTRACTION";
  config["modules_to_save"] = nullptr;
  write_file_atomically(folder / "adapter/adapter_config.json", config.dump());
  Trained bert("lora_bert");
  bert.params.set("folder", folder.string());
  bert.params.set("adapter", (folder / "adapter").string());
  EXPECT_TRUE(trains(*bert.make(), "classifier.weight"));
}

TEST(Adapters, CarryAPoolerThatTheBaseLacks) {
  const TempFolder temp;
  const std::filesystem::path folder = with_tensors(temp, "bert_a", [](auto& tensors) { drop(tensors, "pooler"); drop(tensors, "classifier"); });
  Trained bert("bert_a");
  bert.params.set("folder", folder.string());
  bert.params.set("lora.rank", std::int64_t{2});
  for (const bool pooler : {false, true}) {
    bert.params.set("train_pooler", pooler);
    const auto network = bert.make();
    EXPECT_EQ(trains(*network, "pooler"), pooler);
    const std::filesystem::path saved = temp.path() / (pooler ? "trained" : "frozen");
    network->write_folder(saved, {});
    EXPECT_LE(largest_difference(bert.outputs(folder, saved / "adapter"), bert.outputs(*network)), 1e-6);
  }
}

TEST(Adapters, MergedGiveTheSameAndUnmergedTheBase) {
  for (const char* name : {"lora_bert", "lora_distilbert", "lora_gena_lm", "lora_nucleotide_transformer_v2"}) {
    const TempFolder temp;
    const Trained lora(name);
    const std::filesystem::path base = lora.data.folder;
    lora.entry().merge({base, lora.data.adapter(), temp.path() / "merged"});
    EXPECT_LE(largest_difference(lora.outputs(temp.path() / "merged"), lora.outputs(base, lora.data.adapter())), 1e-6) << name;
    lora.entry().merge({temp.path() / "merged", lora.data.adapter(), temp.path() / "apart", true});
    const std::vector<NamedTensor> merged = tensors_of(temp.path() / "merged/model.safetensors"), apart = tensors_of(temp.path() / "apart/model.safetensors");
    int changed = 0;
    for (const NamedTensor& entry : tensors_of(base / "model.safetensors")) {
      if (entry.name.find("classifier") != std::string::npos) continue;  // trained whole: not to be had back
      if (!tensor_of(merged, entry.name).defined()) {
        EXPECT_TRUE(entry.name.find("decoder.") != std::string::npos || entry.name.ends_with("position_ids")) << entry.name << ": tied, or a count";
        continue;
      }
      changed += tensor_of(merged, entry.name).equal(entry.tensor) ? 0 : 1;
      EXPECT_LE(largest_difference(tensor_of(apart, entry.name), entry.tensor), 1e-6) << name << " " << entry.name;
    }
    EXPECT_GT(changed, 0) << name;
  }
}

TEST(Heads, OfAnotherSizeAreDrawnWhereThatIsAskedFor) {
  Trained bert("bert_a");
  const TaskKind other = bert.data.outputs == 2 ? TaskKind::kRegression : TaskKind::kBinary;
  const auto make = [&] { return bert.entry().network({.params = bert.params, .view = bert.view, .kind = other, .targets = 1, .streams = Streams(1)}); };
  EXPECT_NE(message_of([&] { static_cast<void>(make()); }).find("'new_head' draws one"), std::string::npos);
  bert.params.set("new_head", true);
  const auto network = make();
  const at::Tensor pooler = tensor_of(tensors_of(bert.data.folder / "model.safetensors"), "pooler.dense.weight");
  EXPECT_TRUE(tensor_of(network->parameters(), "pooler.dense.weight").equal(pooler)) << "a pooler is pretrained";
}

TEST(WrittenFolders, KeepWhatTheExperimentChose) {
  const TempFolder temp;
  Trained bird("bigbird_a");
  bird.params.set("attention", std::string("auto"));
  bird.params.set("max_length", std::int64_t{7});
  bird.make()->write_folder(temp.path() / "bird", {});
  EXPECT_EQ(Json::parse(read_file(temp.path() / "bird/config.json")).at("attention_type"), "block_sparse") << "the case is original_full";
  EXPECT_EQ(Json::parse(read_file(temp.path() / "bird/tokenizer_config.json")).at("model_max_length"), 7);
}

TEST(WrittenFolders, KeepRotaryFrequenciesAsTheyWereRounded) {
  const TempFolder temp;
  Trained esm("esm2_a");
  std::string name;
  const std::filesystem::path folder = with_tensors(temp, "esm2_a", [&](auto& tensors) {
    drop(tensors, "inv_freq");
    const std::int64_t width = tensor_of(tensors, "word_embeddings.weight").size(1);
    const std::int64_t heads = Json::parse(read_file(esm.data.folder / "config.json")).at("num_attention_heads");
    tensors.push_back({"esm.rotary_embeddings.inv_freq", at::full({width / heads / 2}, 0.3).to(at::kHalf)});
  });
  esm.params.set("folder", folder.string());
  const auto network = esm.make();
  EXPECT_GT(largest_difference(esm.outputs(*network), esm.outputs(esm.data.folder)), 1e-6) << "they are read";
  network->write_folder(temp.path() / "written", {});
  EXPECT_EQ(largest_difference(esm.outputs(temp.path() / "written"), esm.outputs(folder)), 0);
}

TEST(WrittenFolders, OfPretrainingKeepAPoolerAndSayTheirType) {
  const TempFolder temp;
  const std::filesystem::path folder = with_tensors(temp, "bert_a", [](auto& tensors) { drop(tensors, "classifier"); });
  Json config = Json::parse(read_file(folder / "config.json"));
  config["torch_dtype"] = "float16";
  write_file_atomically(folder / "config.json", config.dump());
  const Trained bert("bert_a");
  bert.entry().language_model({.folder = folder, .view = bert.view, .streams = Streams(1)})->write_folder(temp.path() / "out", {});
  EXPECT_TRUE(tensor_of(tensors_of(temp.path() / "out/model.safetensors"), "pooler.dense.weight")
                  .equal(tensor_of(tensors_of(folder / "model.safetensors"), "pooler.dense.weight")));
  config = Json::parse(read_file(temp.path() / "out/config.json"));
  EXPECT_EQ(config.at("dtype"), "float32");
  EXPECT_FALSE(config.contains("torch_dtype"));
}

TEST(LanguageModelHead, TakesTheDecodersBiasWhereTheTwoDiffer) {
  const TempFolder temp;
  const std::filesystem::path folder = with_tensors(temp, "bert_a", [](auto& tensors) {
    const at::Tensor bias = tensor_of(tensors, "cls.predictions.bias");
    drop(tensors, "cls.predictions.decoder.bias");
    tensors.push_back({"cls.predictions.decoder.bias", bias.add(2)});
  });
  const auto logits = [](const std::filesystem::path& place) {
    const auto model = entry_of(place).open_folder(place, {.language_model = true});
    const std::vector<std::vector<std::int32_t>> rows = {model->tokens("ACGT")};
    return model->run(rows, {.token_logits = true}).token_logits;
  };
  EXPECT_LE(largest_difference(logits(folder), logits(cases_folder() / "bert_a").add(2)), 1e-6);
}

}  // namespace
}  // namespace seqbench::zoo
