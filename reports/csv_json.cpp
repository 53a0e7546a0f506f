// The same tables for programs: full precision, nothing rounded.

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

#include "harness/base/text.h"
#include "reports/tables.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

/// The beginning or the middle of a line.
std::string some_cells(const std::vector<std::string>& cells) { return join(cells, ",") + ","; }

/// "folds=5; group=locus": with the split kind what makes rows compare.
std::string setting_text(const Row& row) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : row.setting) parts.push_back(name + "=" + value);
  return csv_text(join(parts, "; "));
}

std::string whole(std::int64_t value) { return fmt::format("{}", value); }

Json to_json(const Row::Cell& cell) {
  const analyze::Summary& s = cell.summary;
  return {{"metric", cell.metric},         {"split", cell.split},
          {"slice", cell.slice},           {"mean", json_number(s.mean)},
          {"sd", json_number(s.sd)},       {"low", json_number(s.low)},
          {"high", json_number(s.high)},   {"trials", s.trials},
          {"method", s.method},            {"higher_is_better", cell.higher_is_better},
          {"unit", cell.unit},             {"n", cell.n}};
}

Json to_json(const Row& row) {
  Json cells = Json::array();
  for (const Row::Cell& cell : row.cells) cells.push_back(to_json(cell));
  return {{"label", row.label},
          {"model", row.model},
          {"variant", row.variant},
          {"view", row.view},
          {"kind", row.kind},
          {"source", row.source},
          {"scale", row.scale},
          {"split_kind", row.split_kind},
          {"setting", row.setting},
          {"data", row.data},
          {"random_weights", row.random_weights},
          {"keys", row.keys},
          {"seeds", row.seeds},
          {"cells", cells},
          {"parameters", row.parameters ? Json(*row.parameters) : Json()},
          {"trained", row.trained ? Json(*row.trained) : Json()},
          {"seconds_per_trial", json_number(row.seconds_per_trial)},
          {"peak_bytes", row.peak_bytes},
          {"done", row.done},
          {"failed", row.failed},
          {"missing", row.missing},
          {"failures", row.failures},
          {"unfinished", row.unfinished},
          {"chosen", row.chosen},
          {"chosen_on_test", row.chosen_on_test},
          {"chosen_by_agreement", row.chosen_by_agreement}};
}

Json to_json(const store::PublishedRow& p) {
  return {{"paper", p.paper},         {"table", p.table_ref},
          {"row", p.row_ref},         {"column", p.col_ref},
          {"model", p.model},         {"variant", p.variant},
          {"metric", p.metric},       {"split", p.split},
          {"selected_on", p.selected_on}, {"value", p.value ? json_number(*p.value) : Json()},
          {"n_eval", p.n_eval ? Json(*p.n_eval) : Json()},
          {"status", p.status},       {"note", p.note}};
}

/// Lines of a table's values. What a trial, a column and a row say is written once and copied; lines go out by the megabyte.
class ValueLines {
 public:
  ValueLines(const TaskTable& table, const std::function<void(std::string_view)>& write) : values_(table.values), write_(write) {
    for (const Values::Trial& t : values_.trials) {
      trials_.push_back(some_cells({csv_text(t.key), csv_text(table.rows[t.row].label), whole(t.seed), whole(t.rep), whole(t.fold)}));
    }
    for (const Values::Column& c : values_.columns) {
      columns_.push_back(some_cells({csv_text(c.split), csv_text(c.metric), csv_text(c.slice)}));
    }
    for (const Row& row : table.rows) {
      rows_.push_back("," + csv_line({csv_text(table.task), csv_text(row.model), csv_text(row.variant), csv_text(row.view),
                                      csv_text(row.kind), csv_text(row.source), csv_text(row.scale), csv_text(row.split_kind),
                                      setting_text(row)}));
    }
  }

  void write_all() {
    constexpr std::size_t kPiece = 1 << 20;
    std::string out;
    for (const Values::Entry& entry : values_.entries) {
      append(out, entry);
      if (out.size() < kPiece) continue;
      write_(out);
      out.clear();
    }
    write_(out);
  }

