// One training step by the loop, or predictions of its rows, a line of standard input ("train" or "infer"). usage: time_transformer WORKLOAD THREADS DEVICE f32|bf16 LOW:HIGH|- [FOLDER]
// LOW:HIGH: tokens of the rows, at quantiles of the uniform distribution; -: all of the workload's own length.
// First line of output: parameters, trained parameters; then milliseconds: of a step, or of a pass over the batch, many in one go on a device.
#include <cmath>
#include <cstdlib>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/contract/tables.h"
#include "harness/train/device.h"
#include "harness/train/fit.h"
#include "harness/train/replays.h"
#include "tests/bench/arguments.h"

namespace seqbench {
namespace {

struct Workload {
  const char* name;
  const char* model;
  std::int64_t batch, length;
  TaskKind kind;
};
constexpr int kPassesOnDevice = 16;
constexpr Workload kWorkloads[] = {{"bert", "bert", 36, 128, TaskKind::kRegression},
                                   {"distilbert", "distilbert", 32, 48, TaskKind::kRegression},
                                   {"nt-v2-50m-lora", "nucleotide_transformer", 8, 51, TaskKind::kBinary}};

std::string drawn_text(const Workload& work, std::int64_t tokens, Draws& draws) {
  std::string text;
  const bool words = work.model == std::string_view("distilbert");
  const std::int64_t length = words ? tokens - 2 : work.model == std::string_view("bert") ? tokens : 6 * (tokens - 1);
  for (std::int64_t i = 0; i < length; ++i) text += words ? "w" + std::to_string(draws.below(30000)) + " " : std::string(1, "ACGT"[draws.below(4)]);
  return text;
}

Params params_of(const Workload& work, const ModelEntry& entry, const char* folder) {
  Params params(entry.params);
  if (std::strcmp(work.model, "distilbert") == 0) {
    params.set("folder", std::string(folder));
    params.set("fresh", true);
  } else if (std::strcmp(work.model, "nucleotide_transformer") == 0) {
    params.set("lora.rank", std::int64_t{1});
    params.set("lora.alpha", 32.0);
    params.set("lora.dropout", 0.1);
    params.set("lora.modules_to_save", std::vector<std::string>{"intermediate"});
  }
  return params;
}

std::int64_t numbers(const std::vector<NamedTensor>& tensors) {
  std::int64_t sum = 0;
  for (const NamedTensor& entry : tensors) sum += entry.tensor.numel();
  return sum;
}

struct Stop {};

train::FitSettings settings_of(const Workload& work, const char* precision) {
  train::FitSettings settings;
  settings.learning_rate = 1e-5;
  settings.clip_norm = 1;
  settings.batch = settings.eval_batch = work.batch;
  settings.loss = work.kind == TaskKind::kBinary ? "bce" : "mse";
  settings.precision = precision;
  settings.keep = "last";
  settings.eval_every = settings.epochs = 1'000'000;
  return settings;
}

/// Answers lines "infer" until one says "train"; throws Stop at the end of the input.
template <typename Infer>
void serve(const Infer& infer) {
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "train") return;
    std::cout << infer() << std::endl;
  }
  throw Stop();
}

void time_steps(const Workload& work, const char* device_name, const char* precision, const char* lengths,
                const char* folder) {
  const Tables tables({}, {models_table().begin(), models_table().end()});
  const ModelEntry& entry = tables.model(work.model);
  const Params params = params_of(work, entry, folder);
  Draws draws = Streams(1).open("test").at();
  std::vector<std::string> texts;
  std::vector<std::int64_t> rows;
  const std::vector<std::string_view> ends = split(lengths, ':');
  const std::int64_t low = ends.size() == 2 ? count_of("LOW", ends[0]) : work.length, high = ends.size() == 2 ? count_of("HIGH", ends[1]) : work.length;
  for (std::int64_t i = 0; i < work.batch; ++i) {
    texts.push_back(drawn_text(work, low + (high - low) * (2 * i + 1) / (2 * work.batch), draws));
    rows.push_back(i);
  }
  const View view{"dna", TextView{Texts(texts)}};
  const auto network = entry.network({.params = params, .view = view, .kind = work.kind, .targets = 1, .streams = Streams(1)});
  const train::FitSettings settings = settings_of(work, precision);
  const std::vector<double> targets(rows.size());
  const train::FitData data{.view = view, .train = rows, .targets = targets, .kind = work.kind};
  const at::Device device = train::find_device(device_name);
  std::cout << numbers(network->parameters()) + numbers(network->frozen()) << ' ' << numbers(network->parameters()) << std::endl;

  std::vector<std::int64_t> passes;
  const int count = device.is_cpu() ? 1 : kPassesOnDevice;
  for (int i = 0; i < count; ++i) passes.insert(passes.end(), rows.begin(), rows.end());
  const train::Predictor predict(*network, settings, data, device);
  double begun = 0;
  const auto next = [&] {
    serve([&] {
      const double before = monotonic_seconds();
      const train::Predictions told = predict(passes);
      SEQBENCH_ASSERT(std::isfinite(told.values.back()), "a finite prediction");
      return 1e3 * (monotonic_seconds() - before) / count;
    });
    begun = monotonic_seconds();
  };
  train::FitHooks hooks;
  hooks.on_step = [&](std::int64_t, std::int64_t, double, double loss, double) {
    SEQBENCH_ASSERT(std::isfinite(loss), "a finite loss");
    std::cout << 1e3 * (monotonic_seconds() - begun) << std::endl;
    next();
  };
  next();
  train::fit(*network, settings, data, Streams(1), device, hooks, nullptr);
}

}  // namespace
}  // namespace seqbench

int main(int count, char** values) {
  for (const seqbench::Workload& work : seqbench::kWorkloads) {
    if (count < 6 || std::strcmp(values[1], work.name) != 0) continue;
    seqbench::train::keep_freed_memory(std::getenv("SEQBENCH_PLAIN_MEMORY") == nullptr);
    seqbench::train::allow_replays(std::getenv("SEQBENCH_NO_REPLAY") == nullptr);
    try {
      seqbench::train::set_numerics(seqbench::count_of("THREADS", values[2]));
      seqbench::time_steps(work, values[3], values[4], values[5], count > 6 ? values[6] : "");
    } catch (const seqbench::Stop&) {
      return 0;
    } catch (const seqbench::InputError& error) {
      std::fprintf(stderr, "%s\n", error.what());
      return 2;
    }
  }
  std::fputs("usage: time_transformer bert|distilbert|nt-v2-50m-lora THREADS DEVICE f32|bf16 LOW:HIGH|- [FOLDER]\n", stderr);
  return 2;
}
