// A leaderboard for the terminal and for programs.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "harness/base/text.h"
#include "reports/audits.h"
#include "reports/leaderboard.h"
#include "reports/tables.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

constexpr std::size_t kColumns = 120;  // of a wide terminal

std::string plain_standing(const Standing& s) {
  if (s.what == Standing::What::kCeiling) return "ceiling";
  if (s.what == Standing::What::kPublished) return "published";
  const std::string place = s.rank == 1 ? "leader" : s.ties_with_leader ? "tied" : !s.qualified ? "unranked" : "";
  if (s.what == Standing::What::kModel) return place;
  const std::string what = s.what == Standing::What::kSubmitted ? "submitted" : "control";
  return place.empty() || (s.what == Standing::What::kControl && !s.qualified) ? what : what + ", " + place;
}

std::string cost_text(double seconds) {
  return seconds < 0.01 ? "0.00" : seconds < 9.995 ? fmt::format("{:.2f}", seconds) : fmt::format("{:.0f}", seconds);
}

/// The beginning and the end of a label.
std::string both_ends(const std::string& label, std::size_t limit) {
  const std::string whole = shown(label, label.size());
  if (whole.size() <= limit) return whole;
  std::size_t end = whole.size() - limit / 2;
  while (end < whole.size() && !begins_code_point(whole[end])) ++end;
  return shown(whole, limit - limit / 2) + whole.substr(end);
}

/// Cut where they are longer than `limit`: behind, or in the middle where that leaves two alike.
std::vector<std::string> labels_of(const std::vector<Standing>& standings, std::size_t limit) {
  std::vector<std::string> cut, labels;
  for (const Standing& s : standings) cut.push_back(shown(s.label, limit));
  for (std::size_t i = 0; i < cut.size(); ++i) {
    labels.push_back(std::ranges::count(cut, cut[i]) > 1 ? both_ends(standings[i].label, limit) : cut[i]);
  }
  return labels;
}

/// The contest with labels of at most `label` characters and the first `more` other metrics.
TextTable text_table(const Leaderboard& board, const Contest& contest, std::size_t top, std::size_t label, std::size_t more) {
  const TaskTable& table = board.table;
  const bool shares = std::ranges::any_of(contest.standings, [](const Standing& s) { return s.share.has_value(); });
  std::vector<std::string> header = {"rank", "standing", "row", "score", "95 %"};
  if (shares) header.emplace_back("of range");
  header.emplace_back("trials");
  header.emplace_back("s a trial");
  for (std::size_t m = 1; m <= more; ++m) header.push_back(shown(table.metrics[m], 20));
  TextTable text(header, 3);
  const std::vector<std::string> labels = labels_of(contest.standings, label);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Standing& s = contest.standings[i];
    const bool unranked = s.what == Standing::What::kModel && s.rank == 0;
    if (top > 0 && (s.rank > top || unranked)) continue;
    const Row* row = s.what == Standing::What::kPublished ? nullptr : &table.rows[s.index];
    std::vector<std::string> cells = {rank_text(s), standing_text(s), labels[i], score_text(board, s), interval_text(s.score)};
    if (shares) cells.push_back(s.share ? fmt::format("{:.0f} %", 100 * *s.share) : "–");
    cells.push_back(row ? fmt::format("{}", row->done) : "–");
    cells.push_back(row ? cost_text(row->seconds_per_trial) : "–");
    for (std::size_t m = 1; m <= more; ++m) {
      const Row::Cell* cell = row ? row->cell(table.metrics[m], "test") : nullptr;
      cells.push_back(cell ? four_digits(cell->summary.mean) : row ? "missing" : "–");
    }
    text.add(cells);
  }
  return text;
}

std::size_t widest(const std::string& text) {
  std::size_t most = 0;
  for (const std::string_view line : split(text, '\n')) most = std::max(most, count_code_points(line));
  return most;
}

/// As many other metrics as fit beside labels of 40, then labels as wide as fit.
std::string fitted(const Leaderboard& board, const Contest& contest, std::size_t top) {
  std::string text;
  for (std::size_t more = board.table.metrics.size(); more-- > 0;) {
    for (std::size_t label = 60; label >= (more > 0 ? 40 : 16); label -= 4) {
      text = text_table(board, contest, top, label, more).plain();
      if (widest(text) > kColumns) continue;
      const std::size_t left = board.table.metrics.size() - 1 - more;
      return left == 0 ? text : text + fmt::format("{} more metrics: --json\n", left);
    }
  }
  return text;
}

std::string ranks_note(const Contest& contest) {
  if (contest.rank_method.starts_with("none")) return "rank intervals: " + shown(contest.rank_method) + "\n";
  return "ranks: 95 % over " + shown(contest.rank_method) + ", all models resampled together; tied: not to be told from the leader\n";
}

