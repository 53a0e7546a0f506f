// report, leaderboard, db.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <sstream>

#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/cli/commands.h"
#include "harness/store/reader.h"
#include "reports/leaderboard.h"
#include "reports/render.h"

namespace seqbench::cli {
namespace fs = std::filesystem;

namespace {

/// What `report` may be given: experiments in the store, newest first.
std::string known_runs(const store::Reader& store) {
  std::vector<std::string> names;
  for (const store::RunSummary& run : store.runs(1000)) {
    if (names.size() < 8 && std::find(names.begin(), names.end(), run.experiment) == names.end()) names.push_back(run.experiment);
  }
  return names.empty() ? "none yet" : join(names, ", ");
}

/// By experiment name, experiment file, or run uid.
store::RunSummary find_run(const store::Reader& store, const std::string& given) {
  std::string name = given;
  if (const fs::path path = name; path.extension() == ".toml") {
    const std::string text = path.lexically_normal().replace_extension().string();
    const std::size_t below = text.rfind("experiments/");
    name = below == std::string::npos ? path.stem().string() : text.substr(below + 12);
  }
  if (const auto run = store.newest_run(name)) return *run;
  if (is_uid_prefix(name)) return store.run(name);
  throw InputError(fmt::format("no run of '{}' in the store; expected an experiment that was run ({}), its file, or 6 characters "
                               "or more of a run (seqbench list runs)",
                               printable(given), known_runs(store)));
}

std::vector<std::string> formats_of(const std::string& text) {
  if (text.empty()) return reports::kFormats;
  std::vector<std::string> formats;
  for (const std::string_view part : split(text, ',')) {
    const std::string format(part);
    if (std::ranges::find(reports::kFormats, format) == reports::kFormats.end()) {
      throw InputError(fmt::format("--format must be any of {}, got '{}'", join(reports::kFormats, ","), printable(part)));
    }
    formats.push_back(format);
  }
  return formats;
}

}  // namespace

void write_reports(const Context& context, const store::Reader& store, const std::vector<store::RunSummary>& runs) {
  const Arguments& a = context.arguments;
  const fs::path folder = a.out.empty() ? a.root / "reports/out" : fs::path(a.out);
  const reports::Drawing drawing{.pythons = {(a.root / ".venv/bin/python").string(), "python3"}};
  const std::vector<std::string> formats = formats_of(a.format);
  if (!a.quiet && std::ranges::find(formats, "html") != formats.end()) {
    const std::string of = runs.size() == 1 ? printable(runs.front().experiment) : counted(runs.size(), "experiment");
    static_cast<void>(std::fputs(fmt::format("pages of {}: intervals and figures of many trials may take minutes\n", of).c_str(), stderr));
  }
  for (const fs::path& file : reports::write_site(store, runs, folder, formats, drawing)) {
    fmt::print("{}\n", file.lexically_proximate(a.root).string());
  }
}

ExitCode report(const Context& context) {
  const Arguments& a = context.arguments;
  const store::Reader store(a.store);
  std::vector<store::RunSummary> runs = reports::newest_runs(store);
  if (runs.empty()) throw InputError("the store holds no run; make one with: seqbench run FILE");
  if (!a.what.empty()) runs = {find_run(store, a.what)};
  write_reports(context, store, runs);
  return ExitCode::kDone;
}

ExitCode leaderboard(const Context& context) {
  const Arguments& a = context.arguments;
  const std::string task = task_by_prefix(context, a.what).name;
  const store::Reader store(a.store);
  const reports::Leaderboard board = reports::leaderboard(store, task, a.metric);
  if (!a.out.empty()) {
    fmt::print("{}\n", reports::write_leaderboard_page(board, a.out).lexically_proximate(a.root).string());
  } else if (a.json) {
    print_json(reports::leaderboard_json(board));
  } else {
    fmt::print("{}", reports::leaderboard_text(board, static_cast<std::size_t>(std::max<std::int64_t>(a.top, 0))));
  }
  return ExitCode::kDone;
}

ExitCode db_check(const Context& context) {
  const std::vector<std::string> findings = store::Reader(context.arguments.store).check();
  for (const std::string& finding : findings) fmt::print("{}\n", finding);
  if (findings.empty()) {
    fmt::print("{}: no damage, every rule holds\n", context.arguments.store.lexically_proximate(context.arguments.root).string());
    return ExitCode::kDone;
  }
  return ExitCode::kMachine;
}

ExitCode db_export(const Context& context) {
  const Arguments& a = context.arguments;
  const store::Reader store(a.store);
  if (a.out.empty()) {
    store.export_text(std::cout);
    return ExitCode::kDone;
  }
  std::ostringstream text;
  store.export_text(text);
  write_file_atomically(a.out, text.str());
  return ExitCode::kDone;
}

}  // namespace seqbench::cli
