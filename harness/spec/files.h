#pragma once
// Reading an experiment file with all that it includes.

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/spec/tree.h"

namespace seqbench::spec {

inline constexpr std::int64_t kSchema = 1;

class Files {
 public:
  Files(std::filesystem::path root, Faults& faults) : root_(std::move(root)), faults_(faults) {}

  /// The file over its includes, every file checked by itself. Nothing, and faults, where one cannot be read
  /// or is not TOML.
  [[nodiscard]] std::optional<Node> read(const std::filesystem::path& path);
  /// The same for a text of ours.
  [[nodiscard]] std::optional<Node> read(const std::string& name, const std::string& text);
  /// The place before the first line of the file that was asked for.
  [[nodiscard]] Origin start() const { return {&sources_.front()}; }
  [[nodiscard]] const std::string& text() const { return text_; }
  /// A source of one --set; it ranks after all others.
  [[nodiscard]] const Source& add_override(const std::string& text);

 private:
  struct Open {
    std::filesystem::path path;  // canonical
    const Source* source;
  };

  std::optional<Node> read_one(const std::filesystem::path& path, const Origin* from);
  std::optional<std::string> read_text(const std::filesystem::path& path, const Origin& at,
                                       const std::string& lead);
  /// False for a file that a later program wrote: its other keys mean nothing here.
  bool check_schema(const Node& tree);
  std::optional<Node> read_includes(const Node& tree, const std::filesystem::path& folder);
  std::optional<std::filesystem::path> included_path(const Node& item, const std::filesystem::path& folder);
  std::string shown(const std::filesystem::path& path) const;

  std::filesystem::path root_;
  Faults& faults_;
  std::deque<Source> sources_;  // a deque: origins point into it
  std::vector<Open> open_;      // the chain of files being read
  std::string text_;
  int next_rank_ = 0;
  int overrides_ = 0;
};

}  // namespace seqbench::spec
