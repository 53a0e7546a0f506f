#include "reports/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "harness/analyze/spread.h"
#include "harness/base/text.h"
#include "reports/audits.h"
#include "reports/label_counts.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

/// What makes trials one row.
using RowKey = std::tuple<std::string, std::string, std::string, std::string, std::string, std::string, std::string,
                          std::string, std::string>;

RowKey key_of(const store::TrialResult& t) {
  return {t.label, t.model, t.variant, t.view, t.source, t.scale, t.split_kind, t.kind, configuration(t, true)};
}

/// "seeds 1, 2" or "fold 0 seed 1": which trials of a row share something.
std::string name_of(const store::TrialResult& t) {
  std::string name = t.rep > 0 ? fmt::format("repeat {} ", t.rep) : "";
  if (t.fold >= 0) name += fmt::format("fold {} ", t.fold);
  return name + fmt::format("seed {}", t.seed);
}

std::string chosen_text(const Json& chosen) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : chosen.items()) {
    const std::string text = value.is_number_float() ? format_double(value.get<double>())
                             : value.is_string()     ? value.get<std::string>()
                                                     : value.dump();
    parts.push_back(key + "=" + text);
  }
  return join(parts, ", ");
}

std::vector<std::string> chosen_by(const std::vector<const store::TrialResult*>& trials) {
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (const store::TrialResult* trial : trials) {
    if (!trial->chosen.is_object() || trial->chosen.empty()) continue;
    const std::string text = chosen_text(trial->chosen);
    auto found = std::ranges::find(groups, text, [](const auto& g) { return g.first; });
    if (found == groups.end()) found = groups.insert(groups.end(), {text, {}});
    found->second.push_back(name_of(*trial));
  }
  std::vector<std::string> lines;
  for (const auto& [text, names] : groups) lines.push_back(join(names, ", ") + ": " + text);
  return lines;
}

/// Keys of the split that its kind does not read, or that change training alone, choose no row that is scored.
Json read_by_kind(Json split, const store::TrialResult& t) {
  for (const char* name : {"kind", "repeats", "validation"}) split.erase(name);
  if (t.fold < 0) split.erase("folds");
  if (t.fold >= 0 || t.split_kind == "published") split.erase("test");
  return split;
}

std::map<std::string, std::string> setting_of(const store::TrialResult& t) {
  const Json none = Json::object();
  const Json task = t.config.is_object() ? t.config.value("task", none) : none;
  const Json split = t.config.is_object() ? t.config.value("split", none) : none;
  std::map<std::string, std::string> out;
  const auto add = [&out](const Json& values) {
    for (const auto& [name, value] : values.items()) {
      out[name] = value.is_string() ? value.get<std::string>() : value.is_number_float() ? format_double(value.get<double>())
                                                                                         : value.dump();
    }
  };
  if (task.is_object() && task.value("params", none).is_object()) add(task.value("params", none));
  if (split.is_object()) add(read_by_kind(split, t));
  const std::string limit = task.is_object() ? task.value("limit", Json(0)).dump() : "0";
  const bool all_rows = limit == "0" && !out.contains("train_rows");
  if (limit != "0") out["limit"] = limit;
  if (t.split_kind == "published" && all_rows) out.erase("seed");
  return out;
}

/// The trial's train.keep, or null.
Json kept(const store::TrialResult& trial) {
  const Json train = trial.config.is_object() ? trial.config.value("train", Json()) : Json();
  return train.is_object() ? train.value("keep", Json()) : Json();
}

Row described_by(const store::TrialResult& t) {
  Row row;
  row.label = t.label;
  row.model = t.model;
  row.variant = t.variant;
  row.view = t.view;
  row.kind = t.kind;
  row.source = t.source;
  row.scale = t.scale;
  row.split_kind = t.split_kind;
  row.setting = setting_of(t);
  row.data = data_of(t);
  row.chosen_on_test = chosen_on_test(t);
  row.chosen_by_agreement = kept(t) == "agreement";
  const Json model = t.config.is_object() ? t.config.value("model", Json()) : Json();
  row.random_weights = model.is_object() && model.value("weights", Json()) == "random";
  return row;
}

void add_costs(Row& row, const std::vector<const store::TrialResult*>& trials) {
  for (const store::TrialResult* t : trials) {
    row.seconds_per_trial += t->work_seconds / static_cast<double>(trials.size());
    row.peak_bytes = std::max(row.peak_bytes, t->peak_bytes);
    if (t->params_total) row.parameters = std::max(row.parameters.value_or(0), *t->params_total);
    if (t->params_trained) row.trained = std::max(row.trained.value_or(0), *t->params_trained);
  }
}

