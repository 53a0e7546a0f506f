#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/spec/context.h"

namespace seqbench::spec {
namespace {

const Entry* given(const Node* table, std::string_view key) {
  return table == nullptr ? nullptr : table->find(key);
}

/// One task of the file: the name's place, and its [[task]] (null for the short form).
struct Place {
  const Entry* name;
  const Node* item;
};

std::vector<Place> named_tasks(Context& ctx) {
  std::vector<Place> places;
  const Entry* short_form = given(subtable(&ctx.root, "data"), "task");
  const std::vector<const Node*> items = subtables(ctx.root, "task");
  if (short_form != nullptr) places.push_back({short_form, nullptr});
  if (short_form != nullptr && !items.empty()) {
    ctx.faults.add(short_form->at, "'data.task' and [[task]] both name tasks; keep one of them");
  }
  for (const Node* item : items) {
    if (const Entry* name = item->find("name")) {
      places.push_back({name, item});
    } else {
      ctx.faults.add(item->at, "missing key 'task.name'");
      ctx.all_tasks_known = false;
    }
  }
  if (places.empty() && items.empty()) {
    ctx.faults.add(ctx.start, "no task: give 'data.task' or [[task]]");
    ctx.all_tasks_known = false;
  }
  return places;
}

const TaskInfo* known_task(Context& ctx, const Entry& name) {
  if (!name.value.scalar.is_string()) return nullptr;  // reported
  const std::string text = name.value.scalar.get<std::string>();
  if (const auto broken = ctx.catalog.broken.find(text); broken != ctx.catalog.broken.end()) {
    ctx.faults.add(name.value.at, fmt::format("task '{}' cannot be used: {}", text, broken->second));
    return nullptr;
  }
  if (const TaskInfo* info = ctx.catalog.task(text)) return info;
  std::vector<std::string> names;
  for (const TaskInfo* task : ctx.catalog.tasks) names.push_back(task->name);
  ctx.faults.add(name.value.at, fmt::format("unknown task '{}'{}", printable(text), hint(text, names)));
  return nullptr;
}

/// [data] and [[task]] share keys but for the name.
void resolve_data(Context& ctx, const TaskInfo& info, const Place& place, TaskUse& use) {
  const Node* data = subtable(&ctx.root, "data");
  Settings settings(data_keys());
  settings.layer(data, data_keys(), &check_param);
  settings.layer(place.item, data_keys(), &check_param);
  use.source = ctx.options.twin                                        ? "twin"
               : !info.has_twin && !settings.places.contains("source") ? "real"
                                                                       : settings.values.text("source");
  use.limit = settings.values.integer("limit");
  if (use.source == "twin" && !info.has_twin) {
    ctx.faults.add(ctx.options.twin ? place.name->value.at : settings.place({"source"}, ctx.start),
                   fmt::format("the task '{}' has no twin: its data are real", info.name));
  }
  if (use.source == "real" && !info.has_real) {
    const std::string_view table = given(place.item, "source") != nullptr ? "task" : "data";
    ctx.faults.add(settings.place({"source"}, ctx.start),
                   fmt::format("'{}.source' is \"real\", but the task '{}' has no real data; it has twin",
                               table, info.name));
  }
  Settings params(info.params);
  params.layer_open(subtable(data, "params"), info.params, "data.params.", ctx.faults);
  params.layer_open(subtable(place.item, "params"), info.params, "task.params.", ctx.faults);
  use.params = params.values;
}

/// Keys of a split that contradict its kind, or the task; each fault names both.
class SplitCheck {
 public:
  SplitCheck(Context& ctx, const TaskInfo& info, Settings& split, const Origin& at)
      : ctx_(ctx), info_(info), split_(split), at_(at), kind_(split.values.text("kind")) {}

