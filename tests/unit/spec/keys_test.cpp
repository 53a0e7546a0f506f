#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/base/text.h"
#include "harness/spec/experiment.h"

namespace seqbench::spec {
namespace {

std::set<std::string> names_where(const std::vector<ParamSpec>& specs, bool in_key) {
  std::set<std::string> names;
  for (const ParamSpec& spec : specs) {
    if (spec.in_key == in_key) names.insert(spec.name);
  }
  return names;
}

using Names = std::set<std::string>;

// R4: every key is in the trial key or out of it by decision. A new key fails here until it is listed.
TEST(Keys, EveryKeyIsListedAsInOrOutOfTheTrialKey) {
  EXPECT_EQ(names_where(split_keys(), true),
            (Names{"kind", "folds", "repeats", "test", "validation", "group", "stratify", "train_rows", "seed"}));
  EXPECT_EQ(names_where(split_keys(), false), Names{});
  EXPECT_EQ(names_where(train_keys(), true), (Names{"optimizer",
                                                    "betas",
                                                    "eps",
                                                    "weight_decay",
                                                    "momentum",
                                                    "learning_rate",
                                                    "schedule",
                                                    "warmup",
                                                    "step_size",
                                                    "gamma",
                                                    "min_lr",
                                                    "batch",
                                                    "eval_batch",
                                                    "epochs",
                                                    "max_steps",
                                                    "drop_last",
                                                    "clip_norm",
                                                    "loss",
                                                    "sampler",
                                                    "early_stop.patience",
                                                    "early_stop.metric",
                                                    "early_stop.min_delta",
                                                    "keep",
                                                    "best_by", "best_on",
                                                    "eval_every",
                                                    "labels",
                                                    "precision",
                                                    "scale_targets",
                                                    "accumulate", "members",
                                                    "length_buckets",
                                                    "order",
                                                    "one_cycle.pct_start",
                                                    "one_cycle.div_factor",
                                                    "one_cycle.final_div_factor",
                                                    "one_cycle.cycle_momentum",
                                                    "one_cycle.base_momentum",
                                                    "one_cycle.max_momentum"}));
  EXPECT_EQ(names_where(train_keys(), false), Names{});
  EXPECT_EQ(names_where(run_keys(), true), Names{});
  EXPECT_EQ(names_where(run_keys(), false), Names{"threads"});
  EXPECT_EQ(names_where(limits_keys(), true), Names{});
  EXPECT_EQ(names_where(limits_keys(), false), (Names{"stall", "trial_time", "trial_memory"}));
  EXPECT_EQ(names_where(save_keys(), true), Names{});
  EXPECT_EQ(names_where(save_keys(), false), (Names{"predictions", "model"}));
}

const std::map<std::string, const std::vector<ParamSpec>*>& tables() {
  static const std::map<std::string, const std::vector<ParamSpec>*> all = {{"[split]", &split_keys()},
                                                                           {"[train]", &train_keys()},
                                                                           {"[run]", &run_keys()},
                                                                           {"[limits]", &limits_keys()},
                                                                           {"[save]", &save_keys()}};
  return all;
}

TEST(Keys, EveryDefaultIsAValueThatTheKeyTakes) {
  for (const auto& [table, specs] : tables()) {
    for (const ParamSpec& spec : *specs) {
      const bool from_task = spec.fallback == ParamValue(std::string());  // "the task's"
      const Json fallback = std::visit([](const auto& value) { return Json(value); }, spec.fallback);
      const auto checked = check_param(spec, fallback);
      EXPECT_TRUE(from_task || std::get<ParamValue>(checked) == spec.fallback) << table << " " << spec.name;
      EXPECT_FALSE(spec.help.empty()) << table << " " << spec.name;
    }
  }
}

TEST(Keys, ReferenceHasEveryKeyUnderItsTableWithin100Columns) {
  const std::string text = key_reference();
  for (const std::string_view line : split(text, '\n')) EXPECT_LE(line.size(), 100u) << line;
  for (const auto& [table, specs] : tables()) {
    const std::size_t start = text.find("\n" + table);
    ASSERT_NE(start, std::string::npos) << table;
    const std::string section = text.substr(start, text.find("\n\n", start) - start);
    for (const ParamSpec& spec : *specs) {
      EXPECT_NE(section.find("\n  " + spec.name + " "), std::string::npos) << table << " " << spec.name;
    }
  }
  EXPECT_NE(text.find("  batch                an integer from 1 to 65536 [32]: rows of a training step."),
            std::string::npos)
      << text;
}

TEST(Durations, AreReadInSeconds) {
  EXPECT_EQ(parse_duration("90s"), 90);
  EXPECT_EQ(parse_duration("10m"), 600);
  EXPECT_EQ(parse_duration("2h30m"), 9000);
  EXPECT_EQ(parse_duration("1d0.5s"), 86400.5);
  for (const char* wrong : {"", "10", "m", "-5s", "0s", "30m2h", "5m5m", "10 m", "1e3s", "10ms", "infs"}) {
    EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
  }
}

TEST(Sizes, AreReadInBytes) {
  EXPECT_EQ(parse_size("4096B"), 4096);
  EXPECT_EQ(parse_size("512MiB"), 536870912);
  EXPECT_EQ(parse_size("20GiB"), 21474836480);
  EXPECT_EQ(parse_size("1.5KiB"), 1536);
  for (const char* wrong : {"", "20", "20GB", "GiB", "0B", "-1B", "1GiB2MiB", "20 GiB", "9000000000TiB"}) {
    EXPECT_EQ(parse_size(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace seqbench::spec
