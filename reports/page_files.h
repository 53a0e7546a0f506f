#pragma once
// Private to the room: files of reports/pages, held in the program so that it works from any folder.

#include <span>
#include <string_view>

namespace seqbench::reports {

struct PageFile {
  std::string_view name, text;
};

[[nodiscard]] std::span<const PageFile> page_files();
/// Of this name; an assertion without one.
[[nodiscard]] std::string_view page_file(std::string_view name);

}  // namespace seqbench::reports
