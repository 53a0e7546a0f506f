#include <fmt/format.h>

#include "harness/base/text.h"
#include "harness/cli/commands.h"

namespace seqbench::cli {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const Arguments& a, const std::string& why) {
  throw InputError(fmt::format("--out {}: {}", printable(a.out), why));
}

/// What is there; a path that cannot be looked at for want of rights is left to the writer, as the machine's fault.
fs::file_type type_of(const Arguments& a, const fs::path& path) {
  std::error_code error;
  const fs::file_type type = fs::status(path, error).type();
  if (error == std::errc::filename_too_long || error == std::errc::too_many_symbolic_link_levels) refuse(a, error.message());
  return type;
}

void check_file(const Arguments& a) {
  fs::path path = a.out;
  std::error_code error;
  const bool is_folder = type_of(a, path) == fs::file_type::directory;
  if (is_folder || !path.has_filename()) refuse(a, "the path of a file expected, this is a folder");
  if (fs::is_symlink(path, error) && !fs::exists(path, error)) path = path.parent_path() / fs::read_symlink(path, error);
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const fs::file_type type = type_of(a, folder);
  if (type == fs::file_type::not_found) refuse(a, fmt::format("there is no folder '{}'", printable(folder.string())));
  if (type != fs::file_type::directory && type != fs::file_type::none) {
    refuse(a, fmt::format("'{}' is no folder", printable(folder.string())));
  }
}

void check_folder(const Arguments& a) {
  fs::path path = fs::absolute(a.out).lexically_normal();
  std::error_code error;
  if (a.out_kind == OutKind::kNewFolder && fs::is_directory(path, error) && !fs::is_empty(path, error) && !error) {
    refuse(a, "is there already; name an empty or a new folder");
  }
  // Folders on the way are made; a file on it cannot be passed.
  while (type_of(a, path) == fs::file_type::not_found && path.has_relative_path()) path = path.parent_path();
  const fs::file_type type = type_of(a, path);
  if (type != fs::file_type::directory && type != fs::file_type::none) {
    refuse(a, fmt::format("a folder expected, '{}' is none", printable(path.string())));
  }
}

}  // namespace

void check_out(const Arguments& a) {
  if (a.out.empty()) return;
  if (a.out_kind == OutKind::kFile) return check_file(a);
  check_folder(a);
}

}  // namespace seqbench::cli
