#pragma once
// Files that are whole or not there, times, and identities.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace seqbench {

/// Reads a whole file of at most `limit` bytes; throws InputError naming the path.
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::uint64_t limit = 1ull << 30);
/// A file written in pieces: whole under its name after commit(), else not there. Throws MachineError.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);  // makes `path`.tmp
  ~AtomicFile();                                    // removes it where commit() was not reached
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  void write(std::string_view bytes);
  /// Bytes in the place of some that were written: a header that is known at the end alone.
  void overwrite(std::uint64_t offset, std::string_view bytes);
  /// Fsyncs, renames, fsyncs the folder.
  void commit();

 private:
  [[noreturn]] void fail() const;

  std::filesystem::path path_, temporary_;
  int descriptor_ = -1;
};
/// The same in one piece.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);
/// "2026-11-21T10:41:07.120Z"
[[nodiscard]] std::string utc_now();
/// Seconds of the monotonic clock.
[[nodiscard]] double monotonic_seconds();
/// A ULID: time plus random, each greater than the one before in this process; identity only, never used in results.
[[nodiscard]] std::string new_uid();

}  // namespace seqbench
