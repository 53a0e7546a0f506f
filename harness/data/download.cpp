#include "harness/data/download.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/sha1.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "harness/data/folders.h"
#include "harness/data/transfer.h"

namespace seqbench::data {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kGain = 64u << 10;  // an attempt that brings so much counts as none that failed
constexpr std::size_t kLongestEtag = 1024;

[[noreturn]] void fail_machine(const fs::path& path, const char* what) {
  throw MachineError(fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno)));
}

/// The bytes so far and the ETag of the file that they are of.
class Part {
 public:
  explicit Part(const fs::path& target) : path_(target.string() + ".part"), etag_path_(path_.string() + ".etag") {
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (descriptor_ < 0) fail_machine(path_, "cannot be made");
    struct stat status {};
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) throw MachineError(path_.string() + ": another fetch is writing it");
    if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) throw MachineError(path_.string() + ": is no file");
    size_ = static_cast<std::uint64_t>(status.st_size);
    std::error_code error;
    const std::uintmax_t bytes = fs::file_size(etag_path_, error);
    if (!error && bytes <= kLongestEtag) etag_ = read_file(etag_path_, kLongestEtag);
  }
  ~Part() { ::close(descriptor_); }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::string& etag() const { return etag_; }
  [[nodiscard]] const fs::path& path() const { return path_; }

  /// Only a strong ETag says that two halves are of one file.
  void start_over(const std::string& etag) {
    if (::ftruncate(descriptor_, 0) != 0) fail_machine(path_, "cannot be cut");
    size_ = 0;
    etag_ = etag.starts_with('"') && etag.size() <= kLongestEtag ? etag : "";
    std::error_code ignored;
    fs::remove(etag_path_, ignored);
    if (!etag_.empty()) write_file_atomically(etag_path_, etag_);
  }

  void append(const char* bytes, std::size_t count) {
    while (count > 0) {
      const ssize_t wrote = ::write(descriptor_, bytes, count);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) fail_machine(path_, "cannot be written");
      bytes += wrote;
      count -= static_cast<std::size_t>(wrote);
      size_ += static_cast<std::uint64_t>(wrote);
    }
  }

  void sync() const {
    if (::fsync(descriptor_) != 0) fail_machine(path_, "cannot be synced");
  }

  void remove() const {
    std::error_code ignored;
    fs::remove(path_, ignored);
    fs::remove(etag_path_, ignored);
  }

 private:
  fs::path path_, etag_path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::string etag_;
};

/// One request for a file and its answer.
class Attempt final : Transfer {
 public:
  Attempt(const Wanted& wanted, const DownloadOptions& options, Part& part)
      : Transfer(wanted.url, options), wanted_(wanted), options_(options), part_(part) {}

  Ending run() {
    if (part_.etag().empty()) part_.start_over("");
    offset_ = part_.size();
    const CURLcode code = offset_ == 0 ? perform("", "") : perform(fmt::format("{}-", offset_), part_.etag());
    if (!refusal_.empty()) return {Ending::Kind::kRefused, refusal_};
    if (code == CURLE_OK) return judge_answer();
    if (restarted_ && !stopped()) return {Ending::Kind::kAgain, "the server's file has changed, starting over"};
    return judge_code(code);
  }

 private:
  [[nodiscard]] bool enough() const override { return restarted_ || !refusal_.empty(); }

  void progress() override {
    if (options_.on_progress) options_.on_progress(part_.size(), wanted_.bytes);
  }

  void header(std::string_view line) override {
    if (line.starts_with("HTTP/")) {  // of a redirect, or of the answer behind it
      length_.reset();
      range_start_ = range_total_ = std::nullopt;
      etag_.clear();
      return;
    }
    const auto [name, value] = header_line(line);
    if (name == "content-length") length_ = parse_int(value);
    if (name == "etag") etag_ = value;
    if (name == "content-range" && value.starts_with("bytes ")) {  // "bytes 100-199/200"
      range_start_ = parse_int(value.substr(6, value.find('-') - 6));
      if (const std::size_t slash = value.find('/'); slash != value.npos) range_total_ = parse_int(value.substr(slash + 1));
    }
  }

  /// What the answer's head says, before its first byte is taken.
  void begin() {
    begun_ = true;
    const auto expected = static_cast<std::int64_t>(wanted_.bytes);
    if (status() == 206) {
      const bool same = offset_ > 0 && range_start_ == static_cast<std::int64_t>(offset_) &&
                        (etag_.empty() || etag_ == part_.etag());
      if (!same) {
        part_.start_over("");
        restarted_ = true;
      } else if (range_total_ && *range_total_ != expected) {
        refuse_size(*range_total_);
      }
    } else if (status() == 200) {
      part_.start_over(etag_);  // another file, or a server without ranges
      if (length_ && *length_ != expected) refuse_size(*length_);
    } else {
      ignored_ = true;
    }
  }

  void refuse_size(std::int64_t offered) {
    refusal_ = fmt::format("the server offers {} bytes, {} are expected", offered, wanted_.bytes);
  }

  void body(std::string_view bytes) override {
    if (!begun_) begin();
    if (ignored_ || restarted_ || !refusal_.empty()) return;
    if (bytes.size() > wanted_.bytes - part_.size()) {
      refusal_ = fmt::format("the server sends more than the {} bytes that are expected", wanted_.bytes);
      return;
    }
    part_.append(bytes.data(), bytes.size());
  }

  Ending judge_answer() {
    if (status() != 200 && status() != 206) {
      if (status() == 416) part_.start_over("");
      return judge_status();
    }
    if (part_.size() == wanted_.bytes) return {Ending::Kind::kWhole, ""};
    return {Ending::Kind::kAgain, fmt::format("ended at {} of {} bytes", part_.size(), wanted_.bytes)};
  }

