#pragma once
// What data fetch and weights fetch share: whether they may ask the network, and how they show what comes.

#include <cstdint>
#include <string>

#include "harness/cli/commands.h"
#include "harness/data/download.h"

namespace seqbench::cli {

/// --offline, or SEQBENCH_OFFLINE that is neither empty nor 0.
[[nodiscard]] bool is_offline(const Arguments& a);

/// A line redrawn on a terminal, elsewhere one for each tenth.
class FetchProgress {
 public:
  FetchProgress(const Arguments& a, std::string name);
  void operator()(std::uint64_t done, std::uint64_t total);
  void say(const std::string& line) const;
  /// As the flags have it, shown here, ended by a stop signal. The object must outlive them.
  [[nodiscard]] data::DownloadOptions options();

 private:
  bool quiet_, redraw_;
  int attempts_;
  double stall_s_;
  std::string name_;
  std::uint64_t tenth_ = 0;
  double next_ = 0;
};

}  // namespace seqbench::cli
