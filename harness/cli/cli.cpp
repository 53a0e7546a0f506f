#include "harness/cli/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>

#include "harness/base/text.h"
#include "harness/base/version.h"
#include "harness/cli/commands.h"
#include "harness/run/worker.h"
#include "harness/table/declared.h"

namespace seqbench::cli {
namespace fs = std::filesystem;

namespace {

using Command = std::function<ExitCode(const Context&)>;

/// Declares the subcommands; `chosen` is set by the one that was given.
class Parser {
 public:
  explicit Parser(Arguments& a) : a_(a), app_("Rerun published biology-ML experiments and compare", "seqbench") {
    app_.set_version_flag("--version", std::string(version().program));
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.get_formatter()->column_width(22);
    app_.add_option("--store", a_.store, "the store [results/seqbench.db, or SEQBENCH_STORE]");
    app_.add_option("--data", a_.data, "the data home [data, or SEQBENCH_DATA]");
    app_.add_flag("--json", a_.json, "one JSON document, or JSON lines for run");
    app_.add_flag("-q,--quiet", a_.quiet, "errors alone");
    app_.add_flag("--no-progress", a_.no_progress, "plain lines instead of a redrawn progress");
    add_experiment_commands();
    add_store_commands();
    add_use_commands();
    add_pretrain();
    add_merge();
    add_weights_commands();
    add_other_commands();
  }

  void parse(int argc, char** argv) { app_.parse(argc, argv); }
  int exit(const CLI::ParseError& error) { return app_.exit(error); }
  [[nodiscard]] const Command& chosen() const { return chosen_; }

  /// Names of commands, and of the flags of the command that was given: for hints.
  [[nodiscard]] std::vector<std::string> command_names() const {
    std::vector<std::string> names;
    for (const CLI::App* sub : app_.get_subcommands([](const CLI::App*) { return true; })) names.push_back(sub->get_name());
    return names;
  }
  [[nodiscard]] std::vector<std::string> flag_names() const {
    std::vector<std::string> names;
    const std::function<void(const CLI::App&)> add = [&](const CLI::App& app) {
      for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
      }
      for (const CLI::App* sub : app.get_subcommands()) add(*sub);
    };
    add(app_);
    return names;
  }

 private:
  CLI::App* command(CLI::App& parent, const char* name, const char* help, Command run) {
    CLI::App* sub = parent.add_subcommand(name, help);
    sub->fallthrough();
    sub->callback([this, run = std::move(run)] { chosen_ = run; });
    return sub;
  }

  CLI::Option* out_option(CLI::App* sub, OutKind kind, const char* help) {
    return sub->add_option("--out", a_.out, help)->each([this, kind](const std::string&) { a_.out_kind = kind; });
  }

  void experiment_flags(CLI::App* sub) {
    sub->add_option("--set", a_.set, "override a key: train.epochs=3 (repeatable)")->type_size(1)->allow_extra_args(false);
    sub->add_option("--scale", a_.scale, "smoke, desk or full [desk]");
    sub->add_flag("--twin", a_.twin, "the synthetic twin in place of real data");
  }

  void add_experiment_commands() {
    CLI::App* sub = command(app_, "quickstart", "Run a small sweep and write its report", &quickstart);
    sub->add_option("--device", a_.device, "auto, cpu or cuda:N [auto]");
    sub = command(app_, "check", "Validate experiment files, all errors at once", &check);
    sub->add_option("FILE", a_.files, "experiment files")->required();
    experiment_flags(sub);
    sub = command(app_, "plan", "Print trials, reasons and estimates; run nothing", &plan);
    sub->add_option("FILE", a_.files, "an experiment file")->required()->expected(1);
    sub->add_option("--limit", a_.limit, "rows shown, 0 = all [20]");
    sub->add_flag("--again", a_.again, "plan new executions though done");
    sub->add_flag("--failed", a_.failed, "take failed trials up again");
    experiment_flags(sub);
    sub = command(app_, "run", "Run what is missing of an experiment", &run_file);
    sub->add_option("FILE", a_.files, "an experiment file")->required()->expected(1);
    experiment_flags(sub);
    sub->add_flag("--again", a_.again, "new executions though done");
    sub->add_flag("--failed", a_.failed, "take failed trials up again");
    sub->add_flag("--fail-fast", a_.fail_fast, "stop at the first failed trial");
    run_flags(sub);
    sub = command(app_, "rerun", "Compute a trial again and compare the bits", &rerun_trial);
    sub->add_option("TRIAL", a_.what, "a trial key, or the first 6 characters or more")->required();
    sub->add_option("--device", a_.device, "auto, cpu or cuda:N [auto]");
  }

