#pragma once
// Private to the room: a run's page as HTML, and the index of all pages.

#include <map>
#include <string>
#include <vector>

#include "reports/html.h"
#include "reports/tables.h"

namespace seqbench::reports {

/// A figure with the part of the page that it belongs to.
struct PlacedFigure {
  std::string task = "";
  HtmlFigure figure;
};

/// All that a page is made of.
struct SitePage {
  Page page = {};
  std::vector<store::Card> cards = {};      // of its tasks and models
  std::vector<PlacedFigure> figures = {};
  std::vector<std::string> files = {};      // beside the page, with the same numbers
};

[[nodiscard]] HtmlPage html_page(const SitePage& site);

/// A table or figure of the run's paper that it runs again, from the experiment's `reruns`: "table2, figure 1: labels" is
/// {"Table 2", "", "mimo-table-2"}, {"Figure 1", "labels", "mimo-figure-1"}.
struct Rerun {
  std::string name = "", what = "", id = "";  // what: of the page's tables and figures, the end of its id; "": the page as a whole
};
[[nodiscard]] std::vector<Rerun> reruns_of(const store::RunSummary& run);
/// "mimo, Table 2, Figure 1"; "" without a paper.
[[nodiscard]] std::string reruns_text(const store::RunSummary& run);
/// Heads each `what` by its number; one that the page lacks is said in the page's lines.
void name_reruns(HtmlPage& page, const store::RunSummary& run);

/// The part of one task: its main tables, then details, then published tables. `number` is its place on the page.
[[nodiscard]] HtmlPart task_part(const SitePage& site, const TaskTable& table, std::size_t number);
/// One block per published table, found by its anchor, with what is measured beside it where it may stand there.
/// `number` is the task's place among the page's tables.
[[nodiscard]] std::vector<HtmlBlock> published_blocks(const std::vector<TaskTable>& tables, std::size_t number);
/// "mimo-table-2"
[[nodiscard]] std::string published_anchor(const store::PublishedRow& row);
/// The same; for a paper's table that an earlier task of the page has rows of, "mimo-table-2-task-1".
[[nodiscard]] std::string published_anchor(const std::vector<TaskTable>& tables, std::size_t number, const store::PublishedRow& row);

/// A printed value or range; ranges sort by their low end.
[[nodiscard]] HtmlCell printed_cell(const store::PublishedRow& row);

/// A measured row against a printed number, ready to be shown.
struct Compared {
  std::string verdict = "";            // "✓ reproduced"; "" = not judged: no margin, or no interval
  std::string mark = "", reason = "";  // mark: good, bad or ""
  double difference = 0;               // measured less published
  std::string difference_text = "";
};
/// Nothing where the two may not be compared. Where `verify` has judged the same difference within the whole paper, or found
/// the number inconsistent as printed, its verdict stands; else the number is judged alone.
[[nodiscard]] std::optional<Compared> compared(const TaskTable& table, const store::PublishedRow& published, const Row& row,
                                               const Row::Cell& cell);

/// "t0r3": the table's place on the page and the row's in the table.
[[nodiscard]] std::string row_id(std::size_t number, std::size_t row);
/// "0.25 ± 0.03", with what it is made from.
[[nodiscard]] HtmlCell mean_cell(const Row::Cell& cell, const std::string& row);
[[nodiscard]] HtmlCell interval_cell(const Row::Cell& cell);

/// A run as the index shows it.
struct IndexedRun {
  store::RunSummary run = {};
  std::int64_t runs = 1;               // of this experiment in the store
  std::int64_t done = 0, failed = 0, missing = 0;
  std::vector<std::string> tasks = {};
  std::string file = "";                    // its page, or "" where there is none
  std::vector<std::pair<std::string, std::string>> published = {};  // "mimo, Table 2" and where it is found
};
/// What is linked, and its file or anchor.
using Links = std::vector<std::pair<std::string, std::string>>;
/// `published`: tables and figures of papers' pages, by their number.
[[nodiscard]] HtmlPage html_index(const std::vector<IndexedRun>& runs, const Links& published, const Links& other_pages);

/// The page of a paper that the store holds numbers of: every number as printed, with its newest verdict.
[[nodiscard]] HtmlPage html_paper(const std::string& paper, const std::vector<store::PublishedRow>& rows,
                                  const std::map<std::string, store::VerdictRow>& verdicts);
/// A stored verdict with a sign beside the word, and how it is marked: good, bad or "".
[[nodiscard]] std::pair<std::string, std::string> words_of(std::string_view verdict);

}  // namespace seqbench::reports