std::string published_block(const Leaderboard& board) {
  TextTable text({"row", "paper", "chosen on", "model", shown(board.table.rank_metric, 20)}, 4);
  for (const std::size_t i : board.published) {
    const store::PublishedRow& p = board.table.published[i];
    text.add({shown(p.row_ref, 28), shown(p.paper + ", " + p.table_ref, 24), p.selected_on.empty() ? "–" : shown(p.selected_on, 12),
              p.model.empty() ? "–" : shown(p.model, 16), published_text(p)});
  }
  if (text.empty()) return "";
  return "\npublished: as printed on the real data, not measured here and without intervals\n" + text.plain();
}

Json number(double value) { return std::isnan(value) ? Json() : json_number(value); }

Json to_json(const Leaderboard& board, const Standing& s) {
  constexpr const char* kWhat[] = {"model", "control", "ceiling", "published", "submitted"};
  const bool published = s.what == Standing::What::kPublished;
  return {{"what", kWhat[static_cast<std::size_t>(s.what)]}, {published ? "published" : "row", s.index}, {"label", s.label},
          {"rank", s.rank == 0 ? Json() : Json(s.rank)}, {"rank_low", number(s.rank_low)}, {"rank_high", number(s.rank_high)},
          {"ties_with_leader", s.ties_with_leader}, {"chosen_by_agreement", s.chosen_by_agreement}, {"qualified", s.qualified}, {"score", number(s.score.mean)}, {"low", number(s.score.low)},
          {"high", number(s.score.high)}, {"share", s.share ? json_number(*s.share) : Json()},
          {"trials", published ? Json() : Json(board.table.rows[s.index].done)}};
}

}  // namespace

std::string rank_text(const Standing& s) {
  if (s.rank == 0) return "–";
  if (std::isnan(s.rank_low)) return fmt::format("{}", s.rank);
  // Shared ranks are halves: out to whole ones.
  return fmt::format("{} ({:.0f}–{:.0f})", s.rank, std::floor(s.rank_low), std::ceil(s.rank_high));
}

std::string standing_text(const Standing& s) {
  const std::string text = plain_standing(s);
  if (!s.chosen_by_agreement) return text;
  return text.empty() ? "§" : text + " §";
}

std::vector<std::string> standing_notes(const Leaderboard& board, const Contest& contest) {
  const auto any = [&](const auto& says) { return std::ranges::any_of(contest.standings, says); };
  std::vector<std::string> notes;
  if (any([](const Standing& s) { return plain_standing(s) == "unranked"; })) {
    notes.push_back(fmt::format("unranked: {} on test rows is not above 0", shown(board.table.qualifying, 40)));
  }
  if (any([](const Standing& s) { return s.chosen_by_agreement; })) {
    notes.emplace_back("§: kept the state whose members agreed most on the test rows, without their labels");
  }
  return notes;
}

std::string score_text(const Leaderboard& board, const Standing& s) {
  if (s.what == Standing::What::kPublished) {
    const store::PublishedRow& p = board.table.published[s.index];
    return published_text(p) + (p.selected_on == "test" ? " (chosen on test)" : "");
  }
  return std::isnan(s.score.mean) ? "missing" : mean_text(s.score);
}

std::string leaderboard_text(const Leaderboard& board, std::size_t top) {
  const TaskTable& table = board.table;
  std::string out = shown(table.title, 60) + " (" + shown(table.task, 40) + ")";
  if (table.rows.empty()) {
    out += board.left_out.empty() ? "\nno trial of this task is done\n" : "\nno trial that may be ranked is done\n";
  } else {
    out += fmt::format(", by {} on test rows, {} is better\n", shown(table.rank_metric, 40), table.higher_is_better ? "higher" : "lower");
  }
  for (const Contest& contest : board.contests) {
    out += "\n" + shown(contest.heading, 80) + (contest.data.empty() ? "" : ", data " + contest.data.substr(0, 8)) + "\n" +
           fitted(board, contest, top) + ranks_note(contest);
    for (const std::string& note : standing_notes(board, contest)) out += note + "\n";
  }
  if (!board.left_out.empty()) out += "\nleft out, chosen on test rows:\n";
  for (const std::string& label : board.left_out) out += "  " + shown(label, 100) + "\n";
  if (!table.audits.empty()) out += "\n";
  for (const Json& audit : table.audits) out += audit_lines(audit);
  return out + published_block(board);
}

Json leaderboard_json(const Leaderboard& board) {
  Json json = to_json(board.table), contests = Json::array();
  for (std::size_t c = 0; c < board.contests.size(); ++c) {
    const Contest& contest = board.contests[c];
    Json standings = Json::array();
    for (const Standing& s : contest.standings) {
      standings.push_back(to_json(board, s));
      if (s.what == Standing::What::kPublished) continue;
      json["rows"][s.index]["contest"] = c;
      json["rows"][s.index]["rank"] = s.rank == 0 ? Json() : Json(s.rank);
    }
    contests.push_back({{"heading", contest.heading}, {"data", contest.data}, {"rank_method", contest.rank_method},
                        {"chance", contest.chance ? json_number(*contest.chance) : Json()},
                        {"ceiling", contest.ceiling ? json_number(*contest.ceiling) : Json()}, {"standings", standings}});
  }
  json["contests"] = contests;
  json["published_apart"] = board.published;
  json["left_out"] = board.left_out;
  return json;
}

}  // namespace seqbench::reports