  void run_flags(CLI::App* sub) {
    sub->add_option("--workers", a_.workers, "worker processes [1]")->check(CLI::Range(1, 256));
    sub->add_option("--device", a_.device, "auto, cpu or cuda:N [auto]");
    sub->add_option("--max-failures", a_.max_failures, "stop after so many failed trials, 0 = never [0]");
    sub->add_option("--checkpoint-every", a_.checkpoint_every, "60s, 5m or 500steps [60s]");
    sub->add_option("--time-limit", a_.time_limit, "stop cleanly after 2h30m [none]");
  }

  void add_store_commands() {
    CLI::App* sub = command(app_, "report", "Write pages, figures and tables of runs", &report);
    sub->add_option("RUN", a_.what, "an experiment's name, file or a run [the newest of each]");
    out_option(sub, OutKind::kFolder, "folder [reports/out]");
    sub->add_option("--format", a_.format, "any of html,md,csv,json,tex [all]");
    sub = command(app_, "leaderboard", "Rank models of a task with intervals", &leaderboard);
    sub->add_option("TASK", a_.what, "a task, or a unique prefix")->required();
    sub->add_option("--metric", a_.metric, "the ranking metric [the task's]");
    sub->add_option("--top", a_.top, "rows shown, 0 = all [0]");
    out_option(sub, OutKind::kFolder, "a folder: write the page leaderboard-TASK.html there");
    sub = command(app_, "submit", "Score and rank predictions made elsewhere", &submit);
    sub->add_option("FILE", a_.files, "id and prediction: TSV, CSV or JSON, also .gz")->required()->expected(1);
    sub->add_option("--task", a_.task, "a task, or a unique prefix")->required();
    sub->add_option("--model", a_.model, "the name that it stands under")->required();
    sub->add_option("--split", a_.split, "published, kfold, ... [the task's first]");
    sub->add_option("--only", a_.where, "FIELD=VALUE: these test rows alone");
    sub->add_option("--card", a_.card, "facts of the model, TOML or JSON");
    sub->add_option("--licence", a_.licence, "of the predictions, SPDX");
    sub->add_flag("--dry-run", a_.dry_run, "check and score, store nothing");
    experiment_flags(sub);
    sub = command(app_, "verify", "Hold a paper's printed numbers against measured ones", &verify);
    sub->add_option("PAPER", a_.what, "a paper of results/published, or all")->required();
    sub->add_flag("--as-printed", a_.as_printed, "against themselves; no store, no run");
    sub->add_option("--table", a_.table, "the numbers of this table alone");
    out_option(sub, OutKind::kFolder, "with --as-printed: a page a paper in this folder");
    sub = command(app_, "show", "Show a run, trial, experiment, task or model in full", &show);
    sub->add_option("THING", a_.what, "its name or key")->required();
    sub->add_flag("--predictions", a_.predictions, "id, truth, prediction, split, fold");
    sub->add_flag("--curves", a_.curves, "losses and metrics by step");
    sub->add_flag("--config", a_.config, "the resolved configuration");
    sub->add_flag("--env", a_.env, "the environment");
    sub->add_option("--format", a_.format, "text, csv or json [text]");
    CLI::App* db = app_.add_subcommand("db", "Check, export, back up or merge the store");
    db->require_subcommand(1);
    db->fallthrough();
    command(*db, "check", "Look for damage and broken rules", &db_check);
    sub = command(*db, "export", "Write all results as text in a fixed order", &db_export);
    out_option(sub, OutKind::kFile, "a file [stdout]");
    sub = command(*db, "backup", "Copy the store, checked, also while a run goes on", &db_backup);
    sub->add_option("FILE", a_.what, "a new file")->required();
    sub = command(*db, "merge", "Bring in what other stores have done", &db_merge);
    sub->add_option("SHARD", a_.files, "stores, left as they are")->required();
    sub->add_flag("--dry-run", a_.dry_run, "say what would be done, change nothing");
    sub = command(app_, "sql", "Ask the store: one SELECT, read-only", &sql);
    sub->add_option("SELECT", a_.what, "SQL; the views v_results, v_status, v_cost, v_published are documented")->required();
    sub->add_option("--format", a_.format, "table, csv or json [table]");
    sub->add_option("--timeout", a_.timeout, "seconds, 0 = no limit [30]")->check(CLI::Range(0.0, 1e6));
    sub->add_option("--rows", a_.rows, "rows at most, 0 = all [1000 in a table, else all]")->check(CLI::NonNegativeNumber);
  }

