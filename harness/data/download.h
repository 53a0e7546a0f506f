#pragma once
// One file over https, checked before it stands under its name (libcurl inside; without it every fetch is refused).

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace seqbench::data {

struct Wanted {
  std::string url;
  std::filesystem::path target;  // TARGET.part and TARGET.part.etag while it is under way
  std::uint64_t bytes = 0;       // its size, and so the most that is taken
  std::string sha256;            // or "" where only the next is known
  std::string blob_sha1 = {};    // git's id of the file; both are checked where both are given
};

struct DownloadOptions {
  int attempts = 5;        // in a row that bring nothing new
  double pause_s = 0.5;    // before the second attempt; doubles each time, 60 s at most
  double stall_s = 30;     // an attempt that brings less than 1 KiB/s for so long is given up
  std::function<void(std::uint64_t done, std::uint64_t total)> on_progress = {};
  std::function<void(const std::string& line)> on_retry = {};
  std::function<bool()> stop = {};  // looked at about once a second
};

/// https only, also after redirects, of which at most five are followed; certificates are always checked.
/// $SEQBENCH_CA_FILE names a file of further authorities.
class Download {
 public:
  explicit Download(DownloadOptions options) : options_(std::move(options)) {}
  /// Goes on from TARGET.part where the server still has the same file by its ETag. InputError for what the server's
  /// answer says (size, hash, a redirect to elsewhere, 404): then nothing is kept. MachineError for a disk or network
  /// that fails, Interrupted for a stop: TARGET.part stays.
  void fetch(const Wanted& wanted) const;
  /// A short answer of at most `most` bytes, in memory. Throws as above; InputError also for one that is longer or goes on
  /// over several pages.
  [[nodiscard]] std::string fetch_text(const std::string& url, std::size_t most) const;

 private:
  DownloadOptions options_;
};

}  // namespace seqbench::data
