#pragma once
// What the Hugging Face hub says of a repository: strict parsers of its answers, which are from outside.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace seqbench::data {

struct HubFile {
  std::string path;       // relative, with '/', without '.' or '..' parts
  std::uint64_t bytes = 0;
  std::string sha256;     // of large files (lfs.oid), else ""
  std::string blob_sha1;  // git's id of a small file: SHA-1 of "blob SIZE\0" and its bytes; of a large one "" here
};

/// The answer of /api/models/REPOSITORY/tree/REVISION?recursive=true; folders are left out. InputError("WHAT: ...").
[[nodiscard]] std::vector<HubFile> parse_hub_list(std::string_view json, const std::string& what);
/// "sha" of /api/models/REPOSITORY/revision/REVISION: the commit, 40 digits. InputError("WHAT: ...").
[[nodiscard]] std::string parse_hub_commit(std::string_view json, const std::string& what);

}  // namespace seqbench::data
