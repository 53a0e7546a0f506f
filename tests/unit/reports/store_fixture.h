#pragma once
// A store filled by hand, in a folder that is removed with it.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/analyze/metrics.h"
#include "harness/analyze/spread.h"
#include "harness/base/sha256.h"
#include "harness/base/streams.h"
#include "harness/store/reader.h"
#include "harness/store/run_store.h"
#include "reports/render.h"
#include "tests/support/temp_folder.h"

namespace seqbench::reports {

/// One trial to be stored. `error` above 0: predictions are truth plus normal noise of that size.
struct Made {
  std::string label = "net", model = "net", kind = "fit", source = "twin", scale = "desk", split_kind = "published";
  std::string keep = "best", code = "a", task = "toy";
  std::int64_t seed = 1, rep = 0, fold = -1;
  double error = 1;
  std::string verdict = "ok";
  bool run = true;               // false: planned only
  bool save_predictions = true;
  bool random_weights = false;   // a pretrained model without its weights
  double stored_error = 0;       // added to the stored mse, so that it disagrees with the predictions
  std::string configuration = "";  // of trials that only labels tell apart; empty: the label
  std::string group = "";        // of a grouped split
  std::int64_t window = 0;       // a parameter of the task
  bool save_all = false;         // predictions of training and validation rows too
  double deviation = 0;          // above 0: standard deviations on test rows, this and twice this by turns
  bool test_curve = false;       // losses of three steps, and mse on validation and test rows
  std::vector<double> validation_losses = {}, test_mse = {};  // a value an epoch; a training loss of half the former comes along
  double own_score = 0;          // not 0: a score of the task's own on test, that no metric is named as
};

class StoreFixture : public ::testing::Test {
 protected:
  static Environment environment() {
    Environment e;
    e.program = "0.1.0";
    e.git_commit = "0123456789abcdef";
    e.git_dirty = true;
    e.preset = "release";
    e.compiler = "GNU 12.2.0";
    e.torch = "2.11.0";
    e.cpu = "A | processor";
    e.cpu_capability = "AVX2";
    e.threads = 2;
    e.device = "cpu";
    return e;
  }

  static store::TrialRow row_of(const Made& m) {
    store::TrialRow row;
    row.task = m.task;
    row.model = m.model;
    row.seed = m.seed;
    row.rep = m.rep;
    row.fold = m.fold;
    row.source = m.source;
    row.scale = m.scale;
    row.split_kind = m.split_kind;
    row.kind = m.kind;
    row.data_sha256 = sha256_hex(m.source);
    row.config = {{"k", 1}, {"task", {{"name", m.task}, {"source", m.source}}}, {"data", row.data_sha256},
                  {"split", {{"kind", m.split_kind}}},
                  {"metrics", {{"report", {"mse", "spearman"}}, {"slices", {"group"}}}},
                  {"model", {{"view", "one_hot"}, {"params", sha256_hex(m.model + (m.configuration.empty() ? m.label : m.configuration))}}}, {"train", {{"keep", m.keep}}},
                  {"scale", m.scale}, {"seed", m.seed}, {"rep", m.rep}, {"fold", m.fold}};
    if (!m.group.empty()) row.config["split"]["group"] = m.group;
    if (m.window > 0) row.config["task"]["params"] = {{"window", m.window}};
    if (m.random_weights) row.config["model"]["weights"] = row.weights = "random";
    row.spec_key = sha256_hex(canonical_json(row.config)).substr(0, 32);
    row.config["code"] = {{"harness", m.code}};
    row.key = sha256_hex(canonical_json(row.config)).substr(0, 32);
    row.code_sha256 = sha256_hex(m.code);
    return row;
  }

