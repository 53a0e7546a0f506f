#pragma once
// What published files a task's real data is made of: tasks/NAME/dataset.toml.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace seqbench::spec {

/// One file by its bytes. With a url it can be fetched: bytes and sha256 are those of what the url serves.
struct ManifestFile {
  std::string role;  // its name in the data home
  std::string name;  // as published; where that is no file name, the name it is handed on under
  bool required = true;
  std::int64_t rows = 0;   // 0 = not said
  std::int64_t bytes = 0;  // 0 = not said
  std::string sha256, sha256_decompressed;
  std::string url;       // https
  bool derived = false;  // made out of what `source` holds: not to be fetched as it is
  std::string source, path, commit, licence;
};

struct Manifest {
  std::int64_t version = 1;
  std::string task, citation;
  std::vector<ManifestFile> files;
};

/// Throws InputError with every fault and its place: an unknown key, a name that is no single path component, a url
/// that is not https or lacks bytes and sha256, a role twice.
[[nodiscard]] Manifest load_manifest(const std::filesystem::path& path);

/// Whether the text begins with the SPDX id of a licence that lets anyone use and share: anything else is asked about.
[[nodiscard]] bool is_open_licence(const std::string& licence);

}  // namespace seqbench::spec
