#pragma once
// What a result may depend on besides its configuration. Captured by harness/measure, kept by harness/store.

#include <cstdint>
#include <string>

#include "harness/base/json.h"

namespace seqbench {

struct Environment {
  std::string program;         // version
  std::string git_commit;
  bool git_dirty = false;
  std::string preset;          // CMake preset of the build
  std::string compiler;
  std::string torch;
  std::string cpu;             // model name
  std::string cpu_capability;  // AVX2, AVX512, ... as LibTorch dispatches
  std::int64_t threads = 1;    // of the trial
  std::string device;          // "cpu", "cuda:0 NVIDIA ..."
  std::string driver;
  bool deterministic = true;
  Json details = Json::object();  // kernel, libc, libraries, allow-listed variables

  /// Bits are promised between executions of one class: device, threads, LibTorch, CPU capability.
  [[nodiscard]] std::string numerics_class() const;
  /// CPU model, cores, memory, device: timings compare within a class.
  [[nodiscard]] std::string machine_class() const;
  /// Hash over every field.
  [[nodiscard]] std::string sha256() const;
  [[nodiscard]] Json to_json() const;
  [[nodiscard]] static Environment from_json(const Json& json);
};

}  // namespace seqbench
