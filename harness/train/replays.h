#pragma once
// Steps and passes over batches of one form, recorded the second time that the form comes and replayed from then on.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/contract/model.h"
#include "harness/train/recording.h"

namespace seqbench::train {

/// What work on a batch gives. Tensors of a replay are overwritten by the next.
struct Told {
  std::vector<at::Tensor> tensors;
  double count = 0;
};

class Replays {
 public:
  explicit Replays(at::Device device) : Replays(device, recorder_on(device)) {}
  Replays(at::Device device, MakeRecording recorder) : device_(device), recorder_(std::move(recorder)) {}

  using Work = std::function<Told(const Batch& on_device)>;
  struct Task {
    std::string_view kind;  // of one kind and form, work is alike
    bool replayable;        // else it is just run
    Work work;
    Work warm_up;                               // the same without lasting effects
    std::function<void()> before = [] {};       // called right before `work` runs or is replayed
  };
  /// Of a batch that is on the CPU.
  Told run(const Batch& batch, const Task& task);
  [[nodiscard]] std::size_t recordings() const { return recorded_.size(); }

 private:
  struct Recorded {
    Batch batch = {};  // on the device, at one place
    Told told = {};
    std::unique_ptr<Recording> recording = nullptr;
  };
  /// Null: not recorded, and not to be yet.
  [[nodiscard]] Recorded* recorded(const Batch& batch, const Task& task);

  at::Device device_;
  MakeRecording recorder_;
  std::map<std::string, std::int64_t> seen_;    // by kind and form
  std::map<std::string, Recorded> recorded_;
};

/// Off: all work is run as it is, for tests and benchmarks of the difference.
void allow_replays(bool allowed);

/// The same batch with its tensors there.
[[nodiscard]] Batch moved(const Batch& batch, at::Device device);

}  // namespace seqbench::train
