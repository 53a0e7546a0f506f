#include "harness/run/pretrain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <system_error>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/run/folder_use.h"
#include "harness/run/model_folders.h"
#include "harness/run/signals.h"
#include "harness/train/device.h"
#include "harness/train/fit.h"

namespace seqbench::run {
namespace {

namespace fs = std::filesystem;

View read_texts(data::RecordReader& reader) {
  std::vector<std::string> texts;
  data::TextRecord record;
  while (reader.next(record)) {
    if (!record.text.empty()) texts.push_back(std::move(record.text));
  }
  if (texts.size() < 2) throw InputError(fmt::format("{} texts to pretrain on that are not empty; two are needed, one to validate with", texts.size()));
  return {"texts", TextView{Texts(std::move(texts))}};
}

/// Before hours of training, not after.
void check_writable(const fs::path& out) {
  std::error_code error;
  fs::create_directories(out.parent_path(), error);
  const fs::path probe = out.parent_path() / fmt::format(".{}.{}", out.filename().string(), new_uid());
  if (error || !fs::create_directory(probe, error)) throw MachineError(fmt::format("cannot write '{}': {}", out.string(), error.message()));
  fs::remove(probe, error);
}

train::FitSettings settings_of(const Pretraining& how) {
  train::FitSettings settings;
  settings.learning_rate = how.learning_rate;
  settings.schedule = "linear";
  settings.warmup = 0.1;
  settings.clip_norm = 1;
  settings.weight_decay = 0.01;
  settings.batch = settings.eval_batch = how.batch;
  settings.epochs = 0;
  settings.max_steps = how.steps;
  settings.eval_every = std::max<std::int64_t>(1, how.steps / 10);
  settings.keep = "last";
  settings.scale_targets = false;
  settings.precision = how.precision;
  return settings;
}

/// Shuffled rows, of which the first are for validation.
std::vector<std::int64_t> shuffled_rows(std::int64_t count, const Streams& streams) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), 0);
  Draws draws = streams.open("split").at();
  draws.shuffle(std::span<std::int64_t>(rows));
  return rows;
}

}  // namespace

void pretrain(const Tables& tables, const fs::path& folder, data::RecordReader& reader, const Pretraining& how,
              const fs::path& out, const std::function<void(const PretrainingLoss&)>& tell) {
  std::error_code error;
  if (fs::exists(out, error)) throw InputError(fmt::format("{}: is there already", out.string()));
  check_writable(fs::absolute(out));
  const ModelEntry& entry = entry_of_folder(tables, folder);
  if (entry.language_model == nullptr) throw InputError(fmt::format("{}: model '{}' has no pretraining", folder.string(), entry.name));
  const at::Device device = train::find_device(how.device);
  train::set_numerics(threads_or_cores(how.threads));
  const Streams streams(static_cast<std::uint64_t>(how.seed));
  const View view = read_texts(reader);
  const auto network = entry.language_model(
      {.folder = folder, .view = view, .streams = streams, .max_length = how.max_length, .masked = how.masked});

  const std::vector<std::int64_t> rows = shuffled_rows(view.rows(), streams);
  const auto held = std::clamp<std::int64_t>(std::llround(how.validation * static_cast<double>(view.rows())), 1, view.rows() - 1);
  const std::vector<double> no_targets(rows.size());
  const train::FitData data{.view = view,
                            .train = std::span(rows).subspan(static_cast<std::size_t>(held)),
                            .validation = std::span(rows).first(static_cast<std::size_t>(held)),
                            .targets = no_targets,
                            .metric = [](std::span<const double> sums, std::span<const std::int64_t>) {
                              return std::accumulate(sums.begin(), sums.end(), 0.0);
                            },
                            .metric_name = "cross_entropy"};
  train::FitHooks hooks;
  PretrainingLoss loss;
  hooks.on_curve = [&](const std::string& name, int split, std::int64_t step, double, double value) {
    if (name != "loss") return;
    loss.step = step;
    (split == 0 ? loss.train : loss.validation) = value;
    if (split == 1) tell(loss);
  };
  hooks.stop_requested = [] { return stop_signals() > 0; };
  static_cast<void>(train::fit(*network, settings_of(how), data, streams, device, hooks, nullptr));
  save_model(*network, {}, fs::absolute(out));
}

}  // namespace seqbench::run
