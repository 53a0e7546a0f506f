#pragma once
// What must hold in every store, after any crash, looked for.

#include <filesystem>
#include <string>
#include <vector>

namespace seqbench::store {

/// The findings, empty when sound. Throws only when the file cannot be read at all.
[[nodiscard]] std::vector<std::string> check_store(const std::filesystem::path& path);

}  // namespace seqbench::store
