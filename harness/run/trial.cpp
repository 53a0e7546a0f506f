#include "harness/run/trial.h"

#include <fmt/format.h>

#include "harness/base/sha256.h"
#include "harness/spec/experiment.h"

namespace seqbench::run {

std::string code_name_of_file(const std::string& name) { return "file " + name; }

void set_keys(store::TrialRow& row) {
  Json without_code = row.config;
  without_code.erase("code");
  row.key = sha256_hex(canonical_json(row.config)).substr(0, 32);
  row.spec_key = sha256_hex(canonical_json(without_code)).substr(0, 32);
  row.code_sha256 = sha256_hex(canonical_json(row.config.at("code")));
}

Json TrialSpec::to_json() const {
  return {{"config", row.config},
          {"kind", row.kind},
          {"key", row.key},
          {"model", row.model},
          {"variant", row.variant},
          {"scale", row.scale},
          {"label", label},
          {"data_folder", data_folder.string()},
          {"cache_folder", cache_folder.string()},
          {"model_cache", model_cache.string()},
          {"files", files},
          {"model_folder", model_folder.string()},
          {"threads", threads},
          {"save_predictions", save_predictions},
          {"stall_seconds", stall_seconds},
          {"time_limit_seconds", time_limit_seconds},
          {"memory_limit_bytes", memory_limit_bytes}};
}

TrialSpec TrialSpec::from_json(const Json& json) {
  TrialSpec spec;
  spec.row.config = json.at("config");
  spec.row.kind = json.at("kind");
  spec.row.key = json.at("key");
  spec.row.model = json.at("model");
  spec.row.variant = json.at("variant");
  spec.row.scale = json.at("scale");
  spec.row.task = spec.row.config.at("task").at("name");
  spec.row.seed = spec.row.config.at("seed");
  spec.row.rep = spec.row.config.at("rep");
  spec.row.fold = spec.row.config.at("fold");
  spec.label = json.at("label");
  spec.data_folder = json.at("data_folder").get<std::string>();
  spec.cache_folder = json.at("cache_folder").get<std::string>();
  spec.model_cache = json.at("model_cache").get<std::string>();
  spec.files = json.at("files").get<std::map<std::string, std::string>>();
  spec.model_folder = json.at("model_folder").get<std::string>();
  spec.threads = json.at("threads");
  spec.save_predictions = json.at("save_predictions").get<std::vector<std::string>>();
  spec.stall_seconds = json.at("stall_seconds");
  spec.time_limit_seconds = json.at("time_limit_seconds");
  spec.memory_limit_bytes = json.at("memory_limit_bytes");
  return spec;
}

TrialConfig TrialConfig::of(const store::TrialRow& row, const Tables& tables) {
  const Json& json = row.config;
  TrialConfig config;
  config.task = &tables.task(json.at("task").at("name").get<std::string>());
  config.task_params = Params::from_json(config.task->params, json.at("task").at("params"));
  config.limit = json.at("task").at("limit");
  config.twin = json.at("task").at("source") == "twin";
  config.split = Params::from_json(spec::split_keys(), json.at("split"));
  config.metrics = json.at("metrics").at("report").get<std::vector<std::string>>();
  config.slices = json.at("metrics").at("slices").get<std::vector<std::string>>();
  config.rep = json.at("rep");
  config.fold = json.at("fold");
  const std::uint32_t fold = config.fold < 0 ? kNoFold : static_cast<std::uint32_t>(config.fold);
  config.streams =
      Streams(json.at("seed").get<std::uint64_t>(), static_cast<std::uint32_t>(config.rep), fold);
  if (row.kind == "ceiling" || row.kind == "submitted") return config;
  const Json& model = json.at("model");
  config.model = &tables.model(model.at("name").get<std::string>());
  config.view = model.at("view");
  config.model_params = Params::from_json(config.model->params, model.at("params"));
  config.train = Params::from_json(spec::train_keys(), json.at("train"));
  return config;
}

}  // namespace seqbench::run