  void text_flags(CLI::App* sub) {
    sub->add_option("--model", a_.model, "a model folder, or a checkpoint in the weights home")->required();
    sub->add_option("--input", a_.input, "FASTA, FASTQ, table or lines, also .gz; - is standard input")->required();
    sub->add_option("--input-format", a_.input_format, "auto, fasta, fastq, tsv, csv or lines [auto]");
    sub->add_option("--column", a_.column, "of the texts, in a table");
    sub->add_option("--id-column", a_.id_column, "of the names, in a table [the row's number]");
    sub->add_option("--batch", a_.batch, "texts at once, at most [32]")->check(CLI::Range(1, 65536));
    sub->add_option("--max-length", a_.max_length, "tokens that a text is cut to [the folder's]")->check(CLI::Range(2, 1 << 24));
    sub->add_option("--threads", a_.threads, "threads [all cores]")->check(CLI::Range(1, 1024));
    sub->add_option("--device", a_.device, "auto, cpu or cuda:N [auto]");
  }

  void use_flags(CLI::App* sub, const char* formats) {
    text_flags(sub);
    sub->add_option("--adapter", a_.adapter, "folder of a peft adapter to put on the model");
    out_option(sub, OutKind::kFile, "a file [stdout]");
    sub->add_option("--format", a_.format, formats);
  }

  void add_pretrain() {
    CLI::App* sub = command(app_, "pretrain", "Pretrain a model folder further, on texts of yours", &pretrain);
    text_flags(sub);
    out_option(sub, OutKind::kNewFolder, "a new folder")->required();
    sub->add_option("--steps", a_.steps, "of the optimizer [1000]")->check(CLI::Range(1, 1 << 30));
    sub->add_option("--learning-rate", a_.learning_rate, "the peak, after a tenth of the steps [5e-5]")->check(CLI::Range(1e-12, 10.0));
    sub->add_option("--masked", a_.masked, "share of the tokens that have to be told [0.15]")->check(CLI::Range(0.001, 1.0));
    sub->add_option("--precision", a_.precision, "f32 or bf16 [f32]")->check(CLI::IsMember({"f32", "bf16"}));
    sub->add_option("--seed", a_.seed, "of order and masks [0]")->check(CLI::NonNegativeNumber);
  }

  void add_use_commands() {
    CLI::App* sub = command(app_, "predict", "A model folder's outputs for each text of a file", &predict);
    use_flags(sub, "tsv, jsonl or npy [tsv]");
    sub = command(app_, "embed", "A model folder's vectors for each text of a file", &embed);
    use_flags(sub, "npy, tsv or jsonl [npy with --out, else tsv]");
    sub->add_option("--pool", a_.pool, "mean, cls, max, or none: a vector a token [mean]");
    sub->add_flag("--no-specials", a_.no_specials, "leave out tokens that the tokenizer adds");
    sub->add_option("--layer", a_.layer, "0 = embedding, -1 = the last [-1]");
    sub = command(app_, "attention", "A model folder's attention for each text of a file", &attention);
    use_flags(sub, "jsonl, tsv, or npy of one record [jsonl]");
    sub->add_option("--layer", a_.layer, "from 1, -1 = the last [-1]");
    sub->add_option("--head", a_.head, "this one alone, from 0");
    sub->add_flag("--mean-heads", a_.mean_heads, "the mean over heads");
    sub->add_option("--min", a_.min_probability, "tsv: probabilities above this [0]")->check(CLI::Range(0.0, 1.0));
  }

