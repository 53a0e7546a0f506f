#pragma once
// A declared task of files that a test writes.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/table/declared.h"
#include "tests/support/temp_folder.h"

namespace seqbench::test {

namespace fs = std::filesystem;

class Declared {
 public:
  [[nodiscard]] const fs::path& folder() const { return folder_; }
  void write(const std::string& name, const std::string& text) const { write_file_atomically(folder_ / name, text); }
  /// mine.toml: `text` after the keys that every declaration has.
  void declare(const std::string& text, const std::string& kind = "regression", const std::string& file = "mine.csv") const {
    write("mine.toml", "schema = 1\nkind = \"table\"\ntask_kind = \"" + kind + "\"\nfile = \"" + file + "\"\n" + text);
  }
  [[nodiscard]] Tables tables() const {
    Tables tables({}, {});
    table::add_declared(tables, {folder_});
    return tables;
  }
  [[nodiscard]] TaskEntry task() const { return tables().task("mine"); }
  [[nodiscard]] std::unique_ptr<Dataset> load() const {
    const TaskEntry entry = task();
    const Params params(entry.params);
    return entry.load({.twin = false, .folder = {}, .params = params});
  }
  /// What loading says; "" when it succeeds.
  [[nodiscard]] std::string refusal() const {
    try {
      static_cast<void>(load());
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  }

 private:
  TempFolder temp_;
  const fs::path folder_ = temp_.path();
};

}  // namespace seqbench::test
