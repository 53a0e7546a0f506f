#pragma once
// Running a program of the user's so that nothing of it stays behind, however this process ends.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace seqbench::models::external {

struct Program {
  std::vector<std::string> words;        // the first is a path, or a name looked for on PATH
  std::filesystem::path folder;          // its working folder; removed with the program where this process dies
  std::vector<std::string> environment;  // "NAME=value"
};

struct Ended {
  int exit_code = 0;
  int signal = 0;           // 0 = it ended by itself
  std::string last_output;  // the end of what it printed on either stream
};

/// Runs it to its end; what it started and left behind is killed. `while_waiting` gets the number of lines printed so
/// far, several times a second; when it throws, everything is killed first. Throws std::runtime_error where the program
/// cannot be started, MachineError where no process can be made.
[[nodiscard]] Ended run_program(const Program& program, const std::function<void(std::int64_t lines)>& while_waiting);

}  // namespace seqbench::models::external
