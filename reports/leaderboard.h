#pragma once
// All done trials of a task, ranked (HARNESS 10.3). Text, JSON and the page are made from one plain value.

#include <filesystem>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reports/render.h"

namespace seqbench::reports {

/// One line of a contest. Models are ranked, or the controls where there is no model; the others stand between unranked.
struct Standing {
  enum class What { kModel, kControl, kCeiling, kPublished, kSubmitted };
  What what = What::kModel;
  std::size_t index = 0;                  // into TaskTable::rows, or TaskTable::published
  std::string label;
  analyze::Summary score;                 // on test rows; mean NaN = missing; published: the mean alone
  std::size_t rank = 0;                   // from 1; 0 = none
  double rank_low = std::numeric_limits<double>::quiet_NaN();   // 2.5 and 97.5 % of ranks, or NaN
  double rank_high = std::numeric_limits<double>::quiet_NaN();
  bool ties_with_leader = false;          // the leader does
  bool qualified = true;                  // false: the task's qualifying score is not above 0, so no rank
  bool chosen_by_agreement = false;       // train.keep = agreement: test rows entered the choice, without their labels
  std::optional<double> share;            // (score - chance) / (ceiling - chance)
};

/// Rows that compare: one source, scale, split (kind, groups, folds, sizes), set of the task's parameters, and data set;
/// pretrained models without their weights apart.
struct Contest {
  std::string heading, data;              // data: SHA-256, or ""
  std::vector<Standing> standings;        // best first, missing scores last
  std::string rank_method;                // "seeds x test rows", "folds", or "none: why"
  std::optional<double> chance, ceiling;  // what the shares are of
};

struct Leaderboard {
  TaskTable table;                        // the ranking metric first; rows by contest and score
  std::vector<Contest> contests;          // real before twin, full before desk before smoke; random weights last
  std::vector<std::size_t> published;     // of the ranking metric, where no contest may hold them
  std::set<std::string> left_out;         // labels of rows whose trials were chosen on test rows
};

/// By `metric` ("" = the task's ranking metric) on test rows. Rows whose qualifying score is not above 0 have no rank. Trials chosen on test data are left out; of rows that differ
/// in code alone the newest is kept. Ranks have intervals from the joint bootstrap where the predictions of all models of
/// a contest are stored over the same rows, or from folds that all models share. Published numbers stand in contests on
/// the real data at full scale, but for random weights. Chance is the constant model, or 0 for correlations. Throws InputError for an unknown metric.
[[nodiscard]] Leaderboard leaderboard(const store::Reader& store, const std::string& task, const std::string& metric = "");

/// At most 120 columns; of the ranked rows the first `top` of each contest (0 = all).
[[nodiscard]] std::string leaderboard_text(const Leaderboard& board, std::size_t top = 0);
[[nodiscard]] Json leaderboard_json(const Leaderboard& board);
/// Writes DIR/leaderboard-TASK.html, a page like those of render().
std::filesystem::path write_leaderboard_page(const Leaderboard& board, const std::filesystem::path& folder);

/// "1 (1–2)", "3", or "–".
[[nodiscard]] std::string rank_text(const Standing& standing);
/// "leader", "tied", "unranked" (not qualified), "submitted", "submitted, leader", "control", "control, leader", "control, tied", "ceiling", "published", or ""; with " §" where agreement on test rows chose the state.
[[nodiscard]] std::string standing_text(const Standing& standing);
/// What "unranked" and "§" mean, where a standing says so.
[[nodiscard]] std::vector<std::string> standing_notes(const Leaderboard& board, const Contest& contest);
/// "0.25 ± 0.03", a number as printed, or "missing".
[[nodiscard]] std::string score_text(const Leaderboard& board, const Standing& standing);

}  // namespace seqbench::reports
