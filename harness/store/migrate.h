#pragma once
// Brings a store's file to the newest version of the schema.

#include <filesystem>
#include <span>
#include <string_view>

namespace seqbench::store {

class Connection;

struct Migration {
  int version;            // 1, 2, ... without gaps
  std::string_view name;  // "initial"
  std::string_view sql;
};

/// The files of harness/store/migrations, in order.
[[nodiscard]] std::span<const Migration> migrations();

/// Version of a store's file; 0 for one that is still empty. Throws InputError for a file that is not a store.
[[nodiscard]] int store_version(Connection& connection);

/// Creates the file or applies what is missing, one transaction each, under a lock on FILE.migrate and after a
/// backup FILE.vN. Throws InputError for a newer store or a file that is not a store; a migration that fails
/// throws and leaves the version before it.
void migrate(const std::filesystem::path& path, std::span<const Migration> migrations);

}  // namespace seqbench::store