  void resolve() {
    const bool grouped = kind_ == "grouped" || kind_ == "stratified_grouped";
    const bool stratified = kind_ == "stratified" || kind_ == "stratified_grouped";
    const bool drawn_once = kind_ == "holdout" || kind_ == "subsample";
    if (grouped) fill("group", info_.group);
    if (grouped && text("group").empty()) {
      fault({"group", "kind"}, fmt::format("'split.kind' is \"{}\", but 'split.group' is not given and the task '{}' "
                                           "names no field to group by", kind_, info_.name));
    }
    if (!grouped && !drawn_once) refuse("group", "keeps no groups whole; use \"grouped\"");
    if (stratified) check_strata();
    if (!stratified) refuse("stratify", "balances no classes; use \"stratified\"");
    if (drawn_once && split_.values.number("test") == 0) refuse_zero("test", "needs a test part");
    if (kind_ == "subsample" && split_.values.integer("train_rows") == 0) {
      refuse_zero("train_rows", "needs a number of training rows");
    }
    if (kind_ == "published" && split_.values.integer("repeats") > 1) {
      fault({"repeats", "kind"}, fmt::format("'split.repeats' is {}, but 'split.kind' is \"published\": its parts are the "
                                             "same each time", split_.values.integer("repeats")));
    }
  }

 private:
  [[nodiscard]] const std::string& text(const char* key) const { return split_.values.text(key); }
  void fill(const char* key, const std::string& otherwise) {
    if (text(key).empty()) split_.values.set(key, otherwise);
  }
  void fault(std::initializer_list<std::string_view> keys, std::string message) {
    ctx_.faults.add(split_.place(keys, at_), std::move(message));
  }
  void refuse(const char* key, const char* why) {
    if (text(key).empty()) return;
    fault({key}, fmt::format("'split.{}' is \"{}\", but 'split.kind' is \"{}\", which {}", key, printable(text(key), 60),
                             kind_, why));
  }
  void refuse_zero(const char* key, const char* why) {
    fault({key, "kind"}, fmt::format("'split.{}' is 0, but 'split.kind' is \"{}\", which {}", key, kind_, why));
  }

  /// Values of a number are no classes, those of a class no ranks.
  void check_strata() {
    const bool classes = info_.kind == TaskKind::kBinary;
    const bool by_target = info_.stratify.empty() || info_.stratify == kTargetField;
    fill("stratify", !by_target ? info_.stratify : classes ? "target" : "quantiles(10)");
    const std::optional<Strata> strata = parse_strata(text("stratify"));
    SEQBENCH_ASSERT(strata.has_value(), "what a task is stratified by has one of the forms");
    if (strata->field != kTargetField || (strata->bins == 0) == classes) return;
    fault({"stratify", "kind"},
          fmt::format("'split.stratify' is \"{}\", but the target of task '{}' is a {}; use \"{}\"", text("stratify"),
                      info_.name, classes ? "class" : "number", classes ? "target" : "quantiles(10)"));
  }

