// Published tables of a page, each found by its number, and the comparison with what is measured.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "reports/judged.h"
#include "reports/site.h"
#include "reports/text.h"
#include "reports/wording.h"

namespace seqbench::reports {
namespace {

constexpr std::size_t kNote = 400;

struct Beside {
  const Row* row;
  const Row::Cell* cell;
  std::size_t index;
};

/// Measured rows that may stand beside published numbers, by the number's identity.
std::map<std::string, std::vector<Beside>> measured_beside(const TaskTable& table) {
  std::map<std::string, std::vector<Beside>> out;
  if (table.published.empty()) return out;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (!comparable_with_published(table.rows[i])) continue;
    for (const Row::Cell& cell : table.rows[i].cells) {
      if (cell.slice != "all") continue;
      for (const store::PublishedRow& p : published_for(table, table.rows[i], cell)) {
        out[p.uid].push_back({&table.rows[i], &cell, i});
      }
    }
  }
  return out;
}

/// The word of `verify`, which knows the whole paper: what its numbers say against each other, and Holm's adjustment.
const store::VerdictRow* overruled_by(const TaskTable& table, const store::PublishedRow& published, const analyze::Judgement& alone) {
  const auto stored = table.verdicts.find(published.uid);
  if (stored == table.verdicts.end()) return nullptr;
  const store::VerdictRow& whole = stored->second;
  if (whole.verdict == analyze::to_string(analyze::Verdict::kInconsistentAsPrinted)) return &whole;
  const bool same = whole.estimate && std::abs(*whole.estimate - alone.difference) <= 1e-12 * std::max(1.0, std::abs(alone.difference));
  return same ? &whole : nullptr;
}

HtmlRow published_row(const TaskTable& table, const store::PublishedRow& p, const Beside* beside, std::size_t number) {
  const std::string status = p.status == "printed" ? p.status : p.status + " ‡";
  HtmlRow row{.cells = {text_cell(shown(p.row_ref)), text_cell(p.model.empty() ? kNone : shown(p.model)),
                        text_cell(shown(p.split + " " + p.metric)),
                        text_cell(p.selected_on.empty() ? kNone : shown(p.selected_on)), text_cell(shown(status)),
                        printed_cell(p),
                        p.n_eval ? number_cell(static_cast<double>(*p.n_eval), count_text(*p.n_eval)) : no_cell()}};
  const auto difference = beside ? compared(table, p, *beside->row, *beside->cell) : std::nullopt;
  if (!difference) {
    for (int i = 0; i < 4; ++i) row.cells.push_back(no_cell());
    return row;
  }
  row.cells.push_back(mean_cell(*beside->cell, row_id(number, beside->index)));
  row.cells.push_back(interval_cell(*beside->cell));
  row.cells.push_back(number_cell(difference->difference, difference->difference_text));
  row.cells.push_back(difference->verdict.empty() ? no_cell() : text_cell(difference->verdict));
  row.cells.back().mark = difference->mark;
  return row;
}

}  // namespace

std::pair<std::string, std::string> words_of(std::string_view verdict) {
  if (verdict == "reproduced") return {"✓ reproduced", "good"};
  if (verdict == "better") return {"▲ better", "good"};
  if (verdict == "not_reproduced") return {"✗ not reproduced", "bad"};
  if (verdict == "inconsistent_as_printed") return {"✗ inconsistent as printed", "bad"};
  if (verdict == "undecided") return {"? undecided", ""};
  return {"– blocked", ""};
}

HtmlCell printed_cell(const store::PublishedRow& row) {
  return is_printed(row) ? number_cell(nearest_printed(row, -INFINITY), published_text(row)) : no_cell();
}

std::string published_anchor(const store::PublishedRow& row) { return anchor(row.paper + "-" + row.table_ref); }

std::string published_anchor(const std::vector<TaskTable>& tables, std::size_t number, const store::PublishedRow& row) {
  const std::string id = published_anchor(row);
  for (std::size_t t = 0; t < number; ++t) {
    const auto same = [&](const store::PublishedRow& other) { return published_anchor(other) == id; };
    if (std::ranges::any_of(tables[t].published, same)) return fmt::format("{}-task-{}", id, number);
  }
  return id;
}

std::optional<Compared> compared(const TaskTable& table, const store::PublishedRow& published, const Row& row, const Row::Cell& cell) {
  const auto judgement = judged(published, row, cell);
  if (!judgement) {
    if (!is_printed(published) || !comparable_with_published(row)) return std::nullopt;
    const double difference = cell.summary.mean - nearest_printed(published, cell.summary.mean);
    return Compared{.difference = difference, .difference_text = four_digits(difference)};
  }
  Compared out{.reason = judgement->reason, .difference = judgement->difference};
  const analyze::Summary shown_as{.mean = judgement->difference, .sd = NAN, .low = judgement->low, .high = judgement->high, .method = ""};
  const std::string interval = interval_text(shown_as);
  out.difference_text = mean_text(shown_as) + (interval == kNone ? "" : " " + interval);
  std::tie(out.verdict, out.mark) = words_of(analyze::to_string(judgement->verdict));
  if (const store::VerdictRow* whole = overruled_by(table, published, *judgement)) {
    std::tie(out.verdict, out.mark) = words_of(whole->verdict);
    out.reason = whole->reason;
  }
  return out;
}

std::vector<HtmlBlock> published_blocks(const std::vector<TaskTable>& tables, std::size_t number) {
  const TaskTable& table = tables[number];
  const auto beside = measured_beside(table);
  std::vector<HtmlBlock> blocks;
  std::map<std::string, std::size_t> block_of;  // anchor -> index
  for (const store::PublishedRow& p : table.published) {
    const std::string id = published_anchor(tables, number, p);
    if (block_of.emplace(id, blocks.size()).second) {
      const std::string name = shown(p.paper + ", " + p.table_ref);
      HtmlBlock block{.heading = "Published: " + name, .id = id};
      block.table = HtmlTable{.id = fmt::format("t{}-{}", number, id), .caption = name + ", as printed, and what is measured here",
                              .columns = {{"row"}, {"model"}, {"metric"}, {"chosen on"}, {"status"}, {"published", true},
                                          {"rows evaluated", true}, {"measured", true}, {"95 %", true},
                                          {"difference", true}, {"verdict"}}};
      blocks.push_back(std::move(block));
    }
    HtmlBlock& block = blocks[block_of.at(id)];
    const auto found = beside.find(p.uid);
    if (found == beside.end()) {
      block.table->rows.push_back(published_row(table, p, nullptr, number));
    } else {
      for (const Beside& b : found->second) {
        block.table->rows.push_back(published_row(table, p, &b, number));
        const auto result = compared(table, p, *b.row, *b.cell);
        if (result && !result->reason.empty()) {
          block.list.push_back(shown(p.row_ref + ", " + p.split + " " + p.metric + ", " + result->verdict + ": " + result->reason, kNote));
        }
      }
    }
    if (!p.note.empty()) block.list.push_back(shown(p.row_ref + ", " + p.split + " " + p.metric + ": " + p.note, kNote));
  }
  return blocks;
}

}  // namespace seqbench::reports
