#include "harness/train/device.h"

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <malloc.h>
#include <torch/version.h>

#include <cstdlib>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::train {
namespace device {
namespace {

bool keeps_memory = true;

std::int64_t cuda_devices() { return at::hasCUDA() ? static_cast<std::int64_t>(at::getNumGPUs()) : 0; }

/// What the main thread frees stays with the process, large blocks too: else a step's activations are given back to the system and
/// faulted in again at every step. What the last trial left is given back here.
void keep_memory() {
  constexpr int kGrowth = 64 << 20;
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, kGrowth);
  malloc_trim(0);
}

}  // namespace
}  // namespace device

at::Device find_device(const std::string& name) {
  const std::int64_t count = device::cuda_devices();
  if (name == "cpu" || (name == "auto" && count == 0)) return at::Device(at::kCPU);
  if (name == "auto" || name == "cuda") {
    if (count > 0) return at::Device(at::kCUDA, 0);
  } else if (name.rfind("cuda:", 0) == 0) {
    const auto index = parse_int(std::string_view(name).substr(5));
    if (index && *index >= 0 && *index < count) return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(*index));
  }
  const std::string there = count == 0 ? "cpu" : fmt::format("cpu, cuda:0 to cuda:{}", count - 1);
  throw InputError(fmt::format("unknown device '{}': expected auto or one that is here ({})", printable(name), there));
}

void keep_freed_memory(bool keep) { device::keeps_memory = keep; }

void set_numerics(std::int64_t threads) {
  if (device::keeps_memory) device::keep_memory();
  // Read at cuBLAS's first call: without it LibTorch refuses products, whose order of sums would depend on streams.
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 1);
  at::globalContext().setDeterministicAlgorithms(true, false);
  // Else each new tensor is filled with NaN before it is written.
  at::globalContext().setDeterministicFillUninitializedMemory(false);
  at::globalContext().setBenchmarkCuDNN(false);
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setAllowTF32CuDNN(false);  // f32 is f32, as in products
  at::globalContext().setFlushDenormal(false);
  static const bool once = [] {
    at::set_num_interop_threads(1);
    return true;
  }();
  static_cast<void>(once);
  at::set_num_threads(static_cast<int>(threads));
}

std::string torch_version() { return TORCH_VERSION; }

std::string cpu_capability() { return at::get_cpu_capability(); }

void release_cache(at::Device device) {
  if (device.is_cuda()) at::accelerator::emptyCache();
}

}  // namespace seqbench::train
