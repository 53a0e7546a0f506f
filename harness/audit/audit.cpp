#include "harness/audit/audit.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/audit/giveaways.h"
#include "harness/audit/overlaps.h"
#include "harness/audit/rows.h"
#include "harness/base/streams.h"

namespace seqbench::audit {
namespace {

constexpr std::size_t kMostSeen = 1000000, kMostTest = 100000;

std::vector<std::int64_t> sampled(std::vector<std::int64_t> rows, std::size_t most, std::uint32_t item) {
  if (rows.size() <= most) return rows;
  Streams(0).open("subsample").at({0, 0, item}).shuffle(std::span(rows));
  rows.resize(most);
  std::sort(rows.begin(), rows.end());
  return rows;
}

Sides sides_of(const data::SplitRows& rows) {
  Sides sides{rows.train, rows.test};
  sides.seen.insert(sides.seen.end(), rows.validation.begin(), rows.validation.end());
  sides.seen = sampled(std::move(sides.seen), kMostSeen, 1);
  sides.test = sampled(std::move(sides.test), kMostTest, 2);
  return sides;
}

}  // namespace

std::string_view to_string(Finding::Status status) {
  switch (status) {
    case Finding::Status::kClean: return "clean";
    case Finding::Status::kNote: return "note";
    case Finding::Status::kLeak: return "leak";
    case Finding::Status::kGiveaway: return "giveaway";
  }
  return "";
}

std::int64_t Audit::alarms() const {
  return std::ranges::count_if(findings, [](const Finding& f) {
    return f.status == Finding::Status::kLeak || f.status == Finding::Status::kGiveaway;
  });
}

Audit audit(const TaskEntry& task, const Dataset& dataset, const data::SplitRows& rows, const std::string& group) {
  const Examples& examples = dataset.examples();
  Audit result;
  result.train = static_cast<std::int64_t>(rows.train.size());
  result.validation = static_cast<std::int64_t>(rows.validation.size());
  result.test = static_cast<std::int64_t>(rows.test.size());
  result.cautions = task.cautions;
  const Sides sides = sides_of(rows);
  const std::optional<Rows> content = Rows::of(task, dataset);
  if (content) {
    result.view = content->view();
    result.findings.push_back(exact_duplicates(*content, examples, sides));
    if (content->kind() == Rows::Kind::kDna) result.findings.push_back(reverse_complements(*content, examples, sides));
    const bool has_elements = content->kind() < Rows::Kind::kText;
    if (has_elements) result.findings.push_back(near_duplicates(*content, examples, sides));
    result.findings.push_back(contradicting_labels(*content, examples, static_cast<std::int64_t>(task.targets.size())));
  }
  result.findings.push_back(shared_groups(examples, sides, group));
  if (content) std::ranges::move(giveaways(task, *content, examples, sides), std::back_inserter(result.findings));
  if (sides.seen.size() + sides.test.size() < rows.train.size() + rows.validation.size() + rows.test.size()) {
    result.cautions.push_back(fmt::format("compared: {} training and {} test rows, drawn from {} and {}", sides.seen.size(),
                                          sides.test.size(), rows.train.size() + rows.validation.size(), rows.test.size()));
  }
  return result;
}

Json to_json(const Audit& audit) {
  Json findings = Json::array();
  for (const Finding& f : audit.findings) {
    findings.push_back({{"check", f.check}, {"status", to_string(f.status)}, {"count", f.count}, {"of", f.of},
                        {"text", f.text}, {"examples", f.examples}});
  }
  return {{"version", kVersion}, {"view", audit.view}, {"train", audit.train}, {"validation", audit.validation},
          {"test", audit.test}, {"findings", findings}, {"cautions", audit.cautions}};
}

}  // namespace seqbench::audit
