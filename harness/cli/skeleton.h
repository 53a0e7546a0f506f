#pragma once
// What `seqbench new` has in common: names, filled-in texts, and folders that are new.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace seqbench::cli {

/// Text with every @KEY@ replaced.
[[nodiscard]] std::string filled(std::string_view text, const std::map<std::string, std::string>& values);
/// InputError unless it is snake_case and not one of `taken`; `what` is "model" or "task".
void check_new_name(std::string_view what, const std::string& name, const std::vector<std::string>& taken);

struct NewFile {
  std::filesystem::path path;  // relative to the root
  std::string text;
};
/// InputError when one of them is there already; then nothing is written. Prints what it wrote.
void write_new(const std::filesystem::path& root, const std::vector<NewFile>& files);

}  // namespace seqbench::cli
