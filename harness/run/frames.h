#pragma once
// Messages between the parent and a worker: a JSON head and a binary tail over a pipe.

#include <cstdint>
#include <optional>
#include <string>

#include "harness/base/json.h"

namespace seqbench::run {

struct Frame {
  Json head;
  std::string tail;
};

/// Writes all of it; throws MachineError when the other end is gone. Writers ignore SIGPIPE.
void write_frame(int descriptor, const Json& head, std::string_view tail = {});
/// Blocks; nothing at the end of the stream. Throws MachineError for a frame that is torn or over 4 GiB.
[[nodiscard]] std::optional<Frame> read_frame(int descriptor);

/// Gathers bytes as they come, for a descriptor that poll watches.
class FrameBuffer {
 public:
  /// Reads what is there; false at the end of the stream.
  bool read_from(int descriptor);
  [[nodiscard]] std::optional<Frame> next();

 private:
  std::string bytes_;
};

}  // namespace seqbench::run
