#pragma once
// Steps and passes over batches of one form, recorded the second time that the form comes and replayed from then on.

#include <functional>
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
  explicit Replays(at::Device device) : device_(device) {}

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

 private:
  struct Entry {
    std::string form;
    Batch batch;  // on the device, at one place
    Told told;
    std::unique_ptr<Recording> recording;  // null: seen once
  };
  [[nodiscard]] Entry* entry_of(const Batch& batch, std::string_view kind);
  void record_entry(Entry& entry, const Batch& batch, const Task& task);

  at::Device device_;
  std::vector<Entry> entries_;
};

/// Off: all work is run as it is, for tests and benchmarks of the difference.
void allow_replays(bool allowed);

/// The same batch with its tensors there.
[[nodiscard]] Batch moved(const Batch& batch, at::Device device);

}  // namespace seqbench::train
