#include "harness/train/replays.h"

#include <fmt/format.h>

#include <algorithm>

namespace seqbench::train {
namespace replays {
namespace {

bool replays_allowed = true;

constexpr std::size_t kMostForms = 4;  // each holds the memory of a step: whole batches and the last one, not every length

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

/// Null: seen for the first time, or too many forms to keep.
Replays::Entry* Replays::entry_of(const Batch& batch, std::string_view kind) {
  const std::string form = replays::form_of(batch, kind);
  const auto found = std::ranges::find(entries_, form, &Entry::form);
  if (found != entries_.end()) return &*found;
  if (entries_.size() >= replays::kMostForms) return nullptr;
  entries_.push_back({.form = form, .batch = {}, .told = {}, .recording = nullptr});
  return nullptr;
}

void Replays::record_entry(Entry& entry, const Batch& batch, const Task& task) {
  entry.batch = moved(batch, device_);
  entry.recording = record(device_, [&] { static_cast<void>(task.warm_up(entry.batch)); }, [&] { entry.told = task.work(entry.batch); });
}

Told Replays::run(const Batch& batch, const Task& task) {
  Entry* entry = task.replayable && replays::replays_allowed && can_record(device_) ? entry_of(batch, task.kind) : nullptr;
  if (entry == nullptr) {
    const Batch there = moved(batch, device_);
    task.before();
    return task.work(there);
  }
  if (!entry->recording) record_entry(*entry, batch, task);
  const std::vector<at::Tensor> from = replays::tensors_of(batch), to = replays::tensors_of(entry->batch);
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i].defined()) to[i].copy_(from[i], true);
  }
  task.before();
  entry->recording->replay();
  return entry->told;
}

}  // namespace seqbench::train
