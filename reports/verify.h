#pragma once
// The scorecard of a paper: each printed number and claim against what the store holds (HARNESS 8.9).

#include <functional>
#include <string>
#include <vector>

#include "harness/analyze/verdicts.h"
#include "harness/store/published_files.h"
#include "harness/store/reader.h"
#include "reports/as_printed.h"

namespace seqbench::reports {

/// The paper's row on another input than the paper's, from a row labelled "ROW @ INPUT". It is shown and never judged.
struct OtherInput {
  std::string input;
  analyze::Summary measured;
  bool chosen_on_test = false;
  std::vector<std::string> trials;
};

struct NumberVerdict {
  store::PublishedRow printed;
  analyze::Judgement judgement;  // verdict and reason; numbers where something was measured
  double p_adjusted = 0;         // Holm within the paper; NaN where there is none
  analyze::Summary measured;
  std::vector<std::string> trials;  // keys; empty where nothing was measured
  std::string unblock;              // the command, or what is missing; "" unless blocked
  std::vector<OtherInput> others;
};

enum class ClaimVerdict { kSupported, kContradicted, kUndecided, kBlocked };
[[nodiscard]] std::string_view to_string(ClaimVerdict verdict);
/// What a claim that is blocked comes to on another input; p values of these are not adjusted.
struct OtherClaim {
  std::string input;
  ClaimVerdict verdict = ClaimVerdict::kBlocked;
  std::string reason;
};
struct JudgedClaim {
  store::Claim claim;
  ClaimVerdict verdict = ClaimVerdict::kBlocked;
  double p = 1, p_adjusted = 1;  // of "contradicted"
  std::string reason;
  std::vector<OtherClaim> others = {};
};

struct Scorecard {
  std::string paper, margins_sha256;
  std::vector<NumberVerdict> numbers;  // results on our tasks, and other numbers that are inconsistent as printed
  std::vector<JudgedClaim> claims;
  std::vector<store::PublishedRow> others;   // settings, counts and what is quoted: not results of ours to reproduce
  std::vector<store::PublishedRow> missing;  // results that the paper names but does not print

  [[nodiscard]] std::size_t count(analyze::Verdict verdict) const;
  [[nodiscard]] std::size_t count(ClaimVerdict verdict) const;
  /// Numbers held against a measurement; at most 5 % of them can be expected to be reproduced falsely.
  [[nodiscard]] double expected_false() const;
  /// A number not reproduced or a claim contradicted.
  [[nodiscard]] bool finding() const;
};

struct VerifyOptions {
  std::string margins_sha256;
  /// What would let this number be measured: a command, or what the program does not have yet.
  std::function<std::string(const store::PublishedRow&)> unblock;
};

/// The whole paper, within which p values are adjusted. `store` null: nothing is measured. Throws InputError for an
/// unknown paper.
[[nodiscard]] Scorecard verify(const store::Reader* store, const store::PublishedFolder& folder,
                               const std::string& paper, const VerifyOptions& options);
/// What a card says of one table, "3.1" or "Table 3.1". Throws InputError for a table that the paper does not have.
[[nodiscard]] Scorecard of_table(Scorecard card, const std::string& table);
[[nodiscard]] std::string scorecard_text(const Scorecard& card);
[[nodiscard]] Json to_json(const Scorecard& card);
/// As rows of the store's table `verdicts`; claims as reproduced (supported) and not_reproduced (contradicted).
[[nodiscard]] std::vector<store::VerdictRow> verdict_rows(const Scorecard& card);

}  // namespace seqbench::reports
