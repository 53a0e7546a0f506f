#include "harness/data/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <thread>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"

namespace seqbench::data {
namespace {

namespace fs = std::filesystem;

constexpr long kRedirects = 5;
constexpr long kConnectSeconds = 30;
constexpr std::uint64_t kGain = 64u << 10;  // an attempt that brings so much counts as none that failed
constexpr std::uint64_t kSpareBytes = 1u << 20;
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

struct FreeEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

/// How an attempt ended; a refusal is final and keeps nothing.
struct Ending {
  enum class Kind { kWhole, kAgain, kRefused, kStopped, kBroken } kind;
  std::string why;
};

/// One request and its answer.
class Attempt {
 public:
  Attempt(const Wanted& wanted, const DownloadOptions& options, Part& part)
      : wanted_(wanted), options_(options), part_(part), handle_(curl_easy_init()) {
    if (!handle_) throw MachineError("libcurl cannot be started");
  }

  Ending run() {
    set_up();
    const CURLcode code = curl_easy_perform(handle_.get());
    if (failure_) std::rethrow_exception(failure_);
    if (!refusal_.empty()) return {Ending::Kind::kRefused, refusal_};
    if (code == CURLE_OK) return judge_answer();
    return judge_failure(code);
  }

 private:
  template <typename T>
  void set(CURLoption option, T value) {
    const CURLcode code = curl_easy_setopt(handle_.get(), option, value);
    if (code != CURLE_OK) throw MachineError(fmt::format("libcurl refuses an option: {}", curl_easy_strerror(code)));
  }

  void set_up() {
    set(CURLOPT_URL, wanted_.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "https");
    set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, kRedirects);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set_authorities();
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_USERAGENT, "seqbench");
    set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    set(CURLOPT_LOW_SPEED_LIMIT, 1024L);
    set(CURLOPT_LOW_SPEED_TIME, std::max(1L, static_cast<long>(options_.stall_s)));
    set(CURLOPT_ERRORBUFFER, error_);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &Attempt::on_progress);
    set(CURLOPT_XFERINFODATA, this);
    set(CURLOPT_HEADERFUNCTION, &Attempt::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Attempt::on_body);
    set(CURLOPT_WRITEDATA, this);
    if (part_.etag().empty()) part_.start_over("");
    offset_ = part_.size();
    if (offset_ == 0) return;
    set(CURLOPT_RANGE, (range_ = fmt::format("{}-", offset_)).c_str());
    headers_.reset(curl_slist_append(nullptr, ("If-Range: " + part_.etag()).c_str()));
    set(CURLOPT_HTTPHEADER, headers_.get());
  }

  /// A further file of authorities; the system's folder of them stays.
  void set_authorities() {
    const char* file = std::getenv("SEQBENCH_CA_FILE");
    if (file == nullptr || *file == '\0') return;
    if (::access(file, R_OK) != 0) throw InputError(fmt::format("SEQBENCH_CA_FILE: {}: {}", printable(file), std::strerror(errno)));
    set(CURLOPT_CAINFO, file);
  }

  [[nodiscard]] long status() const {
    long code = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &code);
    return code;
  }

  /// Nothing may be thrown through libcurl.
  template <typename F>
  bool guarded(const F& body) noexcept {
    try {
      body();
    } catch (...) {
      failure_ = std::current_exception();
    }
    return !failure_ && refusal_.empty() && !restarted_;
  }

  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
    Attempt& attempt = *static_cast<Attempt*>(self);
    return attempt.guarded([&] { attempt.header({bytes, size * count}); }) ? size * count : 0;
  }
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    Attempt& attempt = *static_cast<Attempt*>(self);
    return attempt.guarded([&] { attempt.body({bytes, size * count}); }) ? size * count : 0;
  }
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    Attempt& attempt = *static_cast<Attempt*>(self);
    return attempt.guarded([&] {
      if (attempt.options_.on_progress) attempt.options_.on_progress(attempt.part_.size(), attempt.wanted_.bytes);
      attempt.stopped_ = attempt.options_.stop && attempt.options_.stop();
    }) && !attempt.stopped_ ? 0 : 1;
  }

  void header(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) {  // of a redirect, or of the answer behind it
      length_.reset();
      range_start_ = range_total_ = std::nullopt;
      etag_.clear();
      return;
    }
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return;
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
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

  void body(std::string_view bytes) {
    if (!begun_) begin();
    if (ignored_ || restarted_ || !refusal_.empty()) return;
    if (bytes.size() > wanted_.bytes - part_.size()) {
      refusal_ = fmt::format("the server sends more than the {} bytes that are expected", wanted_.bytes);
      return;
    }
    part_.append(bytes.data(), bytes.size());
  }

  Ending judge_answer() {
    const long code = status();
    if (code == 200 || code == 206) {
      if (part_.size() == wanted_.bytes) return {Ending::Kind::kWhole, ""};
      return {Ending::Kind::kAgain, fmt::format("ended at {} of {} bytes", part_.size(), wanted_.bytes)};
    }
    const std::string why = fmt::format("the server answers {}", code);
    if (code == 416) part_.start_over("");
    const bool passing = code == 408 || code == 416 || code == 425 || code == 429 || code >= 500;
    return {passing ? Ending::Kind::kAgain : Ending::Kind::kRefused, why};
  }

  Ending judge_failure(CURLcode code) {
    if (stopped_) return {Ending::Kind::kStopped, ""};
    if (restarted_) return {Ending::Kind::kAgain, "the server's file has changed, starting over"};
    const std::string why = printable(*error_ != '\0' ? error_ : curl_easy_strerror(code));
    switch (code) {
      case CURLE_TOO_MANY_REDIRECTS: return {Ending::Kind::kRefused, fmt::format("more than {} redirects", kRedirects)};
      case CURLE_UNSUPPORTED_PROTOCOL: return {Ending::Kind::kRefused, "a redirect to something other than https: " + why};
      case CURLE_URL_MALFORMAT: return {Ending::Kind::kRefused, why};
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CACERT_BADFILE:
      case CURLE_SSL_ISSUER_ERROR: return {Ending::Kind::kBroken, "the server's certificate cannot be trusted: " + why};
      default: return {Ending::Kind::kAgain, why};
    }
  }

  const Wanted& wanted_;
  const DownloadOptions& options_;
  Part& part_;
  std::unique_ptr<CURL, FreeEasy> handle_;
  std::unique_ptr<curl_slist, FreeList> headers_;
  char error_[CURL_ERROR_SIZE] = "";
  std::string range_, etag_, refusal_;
  std::uint64_t offset_ = 0;
  std::optional<std::int64_t> length_, range_start_, range_total_;
  bool begun_ = false, ignored_ = false, restarted_ = false, stopped_ = false;
  std::exception_ptr failure_;
};

