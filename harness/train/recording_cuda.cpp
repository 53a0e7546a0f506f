#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/StreamGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <fmt/format.h>

#include <stdexcept>

#include "harness/train/recording.h"

namespace seqbench::train {
namespace recording {
namespace {

class Graph final : public Recording {
 public:
  explicit Graph(const std::function<void()>& work) {
    graph_.capture_begin();
    work();
    graph_.capture_end();
  }
  void replay() override { graph_.replay(); }

 private:
  at::cuda::CUDAGraph graph_;
};

}  // namespace
}  // namespace recording

bool can_record(at::Device device) { return device.is_cuda(); }

std::unique_ptr<Recording> record(at::Device device, const std::function<void()>& warm_up, const std::function<void()>& work) {
  c10::cuda::getCurrentCUDAStream(device.index()).synchronize();
  const c10::cuda::CUDAStream aside = c10::cuda::getStreamFromPool(false, device.index());
  std::unique_ptr<Recording> made;
  {
    const c10::StreamGuard guard(aside.unwrap());
    warm_up();
    aside.synchronize();
    try {
      made = std::make_unique<recording::Graph>(work);
    } catch (const c10::Error& error) {
      throw std::runtime_error(fmt::format("the network says that its work may be replayed, but it cannot be recorded: {}",
                                           error.what_without_backtrace()));
    }
  }
  aside.synchronize();
  return made;
}

}  // namespace seqbench::train
