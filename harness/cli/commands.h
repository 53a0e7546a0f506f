#pragma once
// The commands. Each prints its result on stdout and returns the exit code; errors are thrown.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/code_hashes.h"
#include "harness/base/error.h"
#include "harness/contract/tables.h"
#include "harness/run/plan.h"
#include "harness/store/reader.h"

namespace seqbench::cli {

/// What --out names: a file in a folder that is there, a folder that is made or written into, or one that is made.
enum class OutKind { kFile, kFolder, kNewFolder };

/// Flags and arguments of all commands, as parsed.
struct Arguments {
  std::vector<std::string> command_line;
  std::filesystem::path root;   // holds experiments/, results/, models/
  std::filesystem::path store;
  std::filesystem::path data;
  bool json = false, quiet = false, no_progress = false, color = false;

  std::string what;                 // list WHAT, show THING, leaderboard TASK, rerun TRIAL, new model NAME
  std::vector<std::string> files;   // experiment files, data files
  std::vector<std::string> set;     // --set
  std::string scale = "desk", device = "auto", checkpoint_every = "60s", time_limit, view, metric, kind;
  std::string format, out, publish, table;
  OutKind out_kind = OutKind::kFile;
  std::string task, model, split, where, card, licence;  // submit
  bool as_printed = false, twin = false, again = false, failed = false, fail_fast = false;
  bool predictions = false, curves = false, config = false, env = false;
  bool dry_run = false;
  std::vector<std::string> from, only;  // data fetch, weights fetch
  std::string manifest;
  bool accept_licence = false, offline = false, no_open = false, unmerge = false;
  std::string input, input_format = "auto", column, id_column, pool;  // predict, embed, attention; --model is `model`
  std::string adapter;              // folder of a peft adapter
  double learning_rate = 5e-5, masked = 0.15;  // pretrain
  std::int64_t steps = 1000, seed = 0;
  std::string precision = "f32";
  std::int64_t batch = 32, max_length = 0, threads = 0;
  std::optional<std::int64_t> layer, head;
  bool no_specials = false, mean_heads = false;
  double min_probability = 0;
  std::int64_t attempts = 5;
  double stall = 30;                // seconds
  double timeout = 30;              // sql, seconds
  std::int64_t workers = 1, max_failures = 0, limit = 20, top = 0;
  std::int64_t rows = -1;           // sql: at most so many, 0 = all, -1 = as the format has it; data build: of the twin
};

struct Context {
  const Arguments& arguments;
  const Tables& tables;
  const CodeHashes& code;
};

ExitCode list(const Context& context);
ExitCode show(const Context& context);
ExitCode new_model(const Context& context);
ExitCode new_task(const Context& context);
ExitCode new_table(const Context& context);
ExitCode check(const Context& context);
ExitCode plan(const Context& context);
ExitCode run_file(const Context& context);
ExitCode rerun_trial(const Context& context);
ExitCode quickstart(const Context& context);
ExitCode report(const Context& context);
ExitCode leaderboard(const Context& context);
ExitCode submit(const Context& context);
ExitCode verify(const Context& context);
ExitCode predict(const Context& context);
ExitCode pretrain(const Context& context);
ExitCode merge(const Context& context);
ExitCode embed(const Context& context);
ExitCode attention(const Context& context);
ExitCode data_audit(const Context& context);
ExitCode data_list(const Context& context);
ExitCode data_build(const Context& context);
ExitCode data_import(const Context& context);
ExitCode data_fetch(const Context& context);
ExitCode data_moments(const Context& context);
ExitCode data_verify(const Context& context);
ExitCode weights_list(const Context& context);
ExitCode weights_fetch(const Context& context);
ExitCode weights_verify(const Context& context);
ExitCode db_check(const Context& context);
ExitCode db_export(const Context& context);
ExitCode db_backup(const Context& context);
ExitCode db_merge(const Context& context);
ExitCode sql(const Context& context);
ExitCode doctor(const Context& context);
ExitCode help_topic(const Context& context);

/// InputError where --out cannot name what it has to, before any work: a mistyped path is the user's, not the machine's fault.
void check_out(const Arguments& arguments);
/// A registered name, also cut to a unique prefix: "gfp" is gfp_fluorescence. Null where none begins so; InputError lists
/// the matches where several do.
[[nodiscard]] const TaskEntry* find_task(const Context& context, const std::string& beginning);
/// The same; InputError names the nearest where none begins so.
[[nodiscard]] const TaskEntry& task_by_prefix(const Context& context, const std::string& name);
/// What the experiment file makes, all of it needed, nothing of it looked up in the store.
[[nodiscard]] run::Plan plan_of_file(const Context& context, const std::filesystem::path& file);
/// Reads the files wholly by the task's own rules and puts them into the data home; `licences` by sha256, for the lock.
void import_into_home(const Context& context, const TaskEntry& task, const std::vector<std::filesystem::path>& files,
                      const std::map<std::string, std::string>& licences = {});
/// An experiment file: a path, or a name below experiments/.
[[nodiscard]] std::filesystem::path experiment_path(const Context& context, const std::string& name);
/// 6 characters or more of a run's id: digits and capital letters.
[[nodiscard]] bool is_uid_prefix(const std::string& text);
/// Pages of these runs into --out, their paths on stdout.
void write_reports(const Context& context, const store::Reader& store, const std::vector<store::RunSummary>& runs);
/// One line on stdout, JSON or text.
void print_json(const Json& json);

}  // namespace seqbench::cli
