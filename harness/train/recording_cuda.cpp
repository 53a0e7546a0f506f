#include "harness/train/recording.h"

#include <ATen/DeviceAccelerator.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/StreamGuard.h>
#include <c10/cuda/CUDAStream.h>

#include <exception>

#include "harness/base/error.h"

namespace seqbench::train {
namespace recording {
namespace {

class Graph final : public Recording {
 public:
  explicit Graph(const std::function<void()>& work) {
    graph_.capture_begin();
    try {
      work();
      graph_.capture_end();
    } catch (const std::exception& error) {
      // The device's stream, allocator and generator are left in the middle of it.
      SEQBENCH_ASSERT(false, ("a step could not be recorded, though its network is replayable: " + std::string(error.what())).c_str());
    }
  }
  void replay() override { graph_.replay(); }

 private:
  at::cuda::CUDAGraph graph_;
};

std::unique_ptr<Recording> record(at::Device device, const std::function<void()>& warm_up, const std::function<void()>& work) {
  c10::cuda::getCurrentCUDAStream(device.index()).synchronize();
  const c10::cuda::CUDAStream aside = c10::cuda::getStreamFromPool(false, device.index());
  std::unique_ptr<Recording> made;
  {
    const c10::StreamGuard guard(aside.unwrap());
    warm_up();
    aside.synchronize();
    at::accelerator::emptyCache();  // a recording has memory of its own: what earlier steps left is given back first
    made = std::make_unique<Graph>(work);
  }
  aside.synchronize();
  return made;
}

}  // namespace
}  // namespace recording

MakeRecording recorder_on(at::Device device) {
  if (!device.is_cuda()) return {};
  return [device](const std::function<void()>& warm_up, const std::function<void()>& work) {
    return recording::record(device, warm_up, work);
  };
}

}  // namespace seqbench::train
