// The part of a page that is about one task.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/text.h"
#include "reports/audits.h"
#include "reports/section_tables.h"
#include "reports/site.h"
#include "reports/text.h"
#include "reports/trial_values.h"
#include "reports/wording.h"

namespace seqbench::reports {
namespace {

/// Rows of a table that a page shows; the rest is in the CSV beside it.
constexpr std::size_t kMostRows = 300, kMostDetails = 100, kMostValues = 300, kMostSlices = 40, kMostSliceRows = 8;

/// One heading of one task.
struct Place {
  const TaskTable& table;
  const Section& section;
  std::size_t number;        // of the task on the page
  std::size_t heading;       // of the section in the task
  const std::vector<TaskTable>& tables;  // of the page

  [[nodiscard]] std::string id(const char* what) const { return fmt::format("t{}h{}-{}", number, heading, what); }
};

std::string label_of(const Row& row) { return marked_label(row, &shown); }
int group_of(const Row& row) { return kind_order(row.kind); }
std::string or_none(const std::string& text) { return text.empty() ? kNone : shown(text); }

std::string cut_note(std::size_t shown_rows, std::size_t all) {
  return fmt::format("The first {} of {} rows; all are in the CSV.", shown_rows, all);
}

std::vector<HtmlFact> provenance_facts(const Row& row, const std::string& id) {
  std::vector<std::string> seeds, keys;
  for (std::size_t i = 0; i < std::min<std::size_t>(row.seeds.size(), 20); ++i) seeds.push_back(fmt::format("{}", row.seeds[i]));
  if (row.seeds.size() > seeds.size()) seeds.push_back(fmt::format("and {} more", row.seeds.size() - seeds.size()));
  for (const std::string& key : row.keys) keys.push_back(key.substr(0, 16));
  std::vector<HtmlFact> facts = {{"model", or_none(row.model)}, {"variant", or_none(row.variant)}, {"view", or_none(row.view)},
                                 {"kind", or_none(row.kind)}, {"data, sha256", or_none(row.data)}, {"seeds", join(seeds, ", ")}};
  std::vector<std::string> chosen;
  for (std::size_t i = 0; i < std::min<std::size_t>(row.chosen.size(), 5); ++i) chosen.push_back(shown(row.chosen[i], 300));
  if (!chosen.empty()) facts.push_back({"chosen on validation", join(chosen, "; ")});
  facts.push_back({"trials", join(keys, " "), id});
  return facts;
}

/// Models stand against each other; where a section has none, its controls do.
int competing_kind(const Place& place) {
  int kind = 2;
  for (const std::size_t i : place.section.rows) kind = std::min(kind, kind_order(place.table.rows[i].kind));
  return kind;
}

/// The model that scores best in this section, or nothing.
const Row::Cell* best_cell(const Place& place) {
  const int competing = competing_kind(place);
  const Row::Cell* best = nullptr;
  for (const std::size_t i : place.section.rows) {
    const Row& row = place.table.rows[i];
    const Row::Cell* cell = row.cell(place.table.rank_metric, "test");
    if (kind_order(row.kind) != competing || cell == nullptr || std::isnan(cell->summary.mean)) continue;
    const double sign = cell->higher_is_better ? 1 : -1;
    if (best == nullptr || sign * cell->summary.mean > sign * best->summary.mean) best = cell;
  }
  return best;
}

HtmlCell standing_cell(const Place& place, const Row& row, const Row::Cell* cell, const Row::Cell* best) {
  if (cell == nullptr || best == nullptr || kind_order(row.kind) != competing_kind(place)) return no_cell();
  HtmlCell out = no_cell();
  const analyze::Summary &a = cell->summary, &b = best->summary;
  if (cell == best) {
    out = {.text = "★ best", .sort = "1", .mark = "best"};
  } else if (a.low <= b.high && b.low <= a.high) {
    out = {.text = "≈ overlaps best", .sort = "2"};
  }
  return out;
}

/// One row of the main table: beside one published number, or none.
HtmlRow main_row(const Place& place, std::size_t index, const store::PublishedRow* published, bool beside,
                 const Row::Cell* best) {
  const Row& row = place.table.rows[index];
  const std::string id = row_id(place.number, index);
  const Row::Cell* cell = row.cell(place.table.rank_metric, "test");
  HtmlRow out{.cells = {}, .group = group_of(row)};
  out.cells.push_back({.text = label_of(row), .sort = shown(row.label), .about = provenance_facts(row, id)});
  if (beside) {
    out.cells.push_back(published ? printed_cell(*published) : no_cell());
    if (published) out.cells.back().link = "#" + published_anchor(place.tables, place.number, *published);
  }
  out.cells.push_back(cell ? mean_cell(*cell, id) : no_cell());
  out.cells.push_back(cell ? interval_cell(*cell) : no_cell());
  if (beside) {
    const auto result = published && cell ? compared(place.table, *published, row, *cell) : std::nullopt;
    out.cells.push_back(result ? number_cell(result->difference, result->difference_text) : no_cell());
    out.cells.push_back(result && !result->verdict.empty() ? text_cell(result->verdict) : no_cell());
    if (result) out.cells.back().mark = result->mark;
  }
  out.cells.push_back(standing_cell(place, row, cell, best));
  out.cells.push_back(cell ? number_cell(static_cast<double>(cell->n), count_text(cell->n)) : no_cell());
  out.cells.push_back(number_cell(static_cast<double>(row.done), trials_text(row)));
  return out;
}

/// The constant that only test labels could choose, as a line of the table where the task has one section.
std::vector<HtmlRow> chance_rows(const Place& place, bool beside) {
  std::vector<HtmlRow> rows;
  if (place.heading != 0 || sections_of(place.table).size() != 1) return rows;
  for (const TaskTable::Diagnostic& d : place.table.diagnostics) {
    if (d.metric != place.table.rank_metric || d.split != "test" || !d.label.starts_with("best constant")) continue;
    HtmlRow row{.cells = {text_cell("chance: " + shown(d.label))}, .group = 1};
    if (beside) row.cells.push_back(no_cell());
    row.cells.push_back(number_cell(d.value, four_digits(d.value)));
    for (int i = 0; i < (beside ? 6 : 4); ++i) row.cells.push_back(no_cell());
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<store::PublishedRow> published_beside(const Place& place, std::size_t index) {
  const Row& row = place.table.rows[index];
  const Row::Cell* cell = row.cell(place.table.rank_metric, "test");
  if (cell == nullptr || !comparable_with_published(row)) return {};
  return published_for(place.table, row, *cell);
}

HtmlTable main_table(const Place& place) {
  const TaskTable& table = place.table;
  const Row::Cell* best = best_cell(place);
  const bool beside = std::ranges::any_of(place.section.rows, [&](std::size_t i) { return !published_beside(place, i).empty(); });
  const std::string metric = shown(table.rank_metric) + (table.higher_is_better ? " ↑" : " ↓");
  HtmlTable out{.id = place.id("main"), .caption = shown(table.title) + ": " + metric + " on test rows",
                .columns = {{"row"}}};
  if (beside) out.columns.push_back({"published", true});
  out.columns.insert(out.columns.end(), {{"measured " + metric, true}, {"95 %", true}});
  if (beside) out.columns.insert(out.columns.end(), {{"difference", true}, {"verdict"}});
  out.columns.insert(out.columns.end(), {{"standing"}, {"n", true}, {"trials", true}});
  const std::size_t shown_rows = std::min(place.section.rows.size(), kMostRows);
  std::vector<HtmlRow> chance = chance_rows(place, beside);
  for (std::size_t r = 0; r < shown_rows; ++r) {
    const std::size_t i = place.section.rows[r];
    if (kind_order(table.rows[i].kind) == 2) std::ranges::move(chance, std::back_inserter(out.rows)), chance.clear();
    const std::vector<store::PublishedRow> published = published_beside(place, i);
    if (published.empty()) out.rows.push_back(main_row(place, i, nullptr, beside, best));
    for (const store::PublishedRow& p : published) out.rows.push_back(main_row(place, i, &p, beside, best));
  }
  std::ranges::move(chance, std::back_inserter(out.rows));
  if (shown_rows < place.section.rows.size()) out.notes.push_back(cut_note(shown_rows, place.section.rows.size()));
  out.notes.push_back("Intervals: " + methods(table, place.section, &shown) + ".");
  return out;
}

HtmlTable metrics_table(const Place& place) {
  const TaskTable& table = place.table;
  HtmlTable out{.id = place.id("metrics"), .caption = "Every metric on test rows", .columns = {{"row"}}, .summary = "Every metric on test rows"};
  std::vector<std::string> metrics;
  for (const std::string& metric : table.metrics) {
    const auto has = [&](std::size_t i) { return table.rows[i].cell(metric, "test") != nullptr; };
    const auto with = std::ranges::find_if(place.section.rows, has);
    if (with == place.section.rows.end() || is_deviation_score(metric)) continue;
    metrics.push_back(metric);
    const bool higher = table.rows[*with].cell(metric, "test")->higher_is_better;
    out.columns.push_back({shown(metric) + (higher ? " ↑" : " ↓"), true});
    out.columns.push_back({"95 %", true});
    if (metrics.size() == 20) break;
  }
  const std::size_t shown_rows = std::min(place.section.rows.size(), kMostDetails);
  for (std::size_t r = 0; r < shown_rows; ++r) {
    const std::size_t i = place.section.rows[r];
    HtmlRow row{.cells = {text_cell(label_of(table.rows[i]))}, .group = group_of(table.rows[i])};
    for (const std::string& metric : metrics) {
      const Row::Cell* cell = table.rows[i].cell(metric, "test");
      row.cells.push_back(cell ? mean_cell(*cell, row_id(place.number, i)) : no_cell());
      row.cells.push_back(cell ? interval_cell(*cell) : no_cell());
    }
    out.rows.push_back(std::move(row));
  }
  if (shown_rows < place.section.rows.size()) out.notes.push_back(cut_note(shown_rows, place.section.rows.size()));
  out.notes.push_back(directions(table, place.section, &shown) + ".");
  return out;
}

HtmlTable validation_table(const Place& place) {
  const TaskTable& table = place.table;
  HtmlTable out{.id = place.id("validation"), .caption = shown(table.rank_metric) + " on validation rows",
                .columns = {{"row"}, {shown(table.rank_metric) + " on validation", true}, {"95 %", true}},
                .notes = {"Hyper-parameters and the state kept were chosen on these rows; test rows entered no choice, except in rows marked †, and without their labels in rows marked §."},
                .summary = "Selected on validation"};
  for (const std::size_t i : place.section.rows) {
    const Row::Cell* cell = table.rows[i].cell(table.rank_metric, "validation");
    if (cell == nullptr || out.rows.size() == kMostDetails) continue;
    out.rows.push_back({.cells = {text_cell(label_of(table.rows[i])), mean_cell(*cell, row_id(place.number, i)), interval_cell(*cell)},
                        .group = group_of(table.rows[i])});
  }
  return out;
}

HtmlTable slices_table(const Place& place) {
  const TaskTable& table = place.table;
  HtmlTable out{.id = place.id("slices"), .caption = "Test " + shown(table.rank_metric) + " by slice",
                .columns = {{"slice"}, {"rows", true}}, .summary = "Test " + shown(table.rank_metric) + " by slice"};
  std::vector<std::string> slices;  // as sorted in the cells
  std::vector<std::size_t> rows(place.section.rows.begin(),
                                place.section.rows.begin() + static_cast<std::ptrdiff_t>(std::min(place.section.rows.size(), kMostSliceRows)));
  for (const std::size_t i : rows) {
    out.columns.push_back({label_of(table.rows[i]), true});
    for (const Row::Cell& cell : table.rows[i].cells) {
      const bool wanted = cell.metric == table.rank_metric && cell.split == "test" && cell.slice != "all";
      if (wanted && slices.size() < kMostSlices && std::ranges::find(slices, cell.slice) == slices.end()) slices.push_back(cell.slice);
    }
  }
  for (const std::string& slice : slices) {
    HtmlRow row{.cells = {text_cell(shown(slice)), no_cell()}};
    for (const std::size_t i : rows) {
      const Row::Cell* cell = table.rows[i].cell(table.rank_metric, "test", slice);
      row.cells.push_back(cell ? mean_cell(*cell, row_id(place.number, i)) : no_cell());
      if (cell) row.cells[1] = number_cell(static_cast<double>(cell->n), count_text(cell->n));
    }
    out.rows.push_back(std::move(row));
  }
  out.notes.push_back(fmt::format("At most {} slices and {} rows are shown; all are in the CSV.", kMostSlices, kMostSliceRows));
  return out;
}

HtmlTable cost_table(const Place& place) {
  HtmlTable out{.id = place.id("cost"), .caption = "Cost", .columns = {{"row"}, {"parameters", true}, {"seconds a trial", true}, {"peak memory, MiB", true}},
                .summary = "Cost"};
  out.notes.emplace_back("Seconds of training and predictions; what is loaded, and embeddings that many trials share, are apart.");
  for (const std::size_t i : place.section.rows) {
    const Row& row = place.table.rows[i];
    if (row.done == 0 || out.rows.size() == kMostDetails) continue;
    const double mib = static_cast<double>(row.peak_bytes) / (1 << 20);
    out.rows.push_back({.cells = {text_cell(label_of(row)),
                                  row.parameters ? number_cell(static_cast<double>(*row.parameters), parameters_text(row)) : no_cell(),
                                  number_cell(row.seconds_per_trial, four_digits(row.seconds_per_trial)),
                                  row.peak_bytes > 0 ? number_cell(mib, fmt::format("{:.0f}", mib)) : no_cell()},
                        .group = group_of(row)});
  }
  return out;
}

HtmlTable values_table(const Place& place) {
  const TaskTable& table = place.table;
  HtmlTable out{.id = place.id("values"), .caption = shown(table.rank_metric) + " of each trial on test rows",
                .columns = {{"row"}, {"repeat", true}, {"fold", true}, {"seed", true}, {shown(table.rank_metric), true}, {"trial"}},
                .summary = "Values of each seed and fold"};
  std::size_t all = 0;
  for (const TrialValue& v : test_values(table)) {
    if (std::ranges::find(place.section.rows, v.row) == place.section.rows.end() || ++all > kMostValues) continue;
    const auto whole = [](std::int64_t x) { return number_cell(static_cast<double>(x), fmt::format("{}", x)); };
    out.rows.push_back({.cells = {text_cell(label_of(table.rows[v.row])), whole(v.rep), v.fold < 0 ? no_cell() : whole(v.fold),
                                  whole(v.seed), number_cell(v.value, four_digits(v.value)), text_cell(v.key.substr(0, 16))},
                        .group = group_of(table.rows[v.row])});
  }
  if (all > kMostValues) out.notes.push_back(cut_note(kMostValues, all));
  return out;
}

HtmlBlock diagnostics_block(const TaskTable& table, std::size_t number) {
  HtmlTable out{.id = fmt::format("t{}-diagnostics", number), .caption = "Audit of the labels, and of choices",
                .columns = {{"what"}, {"split"}, {"metric"}, {"value", true}, {"over"}}, .summary = "Diagnostics"};
  for (const TaskTable::Diagnostic& d : table.diagnostics) {
    out.rows.push_back({.cells = {text_cell(shown(d.label)), text_cell(shown(d.split)), text_cell(d.metric.empty() ? kNone : shown(d.metric)),
                                  number_cell(d.value, four_digits(d.value)), text_cell(shown(d.note))}});
  }
  return {.table = out};
}

/// What stands folded behind a main table; those without rows are left out.
std::vector<HtmlTable> tables_behind(const Place& place) {
  return {metrics_table(place), validation_table(place), label_counts_table(place.table, place.section, place.id("counts")),
          slices_table(place), deviations_table(place.table, place.section, place.number, place.id("deviations")), cost_table(place),
          values_table(place)};
}

}  // namespace

std::string row_id(std::size_t number, std::size_t row) { return fmt::format("t{}r{}", number, row); }

HtmlCell mean_cell(const Row::Cell& cell, const std::string& row) {
  HtmlCell out = number_cell(cell.summary.mean, mean_text(cell.summary));
  out.aggregate = Aggregate{row, cell.metric, cell.split, cell.slice, cell.summary.mean, cell.summary.sd};
  return out;
}

HtmlCell interval_cell(const Row::Cell& cell) { return number_cell(cell.summary.low, interval_text(cell.summary)); }

HtmlPart task_part(const SitePage& site, const TaskTable& table, std::size_t number) {
  HtmlPart part{.id = fmt::format("task-{}", anchor(table.task)), .title = shown(table.title + " (" + table.task + ")", 200)};
  for (const store::Card& card : site.cards) {
    if (card.kind == "task" && card.name == table.task && card.card.is_object()) part.paragraphs.push_back(shown(card.card.value("summary", ""), 1000));
  }
  const std::vector<Section> sections = sections_of(table);
  for (std::size_t s = 0; s < sections.size(); ++s) {
    const Place place{table, sections[s], number, s, site.page.tables};
    part.blocks.push_back({.heading = shown(sections[s].heading), .table = main_table(place)});
    for (HtmlTable& more : tables_behind(place)) {
      if (!more.rows.empty()) part.blocks.push_back({.table = std::move(more)});
    }
  }
  if (const std::string note = left_out_text(table); !note.empty()) part.blocks.push_back({.paragraphs = {note + "."}});
  if (!table.diagnostics.empty()) part.blocks.push_back(diagnostics_block(table, number));
  std::ranges::move(audit_blocks(table.audits, number), std::back_inserter(part.blocks));
  for (const PlacedFigure& placed : site.figures) {
    if (placed.task == table.task) part.blocks.push_back({.figure = placed.figure});
  }
  std::ranges::move(published_blocks(site.page.tables, number), std::back_inserter(part.blocks));
  return part;
}

}  // namespace seqbench::reports
