// A page: what was run, then each task, then where it all comes from.

#include <fmt/format.h>

#include "harness/base/text.h"
#include "reports/site.h"
#include "reports/tables.h"
#include "reports/text.h"
#include "reports/wording.h"

namespace seqbench::reports {
namespace {

std::string header(const Page& page) {
  const store::RunSummary& run = page.run;
  std::string out = "# " + escaped(run.title.empty() ? run.experiment : run.title) + "\n\n";
  out += fmt::format("Experiment {}, run {}, started {}, status {}. Trials: {}.\n", escaped(run.experiment),
                     escaped(run.uid), escaped(run.started_at), escaped(run.status), counts_text(counts_of(page.tables)));
  if (const std::string text = reruns_text(run); !text.empty()) out += fmt::format("\nReruns: {}.\n", escaped(text));
  return out;
}

void append_failures(std::string& out, const std::vector<TaskTable>& tables) {
  std::string lines;
  for (const std::string& line : failure_lines(tables, &escaped)) lines += "- " + line + "\n";
  if (!lines.empty()) out += "\n## Failed and missing trials\n\n" + lines;
}

void append_provenance(std::string& out, const Provenance& provenance) {
  out += "\n## Provenance\n\n";
  for (const auto& [name, values] : provenance.facts) {
    std::string text;
    for (const std::string& value : values) text += (text.empty() ? "" : "; ") + escaped(value, 200);
    out += fmt::format("- {}: {}\n", name, text);
  }
  out += "\nTo run it again:\n\n    " + shown(provenance.rerun, 400) + "\n";
}

void append_trials(std::string& out, const Page& page) {
  out += fmt::format("\n## Trials\n\nEvery value of every trial is in `{0}.trials.csv`, all summaries in full precision "
                     "in `{0}.csv`, where these formats were written.\n\n",
                     page.file);
  for (const TaskTable& table : page.tables) {
    for (const Row& row : table.rows) {
      std::string keys;
      for (const std::string& key : row.keys) keys += " " + escaped(key.substr(0, 12));
      out += fmt::format("- {} ({}):{}\n", escaped(row.label), escaped(table.task), keys);
    }
  }
}

}  // namespace

std::string to_markdown(const Page& page) {
  std::string out = header(page);
  for (const TaskTable& table : page.tables) append_task(out, table);
  append_failures(out, page.tables);
  append_trials(out, page);
  append_provenance(out, page.provenance);
  return out;
}

}  // namespace seqbench::reports
