// A paper's page: its numbers as the store holds them, with the newest verdict of each, and its claims.

#include <fmt/format.h>

#include <algorithm>

#include "reports/site.h"
#include "reports/tables.h"
#include "reports/text.h"
#include "reports/wording.h"

namespace seqbench::reports {
namespace {

using Verdicts = std::map<std::string, store::VerdictRow>;

constexpr std::size_t kReason = 400, kMostRows = 2000;

HtmlCell or_none(const std::string& text) { return text.empty() ? no_cell() : text_cell(shown(text)); }

HtmlCell verdict_cell(const std::string& words, const std::string& mark) {
  HtmlCell cell = text_cell(words);
  cell.mark = mark;
  return cell;
}

HtmlCell adjusted_cell(const store::VerdictRow& v) {
  return v.p_adjusted ? number_cell(*v.p_adjusted, four_digits(*v.p_adjusted)) : no_cell();
}

HtmlRow number_row(const store::PublishedRow& p, const store::VerdictRow* verdict) {
  const auto printed = p.value ? p.value : p.low;
  HtmlRow row{.cells = {text_cell(shown(p.row_ref)), text_cell(shown(p.col_ref)), or_none(p.task), or_none(p.model),
                        or_none(p.selected_on), text_cell(p.status == "printed" ? p.status : shown(p.status) + " ‡"),
                        printed ? number_cell(*printed, published_text(p)) : no_cell()}};
  if (verdict == nullptr) {
    row.cells.insert(row.cells.end(), 4, no_cell());
    return row;
  }
  const auto [words, mark] = words_of(verdict->verdict);
  row.cells.push_back(verdict_cell(words, mark));
  row.cells.push_back(verdict->estimate ? number_cell(*verdict->estimate, four_digits(*verdict->estimate)) : no_cell());
  row.cells.push_back(adjusted_cell(*verdict));
  row.cells.push_back(text_cell(shown(verdict->reason, kReason)));
  return row;
}

/// One block for each table or figure, in the order of the rows.
std::vector<HtmlBlock> blocks_of(const std::vector<store::PublishedRow>& rows, const Verdicts& verdicts) {
  std::vector<HtmlBlock> blocks;
  std::map<std::string, std::size_t> block_of;  // anchor -> index
  for (const store::PublishedRow& p : rows) {
    const std::string id = published_anchor(p);
    if (block_of.emplace(id, blocks.size()).second) {
      HtmlBlock block{.heading = shown(p.table_ref), .id = id};
      block.table = HtmlTable{.id = "numbers-" + id, .caption = shown(p.table_ref) + ", as printed, and the verdict",
                              .columns = {{"row"}, {"column"}, {"task"}, {"model"}, {"chosen on"}, {"status"},
                                          {"published", true}, {"verdict"}, {"measured less published", true},
                                          {"p (Holm)", true}, {"why"}}};
      blocks.push_back(std::move(block));
    }
    HtmlBlock& block = blocks[block_of.at(id)];
    const auto found = verdicts.find(p.uid);
    block.table->rows.push_back(number_row(p, found == verdicts.end() ? nullptr : &found->second));
    if (!p.note.empty()) block.list.push_back(shown(p.row_ref + ", " + p.col_ref + ": " + p.note, kReason));
  }
  return blocks;
}

/// Claims carry their paper's name: "claim:kim-01". Stored words are those of numbers; a claim is supported or not.
HtmlTable claims_of(const std::string& paper, const Verdicts& verdicts) {
  HtmlTable out{.id = "claims-table", .caption = "Claims of the paper against what is measured",
                .columns = {{"claim"}, {"verdict"}, {"p (Holm)", true}, {"why"}}};
  const std::string opening = "claim:" + paper + "-";
  for (auto at = verdicts.lower_bound(opening); at != verdicts.end() && at->first.starts_with(opening); ++at) {
    const store::VerdictRow& v = at->second;
    HtmlCell verdict = v.verdict == "reproduced"       ? verdict_cell("✓ supported", "good")
                       : v.verdict == "not_reproduced" ? verdict_cell("✗ contradicted", "bad")
                                                       : verdict_cell(words_of(v.verdict).first, "");
    out.rows.push_back({.cells = {text_cell(shown(at->first.substr(6))), verdict, adjusted_cell(v), text_cell(shown(v.reason, kReason))}});
  }
  return out;
}

}  // namespace

HtmlPage html_paper(const std::string& paper, const std::vector<store::PublishedRow>& all, const Verdicts& verdicts) {
  const std::vector<store::PublishedRow> rows(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), kMostRows)));
  const auto judged = std::ranges::count_if(rows, [&](const store::PublishedRow& p) { return verdicts.contains(p.uid); });
  HtmlPage page{.title = "Paper: " + shown(paper)};
  page.lines.push_back(fmt::format("{} of {} stored numbers have a verdict (seqbench verify writes them).", judged, rows.size()));
  if (rows.size() < all.size()) page.lines.push_back(fmt::format("The first {} of {} numbers.", rows.size(), all.size()));
  if (HtmlTable claims = claims_of(paper, verdicts); !claims.rows.empty()) {
    HtmlPart part{.id = "claims", .title = "Claims"};
    part.blocks.push_back({.table = std::move(claims)});
    page.parts.push_back(std::move(part));
  }
  page.parts.push_back({.id = "numbers", .title = "Numbers", .blocks = blocks_of(rows, verdicts)});
  page.footer = "Written by seqbench from its store alone. Nothing is loaded from elsewhere.";
  return page;
}

}  // namespace seqbench::reports
