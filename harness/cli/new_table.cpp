// seqbench new table NAME: a declared task with a small sample, to be replaced by the user's own file.
#include <fmt/format.h>

#include "harness/base/streams.h"
#include "harness/base/text.h"
#include "harness/cli/commands.h"
#include "harness/cli/skeleton.h"

namespace seqbench::cli {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view kDeclaration = R"(# Put your own file beside this one and name its columns; every key: ./seqbench help table
schema = 1
kind = "table"
title = "@NAME@"
task_kind = "regression"   # or "binary": labels 0 and 1, or label.positive
file = "@NAME@.csv"        # .csv, .tsv or .fasta, plain or .gz

[columns]
id = "id"
sequence = "sequence"      # or features = ["x_*"], or sentence = "text"
label = "activity"
group = "family"           # relatives that must not stand on both sides of a split

[label]
unit = "log10 units"

[views]
alphabet = "dna"           # or "protein"
)";

constexpr std::string_view kExperiment = R"(schema = 1
title = "@NAME@: what simple models reach"
seeds = 2

[data]
task = "@NAME@"

[split]
kind = "grouped"   # families stay on one side; "kfold" deals rows
folds = 5
validation = 0.2
)";

/// Activity rises with the share of G and C.
std::string sample() {
  constexpr std::uint32_t kRows = 120;
  const Stream stream = Streams(0).open("twin/sample");
  std::string text = "id,sequence,activity,family\n";
  for (std::uint32_t row = 0; row < kRows; ++row) {
    Draws draws = stream.at({0, 0, row});
    std::string sequence;
    double activity = 0.3 * draws.normal();
    for (int i = 0; i < 20; ++i) {
      sequence += "ACGT"[draws.below(4)];
      activity += sequence.back() == 'G' || sequence.back() == 'C' ? 0.2 : -0.2;
    }
    text += fmt::format("s{:03},{},{:.3f},f{:02}\n", row, sequence, activity, row / 6);
  }
  return text;
}

}  // namespace

ExitCode new_table(const Context& context) {
  const Arguments& a = context.arguments;
  std::vector<std::string> taken;
  for (const TaskEntry& task : context.tables.tasks()) taken.push_back(task.name);
  check_new_name("task", a.what, taken);
  const std::map<std::string, std::string> values = {{"NAME", a.what}};
  const fs::path tasks = fs::absolute(a.data) / "tasks", experiments = fs::absolute(a.data) / "experiments";
  write_new(a.root, {{tasks / (a.what + ".toml"), filled(kDeclaration, values)},
                     {tasks / (a.what + ".csv"), sample()},
                     {experiments / (a.what + ".toml"), filled(kExperiment, values)}});
  fmt::print(stderr, "next: ./seqbench run {}, then ./seqbench leaderboard {}\n",
             (experiments / (a.what + ".toml")).lexically_proximate(a.root).generic_string(), a.what);
  return ExitCode::kDone;
}

}  // namespace seqbench::cli
