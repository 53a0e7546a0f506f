#include "harness/run/frames.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "harness/base/error.h"

namespace seqbench::run {
namespace {

constexpr std::size_t kPrefix = 2 * sizeof(std::uint32_t);
constexpr std::size_t kMaxBytes = UINT32_MAX;  // head and tail together
constexpr std::size_t kChunk = 1u << 20;

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

struct Sizes {
  std::size_t head = 0, tail = 0;
};

Sizes sizes_of(const char* prefix) {
  std::array<std::uint32_t, 2> sizes{};
  std::memcpy(sizes.data(), prefix, kPrefix);
  const Sizes out{sizes[0], sizes[1]};
  if (out.head + out.tail > kMaxBytes) throw MachineError("a worker's message is over 4 GiB");
  return out;
}

/// What another process wrote is no input of the user's: text that is not JSON is the machine's fault.
Frame frame_of(std::string_view head, std::string_view tail) {
  try {
    return {parse_json(head, "worker message"), std::string(tail)};
  } catch (const InputError& error) {
    throw MachineError(error.what());
  }
}

}  // namespace

void write_frame(int descriptor, const Json& head, std::string_view tail) {
  const std::string text = head.dump(-1, ' ', false, Json::error_handler_t::replace);
  SEQBENCH_ASSERT(text.size() <= kMaxBytes && tail.size() <= kMaxBytes - text.size(), "a message is below 4 GiB");
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
  std::string bytes;  // grows as bytes come: the sizes may be bogus
  while (bytes.size() < head + tail) {
    const std::size_t have = bytes.size();
    bytes.resize(std::min(head + tail, have + std::max(have, kChunk)));
    if (!read_all(descriptor, bytes.data() + have, bytes.size() - have)) {
      throw MachineError("a worker's pipe broke inside a message");
    }
  }
  return frame_of(std::string_view(bytes).substr(0, head), std::string_view(bytes).substr(head));
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
  const std::string_view body = std::string_view(bytes_).substr(kPrefix, head + tail);
  Frame frame = frame_of(body.substr(0, head), body.substr(head));
  bytes_.erase(0, size);
  return frame;
}

}  // namespace seqbench::run