  const Wanted& wanted_;
  const DownloadOptions& options_;
  Part& part_;
  std::string etag_, refusal_;
  std::uint64_t offset_ = 0;
  std::optional<std::int64_t> length_, range_start_, range_total_;
  bool begun_ = false, ignored_ = false, restarted_ = false;
};

/// A short answer of unknown size, in memory.
class TextAttempt final : Transfer {
 public:
  TextAttempt(const std::string& url, std::size_t most, const DownloadOptions& options) : Transfer(url, options), most_(most) {}

  Ending run() {
    const CURLcode code = perform("", "");
    if (!refusal_.empty()) return {Ending::Kind::kRefused, refusal_};
    if (code != CURLE_OK) return judge_code(code);
    return status() == 200 ? Ending{Ending::Kind::kWhole, ""} : judge_status();
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  [[nodiscard]] bool enough() const override { return !refusal_.empty(); }
  void progress() override {}
  void header(std::string_view line) override {
    const auto [name, value] = header_line(line);
    if (name == "link" && value.find("rel=\"next\"") != value.npos) refusal_ = "the answer goes on over several pages, which is more than is read";
  }
  void body(std::string_view bytes) override {
    if (status() != 200) return;
    if (bytes.size() > most_ - text_.size()) {
      refusal_ = fmt::format("the answer is longer than {} bytes", most_);
      return;
    }
    text_ += bytes;
  }

  std::size_t most_;
  std::string text_, refusal_;
};

/// Whether these are the bytes that are wanted; `found` says what they are.
bool is_wanted(const fs::path& path, const Wanted& wanted, std::string& found) {
  std::error_code error;
  found = fmt::format("{} bytes", fs::file_size(path, error));
  if (error || found != fmt::format("{} bytes", wanted.bytes)) return false;
  if (!wanted.sha256.empty()) {
    found = "sha256 " + sha256_file_hex(path);
    if (found != "sha256 " + wanted.sha256) return false;
  }
  if (!wanted.blob_sha1.empty()) {
    found = "git id " + git_blob_id_of_file(path);
    if (found != "git id " + wanted.blob_sha1) return false;
  }
  return true;
}

/// The whole part under its name, once its hash is right.
void accept(const Part& part, const Wanted& wanted) {
  part.sync();
  std::string found;
  if (!is_wanted(part.path(), wanted, found)) {
    part.remove();
    const std::string& expected = found.starts_with("git") ? wanted.blob_sha1 : wanted.sha256;
    throw InputError(fmt::format("{}: what came has {}, expected is {}; nothing is kept", wanted.url, found, expected));
  }
  if (::rename(part.path().c_str(), wanted.target.c_str()) != 0) fail_machine(wanted.target, "cannot be renamed");
  part.remove();  // its ETag
}

void check_url(const std::string& url) {
  if (!url.starts_with("https://")) throw InputError(fmt::format("{}: only https is fetched", printable(url)));
}

}  // namespace

void Download::fetch(const Wanted& wanted) const {
  SEQBENCH_ASSERT(!wanted.sha256.empty() || !wanted.blob_sha1.empty(), "a file is told by a hash");
  check_url(wanted.url);
  const fs::path folder = wanted.target.parent_path();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw MachineError(fmt::format("{}: cannot be made: {}", folder.string(), error.message()));
  if (std::string found; fs::exists(wanted.target, error) && is_wanted(wanted.target, wanted, found)) return;
  Part part(wanted.target);
  if (part.size() > wanted.bytes) part.start_over("");
  check_space(folder, wanted.bytes - part.size());
  double wait = options_.pause_s;
  std::uint64_t most = part.size();
  for (int left = options_.attempts; part.size() < wanted.bytes;) {
    const Ending ending = Attempt(wanted, options_, part).run();
    if (ending.kind == Ending::Kind::kWhole) break;
    if (ending.kind == Ending::Kind::kStopped) throw Interrupted();
    if (ending.kind == Ending::Kind::kRefused) {
      part.remove();
      throw InputError(fmt::format("{}: {}; nothing is kept", wanted.url, ending.why));
    }
    if (part.size() >= most + kGain) {
      most = part.size();
      left = options_.attempts;
      wait = options_.pause_s;
    } else if (--left <= 0 || ending.kind == Ending::Kind::kBroken) {
      throw MachineError(fmt::format("{}: {}; {} of {} bytes are kept, the same command goes on", wanted.url, ending.why, part.size(), wanted.bytes));
    }
    if (options_.on_retry) options_.on_retry(fmt::format("{}; again in {} s", ending.why, wait));
    pause(wait, options_.stop);
    wait = std::min(2 * wait, 60.0);
  }
  accept(part, wanted);
}

std::string Download::fetch_text(const std::string& url, std::size_t most) const {
  check_url(url);
  double wait = options_.pause_s;
  for (int left = options_.attempts;;) {
    TextAttempt attempt(url, most, options_);
    const Ending ending = attempt.run();
    if (ending.kind == Ending::Kind::kWhole) return attempt.take();
    if (ending.kind == Ending::Kind::kStopped) throw Interrupted();
    if (ending.kind == Ending::Kind::kRefused) throw InputError(fmt::format("{}: {}", url, ending.why));
    if (--left <= 0 || ending.kind == Ending::Kind::kBroken) throw MachineError(fmt::format("{}: {}", url, ending.why));
    if (options_.on_retry) options_.on_retry(fmt::format("{}; again in {} s", ending.why, wait));
    pause(wait, options_.stop);
    wait = std::min(2 * wait, 60.0);
  }
}

}  // namespace seqbench::data
