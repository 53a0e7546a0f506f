#pragma once
// Asking a process to stop: the handler only counts, loops look at step ends.

namespace seqbench::run {

/// INT, TERM, HUP, USR1, USR2 and XCPU are counted from now on; PIPE is ignored.
void count_stop_signals();
/// A worker leaves INT and HUP to its parent and counts TERM alone; it dies with `parent`, the
/// process that started it.
void follow_parent(int parent);
[[nodiscard]] int stop_signals();
/// Number of the newest one, 0 when there was none.
[[nodiscard]] int last_stop_signal();
/// Readable when a stop signal came: for poll.
[[nodiscard]] int stop_descriptor();
/// Until the next signal it is not readable any more.
void clear_stop_descriptor();

}  // namespace seqbench::run
