#include "harness/run/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/run/split_fields.h"
#include "harness/spec/experiment.h"

namespace seqbench::run {
namespace {

using Rows = std::vector<std::int64_t>;

/// In the order of sorted ids: a split's position is an index into it.
Rows kept_rows(const Examples& examples, const TrialConfig& config) {
  Rows order = data::order_of_ids(examples.ids);
  if (config.limit == 0 || config.limit >= examples.rows()) return order;
  const Streams streams(static_cast<std::uint64_t>(config.split.integer("seed")));
  Rows kept = data::subsample(examples.rows(), streams.open("subsample"), config.limit);
  for (std::int64_t& position : kept) position = order[static_cast<std::size_t>(position)];
  return kept;
}

data::SplitRows published(const Examples& examples, const Rows& kept) {
  data::SplitRows rows;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const auto position = static_cast<std::int64_t>(i);
    switch (examples.published_split.at(static_cast<std::size_t>(kept[i]))) {
      case Part::kTrain: rows.train.push_back(position); break;
      case Part::kValidation: rows.validation.push_back(position); break;
      case Part::kTest: rows.test.push_back(position); break;
    }
  }
  return rows;
}

void check_groups(const Rows& groups, const Params& split) {
  const std::int64_t count = *std::ranges::max_element(groups) + 1;
  if (count >= split.integer("folds")) return;
  throw InputError(fmt::format("'split.folds' is {}, but 'split.group' = \"{}\" makes {} groups of {} rows",
                               split.integer("folds"), printable(split.text("group")), count, groups.size()));
}

data::SplitRows drawn(const Examples& examples, const Rows& kept, const TrialConfig& config) {
  const Params& split = config.split;
  const std::string& kind = split.text("kind");
  const Stream stream = Streams(static_cast<std::uint64_t>(split.integer("seed"))).open("split");
  const auto rep = static_cast<std::uint32_t>(config.rep);
  const double validation = split.number("validation");
  const auto rows = static_cast<std::int64_t>(kept.size());
  const Rows groups = split.text("group").empty() ? Rows() : groups_of(examples, kept, split.text("group"));
  if (!spec::has_folds(kind)) {
    if (groups.empty()) return data::holdout(rows, stream, rep, split.number("test"), validation);
    return data::grouped_holdout(groups, stream, rep, split.number("test"), validation);
  }
  const Rows classes = split.text("stratify").empty() ? Rows() : classes_of(examples, kept, split.text("stratify"));
  const auto folds = static_cast<std::uint32_t>(split.integer("folds"));
  const auto fold = static_cast<std::uint32_t>(config.fold);
  if (!groups.empty()) {
    check_groups(groups, split);
    return data::grouped_k_fold(groups, classes, stream, rep, folds, fold, validation);
  }
  if (!classes.empty()) return data::stratified_k_fold(classes, stream, rep, folds, fold, validation);
  return data::k_fold(rows, stream, rep, folds, fold, validation);
}

/// The first `split.train_rows` of the training part.
void cut_training(Rows& train, const TrialConfig& config) {
  const std::int64_t wanted = config.split.integer("train_rows");
  if (wanted == 0) return;
  if (wanted > static_cast<std::int64_t>(train.size())) {
    throw InputError(fmt::format("'split.train_rows' is {}, but the training part has {} rows", wanted, train.size()));
  }
  const Streams streams(static_cast<std::uint64_t>(config.split.integer("seed")));
  train = data::smallest(train, streams.open("subsample"), static_cast<std::uint32_t>(config.rep), wanted);
}

std::string place_of(const TrialConfig& config) {
  std::string place = fmt::format("split '{}'", config.split.text("kind"));
  if (config.rep > 0) place += fmt::format(", repeat {}", config.rep);
  if (config.fold >= 0) place += fmt::format(", fold {}", config.fold);
  return place;
}

/// A drawn part of one class can be neither learnt from nor scored.
void check_classes(const Examples& examples, const data::SplitRows& rows, const TrialConfig& config) {
  for (const auto& [part, name] : {std::pair(&rows.train, "training"), std::pair(&rows.test, "test")}) {
    for (const double label : {0.0, 1.0}) {
      const auto is_label = [&](std::int64_t row) { return examples.targets[static_cast<std::size_t>(row)] == label; };
      if (std::ranges::any_of(*part, is_label)) continue;
      throw InputError(fmt::format("{}: none of the {} rows of the {} part is of class {}; try fewer folds or "
                                   "\"stratified\"{}", place_of(config), part->size(), name, label,
                                   config.split.text("group").empty() ? "" : ", or another 'split.group'"));
    }
  }
}

/// Some data sets of a task offer less than the task does.
void check_offered(const Examples& examples, const std::string& kind) {
  if (kind == "published" && examples.published_split.empty()) {
    throw InputError("'split.kind' = \"published\": the data set that [data] asks for has no published split");
  }
  if (kind != "published" && examples.only_published_split) {
    throw InputError(fmt::format("'split.kind' = \"{}\": the labels of training and test rows of this data set cannot be "
                                 "compared; use \"published\", or training rows alone ([data] params)", kind));
  }
}

}  // namespace

data::SplitRows split_rows(const Examples& examples, const TrialConfig& config) {
  check_offered(examples, config.split.text("kind"));
  const Rows kept = kept_rows(examples, config);
  const std::string& kind = config.split.text("kind");
  data::SplitRows rows = kind == "published" ? published(examples, kept) : drawn(examples, kept, config);
  cut_training(rows.train, config);
  for (auto* part : {&rows.train, &rows.validation, &rows.test}) {
    std::ranges::sort(*part);
    for (std::int64_t& position : *part) position = kept[static_cast<std::size_t>(position)];
  }
  if (rows.train.empty() || rows.test.empty()) {
    throw InputError(fmt::format("split '{}' of {} rows leaves {} training and {} test rows: both need at least one",
                                 kind, kept.size(), rows.train.size(), rows.test.size()));
  }
  const bool labelled = config.task->kind == TaskKind::kBinary && examples.targets.size() == examples.ids.size();
  if (kind != "published" && labelled) check_classes(examples, rows, config);
  return rows;
}

std::vector<double> shuffled_targets(const Examples& examples, const data::SplitRows& rows, std::int64_t targets,
                                     const Streams& streams) {
  std::vector<double> out = examples.targets;
  std::uint32_t item = 0;
  for (const std::vector<std::int64_t>* part : {&rows.train, &rows.validation}) {
    std::vector<std::int64_t> from = *part;
    streams.open("permutation").at({0, 0, item++}).shuffle(std::span(from));
    for (std::size_t i = 0; i < part->size(); ++i) {
      for (std::int64_t t = 0; t < targets; ++t) {
        out[static_cast<std::size_t>((*part)[i] * targets + t)] =
            examples.targets[static_cast<std::size_t>(from[i] * targets + t)];
      }
    }
  }
  return out;
}

}  // namespace seqbench::run
