#include "harness/run/run_trial.h"

#include <fmt/format.h>

#include <cmath>
#include <new>

#include "harness/analyze/metrics.h"
#include "harness/analyze/spread.h"
#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "harness/run/evaluate.h"
#include "harness/run/model_folders.h"
#include "harness/run/split.h"
#include "harness/train/device.h"
#include "harness/train/ensemble.h"

namespace seqbench::run {
namespace {

/// Everything that one trial works on.
struct Work {
  const TrialSpec& spec;
  TrialConfig config;
  const Dataset& dataset;
  data::SplitRows rows;
  std::vector<double> targets;  // [rows, T]; those that training sees, shuffled where asked for
  at::Device device;
  TrialIo& io;
  measure::PhaseClock& clock;
  store::TrialRecord& record;
  std::vector<std::string> names = {};  // of the rows, for programs outside

  [[nodiscard]] std::span<const std::int64_t> part(int index) const {
    return index == 0 ? rows.train : index == 1 ? rows.validation : rows.test;
  }
  [[nodiscard]] std::vector<double> weights_of(std::span<const std::int64_t> part_rows) const {
    const std::vector<double>& all = dataset.examples().weights;
    std::vector<double> out;
    for (const std::int64_t row : part_rows) out.push_back(all.empty() ? 1.0 : all[static_cast<std::size_t>(row)]);
    return out;
  }
  [[nodiscard]] std::vector<double> targets_of(std::span<const std::int64_t> part_rows) const {
    return gathered(targets, part_rows, config.task->targets.size());
  }
};

using train::Predictions;
using Predict = std::function<Predictions(std::span<const std::int64_t>)>;

/// Hooks of work without steps and losses.
FitControl control_of(Work& work) {
  FitControl control;
  control.check_stop = [&work] {
    if (work.io.stop_requested()) throw Interrupted();
  };
  control.progress = [&work](std::int64_t done, std::int64_t all) { work.io.part_progress(done, all); };
  return control;
}

Predict fit_estimator(Work& work, const View& view, const ModelContext& context) {
  std::shared_ptr<Estimator> model = [&] {
    const measure::PhaseClock::Span span(work.clock, "make");
    return work.config.model->estimator(context);
  }();
  FitControl control = control_of(work);
  control.test_rows = work.rows.test;
  const std::vector<double> train_targets = work.targets_of(work.rows.train);
  const std::vector<double> train_weights = work.weights_of(work.rows.train);
  const std::vector<double> validation_targets = work.targets_of(work.rows.validation);
  const std::vector<double> validation_weights = work.weights_of(work.rows.validation);
  {
    const measure::PhaseClock::Span span(work.clock, "train", static_cast<std::int64_t>(work.rows.train.size()));
    model->fit({view, work.rows.train, train_targets, train_weights},
               {view, work.rows.validation, validation_targets, validation_weights}, control);
  }
  if (!work.config.model->external) {
    std::int64_t parameters = 0;
    for (const NamedTensor& tensor : model->state()) parameters += tensor.tensor.numel();
    work.record.params_total = work.record.params_trained = parameters;
  }
  Params chosen;
  for (Setting& setting : model->chosen()) chosen.set(setting.key, std::move(setting.value));
  work.record.chosen = chosen.to_json();
  return [model, &view](std::span<const std::int64_t> rows) {
    return Predictions{model->predict(view, rows), model->spread(view, rows)};
  };
}

/// The metric that chooses among states, on true or shuffled labels as training sees them, of the rows that best_on names.
std::function<double(std::span<const double>, std::span<const std::int64_t>)> choosing_metric(const Work& work) {
  const analyze::MetricInfo& info = analyze::metric(work.config.train.text("best_by"));
  const std::string& where = work.config.train.text("best_on");
  if (where.empty()) {
    return [&work, &info](std::span<const double> predictions, std::span<const std::int64_t> rows) {
      return info.compute(work.targets_of(rows), predictions, {}).value;
    };
  }
  return [&work, &info, places = places_where(work.dataset.examples(), work.rows.validation, where)](
             std::span<const double> predictions, std::span<const std::int64_t> rows) {
    SEQBENCH_ASSERT(rows.size() == work.rows.validation.size(), "best_on chooses among validation rows");
    const std::size_t width = work.config.task->targets.size();
    return info.compute(gathered(work.targets_of(rows), places, width), gathered(predictions, places, width), {}).value;
  };
}

train::FitHooks hooks_of(Work& work, std::int64_t& trained_rows) {
  train::FitHooks hooks;
  hooks.on_curve = [&work](const std::string& name, int split, std::int64_t step, double epoch, double value) {
    work.io.curve({name, split, step, epoch, value});
  };
  hooks.on_step = [&work](std::int64_t step, std::int64_t steps, double epoch, double loss, double rate) {
    work.io.progress(step, steps, epoch, loss, rate);
  };
  hooks.stop_requested = [&work] { return work.io.stop_requested(); };
  hooks.checkpoint_due = [&work] { return work.io.checkpoint_due(); };
  hooks.save = [&work](std::int64_t step, const std::vector<NamedTensor>& tensors, const Json& state) {
    const measure::PhaseClock::Span span(work.clock, "train/checkpoint");
    work.io.save_checkpoint(step, tensors, state);
  };
  hooks.on_phase = [&work, &trained_rows](const std::string& phase, std::int64_t ns, std::int64_t items) {
    if (phase == "collate") trained_rows += items;
    work.clock.add("train/" + phase, ns, items);
  };
  return hooks;
}

std::unique_ptr<Network> make_network(const ModelEntry& entry, const ModelContext& context, std::int64_t members) {
  if (members == 1) return entry.network(context);
  if (context.kind != TaskKind::kRegression) throw InputError("'train.members' is above 1, but the task is no regression");
  std::vector<std::unique_ptr<Network>> networks;
  for (std::int64_t i = 0; i < members; ++i) {
    ModelContext own = context;
    own.streams = context.streams.of_member(static_cast<std::uint32_t>(i));
    networks.push_back(entry.network(own));
  }
  return train::make_ensemble(std::move(networks));
}

Predict fit_network(Work& work, const View& view, const ModelContext& context) {
  auto settings = std::make_shared<train::FitSettings>(train::FitSettings::from(work.config.train));
  std::shared_ptr<Network> model = [&] {
    const measure::PhaseClock::Span span(work.clock, "make");  // weights read, embeddings computed: apart from training
    return make_network(*work.config.model, context, settings->members);
  }();
  const analyze::MetricInfo& info = analyze::metric(work.config.train.text("best_by"));
  auto data = std::make_shared<train::FitData>(train::FitData{
      .view = view, .target_count = context.targets, .train = work.rows.train, .validation = work.rows.validation,
      .test = work.rows.test, .targets = work.targets, .weights = work.dataset.examples().weights,
      .metric = choosing_metric(work), .metric_name = std::string(info.name),
      .higher_is_better = info.higher_is_better, .kind = context.kind});
  const std::optional<train::Checkpoint> checkpoint = work.io.load_checkpoint();
  std::int64_t trained_rows = 0;
  const double begun = monotonic_seconds();
  const train::FitResult result = train::fit(*model, *settings, *data, context.streams, work.device,
                                             hooks_of(work, trained_rows), checkpoint ? &*checkpoint : nullptr);
  work.clock.add("train", static_cast<std::int64_t>((monotonic_seconds() - begun) * 1e9), trained_rows);
  work.record.step = result.step;
  work.record.epoch = result.epoch;
  work.record.params_total = result.parameters + result.frozen;
  work.record.params_trained = result.parameters;
  work.record.chosen = {{"step", result.kept_step},
                        {"best_by", settings->keep == "agreement" ? analyze::kDisagreement : info.name},
                        {"value", json_number(result.kept_metric)},
                        {"stopped_early", result.stopped_early}};
  if (const std::string& on = work.config.train.text("best_on"); !on.empty()) work.record.chosen["best_on"] = on;
  if (!work.spec.model_folder.empty()) {
    save_model(*model, result.scale, work.spec.model_folder);
    // Relative to the store: a store that moves with its folders still says where.
    work.record.chosen["folder"] = "models/" + work.spec.model_folder.filename().string();
  }
  return [model, settings, data, predict = train::Predictor(*model, *settings, *data, work.device)](
             std::span<const std::int64_t> rows) { return predict(rows); };
}

/// The twin's own E[y|x]: what no model can beat.
Predict ceiling(const Work& work) {
  const std::vector<double>& expected = work.dataset.examples().expected;
  if (expected.empty()) throw InputError(fmt::format("task '{}' gives no expected values", work.config.task->name));
  const std::size_t width = work.config.task->targets.size();
  return [&expected, width](std::span<const std::int64_t> rows) {
    return Predictions{gathered(expected, rows, width), {}};
  };
}

/// Names for programs outside: an id may say what its row is ("EPDnew_Mm_1"), and so may its place among sorted ids.
std::vector<std::string> opaque_names(const std::vector<std::string>& ids) {
  std::vector<std::string> names;
  for (const std::string& id : ids) names.push_back(sha256_hex("seqbench.name\n" + id).substr(0, 20));
  return names;
}

Predict make_predictor(Work& work, DataCache& cache) {
  if (work.config.model == nullptr) return ceiling(work);
  const View& view = cache.view(work.config.view);
  if (work.config.model->external) work.names = opaque_names(work.dataset.examples().ids);
  const ModelContext context{.params = work.config.model_params,
                             .view = view,
                             .kind = work.config.task->kind,
                             .targets = static_cast<std::int64_t>(work.config.task->targets.size()),
                             .streams = work.config.streams,
                             .dtype = at::ScalarType::Float,
                             .ids = work.names,
                             .cache = work.spec.model_cache,
                             .control = control_of(work)};
  return work.config.model->trained_by_loop ? fit_network(work, view, context) : fit_estimator(work, view, context);
}

void evaluate(Work& work, const Predict& predict) {
  for (int part = 0; part < 3; ++part) {
    const std::span<const std::int64_t> rows = work.part(part);
    if (rows.empty()) continue;
    Predictions predictions;
    {
      const measure::PhaseClock::Span span(work.clock, "predict", static_cast<std::int64_t>(rows.size()));
      predictions = predict(rows);
    }
    Verdict verdict = verify(*work.config.task, predictions.values, static_cast<std::int64_t>(rows.size()));
    if (verdict.ok) verdict = verify_spreads(predictions.spreads, predictions.values.size());
    if (!verdict.ok) {
      work.record.verdict = "wrong_answer";
      work.record.reason = fmt::format("{} predictions: {}", kPartNames.at(static_cast<std::size_t>(part)), verdict.reason);
      work.record.metrics.clear();
      work.record.predictions.clear();
      return;
    }
    add_metrics(work.record, work.config, part, work.dataset, rows, predictions.values);
    if (!predictions.spreads.empty()) add_spread(work.record, work.config, part, work.dataset, rows, predictions);
    const auto& saved = work.spec.save_predictions;
    if (std::ranges::find(saved, kPartNames.at(static_cast<std::size_t>(part))) != saved.end()) {
      const char* kind = work.config.task->kind == TaskKind::kBinary ? "probability" : "value";
      const store::ExampleSet examples = example_set(work.dataset.examples(), work.config, part, rows);
      if (!predictions.spreads.empty()) work.record.predictions.push_back({examples, store::kSpread, std::move(predictions.spreads)});
      work.record.predictions.push_back({examples, kind, std::move(predictions.values)});
    }
  }
}

void compute(const TrialSpec& spec, const Tables& tables, DataCache& cache, at::Device device, TrialIo& io,
             measure::PhaseClock& clock, store::TrialRecord& record) {
  train::set_numerics(spec.threads);
  TrialConfig config = TrialConfig::of(spec.row, tables);
  if (config.model != nullptr) place_files(spec, *config.model, config.model_params);
  const Dataset& dataset = [&]() -> const Dataset& {
    const measure::PhaseClock::Span span(clock, "load");
    return cache.get(config, spec);
  }();
  data::SplitRows rows = split_rows(dataset.examples(), config);
  const bool shuffled = config.model != nullptr && config.train.text("labels") == "shuffled";
  const auto width = static_cast<std::int64_t>(config.task->targets.size());
  std::vector<double> targets = shuffled ? shuffled_targets(dataset.examples(), rows, width, config.streams)
                                         : dataset.examples().targets;
  Work work{spec, std::move(config), dataset, std::move(rows), std::move(targets), device, io, clock, record};
  evaluate(work, make_predictor(work, cache));
}

void add_costs(store::TrialRecord& record, const measure::PhaseClock& clock) {
  for (const auto& [phase, t] : clock.summary()) {
    record.timings.push_back({phase, t.count, t.total_ns, t.min_ns, t.p50_ns, t.p95_ns, t.max_ns,
                              t.items > 0 ? std::optional(t.items) : std::nullopt});
  }
  record.peak_bytes = measure::peak_resident_bytes();
}

}  // namespace

const Dataset& DataCache::get(const TrialConfig& config, const TrialSpec& spec) {
  const std::string key = config.task->name + spec.row.config.at("data").get<std::string>() + canonical_json(spec.row.config.at("task").at("params"));
  if (key != key_) {
    views_.clear();
    dataset_.reset();
    key_.clear();
    dataset_ = config.task->load({config.twin, spec.data_folder, config.task_params, 0, spec.cache_folder});
    // After reading: a file that was changed before or meanwhile is found out.
    if (config.task->fingerprint && config.task->fingerprint() != spec.row.config.at("data")) {
      throw InputError(fmt::format("the data of task '{}' changed since the run was planned; run it again", config.task->name));
    }
    key_ = key;
  }
  return *dataset_;
}

const View& DataCache::view(const std::string& name) {
  const auto found = views_.find(name);
  return found != views_.end() ? found->second : views_.emplace(name, dataset_->view(name)).first->second;
}

store::TrialRecord run_trial(const TrialSpec& spec, const Tables& tables, DataCache& cache, at::Device device,
                             TrialIo& io) {
  store::TrialRecord record;
  measure::PhaseClock clock;
  const auto failed = [&](const char* verdict, const std::string& reason) {
    store::TrialRecord bare;
    bare.verdict = verdict;
    bare.reason = reason;
    record = std::move(bare);
  };
  try {
    compute(spec, tables, cache, device, io, clock, record);
  } catch (const Interrupted&) {
    throw;
  } catch (const MachineError&) {
    throw;
  } catch (const train::NanLoss& error) {
    failed("nan_loss", error.what());
  } catch (const WrongAnswer& error) {
    failed("wrong_answer", printable(error.what(), 2000));
  } catch (const std::bad_alloc&) {
    failed("out_of_memory", "the machine has no more memory to give");
  } catch (const InputError& error) {
    failed("bad_data", error.what());
  } catch (const std::exception& error) {
    const std::string text = printable(error.what(), 2000);
    const bool memory = text.find("out of memory") != std::string::npos || text.find("not enough memory") != std::string::npos;
    if (memory) train::release_cache(device);
    failed(memory ? "out_of_memory" : "crash", text);
  }
  add_costs(record, clock);
  return record;
}

}  // namespace seqbench::run