  void add_merge() {
    CLI::App* sub = command(app_, "merge", "A model folder with an adapter merged into its weights", &merge);
    sub->add_option("--model", a_.model, "a model folder, or a checkpoint in the weights home")->required();
    sub->add_option("--adapter", a_.adapter, "folder of a peft adapter")->required();
    out_option(sub, OutKind::kNewFolder, "a new folder")->required();
    sub->add_flag("--unmerge", a_.unmerge, "take the adapter off weights that hold it");
  }

  void add_fetch(CLI::App& data) {
    CLI::App* sub = command(data, "fetch", "Download what tasks/TASK/dataset.toml lists, check and import it", &data_fetch);
    sub->add_option("TASK", a_.what, "a task, or a unique prefix")->required();
    sub->add_option("--only", a_.only, "this role alone, beside what is in the data home (repeatable)")->type_size(1)->allow_extra_args(false);
    sub->add_option("--from", a_.from, "files at hand, told by their hashes");
    sub->add_option("--manifest", a_.manifest, "another manifest of the task");
    fetch_flags(sub);
  }

  void fetch_flags(CLI::App* sub) {
    sub->add_flag("--accept-licence", a_.accept_licence, "I have read the licences that are not open");
    sub->add_flag("--offline", a_.offline, "fetch nothing, or SEQBENCH_OFFLINE=1");
    sub->add_option("--attempts", a_.attempts, "in a row without a new byte [5]")->check(CLI::Range(1, 1000));
    sub->add_option("--stall", a_.stall, "seconds of less than 1 KiB/s that end an attempt [30]")->check(CLI::Range(1.0, 3600.0));
  }

  void add_weights_commands() {
    CLI::App* weights = app_.add_subcommand("weights", "List, fetch and verify published weights");
    weights->require_subcommand(1);
    weights->fallthrough();
    const auto manifest = [this](CLI::App* sub) { sub->add_option("--manifest", a_.manifest, "another checkpoints.toml [models/*/checkpoints.toml]"); };
    manifest(command(*weights, "list", "Show the checkpoints that papers name", &weights_list));
    CLI::App* sub = command(*weights, "fetch", "Download a checkpoint into the weights home, checked, as a whole", &weights_fetch);
    sub->add_option("NAME", a_.what, "a checkpoint of weights list")->required();
    sub->add_option("--from", a_.from, "a folder with its files, in place of the network")->expected(1);
    manifest(sub);
    fetch_flags(sub);
    sub = command(*weights, "verify", "Compare weights with their lock and manifest, and open them", &weights_verify);
    sub->add_option("NAME", a_.what, "a checkpoint [all that are fetched]");
    sub->add_flag("--no-open", a_.no_open, "compare the files alone");
    manifest(sub);
  }