void add_state(Row& row, const store::TrialResult& t) {
  row.keys.push_back(t.key);
  if (std::ranges::find(row.seeds, t.seed) == row.seeds.end()) row.seeds.push_back(t.seed);
  if (t.status == "done") {
    ++row.done;
  } else if (t.status == "failed") {
    ++row.failed;
    row.failures.push_back(t.key + ": " + t.verdict + ": " + t.reason);
  } else {
    ++row.missing;
    row.unfinished.push_back(t.key + ": " + (t.status.empty() ? "never run" : t.status));
  }
}

/// The ranking metric first, as the trials were asked to report them; else as the rows come.
std::vector<std::string> metrics_of(const std::vector<store::TrialResult>& trials, const store::Reader& store,
                                    const std::string& task) {
  for (const store::TrialResult& t : trials) {
    const Json report = t.config.is_object() ? t.config.value("metrics", Json::object()).value("report", Json()) : Json();
    if (report.is_array() && !report.empty()) return report.get<std::vector<std::string>>();
  }
  const auto card = store.card("task", task);
  const Json named = card && card->card.is_object() ? card->card.value("metrics", Json()) : Json();
  return named.is_array() ? named.get<std::vector<std::string>>() : std::vector<std::string>{};
}

/// Fields whose slices the trials were asked to report.
std::vector<std::string> declared_slices(const std::vector<store::TrialResult>& trials) {
  std::vector<std::string> fields;
  for (const store::TrialResult& t : trials) {
    const Json asked = t.config.is_object() ? t.config.value("metrics", Json::object()).value("slices", Json()) : Json();
    for (const Json& field : asked.is_array() ? asked : Json::array()) {
      const std::string name = field.is_string() ? field.get<std::string>() : "";
      if (std::ranges::find(fields, name) == fields.end()) fields.push_back(name);
    }
  }
  return fields;
}

/// Names that two settings do not share with one value.
void add_differences(const Row& a, const Row& b, std::set<std::string>& names) {
  for (const auto& [name, value] : a.setting) {
    const auto other = b.setting.find(name);
    if (other == b.setting.end() || other->second != value) names.insert(name);
  }
}

/// Groups always, and what differs among rows that would have one heading.
void name_particulars(std::vector<Row>& rows) {
  std::map<std::string, std::vector<Row*>> alike;
  for (Row& row : rows) {
    if (const auto group = row.setting.find("group"); group != row.setting.end()) row.particulars = " by " + group->second;
    alike[heading(row)].push_back(&row);
  }
  for (const auto& [heading, members] : alike) {
    std::set<std::string> names;
    for (const Row* row : members) {
      add_differences(*row, *members.front(), names);
      add_differences(*members.front(), *row, names);
    }
    for (Row* row : members) {
      for (const auto& [name, value] : row->setting) {
        if (names.contains(name)) row->particulars += fmt::format(", {}={}", name, value);
      }
    }
  }
}

/// First every value of every row, then what the rows' cells say of them.
class TableBuilder {
 public:
  TableBuilder(const store::Reader& store, TaskTable& table, std::size_t trials)
      : store_(store), table_(table), values_(store, table.values, trials) {}

  void add_row(Row row, std::vector<const store::TrialResult*> trials) {
    std::ranges::stable_sort(trials, {}, [](const auto* t) { return std::tuple(t->rep, t->fold, t->seed); });
    DoneTrials& done = done_.emplace_back();
    done.first = table_.values.trials.size();
    for (const store::TrialResult* trial : trials) {
      add_state(row, *trial);
      if (trial->status != "done") continue;
      done.trials.push_back(trial);
      values_.add(static_cast<std::uint32_t>(table_.rows.size()), *trial);
      add_parts(heading(row), *trial);
    }
    add_costs(row, done.trials);
    row.chosen = chosen_by(done.trials);
    table_.rows.push_back(std::move(row));
  }

  void summarize_rows(const std::vector<std::string>& declared, const Wanted& wanted) {
    add_metrics();
    const std::size_t most = std::max<std::size_t>(1, wanted.most_cells / std::max<std::size_t>(1, table_.rows.size()));
    ColumnChoice choice = choose_columns(values_, table_.metrics, declared, most, wanted.only);
    if (wanted.ranking) choice.resampled = {ranked_by(*wanted.ranking), table_.qualifying};
    table_.columns_left_out = choice.left_out;
    for (std::size_t i = 0; i < table_.rows.size(); ++i) {
      table_.rows[i].cells = summarize(store_, values_, done_[i], choice);
    }
  }

