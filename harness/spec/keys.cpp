// The tables of keys. Prose about a key belongs here: the reference is printed from it.

#include <utility>

#include "harness/spec/experiment.h"
#include "harness/spec/schema.h"

namespace seqbench::spec {
namespace {

constexpr double kUnbounded = 1e300;

ParamSpec integer(std::string name, std::int64_t fallback, double low, double high, std::string help) {
  return {std::move(name), fallback, std::move(help), low, high, {}, true};
}

ParamSpec number(std::string name, double fallback, double low, double high, std::string help) {
  return {std::move(name), fallback, std::move(help), low, high, {}, true};
}

/// Of any type without a range.
ParamSpec key(std::string name, ParamValue fallback, std::string help,
              std::vector<std::string> choices = {}) {
  return {std::move(name), std::move(fallback), std::move(help), 0, 0, std::move(choices), true};
}

ParamSpec flag(std::string name, bool fallback, std::string help) {
  return key(std::move(name), fallback, std::move(help));
}

ParamSpec text(std::string name, const char* fallback, std::string help,
               std::vector<std::string> choices = {}) {
  return key(std::move(name), std::string(fallback), std::move(help), std::move(choices));
}

template <typename T>
ParamSpec list(std::string name, std::vector<T> fallback, std::string help,
               std::vector<std::string> choices = {}) {
  return key(std::move(name), std::move(fallback), std::move(help), std::move(choices));
}

std::vector<ParamSpec> out_of_key(std::vector<ParamSpec> specs) {
  for (ParamSpec& spec : specs) spec.in_key = false;
  return specs;
}

std::vector<ParamSpec> optimizer_keys() {
  return {
      text("optimizer", "adamw", "how gradients become steps", {"adam", "adamw", "sgd"}),
      list<double>("betas", {0.9, 0.999},
                   "decay of the two running means of adam and adamw; two numbers in [0, 1)"),
      number("eps", 1e-8, 0, 1, "added to the denominator of adam and adamw"),
      number("weight_decay", 0, 0, 1e3, "decoupled in adamw, added to the gradient in adam and sgd"),
      number("momentum", 0, 0, 1, "of sgd"),
      number("learning_rate", 1e-3, 1e-300, 100, "the peak of the schedule"),
      text("schedule", "constant", "course of the learning rate after the warm-up",
           {"constant", "linear", "cosine", "step", "one_cycle"}),
      number("warmup", 0, 0, 1e9, "steps of linear warm-up; below 1: as a share of all steps"),
      integer("step_size", 10, 1, 1e9, "epochs between two drops of the step schedule"),
      number("gamma", 0.1, 0, 1, "factor of a drop of the step schedule"),
      number("min_lr", 0, 0, 100, "the learning rate never falls below it"),
      number("one_cycle.pct_start", 0.3, 0, 1, "share of the steps in which one_cycle rises to the learning rate"),
      number("one_cycle.div_factor", 25, 1, 1e9, "one_cycle begins at the learning rate over this"),
      number("one_cycle.final_div_factor", 1e4, 1, 1e12, "the last rate: the first over this"),
      flag("one_cycle.cycle_momentum", true, "one_cycle also moves beta1, or the momentum of sgd, against the rate"),
      number("one_cycle.base_momentum", 0.85, 0, 0.999999, "beta1 or momentum where the rate is highest"),
      number("one_cycle.max_momentum", 0.95, 0, 0.999999, "beta1 or momentum at both ends"),
  };
}

std::vector<ParamSpec> loop_keys() {
  return {
      integer("batch", 32, 1, 65536, "rows of a training step"),
      integer("members", 1, 1, 1000, "networks of a deep ensemble: alike but for their streams, averaged; regression"),
      integer("accumulate", 1, 1, 65536, "batches of a step, whose gradient is the mean over all their rows"),
      integer("eval_batch", 64, 1, 65536, "rows of a forward pass in evaluation"),
      integer("epochs", 10, 0, 1e9, "passes over the training rows; 0: exactly max_steps steps"),
      integer("max_steps", 0, 0, 1e12, "steps after which training ends; 0: no limit"),
      flag("drop_last", false, "leave out an incomplete last batch of an epoch"),
      number("clip_norm", 0, 0, 1e9, "largest norm of the whole gradient; 0: off"),
      text("loss", "", "default: the task's, mse for regression and bce for two classes", {"mse", "huber", "bce"}),
      text("sampler", "plain", "order of the rows: a plain shuffle, or the model's own sampler",
           {"plain", "model"}),
      text("order", "streams", "what shuffles: the trial's streams, or as in Hugging Face's Trainer torch's randperm seeded with seed + epoch",
           {"streams", "hf"}),
      integer("length_buckets", 0, 0, 1e6,
              "batches that are sorted by length together, so that less is padded; 0: off"),
      integer("early_stop.patience", 0, 0, 1e9,
              "evaluations without a better value after which training ends; 0: off"),
      text("early_stop.metric", "", "watched on the validation part; the same as best_by, its default"),
      number("early_stop.min_delta", 0, 0, 1e9, "a smaller gain does not count"),
      text("keep", "best",
           "which state is evaluated; agreement: whose members agree most on the test rows, without their labels; "
           "published_test, the best on test rows, only with `reruns`",
           {"best", "last", "agreement", "published_test"}),
      text("best_by", "",
           "the metric that chooses the best state, or loss (mse, log_loss); default: the task's ranking "
           "metric"),
      text("best_on", "", "the validation rows that best_by looks at, as \"num_mutations=3\" of a field that the task slices by"),
      text("eval_every", "epoch", "when the validation part is evaluated: \"epoch\" or \"N steps\""),
      text("labels", "true", "shuffled: trained on permuted labels, as a control", {"true", "shuffled"}),
      text("precision", "f32", "arithmetic of the network; bf16: of its matrix products, weights and losses stay f32", {"f32", "bf16"}),
      flag("scale_targets", true, "train on targets scaled to mean 0 and variance 1 of the training rows"),
  };
}

}  // namespace

bool has_folds(std::string_view split_kind) {
  return split_kind == "kfold" || split_kind == "stratified" || split_kind == "grouped" ||
         split_kind == "stratified_grouped";
}

const std::vector<ParamSpec>& split_keys() {
  static const std::vector<ParamSpec> keys = {
      text("kind", "",
           "default: the task's first. published: the task's own parts. kfold: each fold is the test part once; "
           "stratified: with equal shares of classes; grouped: of whole groups; stratified_grouped: both. "
           "holdout: one drawn test part. subsample: the same, trained on train_rows of the rest",
           {"published", "kfold", "stratified", "grouped", "stratified_grouped", "holdout", "subsample"}),
      integer("folds", 5, 2, 1000, "of the kinds with folds: kfold, stratified, grouped, stratified_grouped"),
      integer("repeats", 1, 1, 1000, "each with a shuffle of its own; not of published"),
      number("test", 0.2, 0, 0.9, "share of the rows that holdout and subsample test on"),
      number("validation", 0.1, 0, 0.9,
             "share of the training rows to validate on, cut as the kind cuts: whole groups, shares of classes; "
             "not of published"),
      text("group", "",
           "field whose equal values stay in one part; default of grouped kinds: the task's; holdout and "
           "subsample keep groups whole where it is given"),
      text("stratify", "",
           "what stratified kinds balance: \"target\" (of two classes), a field, or for numbers "
           "\"quantiles(10)\" of the target or \"quantiles(10) of FIELD\"; default: the task's, else the target"),
      integer("train_rows", 0, 0, 1e12,
              "rows kept of the training part; fewer nest in more and share validation and test; 0: all, which "
              "subsample refuses"),
      integer("seed", 0, 0, kUnbounded,
              "of the shuffle; apart from trial seeds, so that all of them meet the same parts"),
  };
  return keys;
}

const std::vector<ParamSpec>& train_keys() {
  static const std::vector<ParamSpec> keys = [] {
    std::vector<ParamSpec> all = optimizer_keys();
    for (ParamSpec& spec : loop_keys()) all.push_back(std::move(spec));
    return all;
  }();
  return keys;
}

const std::vector<ParamSpec>& run_keys() {
  static const std::vector<ParamSpec> keys = out_of_key({
      integer("threads", 1, 1, 4096, "threads of a trial; part of the numerics class"),
  });
  return keys;
}

const std::vector<ParamSpec>& limits_keys() {
  static const std::vector<ParamSpec> keys = out_of_key({
      text("stall", "10m", "a trial without a step for so long fails with no_progress"),
      text("trial_time", "", "a trial that runs longer fails: 90m, 2h30m"),
      text("trial_memory", "", "a trial that takes more fails: 20GiB"),
  });
  return keys;
}

const std::vector<ParamSpec>& save_keys() {
  static const std::vector<ParamSpec> keys = out_of_key({
      list<std::string>("predictions", {"test"}, "parts whose predictions are stored",
                        {"train", "validation", "test"}),
      flag("model", false, "write the fitted model of each trial as a folder beside the store, for `predict`"),
  });
  return keys;
}

const std::vector<ParamSpec>& top_keys() {
  static const std::vector<ParamSpec> keys = [] {
    std::vector<ParamSpec> all = out_of_key({
        integer("schema", 1, 1, kUnbounded, "format of the file, required; this program is built for 1"),
        text("name", "",
             "lower case, parts joined by '/'; default: the file's path below experiments/, else its stem"),
        text("title", "", "for people"),
        text("notes", "", "for people"),
        text("paper", "", "the paper whose published rows are shown beside"),
        text("reruns", "", "what of the paper is run again: \"table2, figure1: labels\"; labels is a part of the report, headed so"),
        list<std::string>("include", {},
                          "fragments, relative to this file, or <common/x.toml> below experiments/"),
        flag("controls", true, "the control rows of the models join the plan (the ceiling of a twin always does)"),
    });
    all.push_back(list<std::int64_t>("seeds", {0}, "of the trials; an integer n means 0 to n-1"));
    return all;
  }();
  return keys;
}

const std::vector<ParamSpec>& data_keys() {
  static const std::vector<ParamSpec> keys = {
      text("task", "", "the short form of one [[task]]"),
      text("source", "twin", "made data of the same form, or the real data once imported; a declared task has none but real", {"twin", "real"}),
      integer("limit", 0, 0, 1e12, "rows kept, a nested subsample; 0: all"),
  };
  return keys;
}

const std::vector<ParamSpec>& task_keys() {
  static const std::vector<ParamSpec> keys = [] {
    std::vector<ParamSpec> all = data_keys();
    all[0] = text("name", "", "a registered task, required");
    return all;
  }();
  return keys;
}

const std::vector<ParamSpec>& metrics_keys() {
  static const std::vector<ParamSpec> keys = {
      list<std::string>("report", {}, "metrics of the tables; default: the task's"),
      text("rank", "", "the metric that ranks; default: the first of the task's"),
      list<std::string>("slices", {}, "fields that metrics are broken down by; default: the task's"),
  };
  return keys;
}

const std::vector<ParamSpec>& model_keys() {
  static const std::vector<ParamSpec> keys = [] {
    std::vector<ParamSpec> all = {
        text("name", "", "a registered model, required"),
        text("label", "", "row name in tables, unique; default: the name"),
        text("view", "", "one of the model's views; default: its first that the task offers"),
        list<std::string>("tasks", {},
                          "tasks of this experiment that the model runs on; default: all that fit"),
    };
    all[1].in_key = all[3].in_key = false;
    return all;
  }();
  return keys;
}

const std::vector<ParamSpec>& case_keys() {
  static const std::vector<ParamSpec> keys =
      out_of_key({text("label", "", "joins the row name; default: the point")});
  return keys;
}

}  // namespace seqbench::spec
