#pragma once
// The papers' numbers on their way into a store.

#include <filesystem>

#include "harness/spec/margins.h"
#include "harness/store/published_files.h"
#include "harness/store/run_store.h"

namespace seqbench::run {

struct Published {
  store::PublishedFolder folder;  // every row of a known metric with its margin
  spec::Margins margins;
};

/// Throws InputError for a file that is not as results/FORMAT.md says, and where margins.toml is absent.
[[nodiscard]] Published read_published(const std::filesystem::path& folder);
/// Replaces the store's rows of every paper in the folder.
void store_published(store::RunStore& store, const Published& published);

}  // namespace seqbench::run
