// verify, data moments.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/analyze/intervals.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/cli/commands.h"
#include "harness/data/home.h"
#include "harness/run/published.h"
#include "reports/as_printed.h"

namespace seqbench::cli {
namespace fs = std::filesystem;

namespace {

/// Population moments of one group of labels.
class Labels {
 public:
  void add(double x) { values_.push_back(x); }
  [[nodiscard]] std::string line(const std::string& task, const char* split, const std::string& mutations) const {
    const auto n = static_cast<double>(values_.size());
    const double mean = analyze::pairwise_sum(values_) / n;
    const auto [low, high] = std::ranges::minmax_element(values_);
    return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", task, split, mutations, values_.size(), format_double(mean),
                       format_double(analyze::variance(values_)), format_double(*low), format_double(*high));
  }

 private:
  std::vector<double> values_;
};

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
    if (a.json) all.push_back(reports::to_json(findings));
    else fmt::print("{}", reports::findings_text(findings));
    if (!a.out.empty()) {
      fs::create_directories(a.out);
      write_file_atomically(fs::path(a.out) / (paper + ".md"), reports::findings_markdown(findings));
    }
  }
  if (a.json) print_json(all);
  return inconsistent ? ExitCode::kFinding : ExitCode::kDone;
}

}  // namespace

ExitCode verify(const Context& context) {
  const run::Published published = run::read_published(context.arguments.root / "results/published");
  if (context.arguments.as_printed) return verify_as_printed(context, published);
  throw InputError("the scorecard is not built yet; use --as-printed");
}

ExitCode data_moments(const Context& context) {
  const Arguments& a = context.arguments;
  const TaskEntry& task = task_by_prefix(context, a.what);
  const fs::path folder = data::task_folder(a.data, task.name);
  if (data::read_lock(folder).empty()) {
    throw InputError(fmt::format("no real data of task '{}' in {}; get it with: {}", task.name, folder.string(), task.import_hint));
  }
  data::verify_lock(folder, true);
  const Params params(task.params);
  const auto dataset = task.load({false, folder, params});
  const Examples& examples = dataset->examples();
  const auto field = examples.fields.find("num_mutations");
  if (field == examples.fields.end() || !std::holds_alternative<std::vector<std::int64_t>>(field->second) || examples.published_split.empty()) {
    throw InputError(fmt::format("task '{}' has no numbers of mutations or no published split", task.name));
  }
  const auto& mutations = std::get<std::vector<std::int64_t>>(field->second);
  std::string text = fmt::format("# Labels of the published split, by part and number of mutations: population moments in the task's unit.\n"
                                 "# Made by: ./seqbench data moments {} (after: {})\ntask\tsplit\tnum_mutations\tn\tmean\tvariance\tmin\tmax\n",
                                 task.name, task.import_hint);
  constexpr const char* kNames[] = {"train", "validation", "test"};
  for (std::size_t part = 0; part < 3; ++part) {
    Labels whole;
    std::map<std::int64_t, Labels> groups;
    for (std::size_t i = 0; i < mutations.size(); ++i) {
      if (static_cast<std::size_t>(examples.published_split[i]) != part) continue;
      whole.add(examples.targets[i]);
      groups[mutations[i]].add(examples.targets[i]);
    }
    if (groups.empty()) continue;
    text += whole.line(task.name, kNames[part], "all");
    for (const auto& [count, labels] : groups) text += labels.line(task.name, kNames[part], std::to_string(count));
  }
  if (a.out.empty()) fmt::print("{}", text);
  else write_file_atomically(a.out, text);
  return ExitCode::kDone;
}

}  // namespace seqbench::cli
