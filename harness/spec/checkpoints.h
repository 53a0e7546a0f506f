#pragma once
// Which published weights a family of models has: models/FAMILY/checkpoints.toml.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace seqbench::spec {

struct PinnedFile {
  std::string name;
  std::int64_t bytes = 0;
  std::string sha256;
};

struct Checkpoint {
  std::string name;        // of its folder in the weights home
  std::string repository;  // OWNER/NAME on the hub
  std::string revision;    // a commit of 40 digits, or a branch that the first fetch resolves
  std::string licence, citation;
  std::vector<std::string> required, optional;
  std::vector<std::string> weights;  // alternatives: the first that the repository has; NAME.index.json brings its shards
  std::vector<PinnedFile> pins;
};

struct Checkpoints {
  std::string family;
  std::vector<Checkpoint> list;
};

/// Throws InputError with every fault and its place: an unknown key, a name that is no file name, a repository that is not
/// OWNER/NAME, a pin without bytes and sha256, a name twice.
[[nodiscard]] Checkpoints load_checkpoints(const std::filesystem::path& path);

}  // namespace seqbench::spec
