#include "harness/audit/audit.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "harness/audit/rows.h"
#include "harness/base/streams.h"

namespace seqbench::audit {
namespace {

/// Random DNA with labels that nothing tells, in groups of one: clean until something is planted.
class Planted final : public Dataset {
 public:
  explicit Planted(std::int64_t rows, std::size_t length = 200) {
    std::vector<std::string> groups;
    Draws draws = Streams(7).open("test").at();
    for (std::int64_t row = 0; row < rows; ++row) {
      std::string text(length, 'A');
      for (char& letter : text) letter = "ACGT"[draws.below(4)];
      sequences.push_back(std::move(text));
      examples_.ids.push_back(fmt::format("row{:04}", row));
      examples_.targets.push_back(static_cast<double>(draws.below(2)));
      groups.push_back(fmt::format("group{}", row));
    }
    examples_.fields["group"] = std::move(groups);
  }

  [[nodiscard]] View view(std::string_view name) const override { return {std::string(name), TextView{sequences}}; }
  Examples& open() { return examples_; }
  std::vector<std::string>& groups() { return std::get<std::vector<std::string>>(examples_.fields["group"]); }

  std::vector<std::string> sequences;
};

TaskEntry task_of(const char* view, TaskKind kind = TaskKind::kBinary) {
  TaskEntry task;
  task.name = "planted";
  task.kind = kind;
  task.targets = {{"label", "", ""}};
  task.views = {{view, ""}};
  return task;
}

/// The last fifth is test.
data::SplitRows split_of(std::int64_t rows) {
  data::SplitRows split;
  split.train.resize(static_cast<std::size_t>(rows * 7 / 10));
  split.validation.resize(static_cast<std::size_t>(rows / 10));
  split.test.resize(static_cast<std::size_t>(rows) - split.train.size() - split.validation.size());
  std::iota(split.train.begin(), split.train.end(), 0);
  std::iota(split.validation.begin(), split.validation.end(), static_cast<std::int64_t>(split.train.size()));
  std::iota(split.test.begin(), split.test.end(), rows - static_cast<std::int64_t>(split.test.size()));
  return split;
}

constexpr std::int64_t kRows = 1000;

Audit audit_of(const Planted& data, const char* view = "dna") { return audit(task_of(view), data, split_of(kRows), "group"); }

const Finding& find(const Audit& audit, std::string_view check) {
  const auto found = std::ranges::find(audit.findings, check, &Finding::check);
  EXPECT_NE(found, audit.findings.end()) << check;
  return *found;
}

/// Nothing else raises an alarm.
void expect_only(const Audit& audit, std::string_view check, std::int64_t count, Finding::Status status = Finding::Status::kLeak) {
  EXPECT_EQ(find(audit, check).status, status) << find(audit, check).text;
  EXPECT_EQ(find(audit, check).count, count);
  EXPECT_EQ(audit.alarms(), 1) << to_json(audit).dump(1);
}

TEST(Audit, IsSilentOnCleanData) {
  const Audit audit = audit_of(Planted(kRows));
  EXPECT_EQ(audit.alarms(), 0) << to_json(audit).dump(1);
  EXPECT_EQ(audit.train, 700);
  EXPECT_EQ(audit.validation, 100);
  EXPECT_EQ(audit.test, 200);
  EXPECT_EQ(audit.findings.size(), 9U);
}

TEST(Audit, FindsRowsOfTestInTraining) {
  Planted data(kRows);
  for (std::size_t i = 0; i < 7; ++i) data.sequences[900 + i] = data.sequences[10 * i];
  const Audit audit = audit_of(data);
  EXPECT_EQ(find(audit, "exact duplicates").count, 7);
  EXPECT_EQ(find(audit, "near duplicates").count, 7);  // equal is near, too
  EXPECT_EQ(find(audit, "exact duplicates").examples.front(), (std::pair<std::string, std::string>{"row0900", "row0000"}));
  EXPECT_EQ(find(audit, "exact duplicates").examples.size(), 5U);
}

TEST(Audit, FindsRowsOfTestInValidation) {
  Planted data(kRows);
  data.sequences[900] = data.sequences[750];
  EXPECT_EQ(find(audit_of(data), "exact duplicates").count, 1);
}

TEST(Audit, FindsReverseComplements) {
  Planted data(kRows);
  for (std::size_t i = 0; i < 4; ++i) data.sequences[850 + i] = reverse_complement(data.sequences[i]);
  const Audit audit = audit_of(data);
  EXPECT_EQ(find(audit, "reverse complements").count, 4);
  EXPECT_EQ(find(audit, "exact duplicates").count, 0);
}

TEST(Audit, FindsNearDuplicates) {
  Planted data(kRows);
  for (std::size_t i = 0; i < 20; ++i) {  // three letters changed
    std::string near = data.sequences[i];
    for (const std::size_t at : {std::size_t{30}, 50 + i, 120 + i}) near[at] = near[at] == 'A' ? 'C' : 'A';
    data.sequences[900 + i] = near;
  }
  for (std::size_t i = 0; i < 20; ++i) {  // half of it, as segments that overlap
    data.sequences[950 + i] = data.sequences[100 + i].substr(100) + data.sequences[950 + i].substr(100);
  }
  expect_only(audit_of(data), "near duplicates", 40);
}

TEST(Audit, LeavesDistantRowsAlone) {
  Planted data(kRows);
  for (std::size_t i = 0; i < 20; ++i) data.sequences[900 + i].replace(0, 45, data.sequences[i].substr(0, 45));  // 30 of 185 words
  EXPECT_EQ(audit_of(data).alarms(), 0);
}

TEST(Audit, KnowsAdaptersFromDuplicates) {
  Planted data(kRows);
  for (std::string& sequence : data.sequences) sequence.replace(0, 40, std::string(20, 'A') + std::string(20, 'C'));
  EXPECT_EQ(find(audit_of(data), "near duplicates").count, 0);
}

TEST(Audit, SaysWhereAllRowsAreAlike) {
  Planted data(kRows);
  for (std::size_t i = 1; i < data.sequences.size(); ++i) {
    const std::string own = data.sequences[i].substr(0, 4);
    data.sequences[i] = data.sequences[0];
    data.sequences[i].replace(i % 190, 4, own);
  }
  const Finding finding = find(audit_of(data), "near duplicates");
  EXPECT_EQ(finding.status, Finding::Status::kNote);
  EXPECT_NE(finding.text.find("variants"), std::string::npos);
}

TEST(Audit, FindsGroupsOnBothSides) {
  Planted data(kRows);
  for (std::size_t i = 0; i < 12; ++i) data.groups()[900 + i] = data.groups()[3 * i];
  expect_only(audit_of(data), "groups", 12);
}

TEST(Audit, FindsWhatLengthGivesAway) {
  Planted data(kRows);
  for (std::size_t i = 0; i < data.sequences.size(); ++i) {
    if (data.open().targets[i] == 1) data.sequences[i].resize(180 + i % 20);
  }
  const Audit audit = audit_of(data);
  EXPECT_EQ(find(audit, "giveaway: length").status, Finding::Status::kGiveaway) << to_json(audit).dump(1);
}

TEST(Audit, FindsWhatCompositionGivesAway) {
  Planted data(kRows);
  Draws draws = Streams(9).open("test").at();
  for (std::size_t i = 0; i < data.sequences.size(); ++i) {
    if (data.open().targets[i] != 1) continue;
    for (char& letter : data.sequences[i]) {
      if (draws.below(5) == 0) letter = 'G';
    }
  }
  const Audit audit = audit_of(data);
  EXPECT_EQ(find(audit, "giveaway: letters").status, Finding::Status::kGiveaway) << to_json(audit).dump(1);
  EXPECT_EQ(find(audit, "giveaway: length").status, Finding::Status::kClean);
}

TEST(Audit, NotesEqualRowsOfDifferentLabels) {
  Planted data(kRows);
  data.sequences[5] = data.sequences[6];
  data.open().targets[5] = 1 - data.open().targets[6];
  const Audit audit = audit_of(data);
  EXPECT_EQ(find(audit, "contradicting labels").status, Finding::Status::kNote);
  EXPECT_EQ(find(audit, "contradicting labels").count, 1);
  EXPECT_EQ(audit.alarms(), 0);
}

/// Rows as sets of features.
class Sets final : public Dataset {
 public:
  std::vector<std::vector<std::int64_t>> rows;

