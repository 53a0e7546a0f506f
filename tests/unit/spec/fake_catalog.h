#pragma once
// Two tasks and four models that stand for all kinds of entries.

#include "harness/base/catalog.h"

namespace seqbench::spec::fake {

inline ParamSpec param(std::string name, ParamValue fallback, double low, double high) {
  return {std::move(name), std::move(fallback), "for the test", low, high, {}, true};
}

inline TaskInfo toy_reg() {
  TaskInfo task;
  task.name = "toy_reg";
  task.kind = TaskKind::kRegression;
  task.metrics = {"spearman", "mse"};
  task.views = {{"one_hot", ""}, {"text", ""}};
  task.slices = {"length"};
  task.splits = {"published", "kfold", "holdout", "stratified", "grouped", "stratified_grouped", "subsample"};
  task.group = "cluster";
  task.stratify = "target";
  task.params = {param("window", std::int64_t{10}, 1, 100)};
  task.has_real = true;
  return task;
}

inline TaskInfo toy_bin() {
  TaskInfo task;
  task.name = "toy_bin";
  task.kind = TaskKind::kBinary;
  task.metrics = {"auroc", "log_loss"};
  task.views = {{"one_hot", ""}};
  task.splits = {"kfold", "holdout", "stratified", "grouped"};
  return task;
}

/// A network for both kinds, with a control of its own.
inline ModelInfo net() {
  ModelInfo model;
  model.name = "net";
  model.views = {"text", "one_hot"};
  model.kinds = {TaskKind::kRegression, TaskKind::kBinary};
  model.params = {param("width", std::int64_t{32}, 1, 1024), param("dropout", 0.1, 0, 0.9)};
  model.train = {{"learning_rate", 3e-3}, {"epochs", std::int64_t{20}}};
  model.controls = {
      {"net, shuffled", "one_hot", {{"width", std::int64_t{16}}}, {{"labels", std::string("shuffled")}}}};
  return model;
}

/// An estimator without a seed.
inline ModelInfo ridge() {
  ModelInfo model;
  model.name = "ridge";
  model.views = {"one_hot"};
  model.kinds = {TaskKind::kRegression, TaskKind::kBinary};
  model.params = {param("strength", 1.0, 0, 1e6)};
  model.controls = {{"ridge, one-hot", "one_hot", {}, {}}};
  model.trained_by_loop = false;
  model.seeded = false;
  return model;
}

inline ModelInfo logit() {
  ModelInfo model;
  model.name = "logit";
  model.views = {"one_hot"};
  model.kinds = {TaskKind::kBinary};
  return model;
}

inline ModelInfo dna_net() {
  ModelInfo model;
  model.name = "dna_net";
  model.views = {"dna"};
  model.kinds = {TaskKind::kRegression};
  return model;
}

inline const Catalog& catalog() {
  static const TaskInfo bin = toy_bin(), reg = toy_reg();
  static const ModelInfo dna = dna_net(), log = logit(), network = net(), linear = ridge();
  static const Catalog all{{&bin, &reg}, {&dna, &log, &network, &linear}, {}};
  return all;
}

}  // namespace seqbench::spec::fake
