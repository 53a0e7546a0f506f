// A leaderboard as a page of the site.

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "reports/audits.h"
#include "reports/html.h"
#include "reports/leaderboard.h"
#include "reports/tables.h"
#include "reports/text.h"
#include "reports/wording.h"

namespace seqbench::reports {
namespace {

constexpr std::size_t kMostRows = 500, kMostMetrics = 8;

HtmlTable table_of(const Leaderboard& board, const Contest& contest, std::size_t number) {
  const TaskTable& table = board.table;
  const std::size_t metrics = std::min(table.metrics.size(), kMostMetrics);
  HtmlTable out{.id = fmt::format("contest-{}", number), .caption = shown(contest.heading)};
  out.columns = {{.name = "row"}, {.name = "standing"}, {.name = "rank (95 %)", .number = true}, {.name = shown(table.rank_metric), .number = true},
                 {.name = "95 %", .number = true}, {.name = "of range", .number = true}, {.name = "trials", .number = true}};
  for (std::size_t m = 1; m < metrics; ++m) out.columns.push_back({.name = shown(table.metrics[m]), .number = true});
  out.columns.push_back({.name = "parameters", .number = true});
  out.columns.push_back({.name = "seconds a trial", .number = true});
  for (std::size_t i = 0; i < std::min(contest.standings.size(), kMostRows); ++i) {
    const Standing& s = contest.standings[i];
    const Row* row = s.what == Standing::What::kPublished ? nullptr : &table.rows[s.index];
    const std::string standing = standing_text(s);
    HtmlCell mark = standing.empty() ? no_cell() : text_cell(standing);
    if (s.rank == 1) mark.mark = "best";
    std::vector<HtmlCell> cells = {text_cell(shown(s.label)), mark,
                                   s.rank == 0 ? no_cell() : number_cell(static_cast<double>(s.rank), rank_text(s)),
                                   number_cell(s.score.mean, score_text(board, s)),
                                   number_cell(s.score.low, interval_text(s.score)),
                                   s.share ? number_cell(*s.share, fmt::format("{:.0f} %", 100 * *s.share)) : no_cell(),
                                   row ? number_cell(static_cast<double>(row->done), count_text(row->done)) : no_cell()};
    for (std::size_t m = 1; m < metrics; ++m) {
      const Row::Cell* cell = row ? row->cell(table.metrics[m], "test") : nullptr;
      cells.push_back(cell ? number_cell(cell->summary.mean, mean_text(cell->summary)) : row ? text_cell("missing") : no_cell());
    }
    cells.push_back(row && row->parameters ? number_cell(static_cast<double>(*row->parameters), parameters_text(*row)) : no_cell());
    cells.push_back(row ? number_cell(row->seconds_per_trial, four_digits(row->seconds_per_trial)) : no_cell());
    out.rows.push_back({.cells = std::move(cells)});
  }
  for (const std::string& note : standing_notes(board, contest)) out.notes.push_back(note + ".");
  if (contest.standings.size() > kMostRows) out.notes.push_back(fmt::format("The first {} of {} rows.", kMostRows, contest.standings.size()));
  return out;
}

HtmlBlock block_of(const Leaderboard& board, const Contest& contest, std::size_t number) {
  HtmlBlock block{.heading = shown(contest.heading), .id = fmt::format("heading-{}", number)};
  const bool none = contest.rank_method.starts_with("none");
  block.paragraphs.push_back(none ? "Rank intervals: " + shown(contest.rank_method) + "."
                                  : "Ranks with what chance leaves of them: 95 % over " + shown(contest.rank_method) +
                                        ", all models resampled together. Tied: not to be told from the leader.");
  if (contest.chance && contest.ceiling) {
    block.paragraphs.push_back(fmt::format("Of range: (score less chance) of (ceiling less chance); chance {}, ceiling {}.",
                                           four_digits(*contest.chance), four_digits(*contest.ceiling)));
  }
  block.table = table_of(board, contest, number);
  return block;
}

HtmlBlock published_block(const Leaderboard& board) {
  HtmlBlock block{.heading = "Published", .id = "published"};
  block.paragraphs = {"As printed on the real data, not measured here and without intervals."};
  HtmlTable table{.id = "published-rows", .caption = "Published numbers"};
  table.columns = {{.name = "row"}, {.name = "paper"}, {.name = "chosen on"}, {.name = "model"}, {.name = shown(board.table.rank_metric), .number = true}};
  for (const std::size_t i : board.published) {
    const store::PublishedRow& p = board.table.published[i];
    const auto or_none = [](const std::string& text) { return text.empty() ? no_cell() : text_cell(shown(text)); };
    table.rows.push_back({.cells = {text_cell(shown(p.row_ref)), text_cell(shown(p.paper + ", " + p.table_ref)), or_none(p.selected_on),
                                    or_none(p.model), number_cell(*p.value, published_text(p))}});
  }
  block.table = std::move(table);
  return block;
}

}  // namespace

std::filesystem::path write_leaderboard_page(const Leaderboard& board, const std::filesystem::path& folder) {
  const TaskTable& table = board.table;
  HtmlPage page{.title = "Leaderboard: " + shown(table.title)};
  HtmlPart part{.id = "task", .title = shown(table.task)};
  part.paragraphs = {table.rows.empty() ? "No trial that may be ranked is done."
                                        : fmt::format("By {} on test rows; {} is better. Controls have a rank only where there is no model, the ceiling and published numbers never.",
                                                      shown(table.rank_metric), table.higher_is_better ? "higher" : "lower")};
  for (const std::string& label : board.left_out) part.paragraphs.push_back("Left out, chosen on test rows: " + shown(label) + ".");
  for (std::size_t c = 0; c < board.contests.size(); ++c) part.blocks.push_back(block_of(board, board.contests[c], c));
  if (!board.published.empty()) part.blocks.push_back(published_block(board));
  std::ranges::move(audit_blocks(table.audits, 0), std::back_inserter(part.blocks));
  page.parts.push_back(std::move(part));
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw MachineError("cannot create " + folder.string() + ": " + error.message());
  const std::filesystem::path path = folder / ("leaderboard-" + slug(table.task) + ".html");
  write_file_atomically(path, to_html(page));
  return path;
}

}  // namespace seqbench::reports
