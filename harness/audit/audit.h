#pragma once
// Leaks between the parts of a split, and giveaways: what stands beside every score.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/json.h"
#include "harness/contract/task.h"
#include "harness/data/splits.h"

namespace seqbench::audit {

/// Raised when a check changes what it finds.
inline constexpr int kVersion = 1;

/// What one check found. A leak: rows of the test part that training has seen in one form or another. A giveaway: a
/// property that says little of the task tells the labels.
struct Finding {
  enum class Status { kClean, kNote, kLeak, kGiveaway };
  std::string check;   // "exact duplicates"
  Status status = Status::kClean;
  std::int64_t count = 0, of = 0;  // test rows concerned, of those looked at; giveaways: 0, 0
  std::string text;    // one sentence for people
  std::vector<std::pair<std::string, std::string>> examples = {};  // ids: of the test part, of training; at most 5
};
[[nodiscard]] std::string_view to_string(Finding::Status status);

struct Audit {
  std::string view;  // that rows were compared by, or ""
  std::int64_t train = 0, validation = 0, test = 0;
  std::vector<Finding> findings;
  std::vector<std::string> cautions;  // what the task says is known of its data

  /// Leaks and giveaways.
  [[nodiscard]] std::int64_t alarms() const;
};

/// Checks the test part of one split against training and validation:
///   exact duplicates, reverse complements (dna): rows of equal content;
///   near duplicates: test rows that share 30 % of the words of the smaller one with a training row (canonical 16-mers of
///     DNA, 6-mers of proteins), or 80 % of all their members (sets, bits of matrices). Rows of fewer than 8 elements are
///     left out, and the check says so and stops where any two rows of the data are that alike;
///   groups: test rows whose group stands in training;
///   contradicting labels: equal rows of the whole data with different labels (a note);
///   giveaways: AUROC or Pearson's r on test of a ridge fit to length, letters, pairs of letters or 4-mers, or to the
///     number of members and the best single feature.
/// Above 1,000,000 training and 100,000 test rows a sample is compared, and the text says so. A function of its arguments.
[[nodiscard]] Audit audit(const TaskEntry& task, const Dataset& dataset, const data::SplitRows& rows,
                          const std::string& group);

[[nodiscard]] Json to_json(const Audit& audit);

}  // namespace seqbench::audit
