// A program of the user's, in any language, fitted as every other model is: README.md says what it gets and must leave.

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <optional>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "models/external/exchange.h"
#include "models/external/program.h"

namespace seqbench::models::external {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSeeds = std::uint64_t{1} << 31;  // what every library takes

/// `python3` is the one on PATH unless SEQBENCH_PYTHON names another: a key must not hold a machine's path.
std::vector<std::string> with_python(std::vector<std::string> words) {
  const char* python = std::getenv("SEQBENCH_PYTHON");
  if (words.at(0) != "python3" || python == nullptr || *python == '\0') return words;
  // The program starts elsewhere. The link of a virtual environment is what makes it one: nothing is resolved.
  words[0] = std::string_view(python).find('/') == std::string_view::npos ? python : fs::absolute(python).string();
  return words;
}

/// Ours without where data and results lie, and what makes runs alike.
std::vector<std::string> environment_of(const fs::path& folder, std::int64_t seed, int threads) {
  std::vector<std::string> out = {"SEQBENCH_FOLDER=" + folder.string(), "PWD=" + folder.string(), fmt::format("SEQBENCH_SEED={}", seed), "PYTHONHASHSEED=0",
                                  "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1"};
  for (const char* name : {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"}) out.push_back(fmt::format("{}={}", name, threads));
  const std::vector<std::string> ours = out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('=') + 1);
    const bool hidden = name == "SEQBENCH_DATA=" || name == "SEQBENCH_STORE=" || name == "SEQBENCH_ROOT=" ||
                        name == "OLDPWD=";
    const bool set = std::ranges::any_of(ours, [name](const std::string& own) { return own.starts_with(name); });
    if (!hidden && !set) out.emplace_back(text);
  }
  return out;
}

/// The last lines of what the program printed, on one.
std::string said(const Ended& ended) {
  std::string text = ended.last_output;
  while (text.ends_with('\n')) text.pop_back();
  if (text.empty()) return "; it printed nothing";
  if (text.size() > 600) text = "..." + text.substr(text.size() - 600);
  std::string lines;
  for (const std::string_view line : split(text, '\n')) lines += (lines.empty() ? "" : " | ") + std::string(line);
  return "; its last words: " + lines;
}

/// A part in the order of its names, which say nothing of the rows.
struct ByName {
  std::vector<std::int64_t> rows;
  std::vector<double> targets, weights;

  ByName(std::span<const std::int64_t> part, std::span<const double> part_targets, std::span<const double> part_weights,
         std::span<const std::string> names) {
    std::vector<std::size_t> order(part.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) -> const std::string& { return names[static_cast<std::size_t>(part[i])]; });
    const std::size_t width = part.empty() ? 0 : part_targets.size() / part.size();
    for (const std::size_t i : order) {
      rows.push_back(part[i]);
      targets.insert(targets.end(), part_targets.begin() + static_cast<std::ptrdiff_t>(i * width),
                     part_targets.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
      if (!part_weights.empty()) weights.push_back(part_weights[i]);
    }
  }
};

class External final : public Estimator {
 public:
  explicit External(const ModelContext& context)
      : words_(with_python(context.params.texts("command"))),
        ids_(context.ids),
        kind_(context.kind),
        targets_(context.targets),
        seed_(static_cast<std::int64_t>(context.streams.open("init/external").at().below(kSeeds))) {}

