#pragma once
// One request of libcurl under the rules of every download: https alone, checked certificates, five redirects. Private to
// harness/data.

#include <curl/curl.h>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "harness/data/download.h"

namespace seqbench::data {

/// How an attempt ended; a refusal is final and keeps nothing.
struct Ending {
  enum class Kind { kWhole, kAgain, kRefused, kStopped, kBroken } kind;
  std::string why;
};

class Transfer {
 public:
  Transfer(const std::string& url, const DownloadOptions& options);  // throws MachineError, InputError for SEQBENCH_CA_FILE
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  virtual ~Transfer() = default;

 protected:
  /// With a range "FROM-" and what it is valid for, unless both are empty.
  CURLcode perform(const std::string& range, const std::string& if_range);
  [[nodiscard]] long status() const;
  /// kAgain for an answer that passes, as 503; else kRefused.
  [[nodiscard]] Ending judge_status() const;
  [[nodiscard]] Ending judge_code(CURLcode code) const;
  [[nodiscard]] bool stopped() const { return stopped_; }

  virtual void header(std::string_view line) = 0;
  virtual void body(std::string_view bytes) = 0;
  virtual void progress() = 0;
  /// Whether the rest of the answer is of no use.
  [[nodiscard]] virtual bool enough() const = 0;

 private:
  template <typename T>
  void set(CURLoption option, T value);
  void set_authorities();
  bool guarded(const std::function<void()>& step) noexcept;
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t);

  struct FreeEasy {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  };
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  const DownloadOptions& options_;
  std::unique_ptr<CURL, FreeEasy> handle_;
  std::unique_ptr<curl_slist, FreeList> headers_;
  char error_[CURL_ERROR_SIZE] = "";
  bool stopped_ = false;
  std::exception_ptr failure_;
};

/// "Name: value" with the name in small letters and the value without white space around it; both "" for another line.
struct HeaderLine {
  std::string name;
  std::string_view value;
};
[[nodiscard]] HeaderLine header_line(std::string_view line);

/// Sleeps; throws Interrupted for a stop.
void pause(double seconds, const std::function<bool()>& stop);

}  // namespace seqbench::data
