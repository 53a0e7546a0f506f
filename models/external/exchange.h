#pragma once
// The folder that an outside program is given, and what it leaves there (README.md has the format).

#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "harness/contract/collected.h"
#include "harness/contract/model.h"

namespace seqbench::models::external {

/// Readable by this user alone; removed with all that is in it.
class PrivateFolder {
 public:
  PrivateFolder();
  ~PrivateFolder();
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// "label", or "label_1", "label_2" ... of several targets.
[[nodiscard]] std::vector<std::string> numbered(const std::string& name, std::int64_t count);

/// What task.json says of the view: its form, its columns and its sizes.
[[nodiscard]] Json describe_view(const View& view);

/// Rows of one part: id, the view's columns and, where it is labelled, labels and weight.
struct Part {
  std::filesystem::path path;
  std::span<const std::int64_t> rows;
  bool labelled = false;
  std::span<const double> targets = {};  // [rows, T]
  std::span<const double> weights = {};  // [rows]
};
/// Streams the rows; `between` is called between blocks of them. Throws InputError for an id or text that holds a tab or
/// line break, MachineError when the disk is full.
void write_part(const Part& part, const View& view, std::span<const std::string> ids, std::int64_t targets,
                const std::function<void()>& between);

/// Throws WrongAnswer where the file is absent, too large, or not as it must be.
void read_predictions(const std::filesystem::path& path, std::span<const std::string> ids, std::int64_t targets,
                      CollectedPredictions& predictions);
/// Facts of about.json, nothing where there is none. Throws WrongAnswer unless it is a flat object of at most 64 KiB.
[[nodiscard]] std::vector<Setting> read_about(const std::filesystem::path& path);

}  // namespace seqbench::models::external
