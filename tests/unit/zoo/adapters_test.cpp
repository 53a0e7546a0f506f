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
}

TEST(Adapters, PatternsOfTheirFilesAreNotRun) {
  const TempFolder temp;
  for (const std::string& pattern : {std::string("(query"), std::string(50'000, '(') + std::string(50'000, ')'), std::string("(.*)*(.*)*(.*)*!")}) {
    const std::filesystem::path adapter = adapter_with(temp, "lora_bert", "target_modules", pattern);
    EXPECT_EQ(refusal(cases_folder() / "lora_bert", adapter), "") << "the tensors say which layers have one";
    std::filesystem::remove_all(adapter);
  }
}

TEST(Adapters, OfModelsWithoutHeadOrWithAnotherAreRead) {
  const TempFolder temp;
  // Of AutoModel: names without the prefix, and no head.
  const std::filesystem::path plain = with_tensors(temp, "lora_bert", [](auto& tensors) {
    drop(tensors, "classifier");
    for (NamedTensor& entry : tensors) entry.name.erase(entry.name.find("bert."), 5);
  }, "adapter/adapter_model.safetensors");
  EXPECT_NE(refusal(plain, plain / "adapter").find("missing (2): classifier.weight, classifier.bias"), std::string::npos) << "of modules_to_save";
  Json config = Json::parse(read_file(plain / "adapter/adapter_config.json"));
  config["modules_to_save"] = nullptr;
  write_file_atomically(plain / "adapter/adapter_config.json", config.dump());
  EXPECT_EQ(refusal(plain, plain / "adapter"), "");
  std::filesystem::remove_all(plain);
  // Of a language model: its head's adapters are none of a classifier's.
  const std::filesystem::path words = with_tensors(temp, "lora_bert", [](auto& tensors) {
    const at::Tensor a = tensor_of(tensors, "query.lora_A.weight"), b = tensor_of(tensors, "query.lora_B.weight");
    tensors.push_back({"base_model.model.cls.predictions.transform.dense.lora_A.weight", a});
    tensors.push_back({"base_model.model.cls.predictions.transform.dense.lora_B.weight", b});
  }, "adapter/adapter_model.safetensors");
  EXPECT_EQ(refusal(words, words / "adapter"), "");
}

TEST(Adapters, CarryModulesOfAHeadlessBase) {
  const TempFolder temp;
  const std::filesystem::path base = with_tensors(temp, "lora_bert", [](auto& tensors) {
    drop(tensors, "classifier");
    drop(tensors, "cls.");
    for (NamedTensor& entry : tensors) entry.name.erase(0, 5);  // "bert."
  });
  const at::Tensor weight = tensor_of(tensors_of(base / "model.safetensors"), "encoder.layer.0.intermediate.dense.weight");
  const at::Tensor bias = tensor_of(tensors_of(base / "model.safetensors"), "encoder.layer.0.intermediate.dense.bias");
  std::vector<NamedTensor> adapter = tensors_of(base / "adapter/adapter_model.safetensors");
  adapter.push_back({"base_model.model.bert.encoder.layer.0.intermediate.dense.weight", weight.add(1)});
  adapter.push_back({"base_model.model.bert.encoder.layer.0.intermediate.dense.bias", bias});
  std::filesystem::remove(base / "adapter/adapter_model.safetensors");
  tensors::write_safetensors(base / "adapter/adapter_model.safetensors", adapter);
  EXPECT_EQ(refusal(base, base / "adapter"), "");
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
  for (const std::string how : {"frozen", "trained", "adapted"}) {
    bert.params.set("train_pooler", how == "trained");
    bert.params.set("lora.target_modules", std::vector<std::string>{how == "adapted" ? "all-linear" : "query"});
    const auto network = bert.make();
    EXPECT_EQ(trains(*network, "pooler"), how != "frozen");
    for (const NamedTensor& entry : network->parameters()) {
      if (entry.name.ends_with("lora_B.weight")) entry.tensor.detach().fill_(0.1);
    }
    network->write_folder(temp.path() / how, {});
    EXPECT_LE(largest_difference(bert.outputs(folder, temp.path() / how / "adapter"), bert.outputs(*network)), 1e-6) << how;
    EXPECT_FALSE(tensor_of(tensors_of(temp.path() / how / "adapter/adapter_model.safetensors"), "pooler.dense.lora_A.weight").defined())
        << how << ": peft puts no adapter on a module that it carries";
    EXPECT_TRUE(Json::parse(read_file(temp.path() / how / "adapter/adapter_config.json")).at("target_modules").is_array());
  }
}

TEST(Adapters, OnWhatIsNoLinearLayerAreRefused) {
  Trained bert("bert_a");
  bert.params.set("lora.rank", std::int64_t{2});
  for (const char* module : {"word_embeddings", "LayerNorm"}) {
    bert.params.set("lora.target_modules", std::vector<std::string>{"query", module});
    EXPECT_NE(message_of([&] { static_cast<void>(bert.make()); }).find("which is no linear layer"), std::string::npos) << module;
  }
}

TEST(Adapters, MergedGiveTheSameAndUnmergedTheBase) {
  for (const char* name : {"lora_bert", "lora_bigbird", "lora_distilbert", "lora_esm2", "lora_gena_lm", "lora_nucleotide_transformer_v2"}) {
    const TempFolder temp;
    const Trained lora(name);
    const std::filesystem::path base = lora.data.folder;
    lora.entry().merge({base, lora.data.adapter(), temp.path() / "merged"});
    EXPECT_LE(largest_difference(lora.outputs(temp.path() / "merged"), lora.outputs(base, lora.data.adapter())), 1e-6) << name;
    lora.entry().merge({temp.path() / "merged", lora.data.adapter(), temp.path() / "apart", true});
    const std::vector<NamedTensor> merged = tensors_of(temp.path() / "merged/model.safetensors"), apart = tensors_of(temp.path() / "apart/model.safetensors");
    std::size_t changed = 0, adapters = 0;
    const std::vector<NamedTensor> files = tensors_of(lora.data.adapter() / "adapter_model.safetensors");
    for (const NamedTensor& entry : files) {
      adapters += entry.name.ends_with("lora_A.weight") && entry.name.find("contact_head") == std::string::npos ? 1u : 0u;
    }
    for (const NamedTensor& entry : tensors_of(base / "model.safetensors")) {
      if (tensor_of(files, entry.name).defined()) continue;  // trained whole: not to be had back
      if (!tensor_of(merged, entry.name).defined()) {
        EXPECT_TRUE(entry.name.find("decoder.") != std::string::npos || entry.name.ends_with("position_ids")) << entry.name << ": tied, or a count";
        continue;
      }
      changed += tensor_of(merged, entry.name).equal(entry.tensor) ? 0u : 1u;
      EXPECT_LE(largest_difference(tensor_of(apart, entry.name), entry.tensor), 1e-6) << name << " " << entry.name;
    }
    EXPECT_EQ(changed, adapters) << name;
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

TEST(Weights, OfSizesThatOnlyTheConfigurationBelievesCostNothing) {
  const TempFolder temp;
  const std::filesystem::path folder = temp.path() / "vast";
  std::filesystem::copy(cases_folder() / "bert_a", folder);
  Json config = Json::parse(read_file(folder / "config.json"));
  for (const auto& [key, value] : {std::pair("vocab_size", 9'999'999), {"hidden_size", 65'536}, {"num_attention_heads", 4}, {"num_hidden_layers", 1000}}) {
    config[key] = value;
  }
  write_file_atomically(folder / "config.json", config.dump());
  const std::string message = refusal(folder);  // tables of terabytes, were they made
  EXPECT_NE(message.find("bert.embeddings.word_embeddings.weight is [29, 12], expected [9999999, 65536]"), std::string::npos) << message.substr(0, 500);
}

TEST(Weights, BesideAHeadThatIsBuiltAreListed) {
  const TempFolder temp;
  const std::filesystem::path folder = with_tensors(temp, "bert_a", [](auto& tensors) { tensors.push_back({"classifier.extra", at::full({2}, 1.0)}); });
  EXPECT_NE(refusal(folder).find("not of this model (1): classifier.extra"), std::string::npos);
}

TEST(Weights, OfTheNextSentencesHeadStay) {
  const TempFolder temp;
  const std::filesystem::path folder = with_tensors(temp, "lora_bert", [](auto& tensors) {
    tensors.push_back({"cls.seq_relationship.weight", at::full({2, 12}, 0.5)});
    tensors.push_back({"cls.seq_relationship.bias", at::full({2}, 0.25)});
  });
  entry_of(folder).merge({folder, folder / "adapter", temp.path() / "merged"});
  EXPECT_TRUE(tensor_of(tensors_of(temp.path() / "merged/model.safetensors"), "cls.seq_relationship.weight").equal(at::full({2, 12}, 0.5)));
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