  void fit(const FitRows& train, const FitRows& validation, const FitControl& control) override {
    SEQBENCH_ASSERT(static_cast<std::int64_t>(ids_.size()) == train.view.rows(), "a program answers by id");
    const PrivateFolder folder;
    const auto write = [&](const char* name, const ByName& part, bool labelled) {
      write_part({folder.path() / name, part.rows, labelled, part.targets, part.weights}, train.view, ids_, targets_, control.check_stop);
    };
    write("train.tsv", {train.rows, train.targets, train.weights, ids_}, true);
    write("validation.tsv", {validation.rows, validation.targets, validation.weights, ids_}, true);
    write("test.tsv", {control.test_rows, {}, {}, ids_}, false);
    const int threads = at::get_num_threads();
    write_file_atomically(folder.path() / "task.json", task_json(train, validation, control, threads).dump(1) + "\n");
    const Ended ended = run_program({words_, folder.path(), environment_of(folder.path(), seed_, threads)}, [&](std::int64_t lines) {
      control.check_stop();
      control.progress(lines, 0);
    });
    if (ended.signal != 0) throw std::runtime_error(fmt::format("the program was ended by signal {} ({}){}", ended.signal, ::strsignal(ended.signal), said(ended)));
    if (ended.exit_code != 0) throw std::runtime_error(fmt::format("the program ended with exit code {}{}", ended.exit_code, said(ended)));
    read(folder.path(), train, validation, control, ended);
  }

  [[nodiscard]] std::vector<double> predict(const View& /*view*/, std::span<const std::int64_t> rows) const override {
    SEQBENCH_ASSERT(predictions_.has_value(), "fit comes before predict");
    return predictions_->of(rows);
  }
  [[nodiscard]] std::vector<NamedTensor> state() const override { return {}; }
  void load_state(std::span<const NamedTensor> /*state*/) override {
    throw InputError("external: the program keeps its state; there is none to load");
  }
  [[nodiscard]] std::vector<Setting> chosen() const override { return facts_; }

 private:
  [[nodiscard]] Json task_json(const FitRows& train, const FitRows& validation, const FitControl& control, int threads) const {
    return {{"format", 1},
            {"kind", to_string(kind_)},
            {"view", describe_view(train.view)},
            {"labels", numbered("label", targets_)},
            {"predictions", numbered("prediction", targets_)},
            {"rows", {{"train", train.rows.size()}, {"validation", validation.rows.size()}, {"test", control.test_rows.size()}}},
            {"seed", seed_},
            {"threads", threads}};
  }

  void read(const fs::path& folder, const FitRows& train, const FitRows& validation, const FitControl& control, const Ended& ended) {
    std::vector<std::int64_t> rows(train.rows.begin(), train.rows.end());
    rows.insert(rows.end(), validation.rows.begin(), validation.rows.end());
    rows.insert(rows.end(), control.test_rows.begin(), control.test_rows.end());
    CollectedPredictions predictions(ids_, std::move(rows), targets_, kind_);
    try {
      read_predictions(folder / "predictions.tsv", ids_, targets_, predictions);
      facts_ = read_about(folder / "about.json");
    } catch (const WrongAnswer& wrong) {
      throw WrongAnswer(wrong.what() + said(ended));
    }
    predictions_ = std::move(predictions);
  }

  std::vector<std::string> words_;
  std::span<const std::string> ids_;
  TaskKind kind_;
  std::int64_t targets_;
  std::int64_t seed_;
  std::optional<CollectedPredictions> predictions_;
  std::vector<Setting> facts_;
};

std::unique_ptr<Estimator> make(const ModelContext& context) { return std::make_unique<External>(context); }

}  // namespace
}  // namespace seqbench::models::external

namespace seqbench {

SEQBENCH_MODEL(external) {
  ModelEntry entry;
  entry.summary = "a program of yours: reads a folder of splits, leaves predictions";
  entry.kinds = {TaskKind::kRegression, TaskKind::kBinary};
  entry.params = {{.name = "command",
                   .fallback = std::vector<std::string>{},
                   .help = "words of the command; those that name files beside the experiment file are found there, and the key covers "
                           "their bytes",
                   .choices = {},
                   .files = FileWords::kSome},
                  {.name = "files",
                   .fallback = std::vector<std::string>{},
                   .help = "further files that the program reads, so that the key covers them",
                   .choices = {},
                   .files = FileWords::kAll}};
  entry.trained_by_loop = false;
  entry.external = true;
  entry.estimator = &models::external::make;
  return entry;
}

}  // namespace seqbench