 private:
  void append(std::string& out, const Values::Entry& entry) const {
    std::array<char, 64> numbers;
    char* at = numbers.data();
    char* const end = at + numbers.size();
    if (std::isnan(entry.value)) {
      at = std::copy_n("nan", 3, at);
    } else {
      at = std::to_chars(at, end, entry.value).ptr;
    }
    *at++ = ',';
    at = std::to_chars(at, end, entry.n).ptr;
    out.append(trials_[entry.trial]).append(columns_[entry.column]).append(numbers.data(), at);
    out.append(rows_[values_.trials[entry.trial].row]);
  }

  const Values& values_;
  const std::function<void(std::string_view)>& write_;
  std::vector<std::string> trials_, columns_, rows_;
};

}  // namespace

Json to_json(const TaskTable& table) {
  Json rows = Json::array(), diagnostics = Json::array(), published = Json::array(), counts = Json::array();
  for (const Row& row : table.rows) rows.push_back(to_json(row));
  for (const TaskTable::Diagnostic& d : table.diagnostics) {
    diagnostics.push_back({{"label", d.label}, {"metric", d.metric}, {"split", d.split},
                           {"value", json_number(d.value)}, {"note", d.note}});
  }
  for (const store::PublishedRow& p : table.published) published.push_back(to_json(p));
  for (const LabelCounts& c : table.label_counts) {
    Json by_value = Json::array();
    for (const auto& [value, rows_of_parts] : c.rows) by_value.push_back({{"value", value}, {"rows", rows_of_parts}});
    counts.push_back({{"heading", c.heading}, {"field", c.field}, {"parts", c.parts}, {"values", by_value}});
  }
  return {{"task", table.task},       {"title", table.title},
          {"rank_metric", table.rank_metric}, {"unit", table.unit},
          {"higher_is_better", table.higher_is_better},
          {"metrics", table.metrics}, {"columns_left_out", table.columns_left_out}, {"rows", rows},
          {"diagnostics", diagnostics}, {"label_counts", counts}, {"audits", table.audits}, {"published", published}};
}

Json to_json(const Page& page) {
  Json tasks = Json::array(), facts = Json::object();
  for (const TaskTable& table : page.tables) tasks.push_back(to_json(table));
  for (const auto& [name, values] : page.provenance.facts) facts[name] = values;
  const store::RunSummary& run = page.run;
  return {{"v", 1},
          {"run", {{"uid", run.uid}, {"experiment", run.experiment}, {"title", run.title}, {"paper", run.paper},
                   {"reruns", run.reruns}, {"status", run.status}, {"started_at", run.started_at}}},
          {"tasks", tasks},
          {"provenance", facts},
          {"rerun", page.provenance.rerun}};
}

std::string summary_csv(const Page& page) {
  std::string out = csv_line({"task", "label", "model", "variant", "view", "kind", "source", "scale", "split_kind", "setting",
                              "metric", "split", "slice", "mean", "sd", "low", "high", "trials", "method",
                              "higher_is_better", "unit", "n", "parameters", "seconds_per_trial", "peak_bytes", "done",
                              "failed", "missing"});
  for (const TaskTable& table : page.tables) {
    for (const Row& row : table.rows) {
      for (const Row::Cell& cell : row.cells) {
        const analyze::Summary& s = cell.summary;
        out += csv_line({csv_text(table.task), csv_text(row.label), csv_text(row.model), csv_text(row.variant),
                         csv_text(row.view), csv_text(row.kind), csv_text(row.source), csv_text(row.scale),
                         csv_text(row.split_kind), setting_text(row), csv_text(cell.metric), csv_text(cell.split), csv_text(cell.slice),
                         format_double(s.mean), format_double(s.sd), format_double(s.low), format_double(s.high),
                         whole(s.trials), csv_text(s.method), cell.higher_is_better ? "1" : "0", csv_text(cell.unit),
                         whole(cell.n), row.parameters ? whole(*row.parameters) : "", format_double(row.seconds_per_trial),
                         whole(row.peak_bytes), whole(row.done), whole(row.failed), whole(row.missing)});
      }
    }
  }
  return out;
}

void trials_csv(const Page& page, const std::function<void(std::string_view)>& write) {
  write(csv_line({"key", "label", "seed", "rep", "fold", "split", "metric", "slice", "value", "n", "task", "model", "variant",
                  "view", "kind", "source", "scale", "split_kind", "setting"}));
  for (const TaskTable& table : page.tables) ValueLines(table, write).write_all();
}

}  // namespace seqbench::reports
