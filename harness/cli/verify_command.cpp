// verify, data moments.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <variant>

#include "harness/analyze/intervals.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/base/version.h"
#include "harness/cli/commands.h"
#include "harness/contract/view.h"
#include "harness/data/home.h"
#include "harness/run/published.h"
#include "harness/spec/experiment.h"
#include "harness/store/reader.h"
#include "reports/as_printed.h"
#include "reports/verify.h"

namespace seqbench::cli {
namespace fs = std::filesystem;

namespace {

/// Population moments of one group of rows: of their labels, and the lengths of their sequences.
class Group {
 public:
  void add(double label, std::int64_t length) {
    values_.push_back(label);
    shortest_ = std::min(shortest_, length);
    longest_ = std::max(longest_, length);
  }
  [[nodiscard]] std::string line(const std::string& task, const char* split, const std::string& mutations) const {
    const auto n = static_cast<double>(values_.size());
    const double mean = analyze::pairwise_sum(values_) / n;
    const auto [low, high] = std::ranges::minmax_element(values_);
    return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", task, split, mutations, values_.size(), format_double(mean),
                       format_double(analyze::variance(values_)), format_double(*low), format_double(*high), shortest_, longest_);
  }

 private:
  std::vector<double> values_;
  std::int64_t shortest_ = std::numeric_limits<std::int64_t>::max(), longest_ = 0;
};

/// [rows]: residues of each row's sequence, by the first view of codes of a task with mutations.
std::vector<std::int64_t> lengths_of(const TaskEntry& task, const Dataset& dataset) {
  for (const ViewInfo& info : task.views) {
    const View view = dataset.view(info.name);
    if (const auto* codes = std::get_if<CodeView>(&view.data)) {
      const auto* lengths = codes->lengths.const_data_ptr<std::int64_t>();
      return {lengths, lengths + codes->lengths.numel()};
    }
  }
  throw InputError(fmt::format("task '{}' has no view of residues by position", task.name));
}

std::string moments_text(const TaskEntry& task, const Examples& examples, const std::vector<std::int64_t>& mutations,
                         const std::vector<std::int64_t>& lengths) {
  std::string text = fmt::format(
      "# The published split by part and number of mutations: population moments of the labels in the task's unit, and the\n"
      "# lengths of the sequences, all of them under the task's defaults.\n"
      "# Made by: ./seqbench data moments {} (after: {})\n"
      "task\tsplit\tnum_mutations\tn\tmean\tvariance\tmin\tmax\tmin_length\tmax_length\n",
      task.name, task.import_hint);
  constexpr const char* kNames[] = {"train", "validation", "test"};
  for (std::size_t part = 0; part < 3; ++part) {
    Group whole;
    std::map<std::int64_t, Group> groups;
    for (std::size_t i = 0; i < mutations.size(); ++i) {
      if (static_cast<std::size_t>(examples.published_split[i]) != part) continue;
      whole.add(examples.targets[i], lengths[i]);
      groups[mutations[i]].add(examples.targets[i], lengths[i]);
    }
    if (groups.empty()) continue;
    text += whole.line(task.name, kNames[part], "all");
    for (const auto& [count, group] : groups) text += group.line(task.name, kNames[part], std::to_string(count));
  }
  return text;
}

std::vector<std::string> papers_of(const Context& context, const store::PublishedFolder& folder) {
  if (context.arguments.what != "all") return {folder.paper(context.arguments.what).name};
  std::vector<std::string> names;
  for (const store::Paper& paper : folder.papers) names.push_back(paper.name);
  return names;
}

ExitCode verify_as_printed(const Context& context, const run::Published& published) {
  const Arguments& a = context.arguments;
  bool inconsistent = false;
  Json all = Json::array();
  for (const std::string& paper : papers_of(context, published.folder)) {
    const reports::PaperFindings findings = reports::as_printed(published.folder, paper);
    inconsistent = inconsistent || findings.inconsistent();
    if (a.json)
      all.push_back(reports::to_json(findings));
    else
      fmt::print("{}", reports::findings_text(findings));
    if (!a.out.empty()) {
      fs::create_directories(a.out);
      write_file_atomically(fs::path(a.out) / (paper + ".md"), reports::findings_markdown(findings));
    }
  }
  if (a.json) print_json(all);
  return inconsistent ? ExitCode::kFinding : ExitCode::kDone;
}

/// A file of experiments/PAPER as far as it says which rows of the paper it runs.
struct Rerun {
  std::string command;
  std::vector<std::string> labels;  // of what could be loaded
  std::string text, fault;          // of what could not: the file, and the first fault
};

std::vector<Rerun> reruns_of(const Context& context, const std::string& paper) {
  const fs::path folder = context.arguments.root / "experiments" / paper;
  if (!fs::is_directory(folder)) return {};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::vector<Rerun> reruns;
  for (const fs::path& file : files) {
    Rerun& rerun = reruns.emplace_back();
    rerun.command = fmt::format("./seqbench run {} --scale full", file.lexically_proximate(context.arguments.root).string());
    const auto loaded = spec::load(file, context.tables.catalog(), {{}, "full", false, context.arguments.root});
    if (loaded) {
      for (const spec::Variant& variant : loaded->variants) rerun.labels.push_back(variant.label);
    } else {
      rerun.text = read_file(file);
      rerun.fault = loaded.error().front().message;
    }
  }
  return reruns;
}

/// "./seqbench run experiments/mimo/table2.toml --scale full": the first with a row of this name; where it lacks something, what the
/// first fault says. "": none has.
std::string run_command(const std::vector<Rerun>& reruns, const std::string& name) {
  for (const Rerun& rerun : reruns) {
    if (std::ranges::find(rerun.labels, name) != rerun.labels.end()) return rerun.command;
    if (rerun.text.find(fmt::format("label = \"{}\"", name)) != std::string::npos) return fmt::format("{}; first: {}", rerun.command, rerun.fault);
  }
  return "";
}

/// What would let this number be measured.
std::string unblock(const Context& context, const std::vector<Rerun>& reruns, const store::PublishedRow& row) {
  const auto named = [](const std::string& name) { return [&](const auto& entry) { return entry.name == name; }; };
  const auto task = std::ranges::find_if(context.tables.tasks(), named(row.task));
  if (task == context.tables.tasks().end()) return fmt::format("task '{}' is not built yet", row.task);
  if (row.model.empty()) return "no model of ours stands for this row";
  if (!task->has_real) return fmt::format("task '{}' has no importer of real data yet", row.task);
  const bool model = std::ranges::any_of(context.tables.models(), named(row.model));
  if (!model) return fmt::format("model '{}' is not built yet", row.model);
  if (data::read_lock(data::task_folder(context.arguments.data, row.task)).empty()) return "./" + task->import_hint;
  const std::string command = run_command(reruns, row.row_ref);
  return command.empty() ? fmt::format("no file in experiments/{} has a row '{}'", row.paper, row.row_ref) : command;
}

ExitCode verify_measured(const Context& context, const run::Published& published) {
  const Arguments& a = context.arguments;
  std::optional<store::Reader> reader;
  if (fs::exists(a.store)) reader.emplace(a.store);
  bool finding = false;
  Json all = Json::array();
  std::vector<store::VerdictRow> verdicts;
  for (const std::string& paper : papers_of(context, published.folder)) {
    const reports::VerifyOptions options{
        published.margins.sha256, [&, reruns = reruns_of(context, paper)](const store::PublishedRow& row) { return unblock(context, reruns, row); }};
    reports::Scorecard card = reports::verify(reader ? &*reader : nullptr, published.folder, paper, options);
    std::ranges::move(reports::verdict_rows(card), std::back_inserter(verdicts));  // of the whole paper, whatever is shown
    if (!a.table.empty()) card = reports::of_table(std::move(card), a.table);
    finding = finding || card.finding();
    if (a.json)
      all.push_back(reports::to_json(card));
    else
      fmt::print("{}", reports::scorecard_text(card));
  }
  if (a.json) print_json(all);
  if (reader) {  // a store is kept, never made, by looking at it
    store::RunStore store(a.store);
    run::store_published(store, published);
    store.add_verdicts(verdicts, version().program);
  }
  return finding ? ExitCode::kFinding : ExitCode::kDone;
}

}  // namespace