  explicit Sets(std::int64_t count) {
    Draws draws = Streams(5).open("test").at();
    for (std::int64_t row = 0; row < count; ++row) {
      rows.emplace_back();
      for (std::int64_t feature = 0; feature < 200; ++feature) {
        if (draws.below(10) == 0) rows.back().push_back(feature);
      }
      examples_.ids.push_back(fmt::format("gene{:04}", row));
      examples_.targets.push_back(draws.normal());
    }
  }
  Examples& open() { return examples_; }

  [[nodiscard]] View view(std::string_view name) const override {
    SetView set{at::empty({static_cast<std::int64_t>(rows.size()) + 1}, at::kLong), {}, 210};
    std::vector<std::int64_t> members;
    auto* offset = set.offsets.mutable_data_ptr<std::int64_t>();
    *offset++ = 0;
    for (const auto& row : rows) {
      members.insert(members.end(), row.begin(), row.end());
      *offset++ = static_cast<std::int64_t>(members.size());
    }
    set.members = at::empty({static_cast<std::int64_t>(members.size())}, at::kLong);
    std::ranges::copy(members, set.members.mutable_data_ptr<std::int64_t>());
    return {std::string(name), set};
  }
};

TEST(Audit, ComparesSets) {
  Sets data(kRows);
  const TaskEntry task = task_of("tf_set", TaskKind::kRegression);
  EXPECT_EQ(audit(task, data, split_of(kRows), "").alarms(), 0);
  data.rows[900] = data.rows[1];
  data.rows[901] = data.rows[2];  // some 20 members, one fewer
  data.rows[901].pop_back();
  data.rows[902] = data.rows[903] = data.rows[3] = {7};  // few members say nothing
  for (auto& row : data.rows) {  // what all rows have hides no pair
    for (std::int64_t feature = 200; feature < 210 && row.size() > 1; ++feature) row.push_back(feature);
  }
  const Audit found = audit(task, data, split_of(kRows), "");
  EXPECT_EQ(find(found, "exact duplicates").count, 1);
  EXPECT_EQ(find(found, "near duplicates").count, 2);
  EXPECT_EQ(find(found, "groups").status, Finding::Status::kNote);
}

TEST(Audit, FindsTheFeatureThatIsTheLabel) {
  Sets data(kRows);
  for (std::size_t i = 0; i < data.rows.size(); ++i) {
    std::erase(data.rows[i], 42);
    if (i % 2 == 0) data.rows[i].insert(std::ranges::lower_bound(data.rows[i], 42), 42);
    data.open().targets[i] = (i % 2 == 0 ? 3 : 0) + 0.5 * data.open().targets[i];
  }
  const Finding finding = find(audit(task_of("tf_set", TaskKind::kRegression), data, split_of(kRows), ""), "giveaway: single feature");
  EXPECT_EQ(finding.status, Finding::Status::kGiveaway) << finding.text;
  EXPECT_NE(finding.text.find("42"), std::string::npos) << finding.text;
}

TEST(Audit, FindsTheFeatureWhoseAbsenceIsTheClass) {
  Sets data(kRows);
  for (std::size_t i = 0; i < data.rows.size(); ++i) {
    std::erase(data.rows[i], 42);
    data.open().targets[i] = static_cast<double>(i % 2);
    if (i % 2 == 0) data.rows[i].insert(std::ranges::lower_bound(data.rows[i], 42), 42);
  }
  const Finding finding = find(audit(task_of("tf_set"), data, split_of(kRows), ""), "giveaway: single feature");
  EXPECT_EQ(finding.status, Finding::Status::kGiveaway) << finding.text;
}

TEST(Audit, IsAFunctionOfItsArguments) {
  EXPECT_EQ(to_json(audit_of(Planted(kRows))), to_json(audit_of(Planted(kRows))));
}

}  // namespace
}  // namespace seqbench::audit
