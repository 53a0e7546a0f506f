#include "harness/run/frames.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "harness/base/error.h"

namespace seqbench::run {
namespace {

constexpr std::size_t kPrefix = 2 * sizeof(std::uint32_t);

void write_all(int descriptor, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::write(descriptor, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw MachineError(std::string("the other end of a worker's pipe is gone: ") + std::strerror(errno));
    data += n;
    size -= static_cast<std::size_t>(n);
  }
}

/// False at a clean end before the first byte.
bool read_all(int descriptor, char* data, std::size_t size) {
  std::size_t have = 0;
  while (have < size) {
    const ssize_t n = ::read(descriptor, data + have, size - have);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0 && have == 0) return false;
    if (n <= 0) throw MachineError("a worker's pipe broke inside a message");
    have += static_cast<std::size_t>(n);
  }
  return true;
}

std::array<std::uint32_t, 2> sizes_of(const char* prefix) {
  std::array<std::uint32_t, 2> sizes{};
  std::memcpy(sizes.data(), prefix, kPrefix);
  return sizes;
}

}  // namespace

void write_frame(int descriptor, const Json& head, std::string_view tail) {
  const std::string text = head.dump(-1, ' ', false, Json::error_handler_t::replace);
  SEQBENCH_ASSERT(text.size() <= UINT32_MAX && tail.size() <= UINT32_MAX, "a message is below 4 GiB");
  const std::array<std::uint32_t, 2> sizes = {static_cast<std::uint32_t>(text.size()),
                                              static_cast<std::uint32_t>(tail.size())};
  std::string bytes(kPrefix, '\0');
  std::memcpy(bytes.data(), sizes.data(), kPrefix);
  bytes += text;
  bytes += tail;
  write_all(descriptor, bytes.data(), bytes.size());
}

std::optional<Frame> read_frame(int descriptor) {
  std::array<char, kPrefix> prefix{};
  if (!read_all(descriptor, prefix.data(), prefix.size())) return std::nullopt;
  const auto [head, tail] = sizes_of(prefix.data());
  std::string bytes(static_cast<std::size_t>(head) + tail, '\0');
  if (!read_all(descriptor, bytes.data(), bytes.size())) throw MachineError("a worker's pipe broke inside a message");
  return Frame{parse_json(std::string_view(bytes).substr(0, head), "worker message"), bytes.substr(head)};
}

bool FrameBuffer::read_from(int descriptor) {
  std::array<char, 65536> chunk;
  const ssize_t n = ::read(descriptor, chunk.data(), chunk.size());
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  bytes_.append(chunk.data(), static_cast<std::size_t>(n));
  return n > 0;
}

std::optional<Frame> FrameBuffer::next() {
  if (bytes_.size() < kPrefix) return std::nullopt;
  const auto [head, tail] = sizes_of(bytes_.data());
  const std::size_t size = kPrefix + head + tail;
  if (bytes_.size() < size) return std::nullopt;
  Frame frame{parse_json(std::string_view(bytes_).substr(kPrefix, head), "worker message"),
              bytes_.substr(kPrefix + head, tail)};
  bytes_.erase(0, size);
  return frame;
}

}  // namespace seqbench::run
