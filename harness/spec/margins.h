#pragma once
// Margins of equivalence, fixed before measuring: results/published/margins.toml (HARNESS 8.9).

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace seqbench::spec {

struct Margin {
  double size = 0;        // above 0
  bool relative = false;  // a share of the printed value's magnitude; else in the metric's unit
};

class Margins {
 public:
  std::string sha256;                                             // of the file: it stands in every verdict
  std::map<std::string, Margin> by_metric;                        // [default.METRIC]
  std::map<std::string, std::map<std::string, Margin>> by_paper;  // [paper.NAME.METRIC]

  /// In the metric's unit; nothing for a metric without a margin.
  [[nodiscard]] std::optional<double> of(const std::string& paper, const std::string& metric, double printed) const;
};

/// Throws InputError naming file, line and column of every fault: another key, a margin that is not one number above 0.
[[nodiscard]] Margins load_margins(const std::filesystem::path& path);

}  // namespace seqbench::spec