  /// 60 test rows (other ones in each fold and repeat), 30 of validation, 240 of training.
  static store::TrialRecord record_of(const Made& m) {
    store::TrialRecord record;
    record.verdict = m.verdict;
    if (m.verdict != "ok") {
      record.reason = "loss is nan at step 3";
      return record;
    }
    const std::int64_t sizes[] = {240, 30, 60};
    for (int split = 2; split >= 0; --split) add_part(record, m, split, sizes[split]);
    if (m.own_score != 0) {
      record.metrics.push_back({.split = 2, .name = "challenge", .slice = "all", .value = m.own_score, .n = 60, .note = "",
                                 .higher_is_better = true, .version = 1, .unit = ""});
    }
    record.timings = {{"train", 1, 1'500'000'000, 0, 0, 0, 0, 240}, {"predict", 3, 500'000'000, 0, 0, 0, 0, 330}};
    record.peak_bytes = 256ll << 20;
    if (m.kind == "fit") record.params_total = 12345, record.params_trained = 345;
    if (m.model == "ridge") record.chosen = {{"strength", 0.01}};
    return record;
  }

  store::RunSummary fill(const std::vector<Made>& trials, const std::string& experiment = "toys/first",
                         const std::vector<store::PublishedRow>& published = {}) {
    store::RunStore store(path());
    store::RunRow run;
    run.experiment.name = experiment;
    run.experiment.title = "A first table";
    run.experiment.source = "first.toml";
    run.experiment.resolved = {{"name", experiment}};
    if (!run_scale.empty()) run.experiment.resolved["scale"] = run_scale;
    run.experiment.spec_sha256 = sha256_hex(canonical_json(run.experiment.resolved));
    run.command = {"/elsewhere/seqbench", "run", "/elsewhere/first.toml", "--twin", "--set", "train.epochs=3 # x"};
    for (const Made& m : trials) run.trials.push_back({row_of(m), m.label});
    run.cards.push_back({"task", "toy", 1, {{"title", "Toy heights"}, {"metrics", {"mse", "spearman"}}, {"qualifying", qualifying}}});
    const store::RunId id = store.open_run(run);
    for (const Made& m : trials) {
      if (!m.run) continue;
      const store::Begun begun = store.begin_trial(id, row_of(m).key, environment());
      if (m.test_curve || !m.validation_losses.empty()) store.add_curves(begun, curves_of(m));
      store.record(begun, record_of(m));
    }
    store.close_run(id, "done");
    if (!published.empty()) store.replace_published(sha256_hex("published"), published);
    return store::Reader(path()).run(id.uid);
  }

  std::string qualifying = "";  // of the task
  std::string run_scale = "";   // "": each trial's

  [[nodiscard]] std::filesystem::path path() const { return folder_ / "store.db"; }
  [[nodiscard]] std::filesystem::path folder() const { return folder_; }

 private:
  static void add_part(store::TrialRecord& record, const Made& m, int split, std::int64_t rows) {
    const auto part = static_cast<std::uint32_t>(split);
    const auto place = static_cast<std::uint32_t>(m.rep * 100 + m.fold + 1);
    Draws truth = Streams(1).open("test").at({.epoch = place, .step = part, .item = 0});
    Draws noise = Streams(static_cast<std::uint64_t>(m.seed)).open("test").at({.epoch = place, .step = part, .item = 1});
    store::Predictions p;
    p.examples.task = m.task;
    p.examples.split = split == 0 ? "train" : split == 1 ? "validation" : "test";
    p.examples.fields["group"] = Json::array();
    for (std::int64_t i = 0; i < rows; ++i) {
      p.examples.ids.push_back("row" + std::to_string(1000 + i));
      p.examples.truth.push_back(3 + truth.normal());
      p.examples.fields["group"].push_back(i % 3 == 0 ? 10 : 2);
      p.values.push_back(p.examples.truth.back() + m.error * noise.normal());
    }
    for (const char* metric : {"mse", "spearman"}) {
      add_metric(record, m, split, metric, "all", p.examples.truth, p.values);
      for (const char* slice : {"10", "2"}) {
        std::vector<double> t, q;
        for (std::size_t i = 0; i < p.values.size(); ++i) {
          if (p.examples.fields["group"][i].dump() != slice) continue;
          t.push_back(p.examples.truth[i]);
          q.push_back(p.values[i]);
        }
        if (split == 2) add_metric(record, m, split, metric, std::string("group=") + slice, t, q);
      }
    }
    if (split == 2 && m.deviation > 0) add_deviations(record, m, p);
    if (m.save_predictions && (split == 2 || m.save_all)) record.predictions.push_back(std::move(p));
  }

  static void add_deviations(store::TrialRecord& record, const Made& m, const store::Predictions& predictions) {
    store::Predictions deviations = predictions;
    deviations.kind = store::kSpread;
    for (std::size_t i = 0; i < deviations.values.size(); ++i) deviations.values[i] = m.deviation * static_cast<double>(1 + i % 2);
    for (const analyze::SpreadScore& score : analyze::spread_scores(predictions.examples.truth, predictions.values, deviations.values)) {
      record.metrics.push_back({.split = 2, .name = std::string(score.name), .slice = "all", .value = score.value, .n = 60, .note = "",
                                 .higher_is_better = score.higher_is_better, .version = 1, .unit = ""});
    }
    record.predictions.push_back(std::move(deviations));
  }

  static std::vector<store::CurvePoint> curves_of(const Made& m) {
    std::vector<store::CurvePoint> points;
    for (std::size_t i = 0; i < m.validation_losses.size(); ++i) {
      const auto step = static_cast<std::int64_t>(i + 1);
      points.push_back({"loss", 0, step, static_cast<double>(step), m.validation_losses[i] / 2});
      points.push_back({"loss", 1, step, static_cast<double>(step), m.validation_losses[i]});
      points.push_back({"mse", 1, step, static_cast<double>(step), m.validation_losses[i]});
      if (i < m.test_mse.size()) points.push_back({"mse", 2, step, static_cast<double>(step), m.test_mse[i]});
    }
    if (!points.empty()) return points;
    for (const std::int64_t step : {10, 20, 30}) {
      const double epoch = static_cast<double>(step) / 10, value = m.error / epoch;
      points.push_back({"loss", 0, step, epoch, value});
      points.push_back({"loss", 1, step, epoch, value + 0.5});
      points.push_back({"mse", 1, step, epoch, value + 1});
      points.push_back({m.keep == "agreement" ? "disagreement" : "mse", 2, step, epoch, value + 2});
    }
    return points;
  }

  static void add_metric(store::TrialRecord& record, const Made& m, int split, const std::string& name,
                         const std::string& slice, const std::vector<double>& truth,
                         const std::vector<double>& predictions) {
    const analyze::MetricInfo& info = analyze::metric(name);
    const analyze::MetricValue value = info.compute(truth, predictions, {});
    store::MetricRow row;
    row.split = split;
    row.name = name;
    row.slice = slice;
    row.value = value.value + (name == "mse" ? m.stored_error : 0);
    row.n = static_cast<std::int64_t>(truth.size());
    row.note = value.note;
    row.higher_is_better = info.higher_is_better;
    row.version = info.version;
    record.metrics.push_back(row);
  }

  TempFolder temp_;
  const std::filesystem::path folder_ = temp_.path();
};

inline store::PublishedRow printed(const std::string& model, const std::string& row, double value,
                                   const std::string& metric = "mse") {
  store::PublishedRow p;
  p.uid = "paper:" + row + metric;
  p.paper = "paper";
  p.table_ref = "Table 2";
  p.row_ref = row;
  p.col_ref = "test";
  p.task = "toy";
  p.model = model;
  p.metric = metric;
  p.split = "test";
  p.selected_on = "validation";
  p.value = value;
  p.decimals = 3;
  return p;
}

}  // namespace seqbench::reports
