#pragma once
// Errors and assertions. Everything outside harness/spec fails by throwing Error; main prints it and exits.

#include <stdexcept>
#include <string>

namespace seqbench {

/// The process's exit codes (README, "Exit codes").
enum class ExitCode : int {
  kDone = 0,
  kFinding = 1,      // failed trials, changed bits
  kInput = 2,        // experiment file, flag, data file
  kInterrupted = 3,  // resumable as it is
  kMachine = 4,      // full disk, damaged store, assertion
};

/// A failure that ends the command. `what()` is one line or more, lower case, with actual and expected values.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

/// Input from outside is wrong: name file, line or key, value, and what was expected.
struct InputError : Error {
  explicit InputError(const std::string& message) : Error(ExitCode::kInput, message) {}
};

/// The machine failed: disk, database, process.
struct MachineError : Error {
  explicit MachineError(const std::string& message) : Error(ExitCode::kMachine, message) {}
};

/// A stop was asked for and honoured; the work is resumable.
struct Interrupted : Error {
  Interrupted() : Error(ExitCode::kInterrupted, "interrupted") {}
};

[[noreturn]] void assertion_failed(const char* condition, const char* why, const char* file, int line);

}  // namespace seqbench

/// A programmer's assumption, checked in all builds; aborts.
#define SEQBENCH_ASSERT(condition, why) \
  ((condition) ? static_cast<void>(0) : ::seqbench::assertion_failed(#condition, why, __FILE__, __LINE__))
