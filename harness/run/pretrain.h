#pragma once
// Pretraining goes on: a model folder's masked language model trained on texts of the user's, and written as a new folder.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "harness/contract/tables.h"
#include "harness/data/records.h"

namespace seqbench::run {

struct Pretraining {
  std::string device = "auto";
  std::string precision = "f32";  // f32 | bf16
  std::int64_t threads = 0;       // 0: as many as there are cores
  std::int64_t max_length = 0;    // tokens; 0: what the folder says
  std::int64_t steps = 1000, batch = 32, seed = 0;
  double learning_rate = 5e-5;    // after a warm-up of a tenth of the steps; linear to 0
  double masked = 0.15;           // share of the tokens that have to be told
  double validation = 0.05;       // share of the texts
};

/// Mean cross entropy of a masked token, told ten times on the way.
struct PretrainingLoss {
  std::int64_t step = 0;
  double train = 0, validation = 0;
};

/// All texts are held in memory. Writes `out` whole or not at all; a function of (folder, texts, settings) alone.
/// InputError: no text, a folder without that head, `out` exists; Interrupted after a stop signal, with nothing written.
void pretrain(const Tables& tables, const std::filesystem::path& folder, data::RecordReader& reader, const Pretraining& how,
              const std::filesystem::path& out, const std::function<void(const PretrainingLoss&)>& tell);

}  // namespace seqbench::run
