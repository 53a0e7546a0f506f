#pragma once
// The device and the numerics of this process.

#include <c10/core/Device.h>

#include <cstdint>
#include <string>

namespace seqbench::train {

/// "auto", "cpu", "cuda" or "cuda:N" -> a device that is there. Throws InputError naming what is there.
[[nodiscard]] at::Device find_device(const std::string& name);
/// Deterministic kernels, flushed denormals off, one inter-op thread, `threads` intra-op threads: set before
/// each trial; the bits of a trial depend on `threads`, never on what ran in the process before. Keeps freed memory for reuse.
void set_numerics(std::int64_t threads);
/// Off, before the first set_numerics: glibc gives freed memory back as it does by itself, for benchmarks of the difference.
void keep_freed_memory(bool keep);
[[nodiscard]] std::string torch_version();
/// What the CPU kernels dispatch to: DEFAULT, AVX2, AVX512.
[[nodiscard]] std::string cpu_capability();
/// Release cached device memory after a trial that ran out of it.
void release_cache(at::Device device);

}  // namespace seqbench::train