void check_space(const fs::path& folder, std::uint64_t bytes) {
  std::error_code error;
  const std::uint64_t available = fs::space(folder, error).available;
  if (error) throw MachineError(fmt::format("{}: {}", folder.string(), error.message()));
  if (available >= bytes + kSpareBytes) return;
  throw MachineError(fmt::format("{}: disk full: {} bytes are needed, {} are free", folder.string(), bytes + kSpareBytes, available));
}

/// The whole part under its name, once its hash is right.
void accept(const Part& part, const Wanted& wanted) {
  part.sync();
  const std::string sha256 = sha256_file_hex(part.path());
  if (sha256 != wanted.sha256) {
    part.remove();
    throw InputError(fmt::format("{}: what came has sha256 {}, expected is {}; nothing is kept", wanted.url, sha256, wanted.sha256));
  }
  if (::rename(part.path().c_str(), wanted.target.c_str()) != 0) fail_machine(wanted.target, "cannot be renamed");
  part.remove();  // its ETag
}

void pause(double seconds, const std::function<bool()>& stop) {
  const double until = monotonic_seconds() + seconds;
  while (monotonic_seconds() < until) {
    if (stop && stop()) throw Interrupted();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace

void Download::fetch(const Wanted& wanted) const {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw MachineError("libcurl cannot be started");
  if (!wanted.url.starts_with("https://")) throw InputError(fmt::format("{}: only https is fetched", printable(wanted.url)));
  const fs::path folder = wanted.target.parent_path();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw MachineError(fmt::format("{}: cannot be made: {}", folder.string(), error.message()));
  if (fs::exists(wanted.target, error) && sha256_file_hex(wanted.target) == wanted.sha256) return;
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

}  // namespace seqbench::data
