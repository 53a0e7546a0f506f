#include "reports/render.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "reports/tables.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

/// Distinct values of one fact over the trials, in order of appearance.
template <typename FactOf>
std::vector<std::string> distinct(const std::vector<store::TrialResult>& trials, bool done_only, const FactOf& fact_of) {
  std::vector<std::string> out;
  for (const store::TrialResult& t : trials) {
    if (done_only && t.status != "done") continue;
    const std::string fact = fact_of(t);
    if (!fact.empty() && std::ranges::find(out, fact) == out.end()) out.push_back(fact);
  }
  return out;
}

/// As a shell reads it.
std::string shell_word(const std::string& argument) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./=:,").find(c) != std::string_view::npos;
  };
  if (!argument.empty() && std::ranges::all_of(argument, plain)) return argument;
  std::string out = "'";
  for (const char c : argument) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// Built from the record; of the recorded command only what changes results is taken over, never a path.
std::string rerun_command(const store::RunSummary& run, const std::vector<store::TrialResult>& trials) {
  std::string out = "./seqbench run " + shell_word("experiments/" + run.experiment + ".toml");
  if (!trials.empty()) out += " --scale " + shell_word(trials.front().scale);
  std::vector<std::string> words;
  for (const Json& word : run.command.is_array() ? run.command : Json::array()) {
    if (word.is_string()) words.push_back(word.get<std::string>());
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--twin" || words[i].starts_with("--set=")) out += " " + shell_word(words[i]);
    if (words[i] == "--set" && i + 1 < words.size()) out += " --set " + shell_word(words[++i]);
  }
  return out;
}

}  // namespace

Provenance provenance_of(const store::RunSummary& run, const std::vector<store::TrialResult>& trials) {
  using Trial = const store::TrialResult&;
  Provenance p;
  p.rerun = rerun_command(run, trials);
  const auto add = [&](const char* name, std::vector<std::string> values) {
    if (values.empty()) values.emplace_back("–");
    p.facts.emplace_back(name, std::move(values));
  };
  const auto add_environment = [&](const char* name, const auto& fact_of) {
    add(name, distinct(trials, true, [&](Trial t) { return fact_of(t.environment); }));
  };
  using Machine = const Environment&;
  add("experiment", {run.experiment});
  add("scale", distinct(trials, false, [](Trial t) { return t.scale; }));
  add("resolved experiment, sha256", {run.resolved.is_null() ? "–" : sha256_hex(canonical_json(run.resolved))});
  add("data, sha256", distinct(trials, false, [](Trial t) {
        const std::string data = data_of(t);
        return data.empty() ? "" : t.task + " (" + t.source + ") " + data;
      }));
  add("seeds", distinct(trials, false, [](Trial t) { return fmt::format("{}", t.seed); }));
  add_environment("program", [](Machine m) { return m.program; });
  add_environment("git commit", [](Machine m) { return m.git_commit + (m.git_dirty ? ", with local changes" : ""); });
  add_environment("build", [](Machine m) { return m.compiler + ", preset " + m.preset; });
  add_environment("LibTorch", [](Machine m) { return m.torch; });
  add_environment("cpu", [](Machine m) { return m.cpu + ", " + m.cpu_capability; });
  add_environment("device", [](Machine m) { return m.device; });
  add_environment("threads of a trial", [](Machine m) { return fmt::format("{}", m.threads); });
  add_environment("numerics class", [](Machine m) { return m.numerics_class(); });
  return p;
}

std::vector<std::filesystem::path> render(const store::Reader& store, const store::RunSummary& run,
                                          const std::filesystem::path& folder,
                                          const std::vector<std::string>& formats) {
  for (const std::string& format : formats) {
    if (format == "md" || format == "csv" || format == "json") continue;
    throw InputError("unknown format '" + printable(format) + "'; expected md, csv or json");
  }
  const Page page = page_of(store, run);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw MachineError("cannot create " + folder.string() + ": " + error.message());
  std::vector<std::filesystem::path> written;
  const auto write = [&](const std::string& ending, const std::string& text) {
    written.push_back(folder / (slug(run.experiment) + ending));
    write_file_atomically(written.back(), text);
  };
  for (const std::string& format : formats) {
    if (format == "md") write(".md", to_markdown(page));
    if (format == "csv") write(".csv", summary_csv(page));
    if (format == "csv") {
      AtomicFile file(written.emplace_back(folder / (slug(run.experiment) + ".trials.csv")));
      trials_csv(page, [&](std::string_view piece) { file.write(piece); });
      file.commit();
    }
    if (format == "json") write(".json", to_json(page).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  }
  return written;
}

}  // namespace seqbench::reports
