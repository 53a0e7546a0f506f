// A run's page: headline, then each task, then where it all comes from.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/text.h"
#include "reports/site.h"
#include "reports/text.h"
#include "reports/wording.h"

namespace seqbench::reports {
namespace {

/// Verdicts over all rows that published numbers may stand beside, else the best model of the first table.
std::string headline(const std::vector<TaskTable>& tables) {
  std::vector<std::pair<std::string, int>> verdicts;
  std::size_t beside = 0;
  for (const TaskTable& table : tables) {
    for (const Row& row : table.rows) {
      for (const Row::Cell& cell : row.cells) {
        if (cell.slice != "all" || !comparable_with_published(row)) continue;
        for (const store::PublishedRow& p : published_for(table, row, cell)) {
          const auto result = compared(table, p, row, cell);
          if (!result) continue;
          ++beside;
          if (result->verdict.empty()) continue;
          auto found = std::ranges::find(verdicts, result->verdict, [](const auto& v) { return v.first; });
          if (found == verdicts.end()) found = verdicts.insert(verdicts.end(), {result->verdict, 0});
          ++found->second;
        }
      }
    }
  }
  if (beside == 0) {
    return "No published number may stand beside these rows: that takes real data, full scale and the published weights.";
  }
  std::vector<std::string> parts;
  for (const auto& [verdict, count] : verdicts) parts.push_back(fmt::format("{} {}", count, verdict));
  return counted(beside, "published number") + " measured again" + (parts.empty() ? "" : ": " + join(parts, ", ")) + ".";
}

HtmlPart provenance_part(const SitePage& site) {
  HtmlPart part{.id = "provenance", .title = "Provenance"};
  part.paragraphs.emplace_back("To run it again:");
  part.commands.push_back(site.page.provenance.rerun);
  HtmlBlock facts;
  for (const auto& [name, values] : site.page.provenance.facts) {
    std::vector<std::string> shown_values;
    for (const std::string& value : values) shown_values.push_back(shown(value, 200));
    facts.facts.push_back({name, join(shown_values, "; ")});
  }
  part.blocks.push_back(std::move(facts));
  for (const store::Card& card : site.cards) {
    HtmlBlock block{.heading = shown(fmt::format("{} {}, version {}", card.kind, card.name, card.version))};
    for (const auto& [name, value] : card.card.items()) {
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, Json::error_handler_t::replace);
      if (!text.empty()) block.facts.push_back({shown(name), shown(text, 1000)});
    }
    part.blocks.push_back(std::move(block));
  }
  return part;
}

/// Numbered, since a page says the same method of many tables.
HtmlPart notes_part(const SitePage& site) {
  HtmlPart part{.id = "notes", .title = "Notes"};
  HtmlBlock notes;
  notes.list = {"± is the standard deviation over trials; over folds, seeds are averaged inside a fold first.",
                "Each table says where its 95 % intervals come from; BCa: bias-corrected and accelerated bootstrap.",
                "≈: the 95 % interval overlaps the best row's; this is no test of equality.",
                "Rows marked † kept the state that scored best on test rows, as their paper did, and are barred from the "
                "leaderboard.",
                "Rows marked § kept the state whose members agreed most on the test rows, without their labels.",
                "Numbers marked ‡ are not as printed: reconstructed, a misprint, or missing.",
                "Difference: measured less published, with its 95 % interval where a verdict was reached; margins are those of "
                "results/published/margins.toml, fixed before measuring.",
                "Verdicts are those of seqbench verify where it has judged the same difference within the whole paper (Holm's "
                "adjustment, numbers inconsistent as printed); else each number is judged alone.",
                "The same numbers, in full: " + join(site.files, ", ") + "."};
  part.blocks.push_back(std::move(notes));
  return part;
}

}  // namespace

HtmlPage html_page(const SitePage& site) {
  const Page& page = site.page;
  const store::RunSummary& run = page.run;
  HtmlPage out{.title = shown(run.title.empty() ? run.experiment : run.title), .headline = headline(page.tables)};
  out.lines.push_back(fmt::format("Experiment {}, run {}, started {}, status {}.", shown(run.experiment), shown(run.uid),
                                  shown(run.started_at), shown(run.status)));
  for (const auto& [name, values] : page.provenance.facts) {
    if (name == "program") out.lines.push_back("Program " + shown(join(values, ", "), 200));
    if (name == "git commit") out.lines.back() += ", commit " + shown(join(values, ", "), 200) + ".";
  }
  out.lines.push_back("Trials: " + counts_text(counts_of(page.tables)) + ".");
  if (const std::string text = reruns_text(run); !text.empty()) out.lines.push_back("Reruns: " + shown(text) + ".");
  for (std::size_t i = 0; i < page.tables.size(); ++i) out.parts.push_back(task_part(site, page.tables[i], i));
  if (const auto lines = failure_lines(page.tables, &shown); !lines.empty()) {
    constexpr std::size_t kShown = 200;
    HtmlPart part{.id = "failed", .title = "What could not be run, and why"};
    part.blocks.push_back({.list = {lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(std::min(lines.size(), kShown))}});
    if (lines.size() > kShown) part.paragraphs.push_back(fmt::format("The first {} of {}; all are in the JSON.", kShown, lines.size()));
    out.parts.push_back(std::move(part));
  }
  name_reruns(out, run);
  out.parts.push_back(notes_part(site));
  out.parts.push_back(provenance_part(site));
  out.footer = "Written by seqbench from its store alone. Nothing is loaded from elsewhere.";
  return out;
}

}  // namespace seqbench::reports
