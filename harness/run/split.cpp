#include "harness/run/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "harness/base/error.h"

namespace seqbench::run {
namespace {

std::vector<std::int64_t> kept_rows(const Examples& examples, const TrialConfig& config) {
  if (config.limit > 0 && config.limit < examples.rows()) {
    const Streams streams(static_cast<std::uint64_t>(config.split.integer("seed")));
    return data::subsample(examples.ids, streams.open("subsample"), config.limit);
  }
  std::vector<std::int64_t> all(examples.ids.size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

data::SplitRows published(const Examples& examples, std::span<const std::int64_t> kept) {
  data::SplitRows rows;
  for (const std::int64_t row : kept) {
    switch (examples.published_split.at(static_cast<std::size_t>(row))) {
      case Part::kTrain: rows.train.push_back(row); break;
      case Part::kValidation: rows.validation.push_back(row); break;
      case Part::kTest: rows.test.push_back(row); break;
    }
  }
  return rows;
}

void sort_by_id(std::vector<std::int64_t>& part, const Examples& examples) {
  std::sort(part.begin(), part.end(), [&](std::int64_t a, std::int64_t b) {
    return examples.ids[static_cast<std::size_t>(a)] < examples.ids[static_cast<std::size_t>(b)];
  });
}

data::SplitRows drawn(const Examples& examples, std::span<const std::int64_t> kept, const TrialConfig& config) {
  std::vector<std::string> ids;
  for (const std::int64_t row : kept) ids.push_back(examples.ids[static_cast<std::size_t>(row)]);
  const Params& split = config.split;
  const Stream stream = Streams(static_cast<std::uint64_t>(split.integer("seed"))).open("split");
  const auto rep = static_cast<std::uint32_t>(config.rep);
  data::SplitRows rows =
      split.text("kind") == "holdout"
          ? data::holdout(ids, stream, rep, split.number("test"), split.number("validation"))
          : data::k_fold(ids, stream, rep, static_cast<std::uint32_t>(split.integer("folds")),
                         static_cast<std::uint32_t>(config.fold), split.number("validation"));
  for (auto* part : {&rows.train, &rows.validation, &rows.test}) {
    for (std::int64_t& index : *part) index = kept[static_cast<std::size_t>(index)];
  }
  return rows;
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
  const std::vector<std::int64_t> kept = kept_rows(examples, config);
  const std::string& kind = config.split.text("kind");
  data::SplitRows rows = kind == "published" ? published(examples, kept) : drawn(examples, kept, config);
  for (auto* part : {&rows.train, &rows.validation, &rows.test}) sort_by_id(*part, examples);
  if (rows.train.empty() || rows.test.empty()) {
    throw InputError(fmt::format("split '{}' of {} rows leaves {} training and {} test rows: both need at least one",
                                 kind, kept.size(), rows.train.size(), rows.test.size()));
  }
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