  void add_other_commands() {
    CLI::App* sub = command(app_, "list", "List what is registered or stored", &list);
    sub->add_option("WHAT", a_.what, "tasks, models, metrics, experiments, runs, optimizers or schedules");
    sub->add_option("--view", a_.view, "models that take this view");
    CLI::App* made = app_.add_subcommand("new", "Write a skeleton that compiles and is tested");
    made->require_subcommand(1);
    made->fallthrough();
    sub = command(*made, "model", "A model in a folder of its own", &new_model);
    sub->add_option("NAME", a_.what, "snake_case")->required();
    sub->add_option("--view", a_.view, "the view it takes [one_hot]");
    sub = command(*made, "task", "A task in C++ with its own twin, in a folder of its own", &new_task);
    sub->add_option("NAME", a_.what, "snake_case")->required();
    sub->add_option("--kind", a_.kind, "regression or binary [regression]");
    sub->add_option("--view", a_.view, "its letters: dna or protein [dna]");
    sub = command(*made, "table", "A task of a CSV of yours: a TOML and a sample, no C++", &new_table);
    sub->add_option("NAME", a_.what, "snake_case")->required();
    CLI::App* data = app_.add_subcommand("data", "Fetch, import, build, audit and verify data");
    data->require_subcommand(1);
    data->fallthrough();
    sub = command(*data, "audit", "Look for leaks between parts of a split, and giveaways", &data_audit);
    sub->add_option("TASK", a_.what, "a task, or an experiment file")->required();
    experiment_flags(sub);
    command(*data, "list", "Show what is in the data home", &data_list);
    sub = command(*data, "import", "Check published files and copy them into the data home", &data_import);
    sub->add_option("TASK", a_.what, "a task, or a unique prefix")->required();
    sub->add_option("FILE", a_.files, "files as published, plain or gzip")->required();
    add_fetch(*data);
    sub = command(*data, "build", "Write a task's examples, or its twin's published files", &data_build);
    sub->add_option("TASK", a_.what, "a task, or a unique prefix")->required();
    out_option(sub, OutKind::kNewFolder, "a new folder, or an empty one")->required();
    sub->add_flag("--twin", a_.twin, "the synthetic twin as the published files are, with truth.json");
    sub->add_option("--rows", a_.rows, "with --twin: about so many rows, 0 = as published [0]")->check(CLI::NonNegativeNumber);
    sub->add_option("--set", a_.set, "a parameter of the task: params.NAME=VALUE (repeatable)")->type_size(1)->allow_extra_args(false);
    sub = command(*data, "verify", "Compare files with their locked hashes", &data_verify);
    sub->add_option("TASK", a_.what, "a task, or a unique prefix [all]");
    sub = command(*data, "moments", "Moments of labels and lengths, by part and number of mutations", &data_moments);
    sub->add_option("TASK", a_.what, "a task, or a unique prefix")->required();
    out_option(sub, OutKind::kFile, "a file [stdout]");
    command(app_, "doctor", "Versions, and what is missing", &doctor);
    sub = command(app_, "help", "Explain a command, or toml, table, exit-codes, environment", &help_topic);
    sub->add_option("TOPIC", a_.what, "toml, table, exit-codes, environment, or a command")->required();
  }

  Arguments& a_;
  CLI::App app_;
  Command chosen_;
};

/// On stderr; a closed stream is no further error.
void tell(const std::string& text) { static_cast<void>(std::fputs(("seqbench: " + text + "\n").c_str(), stderr)); }

fs::path root_folder() {
  if (const char* root = std::getenv("SEQBENCH_ROOT")) return root;
  return fs::current_path();
}

void fill_paths(Arguments& a) {
  a.root = root_folder();
  const auto pick = [&](fs::path& path, const char* variable, const char* fallback) {
    const char* value = std::getenv(variable);
    if (path.empty()) path = value != nullptr && *value != '\0' ? fs::path(value) : a.root / fallback;
  };
  pick(a.store, "SEQBENCH_STORE", "results/seqbench.db");
  pick(a.data, "SEQBENCH_DATA", "data");
}

std::string hint(const std::string& word, const std::vector<std::string>& names) {
  const auto close = nearest(word, names);
  return close ? fmt::format("; nearest: '{}'", *close) : "";
}

/// The command line, where `help` is `--help` and `help COMMAND ...` is `COMMAND ... --help`.
std::vector<char*> words_of(int argc, char** argv, const std::vector<std::string>& commands) {
  static char help[] = "--help";
  std::vector<char*> words(argv, argv + argc);
  if (argc == 2 && std::string_view(argv[1]) == "help") return {argv[0], help};
  const bool asks = argc > 2 && std::string_view(argv[1]) == "help";
  if (!asks || std::find(commands.begin(), commands.end(), argv[2]) == commands.end()) return words;
  words.erase(words.begin() + 1);
  words.push_back(help);
  return words;
}

/// The first flag on the command line that the command does not have, or "".
std::string unknown_flag(int argc, char** argv, const std::vector<std::string>& known) {
  for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i) {
    const std::string_view word = argv[i];
    if (!word.starts_with("--")) continue;
    const std::string flag(word.substr(0, word.find('=')));
    if (std::find(known.begin(), known.end(), flag) == known.end()) return flag;
  }
  return "";
}

