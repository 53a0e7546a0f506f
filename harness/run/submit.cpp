#include "harness/run/submit.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "harness/analyze/metrics.h"
#include "harness/base/error.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "harness/data/home.h"
#include "harness/run/audits.h"
#include "harness/run/evaluate.h"
#include "harness/run/run_trial.h"
#include "harness/run/split.h"

namespace seqbench::run {
namespace fs = std::filesystem;

namespace {

void check_name(const std::string& name, const Tables& tables) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == '+'; };
  if (name.empty() || name.size() > 64 || !std::ranges::all_of(name, fits)) {
    throw InputError(fmt::format("--model must be 1 to 64 letters, digits and any of ._-+, got '{}'", printable(name)));
  }
  const bool registered = std::ranges::any_of(tables.models(), [&](const ModelEntry& model) { return model.name == name; });
  if (registered || name == "ceiling") {
    throw InputError(fmt::format("--model '{}' is a model of this program; give the submission a name of its own", name));
  }
}

/// As `id` columns name rows: the examples' ids, or the values of the task's key.
std::vector<std::string> names_of(const Examples& examples, const TaskEntry& task) {
  if (task.submission_key.empty()) return examples.ids;
  return std::visit(
      [](const auto& values) {
        std::vector<std::string> names;
        for (const auto& value : values) {
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>) names.push_back(value);
          else names.push_back(fmt::format("{}", value));
        }
        return names;
      },
      examples.fields.at(task.submission_key));
}

std::string text_of(const Field& field, std::int64_t row) {
  return std::visit([row](const auto& values) { return fmt::format("{}", values[static_cast<std::size_t>(row)]); }, field);
}

/// Of the test rows those that "FIELD=VALUE" names.
std::vector<std::int64_t> only_rows(const Examples& examples, const std::vector<std::int64_t>& rows, const std::string& only) {
  if (only.empty()) return rows;
  const std::size_t equals = only.find('=');
  const std::string field = only.substr(0, equals);
  const auto found = examples.fields.find(field);
  std::vector<std::string> known;
  for (const auto& [name, values] : examples.fields) known.push_back(name);
  if (equals == std::string::npos || found == examples.fields.end()) {
    throw InputError(fmt::format("--only must be FIELD=VALUE with a field of the data ({}), got '{}'", join(known, ", "), printable(only)));
  }
  std::vector<std::int64_t> kept;
  for (const std::int64_t row : rows) {
    if (text_of(found->second, row) == only.substr(equals + 1)) kept.push_back(row);
  }
  if (kept.empty()) throw InputError(fmt::format("--only '{}': no test row has that value", printable(only)));
  return kept;
}

/// A trial with the test rows that it scores.
struct Place {
  const PlannedTrial* trial;
  TrialConfig config;
  data::SplitRows rows;
};

/// What a name is that no row to be predicted has.
std::string what_is(std::string_view name, const std::vector<std::string>& names, const std::vector<Place>& places) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return "no row of the data";
  const std::int64_t row = found - names.begin();
  for (const Place& place : places) {
    if (std::ranges::find(place.rows.train, row) != place.rows.train.end()) return "a training row; the test rows alone are predicted";
    if (std::ranges::find(place.rows.validation, row) != place.rows.validation.end()) return "a validation row; the test rows alone are predicted";
  }
  return "none of the rows that are scored here";
}

std::vector<Place> places_of(const Plan& plan, const Tables& tables, const Dataset& dataset, const std::string& only) {
  std::vector<Place> places;
  for (const PlannedTrial& trial : plan.trials) {
    if (trial.spec.row.rep > 0) throw InputError("a submission holds one prediction a row: 'split.repeats' must be 1");
    Place& place = places.emplace_back(&trial, TrialConfig::of(trial.spec.row, tables), data::SplitRows{});
    place.rows = split_rows(dataset.examples(), place.config);
    place.rows.test = only_rows(dataset.examples(), place.rows.test, only);
  }
  return places;
}

