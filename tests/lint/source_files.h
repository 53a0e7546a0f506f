#pragma once
// The project's own text files, for checks that read sources.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace seqbench::lint {

struct SourceFile {
  std::string path;  // relative to the root, with '/'
  std::string text;
};

[[nodiscard]] inline bool is_cpp(const std::string& path) { return path.ends_with(".cpp") || path.ends_with(".h"); }

/// All files that git would keep and a reader would read, sorted by path.
[[nodiscard]] inline std::vector<SourceFile> source_files(const std::filesystem::path& root = SEQBENCH_SOURCE_DIR) {
  static const std::set<std::string> kSkipped = {".git", ".venv", "build", "data", "out", "__pycache__", "corpus"};
  static const std::set<std::string> kKinds = {"", ".cpp", ".h", ".cmake", ".txt", ".md", ".toml", ".py", ".sh", ".json"};
  std::vector<SourceFile> files;
  const std::filesystem::recursive_directory_iterator end;
  for (std::filesystem::recursive_directory_iterator entry(root); entry != end; ++entry) {
    const std::string name = entry->path().filename().string();
    const std::string parent = entry->path().parent_path().filename().string();
    // "data" is the data home at the root; harness/data and tasks/data are rooms.
    const bool room = name == "data" && (parent == "harness" || parent == "tasks" || parent == "unit");
    if (entry->is_directory() && kSkipped.contains(name) && !room) entry.disable_recursion_pending();
    if (!entry->is_regular_file() || !kKinds.contains(entry->path().extension().string())) continue;
    std::ifstream in(entry->path(), std::ios::binary);
    files.push_back({std::filesystem::relative(entry->path(), root).generic_string(),
                     {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()}});
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

[[nodiscard]] inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace seqbench::lint
