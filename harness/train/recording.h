#pragma once
// Work on a device, recorded once and replayed as a whole: one launch in place of hundreds. CUDA graphs, where this build has
// CUDA's headers.

#include <c10/core/Device.h>

#include <functional>
#include <memory>

namespace seqbench::train {

class Recording {
 public:
  virtual ~Recording() = default;
  virtual void replay() = 0;
};

/// Runs `warm_up`, then records `work`, which does not run yet. What `work` reads and writes must stay where it is, and it must never
/// wait for the device: a process that breaks off while recording cannot go on and ends.
using MakeRecording = std::function<std::unique_ptr<Recording>(const std::function<void()>& warm_up, const std::function<void()>& work)>;
/// Empty where nothing can be recorded.
[[nodiscard]] MakeRecording recorder_on(at::Device device);

}  // namespace seqbench::train
