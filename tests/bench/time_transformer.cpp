// One training step or forward pass of a workload a line of standard input. usage: time_transformer WORKLOAD THREADS [FOLDER]
// First line of output: parameters, trained parameters; then milliseconds and loss of each step asked for ("train" or "infer").
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include <cmath>
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
#include "harness/train/optimizer.h"

namespace seqbench {
namespace {

struct Workload {
  const char* name;
  const char* model;
  std::int64_t batch;
  TaskKind kind;
};
constexpr Workload kWorkloads[] = {{"bert", "bert", 36, TaskKind::kRegression},
                                   {"distilbert", "distilbert", 32, TaskKind::kRegression},
                                   {"nt-v2-50m-lora", "nucleotide_transformer", 8, TaskKind::kBinary}};

std::string drawn_text(const Workload& work, Draws& draws) {
  std::string text;
  const bool words = work.model == std::string_view("distilbert");
  const int length = words ? 46 : work.model == std::string_view("bert") ? 128 : 300;
  for (int i = 0; i < length; ++i) text += words ? "w" + std::to_string(draws.below(30000)) + " " : std::string(1, "ACGT"[draws.below(4)]);
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

struct Step {
  Network& network;
  train::Optimizer& optimizer;
  const char* loss_name;
  Batch batch;
  std::int64_t number = 0;

  double train() {
    const at::Tensor outputs = network.forward(batch, {.training = true, .step = number++});
    const LossSum loss = network.loss(loss_name, outputs, batch);
    const at::Tensor mean = loss.sum.div(loss.count);
    mean.backward();
    static_cast<void>(optimizer.clip(1.0));
    optimizer.step(1e-5);
    optimizer.zero_grad();
    return mean.item<double>();
  }
  double infer() {
    const at::NoGradGuard no_grad;
    return network.forward(batch, {}).sum().item<double>();
  }
};

int time_steps(const Workload& work, std::int64_t threads, const char* folder) {
  train::set_numerics(threads);
  const Tables tables({}, {models_table().begin(), models_table().end()});
  const ModelEntry& entry = tables.model(work.model);
  const Params params = params_of(work, entry, folder);
  Draws draws = Streams(1).open("test").at();
  std::vector<std::string> texts;
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < work.batch; ++i) {
    texts.push_back(drawn_text(work, draws));
    rows.push_back(i);
  }
  const View view{"dna", TextView{Texts(texts)}};
  const auto network = entry.network({.params = params, .view = view, .kind = work.kind, .targets = 1, .streams = Streams(1)});
  train::FitSettings settings;
  train::Optimizer optimizer(settings, network->parameters(), [&](std::string_view name) { return network->decays(name); });
  std::printf("%ld %ld\n", static_cast<long>(numbers(network->parameters()) + numbers(network->frozen())),
              static_cast<long>(numbers(network->parameters())));
  std::fflush(stdout);
  Step step{*network, optimizer, work.kind == TaskKind::kBinary ? "bce" : "mse", network->collate(view, rows)};
  step.batch.labels = at::zeros({work.batch, 1});
  step.batch.weights = at::zeros({work.batch}).add(1);
  for (std::string line; std::getline(std::cin, line);) {
    const double begun = monotonic_seconds();
    const double loss = line == "train" ? step.train() : step.infer();
    const double passed = monotonic_seconds() - begun;
    SEQBENCH_ASSERT(std::isfinite(loss), "a finite loss");
    std::printf("%.4f %.6g\n", 1e3 * passed, loss);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace seqbench

int main(int count, char** values) {
  for (const seqbench::Workload& work : seqbench::kWorkloads) {
    if (count < 3 || std::strcmp(values[1], work.name) != 0) continue;
    return seqbench::time_steps(work, seqbench::parse_int(values[2]).value(), count > 3 ? values[3] : "");
  }
  std::fputs("usage: time_transformer bert|distilbert|nt-v2-50m-lora THREADS [FOLDER]\n", stderr);
  return 2;
}
