#pragma once
// Private to the room: tables that only some sections have, for pages of both formats.

#include <string>
#include <string_view>

#include "reports/html.h"
#include "reports/tables.h"

namespace seqbench::reports {

/// A score of standard deviations, which have a table of their own.
[[nodiscard]] bool is_deviation_score(std::string_view metric);

/// Rows of each part by a field of whole numbers. Nothing is appended, and the table has no rows, where fewer than two
/// parts are stored: the table of slices counts test rows.
void append_label_counts(std::string& out, const TaskTable& table, const Section& section);
[[nodiscard]] HtmlTable label_counts_table(const TaskTable& table, const Section& section, const std::string& id);

/// Scores of standard deviations on test rows, of rows that have them; nothing where none has. `number` is the task's place
/// on the page.
void append_deviations(std::string& out, const TaskTable& table, const Section& section);
[[nodiscard]] HtmlTable deviations_table(const TaskTable& table, const Section& section, std::size_t number, const std::string& id);

}  // namespace seqbench::reports
