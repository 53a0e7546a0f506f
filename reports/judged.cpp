#include "reports/judged.h"

#include "harness/store/published_files.h"
#include "reports/tables.h"

namespace seqbench::reports {

std::optional<analyze::Judgement> judged(const store::PublishedRow& published, const Row& row, const Row::Cell& cell) {
  if (!comparable_with_published(row) || !published.margin || !is_printed(published)) return std::nullopt;
  if (published.metric != cell.metric || published.split != cell.split || cell.slice != "all") return std::nullopt;
  analyze::Printed printed;
  printed.value = published.value.value_or(0);
  printed.half_unit = store::half_unit(published);
  printed.low = published.low;
  printed.high = published.high;
  printed.higher_is_better = cell.higher_is_better;
  return analyze::judge(printed, *published.margin, cell.summary);
}

}  // namespace seqbench::reports
