// Training steps by the loop and predictions of a small network, or a frozen encoder's forward pass, as standard input asks.
// usage: time_small_network MODEL VIEW THREADS FOLDER DEVICE BATCH EVAL_BATCH [PARAMETER=VALUE ...]
// FOLDER: codes.u8, uint8 [N, 237] of 0 ... 20, or of tf_bins [N, 253 * 120] of 0 and 1; the first half for training, the rest for testing.
// First line of output: parameters; then milliseconds: the mean of N, as asked: "train N", steps; "infer N", passes over all test rows.
#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <span>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/json.h"
#include "harness/base/text.h"
#include "harness/contract/tables.h"
#include "harness/train/device.h"
#include "harness/train/fit.h"
#include "harness/train/replays.h"
#include "models/pretrained/esm_layout.h"
#include "models/pretrained/frozen_encoder.h"
#include "tests/bench/arguments.h"

namespace seqbench {
namespace {

constexpr std::int64_t kLength = 237, kSymbols = 21, kFactors = 253, kBins = 120;
constexpr std::string_view kLetters = "ACDEFGHIKLMNPQRSTVWYX";
constexpr std::size_t kEncoderBatch = 17;  // as the embedding table takes 237 residues at once

struct Stop {};

std::vector<std::string> texts_of(const std::string& codes) {
  std::vector<std::string> texts(codes.size() / kLength);
  for (std::size_t i = 0; i < codes.size(); ++i) texts[i / kLength] += kLetters[static_cast<std::uint8_t>(codes[i])];
  return texts;
}

View bits_of(const std::string& name, const std::string& codes) {
  constexpr std::int64_t kBytes = kFactors * kBins / 8;
  const std::int64_t rows = static_cast<std::int64_t>(codes.size()) / (kFactors * kBins);
  BitView view{at::zeros({rows, kBytes}, at::kByte), kFactors, kBins};
  auto* bytes = view.bits.mutable_data_ptr<std::uint8_t>();
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] != 0) bytes[i / 8] = static_cast<std::uint8_t>(bytes[i / 8] | 1U << i % 8);
  }
  return {name, view};
}

View view_of(const std::string& name, const std::string& codes) {
  if (name == "protein") return {name, TextView{Texts(texts_of(codes))}};
  if (name == "tf_bins") return bits_of(name, codes);
  const auto rows = static_cast<std::int64_t>(codes.size()) / kLength;
  CodeView view{at::full({rows, kLength}, 0, at::kByte), at::full({rows}, kLength, at::kLong), kSymbols};
  std::ranges::copy(codes, view.codes.mutable_data_ptr<std::uint8_t>());
  return {name, view};
}

struct Batches {
  std::int64_t train, evaluation;
};

/// The model's own sampler; a rate that stays, so that steps are alike.
train::FitSettings settings_of(const ModelEntry& entry, const Batches& batches) {
  train::FitSettings settings;
  settings.batch = batches.train;
  settings.eval_batch = batches.evaluation;
  for (const Setting& setting : entry.train) {
    if (setting.key == "sampler") settings.sampler = std::get<std::string>(setting.value);
    if (setting.key == "weight_decay") settings.weight_decay = std::get<double>(setting.value);
  }
  settings.optimizer = "adam";
  settings.learning_rate = 1e-4;
  settings.scale_targets = false;
  settings.keep = "last";
  settings.epochs = 1'000'000;
  return settings;
}

/// PARAMETER=VALUE, a value as TOML and JSON have it, or a word.
void set_param(const ModelEntry& entry, std::string_view given, Params& params) {
  const std::string_view name = given.substr(0, given.find('='));
  const auto spec = std::ranges::find(entry.params, name, &ParamSpec::name);
  if (spec == entry.params.end() || name.size() == given.size()) throw InputError(fmt::format("no PARAMETER=VALUE of {}: {}", entry.name, given));
  const std::string_view value = given.substr(name.size() + 1);
  const auto checked = check_param(*spec, Json::accept(value) ? Json::parse(value) : Json(value));
  if (const auto* fault = std::get_if<std::string>(&checked)) throw InputError(fmt::format("{} {}", name, *fault));
  params.set(spec->name, std::get<ParamValue>(checked));
}

Params params_of(const ModelEntry& entry, std::string_view view, std::span<char*> given) {
  Params params(entry.params);
  for (const char* one : given) set_param(entry, one, params);
  if (view != "protein" || !params.has("encoder.layers")) return params;
  // Embeddings of this width are what matters, whatever they cost.
  for (const char* key : {"encoder.layers", "encoder.heads", "encoder.feed_forward"}) params.set(key, std::int64_t{1});
  return params;
}

