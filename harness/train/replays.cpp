#include "harness/train/replays.h"

#include <fmt/format.h>

#include <algorithm>

namespace seqbench::train {
namespace replays {
namespace {

bool replays_allowed = true;

constexpr std::size_t kMostRecordings = 4;  // each holds the memory of a step

/// Labels and weights last; undefined ones stay.
std::vector<at::Tensor> tensors_of(const Batch& batch) {
  std::vector<at::Tensor> tensors;
  for (const NamedTensor& input : batch.inputs) tensors.push_back(input.tensor);
  tensors.push_back(batch.labels);
  tensors.push_back(batch.weights);
  return tensors;
}

std::string form_of(const Batch& batch, std::string_view kind) {
  std::string form(kind);
  form += ' ';
  for (const NamedTensor& input : batch.inputs) form += input.name + " ";
  for (const at::Tensor& tensor : tensors_of(batch)) {
    if (!tensor.defined()) {
      form += "| none";
      continue;
    }
    form += fmt::format("| {}", static_cast<int>(tensor.scalar_type()));
    for (const std::int64_t size : tensor.sizes()) form += fmt::format(" {}", size);
  }
  return form;
}

}  // namespace
}  // namespace replays

void allow_replays(bool allowed) { replays::replays_allowed = allowed; }

Batch moved(const Batch& batch, at::Device device) {
  Batch there = batch;
  const auto move = [device](at::Tensor& tensor) {
    if (tensor.defined()) tensor = tensor.to(tensor.options().device(device), true);
  };
  for (NamedTensor& input : there.inputs) move(input.tensor);
  move(there.labels);
  move(there.weights);
  return there;
}

Replays::Recorded* Replays::recorded(const Batch& batch, const Task& task) {
  if (!task.replayable || !recorder_ || !replays::replays_allowed) return nullptr;
  const std::string form = replays::form_of(batch, task.kind);
  if (const auto found = recorded_.find(form); found != recorded_.end()) return &found->second;
  if (++seen_[form] < 2 || recorded_.size() >= replays::kMostRecordings) return nullptr;
  Recorded& made = recorded_[form];
  made.batch = moved(batch, device_);
  made.recording = recorder_([&] { static_cast<void>(task.warm_up(made.batch)); },
                             [&made, work = task.work] { made.told = work(made.batch); });
  return &made;
}

Told Replays::run(const Batch& batch, const Task& task) {
  Recorded* known = recorded(batch, task);
  if (known == nullptr) {
    const Batch there = moved(batch, device_);
    task.before();
    return task.work(there);
  }
  const std::vector<at::Tensor> from = replays::tensors_of(batch), to = replays::tensors_of(known->batch);
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i].defined()) to[i].copy_(from[i], true);
  }
  task.before();
  known->recording->replay();
  return known->told;
}

}  // namespace seqbench::train
