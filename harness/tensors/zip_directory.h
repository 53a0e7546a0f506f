#pragma once
// The directory of a zip archive whose members are stored as they are (APPNOTE 6.3.9, with zip64).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace seqbench::tensors {

struct ZipMember {
  std::string name;
  std::uint64_t begin = 0, size = 0;  // of its bytes in the file
};

/// By name. Throws InputError "PATH: ..." for compressed or encrypted members, several disks, names given twice, empty,
/// absolute or with "..", members outside the file or over one another, a local header that contradicts the directory.
/// Checksums are not looked at: torch can be told not to write them.
[[nodiscard]] std::vector<ZipMember> zip_members(std::string_view bytes, const std::string& path);

}  // namespace seqbench::tensors
