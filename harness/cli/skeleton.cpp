#include "harness/cli/skeleton.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"

namespace seqbench::cli {
namespace fs = std::filesystem;

std::string filled(std::string_view text, const std::map<std::string, std::string>& values) {
  std::string out;
  while (!text.empty()) {
    const std::size_t at = text.find('@');
    out += text.substr(0, at);
    if (at == std::string_view::npos) break;
    const std::size_t end = text.find('@', at + 1);
    out += values.at(std::string(text.substr(at + 1, end - at - 1)));
    text.remove_prefix(end + 1);
  }
  return out;
}

void check_new_name(std::string_view what, const std::string& name, const std::vector<std::string>& taken) {
  const bool snake = !name.empty() && name.size() <= 64 && name[0] >= 'a' && name[0] <= 'z' &&
                     name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
  if (!snake) throw InputError(fmt::format("a {}'s name is snake_case (a-z, 0-9, _), at most 64 long; got '{}'", what, printable(name)));
  if (std::ranges::find(taken, name) != taken.end()) throw InputError(fmt::format("{} '{}' is there already", what, name));
}

void write_new(const fs::path& root, const std::vector<NewFile>& files) {
  for (const NewFile& file : files) {
    if (fs::exists(root / file.path)) throw InputError(fmt::format("{} is there already", file.path.generic_string()));
  }
  for (const NewFile& file : files) {
    const fs::path path = root / file.path;
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (error) throw MachineError(fmt::format("cannot make {}: {}", path.parent_path().string(), error.message()));
    write_file_atomically(path, file.text);
    fmt::print("{}\n", path.lexically_proximate(root).generic_string());
  }
}

}  // namespace seqbench::cli
