#include "harness/cli/fetch_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "harness/base/files.h"
#include "harness/run/signals.h"

namespace seqbench::cli {

bool is_offline(const Arguments& a) {
  const char* offline = std::getenv("SEQBENCH_OFFLINE");
  return a.offline || (offline != nullptr && *offline != '\0' && std::string_view(offline) != "0");
}

FetchProgress::FetchProgress(const Arguments& a, std::string name)
    : quiet_(a.quiet),
      redraw_(!a.no_progress && ::isatty(STDERR_FILENO) == 1),
      attempts_(static_cast<int>(a.attempts)),
      stall_s_(a.stall),
      name_(std::move(name)) {}

void FetchProgress::operator()(std::uint64_t done, std::uint64_t total) {
  const std::uint64_t tenth = 10 * done / std::max<std::uint64_t>(total, 1);
  const double now = monotonic_seconds();
  if (quiet_ || done == 0 || (redraw_ ? now < next_ : tenth == tenth_)) return;
  next_ = now + 0.2;
  tenth_ = tenth;
  fmt::print(stderr, "{}{}: {:.1f} of {:.1f} MB, {} %{}", redraw_ ? "\r" : "", name_, static_cast<double>(done) / 1e6,
             static_cast<double>(total) / 1e6, 100 * done / std::max<std::uint64_t>(total, 1), redraw_ ? "" : "\n");
}

void FetchProgress::say(const std::string& line) const {
  if (!quiet_) fmt::print(stderr, "{}{}: {}\n", redraw_ ? "\n" : "", name_, line);
}

data::DownloadOptions FetchProgress::options() {
  data::DownloadOptions options{.attempts = attempts_, .stall_s = stall_s_};
  options.on_progress = [this](std::uint64_t done, std::uint64_t total) { (*this)(done, total); };
  options.on_retry = [this](const std::string& line) { say(line); };
  options.stop = [] { return run::stop_signals() > 0; };
  return options;
}

}  // namespace seqbench::cli