  void count_labels() {
    for (const auto& [heading, sets] : most_sets_) {
      if (auto counts = count_by_field(stored_parts(store_, sets))) {
        counts->heading = heading;
        table_.label_counts.push_back(std::move(*counts));
      }
    }
  }

  [[nodiscard]] std::vector<Part> parts() const { return {parts_.begin(), parts_.end()}; }

 private:
  [[nodiscard]] std::string ranked_by(const std::string& metric) const {
    return metric.empty() && !table_.metrics.empty() ? table_.metrics.front() : metric;
  }

  void add_metrics() {
    for (std::size_t i = 0; i < table_.values.columns.size(); ++i) {
      const std::string& metric = table_.values.columns[i].metric;
      if (std::ranges::find(table_.metrics, metric) == table_.metrics.end()) table_.metrics.push_back(metric);
      if (metric != table_.metrics.front()) continue;
      table_.higher_is_better = values_.facts()[i].higher_is_better;
      table_.unit = values_.facts()[i].unit;
    }
  }

  void add_parts(const std::string& heading, const store::TrialResult& trial) {
    const std::vector<std::int64_t> sets = store_.example_sets(trial.execution);
    if (std::vector<std::int64_t>& most = most_sets_[heading]; sets.size() > most.size()) most = sets;
    for (const std::int64_t id : sets) {
      if (!seen_.insert({heading, id}).second) continue;
      const auto examples = store_.examples(id);
      if (examples->cols == 1) parts_.insert({heading, examples->split, examples->truth});
    }
  }

  const store::Reader& store_;
  TaskTable& table_;
  ValueReader values_;
  std::vector<DoneTrials> done_;  // of each row
  std::set<Part> parts_;
  std::map<std::string, std::vector<std::int64_t>> most_sets_;  // by heading: example sets of the trial that has most
  std::set<std::pair<std::string, std::int64_t>> seen_;  // heading, example set
};

}  // namespace

const Row::Cell* Row::cell(std::string_view metric, std::string_view split, std::string_view slice) const {
  const auto found = std::ranges::find_if(
      cells, [&](const Cell& c) { return c.metric == metric && c.split == split && c.slice == slice; });
  return found == cells.end() ? nullptr : &*found;
}

std::string split_name(int split) {
  return split == 0 ? "train" : split == 1 ? "validation" : split == 2 ? "test" : fmt::format("split {}", split);
}

int kind_order(std::string_view kind) { return kind == "ceiling" ? 2 : kind == "control" ? 1 : 0; }

bool comparable_with_published(const Row& row) { return row.source == "real" && row.scale == "full" && !row.random_weights; }

std::string heading(const Row& row) {
  const std::string data = row.source == "twin" ? "On the synthetic twin" : row.source == "real" ? "Real data" : row.source;
  return fmt::format("{}, {} scale, split {}{}{}", data, row.scale, row.split_kind, row.particulars, row.random_weights ? ", random weights" : "");
}

std::vector<Section> sections_of(const TaskTable& table) {
  std::vector<Section> sections;
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const std::string name = heading(table.rows[i]);
    auto found = std::ranges::find(sections, name, &Section::heading);
    if (found == sections.end()) found = sections.insert(sections.end(), {name, {}});
    found->rows.push_back(i);
  }
  return sections;
}

std::string configuration(const store::TrialResult& trial, bool code) {
  Json config = trial.config;
  if (!config.is_object()) return "";
  for (const char* name : {"seed", "rep", "fold"}) config.erase(name);
  if (!code) config.erase("code");
  return canonical_json(config);
}

bool chosen_on_test(const store::TrialResult& trial) { return kept(trial) == "published_test"; }

std::string test_metric(const std::vector<store::CurvePoint>& curves) {
  const auto found = std::ranges::find_if(curves, [](const store::CurvePoint& p) { return p.split == 2 && p.name != analyze::kDisagreement; });
  return found == curves.end() ? "" : found->name;
}

std::string data_of(const store::TrialResult& trial) {
  const Json data = trial.config.is_object() ? trial.config.value("data", Json()) : Json();
  return data.is_string() ? data.get<std::string>() : "";
}

