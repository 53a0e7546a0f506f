#include "harness/data/transfer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"

namespace seqbench::data {
namespace {

constexpr long kRedirects = 5;
constexpr long kConnectSeconds = 30;

}  // namespace

template <typename T>
void Transfer::set(CURLoption option, T value) {
  const CURLcode code = curl_easy_setopt(handle_.get(), option, value);
  if (code != CURLE_OK) throw MachineError(fmt::format("libcurl refuses an option: {}", curl_easy_strerror(code)));
}

Transfer::Transfer(const std::string& url, const DownloadOptions& options) : options_(options) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started == CURLE_OK) handle_.reset(curl_easy_init());
  if (!handle_) throw MachineError("libcurl cannot be started");
  set(CURLOPT_URL, url.c_str());
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
  set(CURLOPT_XFERINFOFUNCTION, &Transfer::on_progress);
  set(CURLOPT_XFERINFODATA, this);
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, this);
}

/// A further file of authorities; the system's folder of them stays.
void Transfer::set_authorities() {
  const char* file = std::getenv("SEQBENCH_CA_FILE");
  if (file == nullptr || *file == '\0') return;
  if (::access(file, R_OK) != 0) throw InputError(fmt::format("SEQBENCH_CA_FILE: {}: {}", printable(file), std::strerror(errno)));
  set(CURLOPT_CAINFO, file);
}

CURLcode Transfer::perform(const std::string& range, const std::string& if_range) {
  if (!range.empty()) {
    set(CURLOPT_RANGE, range.c_str());
    headers_.reset(curl_slist_append(nullptr, ("If-Range: " + if_range).c_str()));
    set(CURLOPT_HTTPHEADER, headers_.get());
  }
  const CURLcode code = curl_easy_perform(handle_.get());
  if (failure_) std::rethrow_exception(failure_);
  return code;
}

long Transfer::status() const {
  long code = 0;
  curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &code);
  return code;
}

/// Nothing may be thrown through libcurl.
bool Transfer::guarded(const std::function<void()>& step) noexcept {
  try {
    step();
    return !failure_ && !enough();
  } catch (...) {
    failure_ = std::current_exception();
    return false;
  }
}

std::size_t Transfer::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  return transfer.guarded([&] { transfer.header({bytes, size * count}); }) ? size * count : 0;
}

std::size_t Transfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  return transfer.guarded([&] { transfer.body({bytes, size * count}); }) ? size * count : 0;
}

int Transfer::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  const bool on = transfer.guarded([&] {
    transfer.progress();
    transfer.stopped_ = transfer.options_.stop && transfer.options_.stop();
  });
  return on && !transfer.stopped_ ? 0 : 1;
}

Ending Transfer::judge_status() const {
  const long code = status();
  const bool passing = code == 408 || code == 416 || code == 425 || code == 429 || code >= 500;
  return {passing ? Ending::Kind::kAgain : Ending::Kind::kRefused, fmt::format("the server answers {}", code)};
}

Ending Transfer::judge_code(CURLcode code) const {
  if (stopped_) return {Ending::Kind::kStopped, ""};
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

HeaderLine header_line(std::string_view line) {
  const auto trim = [](std::string_view text) {
    while (!text.empty() && (text.back() == '\r' || text.back() == '\n' || text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    return text;
  };
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return {};
  HeaderLine made{std::string(line.substr(0, colon)), trim(line.substr(colon + 1))};
  std::ranges::transform(made.name, made.name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return made;
}

void pause(double seconds, const std::function<bool()>& stop) {
  const double until = monotonic_seconds() + seconds;
  while (monotonic_seconds() < until) {
    if (stop && stop()) throw Interrupted();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace seqbench::data
