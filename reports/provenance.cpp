// Facts that a page ends with, and the command that makes it again.
#include <fmt/format.h>

#include <algorithm>

#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "reports/tables.h"

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

}  // namespace seqbench::reports
