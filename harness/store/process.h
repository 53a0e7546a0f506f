#pragma once
// Which process holds a trial.

#include <string>
#include <string_view>

namespace seqbench::store {

/// "boot_id:pid:starttime" of this process; no other process of this machine ever has it again.
[[nodiscard]] std::string this_process();
/// Whether the process of this text still lives: same boot, pid and start time, and not a zombie.
[[nodiscard]] bool process_lives(std::string_view owner);

}  // namespace seqbench::store
