#include "harness/base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "harness/base/error.h"

namespace seqbench {
namespace {

std::string errno_text() { return std::generic_category().message(errno); }

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : value_(::open(path.c_str(), flags | O_CLOEXEC)) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int value() const { return value_; }

 private:
  int value_;
};

bool sync_folder(const std::filesystem::path& folder) {
  const Descriptor handle(folder.empty() ? std::filesystem::path(".") : folder, O_RDONLY | O_DIRECTORY);
  return handle.value() >= 0 && ::fsync(handle.value()) == 0;
}

}  // namespace

std::string read_file(const std::filesystem::path& path, std::uint64_t limit) {
  const auto fail = [&path] { throw InputError(fmt::format("cannot read '{}': {}", path.string(), errno_text())); };
  const Descriptor file(path, O_RDONLY);
  if (file.value() < 0) fail();
  std::string text;
  std::array<char, 1u << 16> buffer;
  for (;;) {
    const ssize_t count = ::read(file.value(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail();
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > limit) throw InputError(fmt::format("'{}' is larger than {} bytes", path.string(), limit));
  }
}

// A link stays one and leads to the new file; a device or pipe has no file to put in its place and is written to.
AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  std::error_code error;
  if (std::filesystem::is_symlink(path_, error)) {
    const bool leads_somewhere = std::filesystem::exists(path_, error);
    error.clear();
    const std::filesystem::path target = leads_somewhere ? std::filesystem::canonical(path_, error)
                                                         : path_.parent_path() / std::filesystem::read_symlink(path_, error);
    if (error) throw MachineError(fmt::format("cannot write '{}': {}", path_.string(), error.message()));
    path_ = target;
  }
  const bool in_place = std::filesystem::exists(path_, error) && !std::filesystem::is_regular_file(path_, error);
  if (!in_place) temporary_ = path_.string() + ".tmp";
  descriptor_ = in_place ? ::open(path_.c_str(), O_WRONLY | O_CLOEXEC)
                         : ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail();
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::fail() const {
  throw MachineError(fmt::format("cannot write '{}': {}", path_.string(), errno_text()));
}

void AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail();
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void AtomicFile::overwrite(std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail();
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

void AtomicFile::commit() {
  if (temporary_.empty()) {
    if (::close(std::exchange(descriptor_, -1)) != 0) fail();
    return;
  }
  if (::fsync(descriptor_) != 0 || ::close(std::exchange(descriptor_, -1)) != 0) fail();
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail();
  temporary_.clear();
  if (!sync_folder(path_.parent_path())) fail();
}

void write_file_atomically(const std::filesystem::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

std::string utc_now() {
  using namespace std::chrono;
  const auto now = floor<milliseconds>(system_clock::now());
  const auto midnight = floor<days>(now);
  const year_month_day date{midnight};
  const hh_mm_ss time{now - midnight};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

double monotonic_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string new_uid() {
  using namespace std::chrono;
  std::array<std::uint8_t, 16> bytes{};
  static std::atomic<std::int64_t> last = 0;
  std::int64_t before = last.load(), now = 0;
  do {
    now = std::max<std::int64_t>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count(), before + 1);
  } while (!last.compare_exchange_weak(before, now));
  for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(now >> (40 - 8 * i));
  if (::getrandom(bytes.data() + 6, 10, 0) != 10) throw MachineError("cannot draw random bytes: " + errno_text());
  constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string text;
  std::uint32_t bits = 0, held = 2;  // 26 characters of 5 bits begin with two zero bits
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8) | byte;
    for (held += 8; held >= 5; held -= 5) text += kCrockford[(bits >> (held - 5)) & 31];
  }
  return text;
}

}  // namespace seqbench
