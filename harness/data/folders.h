#pragma once
// Folders that are whole or not there. Failures of the disk are MachineError.

#include <cstdint>
#include <filesystem>
#include <string>

namespace seqbench::data {

struct CopiedFile {
  std::string sha256;
  std::uint64_t bytes = 0;
};

/// Copies and fsyncs; `target` must not be there. InputError where `source` cannot be opened.
CopiedFile copy_hashed(const std::filesystem::path& source, const std::filesystem::path& target);
/// MachineError "disk full" where fewer bytes are free in `folder`, with some to spare.
void check_space(const std::filesystem::path& folder, std::uint64_t bytes);
void sync_folder(const std::filesystem::path& folder);
/// Puts `staged` in the place of `folder`; what was there is at `staged` afterwards. Both lie in the same file system.
void swap_in(const std::filesystem::path& staged, const std::filesystem::path& folder);

}  // namespace seqbench::data
