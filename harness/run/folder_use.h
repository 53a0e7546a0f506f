#pragma once
// Texts through a model folder, in windows: tokenized by several threads, sorted by length into batches, answered in the
// order of the input. Memory is bounded by a window, whatever the input's size.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/contract/folder_model.h"
#include "harness/contract/tables.h"
#include "harness/data/records.h"

namespace seqbench::run {

struct FolderUse {
  std::string device = "auto";
  std::int64_t threads = 0;      // of tokenizing and of the kernels; 0: as many as there are cores
  std::int64_t max_length = 0;   // tokens; 0: what the folder says
  std::int64_t batch = 32;       // rows at most; fewer where they are long
  std::string adapter = {};      // folder of a peft adapter; "": none
};

[[nodiscard]] std::int64_t threads_or_cores(std::int64_t threads);  // 0: as many as there are cores
/// The one model that reads the folder's config.json. InputError: no folder, no config.json, a family that no model reads.
[[nodiscard]] const ModelEntry& entry_of_folder(const Tables& tables, const std::filesystem::path& folder);
/// The folder opened by that model, with the numerics of this process set.
[[nodiscard]] std::unique_ptr<FolderModel> open_folder(const Tables& tables, const std::filesystem::path& folder,
                                                       const FolderUse& use);

/// One text's answer, without padding; only what was asked for is defined.
struct RowAnswer {
  const data::TextRecord& record;
  std::span<const std::int32_t> ids;
  at::Tensor logits;     // [outputs]
  at::Tensor hidden;     // [L, H]
  at::Tensor attention;  // [heads, L, L]
};

/// What is kept of an answer until its turn comes, and where it goes then.
struct Sink {
  std::function<std::int64_t(std::int64_t length)> kept_values;  // how many numbers `keep` returns for so many tokens
  std::function<std::vector<float>(const RowAnswer&)> keep;
  std::function<void(const data::TextRecord&, std::span<const std::int32_t> ids, std::span<const float>)> write;
};

/// Returns the number of texts. InputError "FILE:LINE: ..." where a text is refused; Interrupted after a stop signal.
std::int64_t use_folder(FolderModel& model, data::RecordReader& reader, const Asked& asked, const FolderUse& use,
                        const Sink& sink);

}  // namespace seqbench::run
