#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/spec/context.h"

namespace seqbench::spec {
namespace {

const ParamSpec* find_spec(const std::vector<ParamSpec>& specs, std::string_view name) {
  const auto found =
      std::find_if(specs.begin(), specs.end(), [name](const ParamSpec& spec) { return spec.name == name; });
  return found == specs.end() ? nullptr : &*found;
}

/// The registered name behind "validation_mse" or "mse"; an unknown one is reported and replaced by
/// `otherwise`.
std::string metric_of(Context& ctx, const Settings& train, const std::string& key, TaskKind kind,
                      const std::string& otherwise, const Origin& at) {
  std::string_view given = train.values.text(key);
  if (given.empty()) return otherwise;
  if (given.starts_with("validation_")) given.remove_prefix(11);
  if (given == "loss") return kind == TaskKind::kRegression ? "mse" : "log_loss";
  const std::vector<std::string> known = metric_names(ctx.catalog, kind);
  if (std::find(known.begin(), known.end(), given) != known.end()) return std::string(given);
  ctx.faults.add(train.place({key}, at), fmt::format("'train.{}': unknown metric '{}' for {} tasks{}", key,
                                                     printable(given), to_string(kind), hint(given, known)));
  return otherwise;
}

/// best_by and early_stop.metric are one metric: the loop watches one value.
void resolve_metrics(Context& ctx, Settings& train, std::size_t task, const Origin& at) {
  const TaskKind kind = ctx.tasks[task]->kind;
  const std::string& rank = ctx.spec.tasks[task].metrics.front();
  const bool stops = train.values.integer("early_stop.patience") > 0;
  const std::string watched = metric_of(ctx, train, "early_stop.metric", kind, "", at);
  const std::string chosen =
      metric_of(ctx, train, "best_by", kind, stops && !watched.empty() ? watched : rank, at);
  if (stops && !watched.empty() && watched != chosen) {
    ctx.faults.add(
        train.place({"early_stop.metric"}, at),
        fmt::format(
            "'train.early_stop.metric' is '{}', but 'train.best_by' is '{}': one metric must serve both",
            watched, chosen));
  }
  train.values.set("best_by", chosen);
  train.values.set("early_stop.metric", stops ? chosen : std::string());
}

/// "num_mutations=3" of a field that the task slices by.
void check_best_on(Context& ctx, const Settings& train, std::size_t task, const Origin& at) {
  const std::string& where = train.values.text("best_on");
  if (where.empty()) return;
  const std::vector<std::string>& fields = ctx.tasks[task]->slices;
  const auto fault = [&](const std::string& why) { ctx.faults.add(train.place({"best_on"}, at), fmt::format("'train.best_on' {}", why)); };
  const std::size_t equals = where.find('=');
  const std::string field = where.substr(0, equals);
  if (equals == std::string::npos || equals + 1 == where.size() || std::ranges::find(fields, field) == fields.end()) {
    fault(fmt::format("must be FIELD=VALUE, with a field that the task '{}' slices by ({}), got \"{}\"", ctx.spec.tasks[task].task,
                      fields.empty() ? "none" : fmt::format("{}", fmt::join(fields, ", ")), printable(where)));
  } else if (train.values.text("keep") != "best" && train.values.integer("early_stop.patience") == 0) {
    fault(fmt::format("chooses nothing: 'train.keep' is \"{}\" and there is no early stopping", train.values.text("keep")));
  } else if (train.values.text("keep") == "published_test") {
    fault("names validation rows, but 'train.keep' is \"published_test\", which looks at test rows");
  }
}

void check_validation(Context& ctx, const Settings& train, std::size_t task, const std::string& control) {
  const Params& split = ctx.spec.tasks[task].split;
  const std::string& kind = split.text("kind");
  if (kind == "published" || split.number("validation") > 0) return;
  const std::int64_t patience = train.values.integer("early_stop.patience");
  const std::string table = control.empty() ? "train" : "control.train";
  const std::string of = control.empty() ? "" : fmt::format(" for the control '{}'", control);
  const auto place = [&](std::string_view key) { return train.place({key}, ctx.split_places[task]); };
  if (patience > 0) {
    ctx.faults.add(
        place("early_stop.patience"),
        fmt::format("'{}.early_stop.patience' is {}{}, but 'split.validation' is 0", table, patience, of));
  }
  if (train.values.text("keep") == "best") {
    ctx.faults.add(
        place("keep"),
        fmt::format("'{}.keep' is \"best\"{}, but 'split.validation' is 0; use \"last\"", table, of));
  }
}

}  // namespace

void Settings::set(const std::string& key, ParamValue value, const Origin& at) {
  values.set(key, std::move(value));
  places[key] = at;
}

void Settings::layer(const Node* table, const std::vector<ParamSpec>& specs, Check check) {
  read_keys(table, "", specs, check, nullptr,
            [this](const ParamSpec& spec, ParamValue value, const Entry& entry) {
              set(spec.name, std::move(value), entry.value.at);
            });
}

void Settings::layer_open(const Node* table, const std::vector<ParamSpec>& specs, const std::string& prefix,
                          Faults& faults) {
  read_keys(table, prefix, specs, &check_param, &faults,
            [this](const ParamSpec& spec, ParamValue value, const Entry& entry) {
              set(spec.name, std::move(value), entry.value.at);
            });
}

void Settings::layer(const std::vector<Setting>& settings) {
  for (const Setting& setting : settings) {
    SEQBENCH_ASSERT(values.has(setting.key), "an entry sets a key that does not exist");
    SEQBENCH_ASSERT(values.values().find(setting.key)->second.index() == setting.value.index(),
                    "an entry sets a key to another type");
    values.set(setting.key, setting.value);
  }
}

Origin Settings::place(std::initializer_list<std::string_view> keys, const Origin& otherwise) const {
  for (const std::string_view key : keys) {
    if (const auto found = places.find(key); found != places.end()) return found->second;
  }
  return otherwise;
}

Settings train_defaults(const ModelInfo& model) {
  Settings train(train_keys());
  for (const Setting& setting : model.train) {
    SEQBENCH_ASSERT(model.trained_by_loop || setting.key == "labels", "an estimator has no training loop");
  }
  train.layer(model.train);
  return train;
}

void layer_train(Settings& train, const Node* table, const ModelInfo& model) {
  static const std::vector<ParamSpec> labels = {*find_spec(train_keys(), "labels")};
  train.layer(table, model.trained_by_loop ? train_keys() : labels, &check_train);
}

void finish_train(Context& ctx, Settings& train, const ModelInfo& model, std::size_t task,
                  const std::string& control, const Origin& at) {
  if (!model.trained_by_loop) return;
  Params& values = train.values;
  if (values.text("loss").empty()) {
    values.set("loss", std::string(ctx.tasks[task]->kind == TaskKind::kBinary ? "bce" : "mse"));
  }
  resolve_metrics(ctx, train, task, at);
  if (values.integer("epochs") == 0 && values.integer("max_steps") == 0) {
    ctx.faults.add(train.place({"max_steps", "epochs"}, at),
                   "'train.max_steps' is 0 and 'train.epochs' is 0: at least one must be above 0");
  }
  if (values.text("keep") == "published_test" && ctx.spec.reruns.empty()) {
    ctx.faults.add(train.place({"keep"}, at),
                   "'train.keep' is \"published_test\", a choice made on test rows, which only a file with "
                   "'reruns' may ask for");
  }
  check_best_on(ctx, train, task, at);
  check_validation(ctx, train, task, control);
}

}  // namespace seqbench::spec
