#pragma once
// Work on a device, recorded once and replayed as a whole: one launch in place of hundreds. CUDA graphs, where this build has
// CUDA's headers.

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>

namespace seqbench::train {

class Recording {
 public:
  virtual ~Recording() = default;
  virtual void replay() = 0;
};

/// Whether anything can be recorded on this device.
[[nodiscard]] bool can_record(at::Device device);
/// Runs `warm_up`, then records `work` without running it. What `work` reads and writes must stay where it is. Throws
/// std::runtime_error where `work` waits for the device, as a network that is replayable must not.
[[nodiscard]] std::unique_ptr<Recording> record(at::Device device, const std::function<void()>& warm_up,
                                                const std::function<void()>& work);

}  // namespace seqbench::train
