#pragma once
// The parent's handle on one worker process.

#include <sys/types.h>

#include <optional>
#include <string>

#include "harness/run/frames.h"

namespace seqbench::run {

class WorkerProcess {
 public:
  /// Starts this same program as `seqbench worker PARENT`, in a process group of its own, with pipes on
  /// descriptors 3 and 4. Throws MachineError.
  WorkerProcess();
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  [[nodiscard]] int descriptor() const { return from_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// False when the worker is gone; its end of the pipe says how.
  [[nodiscard]] bool send(const Json& head);
  /// False when the worker closed its end.
  bool read() { return buffer_.read_from(from_); }
  [[nodiscard]] std::optional<Frame> next() { return buffer_.next(); }
  void signal(int number) const;
  /// Waits for its end: the signal that ended it, or 0.
  int wait();

 private:
  pid_t pid_ = -1;
  int to_ = -1, from_ = -1;
  FrameBuffer buffer_;
};

}  // namespace seqbench::run
