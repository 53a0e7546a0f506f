#pragma once
// What the Hugging Face hub says of a repository: strict parsers of its answers, which are from outside.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/data/download.h"

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
/// Names of the shards of NAME.index.json ("weight_map"), sorted, each once. InputError("WHAT: ...").
[[nodiscard]] std::vector<std::string> parse_shards(std::string_view json, const std::string& what);
/// Printable ASCII without '/', '\\' or a leading '.' or '-'.
[[nodiscard]] bool is_file_name(std::string_view name);
/// 40 digits of 0-9 and a-f: a commit, not a branch.
[[nodiscard]] bool is_commit(std::string_view revision);

/// The hub at $SEQBENCH_HUB, else https://huggingface.co. Throws as Download does.
class Hub {
 public:
  explicit Hub(DownloadOptions options);  // InputError where the address is not https
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] std::string commit_of(const std::string& repository, const std::string& revision) const;
  [[nodiscard]] std::vector<HubFile> list(const std::string& repository, const std::string& commit) const;
  [[nodiscard]] std::string url_of(const std::string& repository, const std::string& commit, const std::string& name) const;

 private:
  [[nodiscard]] std::string ask(const std::string& url) const;

  std::string address_;
  Download download_;
};

}  // namespace seqbench::data