ExitCode verify(const Context& context) {
  const run::Published published = run::read_published(context.arguments.root / "results/published");
  return context.arguments.as_printed ? verify_as_printed(context, published) : verify_measured(context, published);
}

ExitCode data_moments(const Context& context) {
  const Arguments& a = context.arguments;
  const TaskEntry& task = task_by_prefix(context, a.what);
  const fs::path folder = data::task_folder(a.data, task.name);
  if (data::read_lock(folder).empty()) throw InputError(data::no_data_text(task.name, folder, task.import_hint));
  data::verify_lock(folder, true);
  const Params params(task.params);
  const auto dataset = task.load({false, folder, params});
  const Examples& examples = dataset->examples();
  const auto field = examples.fields.find("num_mutations");
  if (field == examples.fields.end() || !std::holds_alternative<std::vector<std::int64_t>>(field->second) ||
      examples.published_split.empty()) {
    throw InputError(fmt::format("task '{}' has no numbers of mutations or no published split", task.name));
  }
  const std::vector<std::int64_t> lengths = lengths_of(task, *dataset);
  const std::string text = moments_text(task, examples, std::get<std::vector<std::int64_t>>(field->second), lengths);
  if (a.out.empty())
    fmt::print("{}", text);
  else
    write_file_atomically(a.out, text);
  return ExitCode::kDone;
}

}  // namespace seqbench::cli