/// Calls train(N), or infer() N times, as asked, until the input ends.
template <typename Train, typename Infer>
void serve(const Train& train, const Infer& infer) {
  for (std::string line; std::getline(std::cin, line);) {
    const std::int64_t times = count_of("N", line.substr(std::min<std::size_t>(line.size(), 6)).c_str());
    if (line.starts_with("train ")) return train(times);
    const double begun = monotonic_seconds();
    for (std::int64_t i = 0; i < times; ++i) infer();
    std::cout << 1e3 * (monotonic_seconds() - begun) / static_cast<double>(times) << std::endl;
  }
  throw Stop();
}

void time_network(const ModelEntry& entry, const std::string& view_name, const std::string& folder, at::Device device, const Batches& batches,
                  std::span<char*> given) {
  const View view = view_of(view_name, read_file(folder + "/codes.u8"));
  const Params params = params_of(entry, view_name, given);
  const auto network = entry.network({.params = params, .view = view, .streams = Streams(1), .cache = folder});
  std::vector<std::int64_t> rows(static_cast<std::size_t>(view.rows()));
  std::iota(rows.begin(), rows.end(), 0);
  std::vector<double> targets(rows.size());
  Draws draws = Streams(2).open("test").at();
  std::ranges::generate(targets, [&] { return draws.normal(); });
  const train::FitSettings settings = settings_of(entry, batches);
  const std::size_t half = rows.size() / 2;
  const train::FitData data{.view = view, .train = std::span(rows).first(half), .targets = targets};
  std::int64_t numbers = 0;
  for (const NamedTensor& parameter : network->parameters()) numbers += parameter.tensor.numel();
  std::cout << numbers << std::endl;

  const train::Predictor predict(*network, settings, data, device);
  std::int64_t left = 0, asked = 0;
  double begun = 0;
  const auto next = [&] {
    serve([&](std::int64_t steps) { asked = left = steps; },
          [&] { SEQBENCH_ASSERT(predict(std::span(rows).subspan(half)).values.size() == half, "all rows"); });
    begun = monotonic_seconds();
  };
  train::FitHooks hooks;
  hooks.on_step = [&](std::int64_t, std::int64_t, double, double loss, double) {
    SEQBENCH_ASSERT(std::isfinite(loss), "a finite loss");
    if (--left > 0) return;
    std::cout << 1e3 * (monotonic_seconds() - begun) / static_cast<double>(asked) << std::endl;
    next();
  };
  next();
  train::fit(*network, settings, data, Streams(1), device, hooks, nullptr);
}

void time_encoder(const std::string& folder) {
  const std::vector<std::string> texts = texts_of(read_file(folder + "/codes.u8"));
  const models::Family& family = models::esm2_family();
  models::FrozenEncoder encoder({.family = family, .folder = {}, .sizes = Params(family.fresh_params), .cache = {}});
  const models::Source source = models::fresh_source(family, Params(family.fresh_params));
  const models::Assembled model(source.architecture, {.streams = Streams(0)}, {});
  std::int64_t numbers = 0;
  for (const NamedTensor& parameter : model.tensors()) numbers += parameter.tensor.numel();
  std::cout << numbers << std::endl;
  serve([](std::int64_t) { throw InputError("an encoder that is frozen"); },
        [&] { SEQBENCH_ASSERT(encoder.embed(std::span(texts).first(kEncoderBatch)).size() == kEncoderBatch, "all rows"); });
}

}  // namespace
}  // namespace seqbench

int main(int count, char** values) {
  using namespace seqbench;
  if (count < 8) {
    std::cerr << "usage: time_small_network MODEL|encoder one_hot|protein|tf_bins THREADS FOLDER DEVICE BATCH EVAL_BATCH [PARAMETER=VALUE ...]\n";
    return 2;
  }
  train::keep_freed_memory(std::getenv("SEQBENCH_PLAIN_MEMORY") == nullptr);
  train::allow_replays(std::getenv("SEQBENCH_NO_REPLAY") == nullptr);
  try {
    train::set_numerics(count_of("THREADS", values[3]));
    const std::string model = values[1];
    const Batches batches{count_of("BATCH", values[6]), count_of("EVAL_BATCH", values[7])};
    if (model == "encoder") time_encoder(values[4]);
    else time_network(Tables({}, {models_table().begin(), models_table().end()}).model(model), values[2], values[4], train::find_device(values[5]), batches,
                      std::span(values, static_cast<std::size_t>(count)).subspan(8));
  } catch (const Stop&) {
    return 0;
  } catch (const InputError& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
