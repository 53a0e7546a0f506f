// The page that leads to all others.

#include <fmt/format.h>

#include "harness/base/text.h"
#include "reports/site.h"
#include "reports/text.h"
#include "reports/wording.h"

namespace seqbench::reports {
namespace {

HtmlRow run_row(const IndexedRun& entry) {
  const store::RunSummary& run = entry.run;
  const auto whole = [](std::int64_t x) { return number_cell(static_cast<double>(x), count_text(x)); };
  HtmlCell name = text_cell(shown(run.title.empty() ? run.experiment : run.title));
  name.link = entry.file;
  return {.cells = {name, text_cell(shown(run.experiment)), text_cell(run.paper.empty() ? kNone : shown(run.paper)),
                    text_cell(shown(join(entry.tasks, ", "), 200)), text_cell(shown(run.started_at)), text_cell(shown(run.status)),
                    whole(entry.done), whole(entry.failed), whole(entry.missing), whole(entry.runs)}};
}

}  // namespace

HtmlPage html_index(const std::vector<IndexedRun>& runs, const Links& printed, const Links& other_pages) {
  HtmlPage page{.title = "seqbench: all reports", .home = false};
  HtmlTable experiments{.id = "experiments", .caption = "Newest run of each experiment in the store",
                        .columns = {{"experiment"}, {"name"}, {"paper"}, {"tasks"}, {"started"}, {"status"}, {"done", true},
                                    {"failed", true}, {"missing", true}, {"runs", true}}};
  HtmlTable published{.id = "published", .caption = "Published tables and figures, by their number",
                      .columns = {{"published as"}, {"found in"}}};
  Counts counts;
  for (const IndexedRun& entry : runs) {
    experiments.rows.push_back(run_row(entry));
    counts.done += entry.done;
    counts.failed += entry.failed;
    counts.missing += entry.missing;
    for (const auto& [name, place] : entry.published) {
      HtmlCell cell = text_cell(shown(name));
      cell.link = place;
      published.rows.push_back({.cells = {cell, text_cell(shown(entry.run.experiment))}});
    }
  }
  for (const auto& [name, place] : printed) {
    HtmlCell cell = text_cell(shown(name));
    cell.link = place;
    published.rows.push_back({.cells = {cell, text_cell("as printed, with verdicts")}});
  }
  page.lines.push_back(fmt::format("{}; trials of their newest runs: {}.", counted(runs.size(), "experiment"), counts_text(counts)));
  HtmlPart part{.id = "runs", .title = "Experiments"};
  part.blocks.push_back({.table = std::move(experiments)});
  page.parts.push_back(std::move(part));
  if (!published.rows.empty()) {
    page.parts.push_back({.id = "numbers", .title = "Published tables and figures", .blocks = {{.table = std::move(published)}}});
  }
  if (!other_pages.empty()) {
    HtmlTable others{.id = "pages", .caption = "Leaderboards and papers", .columns = {{"page"}}};
    for (const auto& [name, file] : other_pages) {
      HtmlCell cell = text_cell(shown(name));
      cell.link = file;
      others.rows.push_back({.cells = {cell}});
    }
    page.parts.push_back({.id = "others", .title = "Leaderboards and papers", .blocks = {{.table = std::move(others)}}});
  }
  page.footer = "Written by seqbench from its store alone. Nothing is loaded from elsewhere.";
  return page;
}

}  // namespace seqbench::reports
