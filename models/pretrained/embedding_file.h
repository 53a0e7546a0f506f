#pragma once
// Rows of one size in a file that is whole under its name or not there, and that goes on where a killed writer stopped.
// A block of 4,096 bytes (a line that says what this is, then JSON: key, rows, bytes of a row, SHA-256 of all rows), then
// the rows.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "harness/base/sha256.h"
#include "harness/tensors/mapped_file.h"

namespace seqbench::models {

/// What a file must hold to be the one that is meant.
struct RowFile {
  std::filesystem::path path;
  std::string key;
  std::int64_t rows = 0;
  std::int64_t row_bytes = 0;
};

/// The whole file, mapped; null where there is none, or what is there is cut, or another. The hash is not computed anew.
[[nodiscard]] std::unique_ptr<tensors::MappedFile> open_rows(const RowFile& file);
/// All rows of a file that open_rows gave.
[[nodiscard]] std::string_view rows_in(const tensors::MappedFile& mapped);

/// How far a writer is that is at it: rows that it noted, 0 where there is no note.
[[nodiscard]] std::int64_t rows_noted(const RowFile& file);

/// Writes PATH.part, and beside it PATH.done: how many of its rows are safe, and their hash. One writer at a time. Throws
/// MachineError.
class RowWriter {
 public:
  /// Takes up what a former writer left, where its hash holds.
  explicit RowWriter(RowFile file);
  ~RowWriter();  // what was appended is noted
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;

  [[nodiscard]] std::int64_t rows_done() const { return done_; }
  /// Starts from nothing.
  void restart();
  /// Whole rows.
  void append(std::string_view rows);
  /// All rows are there: the file takes its name.
  void finish();

 private:
  struct Descriptor {
    int value = -1;
    Descriptor() = default;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();
  };
  void take_up();
  void write_at(std::uint64_t offset, std::string_view bytes);
  void note();
  [[noreturn]] void fail(const char* what) const;

  RowFile file_;
  std::filesystem::path part_, notes_;
  Descriptor descriptor_;
  std::int64_t done_ = 0;
  Sha256 hash_;
  double noted_at_ = 0;
  bool finished_ = false;
};

}  // namespace seqbench::models
