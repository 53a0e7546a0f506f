#pragma once
// What every family of pretrained transformers offers: the entry of the table, the trained network, the opened folder.

#include <filesystem>
#include <memory>

#include "harness/contract/model.h"
#include "models/pretrained/architecture.h"

namespace seqbench::models {

/// The entry without its functions.
[[nodiscard]] ModelEntry entry_of(const Family& family);
/// Throws InputError for a folder or params that make no model.
[[nodiscard]] std::unique_ptr<Network> make_network(const Family& family, const ModelContext& context);
/// Loads encoder, and head where the folder has one; the adapter of the options on it.
[[nodiscard]] std::unique_ptr<FolderModel> open_folder(const Family& family, const std::filesystem::path& folder,
                                                       const FolderOptions& options);

void merge_adapter(const Family& family, const MergeOptions& options);

/// InputError where the folder has no masked language model's head, or its tokenizer no mask.
[[nodiscard]] std::unique_ptr<Network> make_language_model(const Family& family, const LanguageModelContext& context);

template <const Family& (*family)()>
[[nodiscard]] ModelEntry pretrained_entry() {
  ModelEntry entry = entry_of(family());
  entry.network = [](const ModelContext& context) { return make_network(family(), context); };
  entry.reads_folder = family().reads;
  entry.open_folder = [](const std::filesystem::path& folder, const FolderOptions& options) {
    return open_folder(family(), folder, options);
  };
  entry.merge = [](const MergeOptions& options) { merge_adapter(family(), options); };
  entry.language_model = [](const LanguageModelContext& context) { return make_language_model(family(), context); };
  return entry;
}

}  // namespace seqbench::models
