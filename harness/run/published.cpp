#include "harness/run/published.h"

namespace seqbench::run {

Published read_published(const std::filesystem::path& folder) {
  Published published{store::read_published_folder(folder), spec::load_margins(folder / "margins.toml")};
  for (store::Paper& paper : published.folder.papers) {
    for (store::PublishedRow& row : paper.rows) {
      if (row.task.empty()) continue;
      const std::optional<double> printed = row.value ? row.value : row.high;
      if (printed) row.margin = published.margins.of(row.paper, row.metric, *printed);
    }
  }
  return published;
}

void store_published(store::RunStore& store, const Published& published) {
  for (const store::Paper& paper : published.folder.papers) store.replace_published(paper.source_sha256, paper.rows);
}

}  // namespace seqbench::run