int usage_error(Parser& parser, const CLI::ParseError& error, int argc, char** argv) {
  if (error.get_exit_code() == 0) return parser.exit(error);  // --help, --version
  std::string text = error.what();
  const std::vector<std::string> commands = parser.command_names();
  std::string first;
  for (int i = 1; i < argc && first.empty(); ++i) {
    if (argv[i][0] != '-') first = argv[i];
  }
  if (!first.empty() && std::find(commands.begin(), commands.end(), first) == commands.end()) {
    text = fmt::format("unknown command '{}'{}", printable(first), hint(first, commands));
  } else if (const std::string flag = unknown_flag(argc, argv, parser.flag_names()); !flag.empty()) {
    text = fmt::format("unknown flag '{}'{}", printable(flag), hint(flag, parser.flag_names()));
  }
  tell(fmt::format("{}\nsee seqbench --help", text));
  return static_cast<int>(ExitCode::kInput);
}

int worker(int argc, char** argv, const Tables& tables) {
  const auto parent = argc > 2 ? parse_int(argv[2]) : std::nullopt;
  if (!parent || ::isatty(3) == 1) {
    fmt::print(stderr, "seqbench: 'worker' is started by 'run' alone\n");
    return static_cast<int>(ExitCode::kInput);
  }
  return run::work(tables, 3, 4, static_cast<int>(*parent));
}

/// Folders of declared tasks: those of SEQBENCH_TASKS and, where `data` is given, its tasks/.
std::vector<fs::path> table_folders(const fs::path& data) {
  std::vector<fs::path> folders;
  if (!data.empty()) folders.push_back(fs::absolute(data / "tasks"));
  const char* value = std::getenv("SEQBENCH_TASKS");
  for (const std::string_view folder : split(value == nullptr ? "" : value, ':')) {
    if (!folder.empty()) folders.push_back(fs::absolute(folder));
  }
  return folders;
}

/// Declared tasks join the built-in ones, here and in every worker that this process starts.
void add_tables(Tables& tables, const Arguments& a) {
  const std::vector<fs::path> folders = table_folders(a.data);
  table::add_declared(tables, folders);
  std::vector<std::string> names;
  for (const fs::path& folder : folders) names.push_back(folder.string());
  ::setenv("SEQBENCH_TASKS", join(names, ":").c_str(), 1);
  if (a.quiet) return;
  for (const auto& [name, why] : tables.broken()) {
    tell(fmt::format("warning: task '{}' is left out: {}", name, why));
  }
}

int run_command(const Parser& parser, const Context& context) {
  try {
    check_out(context.arguments);
    const int code = static_cast<int>(parser.chosen()(context));
    if (std::fflush(stdout) != 0 || !std::cout.flush()) throw MachineError("cannot write to stdout");
    return code;
  } catch (const Error& error) {
    std::fflush(stdout);
    tell(error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::fflush(stdout);
    tell(std::string("internal error: ") + error.what());
    return static_cast<int>(ExitCode::kMachine);
  }
}

}  // namespace

int main_with(int argc, char** argv, Tables tables, const CodeHashes& code) {
  if (argc > 1 && std::string_view(argv[1]) == "worker") {
    try {
      table::add_declared(tables, table_folders(""));
      return worker(argc, argv, tables);
    } catch (const std::exception&) {  // the parent is gone: nobody is left to tell
      return static_cast<int>(ExitCode::kMachine);
    }
  }
  Arguments arguments;
  arguments.command_line.assign(argv, argv + argc);
  Parser parser(arguments);
  std::vector<char*> words = words_of(argc, argv, parser.command_names());
  argc = static_cast<int>(words.size());
  argv = words.data();
  try {
    parser.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage_error(parser, error, argc, argv);
  }
  fill_paths(arguments);
  add_tables(tables, arguments);
  return run_command(parser, {arguments, tables, code});
}

}  // namespace seqbench::cli
