// libFuzzer entry of one reader: SEQBENCH_FUZZ_TARGET names it.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seqbench::fuzz;
  for (const Target& target : kTargets) {
    if (target.name == SEQBENCH_FUZZ_TARGET) survive(target, {reinterpret_cast<const char*>(data), size});
  }
  return 0;
}