TaskTable build_table(const store::Reader& store, const std::string& task, const std::vector<store::TrialResult>& trials,
                      const Wanted& wanted) {
  TaskTable table;
  table.task = task;
  const auto card = store.card("task", task);
  table.title = card && card->card.is_object() ? card->card.value("title", task) : task;
  table.qualifying = card && card->card.is_object() ? card->card.value("qualifying", "") : "";
  table.metrics = metrics_of(trials, store, task);
  std::map<RowKey, std::size_t> known;
  std::vector<std::vector<const store::TrialResult*>> groups;
  for (const store::TrialResult& t : trials) {
    const auto [found, added] = known.try_emplace(key_of(t), groups.size());
    if (added) groups.emplace_back();
    groups[found->second].push_back(&t);
  }
  std::ranges::stable_sort(groups, {}, [](const auto& group) { return kind_order(group.front()->kind); });
  TableBuilder builder(store, table, trials.size());
  std::vector<Row> rows;
  for (const auto& group : groups) rows.push_back(described_by(*group.front()));
  name_particulars(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) builder.add_row(std::move(rows[i]), std::move(groups[i]));
  builder.summarize_rows(declared_slices(trials), wanted);
  builder.count_labels();
  if (!table.metrics.empty()) table.rank_metric = table.metrics.front();
  table.diagnostics = diagnose(builder.parts(), table.metrics);
  std::ranges::move(diagnose_choice(table.rows, table.metrics), std::back_inserter(table.diagnostics));
  table.audits = audits_of(store, trials);
  table.published = store.published(task);
  table.verdicts = store.verdicts();
  return table;
}

std::string left_out_text(const TaskTable& table) {
  if (table.columns_left_out == 0) return "";
  const std::size_t all = table.values.columns.size();
  return fmt::format("{} of {} stored columns (part, metric and slice) are summarised here, whole parts and asked slices "
                     "first; every value of the others is in the CSV of trials",
                     count_text(static_cast<std::int64_t>(all - table.columns_left_out)),
                     count_text(static_cast<std::int64_t>(all)));
}

std::vector<store::PublishedRow> published_for(const TaskTable& table, const Row& row, const Row::Cell& cell) {
  if (cell.slice != "all") return {};
  const auto on_published = [](const Row& r) { return r.split_kind == "published"; };
  if (!on_published(row) && std::ranges::any_of(table.rows, on_published)) return {};
  return published_as(table, row.model, row.label, cell);
}

std::vector<store::PublishedRow> published_as(const TaskTable& table, const std::string& model, std::string_view name,
                                              const Row::Cell& cell) {
  std::vector<store::PublishedRow> found;
  for (const store::PublishedRow& p : table.published) {
    const bool same = !p.model.empty() && p.model == model && p.row_ref == name;
    if (same && p.metric == cell.metric && p.split == cell.split && is_printed(p)) found.push_back(p);
  }
  return found;
}

bool is_printed(const store::PublishedRow& row) { return row.value || (row.low && row.high); }

double nearest_printed(const store::PublishedRow& row, double measured) {
  if (row.value) return *row.value;
  return measured < *row.low ? *row.low : std::min(measured, *row.high);
}

std::string published_text(const store::PublishedRow& row) {
  if (row.low && row.high) {
    const std::int64_t digits = std::clamp<std::int64_t>(row.decimals.value_or(4), 0, 15);
    return fmt::format("[{:.{}f}, {:.{}f}]", *row.low, digits, *row.high, digits);
  }
  if (!row.value) return "–";
  return row.decimals ? fmt::format("{:.{}f}", *row.value, std::clamp<std::int64_t>(*row.decimals, 0, 15))
                      : format_double(*row.value);
}

namespace {

std::vector<TaskTable> tables_of(const store::Reader& store, std::vector<store::TrialResult> trials) {
  std::vector<std::pair<std::string, std::vector<store::TrialResult>>> tasks;
  for (store::TrialResult& t : trials) {
    auto found = std::ranges::find(tasks, t.task, [](const auto& g) { return g.first; });
    if (found == tasks.end()) found = tasks.insert(tasks.end(), {t.task, {}});
    found->second.push_back(std::move(t));
  }
  std::vector<TaskTable> tables;
  for (const auto& [task, of_task] : tasks) tables.push_back(build_table(store, task, of_task));
  return tables;
}

}  // namespace

std::vector<TaskTable> tables_of_run(const store::Reader& store, const store::RunSummary& run) {
  return tables_of(store, store.trials_of_run(run.id));
}

Page page_of(const store::Reader& store, const store::RunSummary& run) {
  std::vector<store::TrialResult> trials = store.trials_of_run(run.id);
  Page page{run, {}, provenance_of(run, trials)};
  page.tables = tables_of(store, std::move(trials));
  return page;
}

}  // namespace seqbench::reports