store::TrialRecord score(const Place& place, const Dataset& dataset, const CollectedPredictions& predictions, const Json& facts) {
  store::TrialRecord record;
  const int part = static_cast<int>(Part::kTest);
  std::vector<double> values = predictions.of(place.rows.test);
  add_metrics(record, place.config, part, dataset, place.rows.test, values);
  const char* kind = place.config.task->kind == TaskKind::kBinary ? "probability" : "value";
  record.predictions.push_back({example_set(dataset.examples(), place.config, part, place.rows.test), kind, std::move(values)});
  record.chosen = facts;
  return record;
}

/// Lower case, for the names of experiments and pages.
std::string slug(std::string name) {
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '.' || c == '+') c = '-';
  }
  return name;
}

void write(const Plan& plan, const Tables& tables, const RunOptions& options, const SubmitOptions& submission, const Json& facts,
           const std::vector<store::TrialRecord>& records) {
  store::RunStore store(options.store);
  const auto audited = [reader = std::make_shared<store::Reader>(options.store)](const std::string& subject) {
    return reader->audit(subject).has_value();
  };
  for (const store::AuditRow& audit : check_and_audit(plan, tables, audited)) store.add_audit(audit);
  store::RunRow row = run_row(plan, tables, options.command, options.overrides);
  Json card = {{"summary", "predictions submitted by file"}, {"file", facts}, {"licence", submission.licence}, {"card", submission.card}};
  row.cards.push_back({"model", submission.model, 1, std::move(card)});
  const store::RunId run = store.open_run(row);
  const Environment environment = environment_of("cpu", 1);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::string& key = plan.trials[i].spec.row.key;
    if (store.has_finished(key)) continue;
    store.record(store.begin_trial(run, key, environment), records[i]);
  }
  store.close_run(run, "done");
}

/// Every trial is done and stands at this scale already.
bool is_known(const Plan& plan, const fs::path& path) {
  if (!fs::exists(path)) return false;
  std::set<std::string> known;
  for (const store::TrialResult& t : store::Reader(path).trials_of_task(plan.trials.front().spec.row.task)) {
    if (t.scale == plan.experiment.scale) known.insert(t.key);
  }
  return std::ranges::all_of(plan.trials, [&](const PlannedTrial& t) { return known.contains(t.spec.row.key); });
}

}  // namespace

SubmitReport submit(const spec::ExperimentSpec& experiment, const Tables& tables, const CodeHashes& code, const RunOptions& options,
                    const SubmitOptions& submission) {
  check_name(submission.model, tables);
  Json facts = {{"name", submission.file.filename().string()}, {"sha256", sha256_file_hex(submission.file)}};
  if (!submission.licence.empty()) facts["licence"] = submission.licence;
  Plan plan = submission_plan(experiment, tables, code, options.plan, {submission.model, facts["sha256"], submission.only});
  const TrialSpec& first = plan.trials.front().spec;
  plan.experiment.name = "submissions/" + first.row.task + "/" + slug(submission.model);
  plan.experiment.title = submission.model + ", submitted";
  const TrialConfig config = TrialConfig::of(first.row, tables);
  if (!config.twin && !config.task->fingerprint) data::verify_lock(first.data_folder, true);
  DataCache cache;
  const Dataset& dataset = cache.get(config, first);
  const std::vector<Place> places = places_of(plan, tables, dataset, submission.only);
  std::vector<std::int64_t> rows;
  for (const Place& place : places) rows.insert(rows.end(), place.rows.test.begin(), place.rows.test.end());
  SubmitReport report;
  report.rows = static_cast<std::int64_t>(rows.size());
  const std::vector<std::string> names = names_of(dataset.examples(), *config.task);
  const auto targets = static_cast<std::int64_t>(config.task->targets.size());
  CollectedPredictions predictions(names, std::move(rows), targets, config.task->kind);
  read_submission(submission.file, targets, predictions, [&](std::string_view name) { return what_is(name, names, places); });
  try {
    predictions.check_complete();
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", submission.file.string(), error.what()));
  }
  for (const Place& place : places) {
    report.keys.push_back(place.trial->spec.row.key);
    report.records.push_back(score(place, dataset, predictions, facts));
  }
  report.known = is_known(plan, options.store);
  report.stored = !submission.dry_run && !report.known;
  if (report.stored) write(plan, tables, options, submission, facts, report.records);
  return report;
}

}  // namespace seqbench::run