  Context& ctx_;
  const TaskInfo& info_;
  Settings& split_;
  const Origin& at_;
  const std::string kind_;
};

void resolve_split(Context& ctx, const TaskInfo& info, const Place& place, TaskUse& use) {
  SEQBENCH_ASSERT(!info.splits.empty(), "a task offers at least one kind of split");
  Settings split(split_keys());
  split.layer(subtable(&ctx.root, "split"), split_keys(), &check_split);
  split.layer(subtable(place.item, "split"), split_keys(), &check_split);
  if (split.values.text("kind").empty()) split.values.set("kind", info.splits.front());
  const std::string kind = split.values.text("kind");
  if (std::find(info.splits.begin(), info.splits.end(), kind) == info.splits.end()) {
    ctx.faults.add(
        split.place({"kind"}, ctx.start),
        fmt::format("'split.kind' is \"{}\"; task '{}' offers {}", kind, info.name, join(info.splits, ", ")));
  } else {
    SplitCheck(ctx, info, split, ctx.start).resolve();
  }
  use.split = split.values;
  ctx.split_places.push_back(split.place({"validation"}, place.name->at));
}

/// The elements of a list of names with their places; `otherwise` where the key is absent.
std::vector<std::string> names_of(const Entry* entry, const std::vector<std::string>& otherwise,
                                  const std::function<bool(const std::string&, const Origin&)>& accept) {
  if (entry == nullptr || entry->value.kind != Node::Kind::kArray) return otherwise;
  std::vector<std::string> names;
  for (const Node& item : entry->value.items) {
    if (!item.scalar.is_string()) continue;
    const std::string name = item.scalar.get<std::string>();
    const bool is_new = std::find(names.begin(), names.end(), name) == names.end();
    if (is_new && accept(name, item.at)) names.push_back(name);
  }
  return names;
}

void resolve_metrics(Context& ctx, const TaskInfo& info, const Place& place, TaskUse& use) {
  SEQBENCH_ASSERT(!info.metrics.empty(), "a task has at least one metric");
  const Node* common = subtable(&ctx.root, "metrics");
  const Node* own = subtable(place.item, "metrics");
  const auto key = [&](std::string_view name) {
    return given(own, name) != nullptr ? given(own, name) : given(common, name);
  };
  const auto accept = [&](std::string_view what, const std::vector<std::string>& known) {
    return [&ctx, &info, what, known](const std::string& name, const Origin& at) {
      const bool ok = std::find(known.begin(), known.end(), name) != known.end();
      if (!ok)
        ctx.faults.add(at, fmt::format("unknown {} '{}' for the task '{}'{}", what, printable(name),
                                       info.name, hint(name, known)));
      return ok;
    };
  };
  const auto is_metric = accept("metric", metric_names(ctx.catalog, info.kind));
  use.metrics = names_of(key("report"), info.metrics, is_metric);
  use.slices = names_of(key("slices"), info.slices, accept("slice", info.slices));
  std::string rank = info.metrics.front();
  if (const Entry* entry = key("rank"); entry != nullptr && entry->value.scalar.is_string()) {
    const std::string wanted = entry->value.scalar.get<std::string>();
    if (is_metric(wanted, entry->value.at)) rank = wanted;
  } else if (!use.metrics.empty() &&
             std::find(use.metrics.begin(), use.metrics.end(), rank) == use.metrics.end()) {
    rank = use.metrics.front();
  }
  std::erase(use.metrics, rank);
  use.metrics.insert(use.metrics.begin(), rank);
  const bool reported = info.qualifying.empty() || std::ranges::find(use.metrics, info.qualifying) != use.metrics.end();
  if (!reported) use.metrics.push_back(info.qualifying);  // no leaderboard ranks a row without it
}

}  // namespace

std::vector<std::string> metric_names(const Catalog& catalog, TaskKind kind) {
  std::set<std::string> names;
  for (const TaskInfo* task : catalog.tasks) {
    if (task->kind == kind) names.insert(task->metrics.begin(), task->metrics.end());
  }
  return {names.begin(), names.end()};
}

void resolve_tasks(Context& ctx) {
  for (const Place& place : named_tasks(ctx)) {
    const TaskInfo* info = known_task(ctx, *place.name);
    if (info == nullptr) {
      ctx.all_tasks_known = false;
      continue;
    }
    if (std::find(ctx.tasks.begin(), ctx.tasks.end(), info) != ctx.tasks.end()) {
      ctx.faults.add(place.name->value.at, fmt::format("task '{}' is named twice", info->name));
      continue;
    }
    TaskUse use;
    use.task = info->name;
    resolve_data(ctx, *info, place, use);
    resolve_split(ctx, *info, place, use);
    resolve_metrics(ctx, *info, place, use);
    ctx.spec.tasks.push_back(std::move(use));
    ctx.tasks.push_back(info);
  }
}

}  // namespace seqbench::spec
