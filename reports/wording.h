#pragma once
// Private to the room: sentences that pages of every format share.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reports/tables.h"

namespace seqbench::reports {

/// What a cell shows where there is nothing to show.
inline constexpr const char* kNone = "–";

/// How names reach the output: shown() where a template escapes them, escaped() in Markdown.
using NameText = std::string (*)(std::string_view text, std::size_t limit);

/// The row's name, with a dagger where its state was chosen on test rows, § where on test rows without their labels.
[[nodiscard]] std::string marked_label(const Row& row, NameText name_text);
/// "3", or "3 of 4" where some are not done.
[[nodiscard]] std::string trials_text(const Row& row);
/// "1,000", or "1,000 (of them 10 trained)" where some are frozen.
[[nodiscard]] std::string parameters_text(const Row& row);
/// "mse: lower is better; r2: higher is better"; like methods(), not of scores of standard deviations.
[[nodiscard]] std::string directions(const TaskTable& table, const Section& section, NameText name_text);
/// Where the intervals of the test cells come from: 'none: ... for r2 of "a", "b"; test rows for all else'.
[[nodiscard]] std::string methods(const TaskTable& table, const Section& section, NameText name_text);

struct Counts {
  std::int64_t done = 0, failed = 0, missing = 0;
};
[[nodiscard]] Counts counts_of(const std::vector<TaskTable>& tables);
/// "16 done, 0 failed, 0 missing"
[[nodiscard]] std::string counts_text(const Counts& counts);
/// "failed: net (toy), KEY: nan_loss: loss is nan at step 3"
[[nodiscard]] std::vector<std::string> failure_lines(const std::vector<TaskTable>& tables, NameText name_text);

}  // namespace seqbench::reports
