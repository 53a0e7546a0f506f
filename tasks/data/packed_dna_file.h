#pragma once
// Packed rows in a file, each with one number: written one after another, read through a mapping that the views share.

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "harness/base/files.h"
#include "tasks/data/packed_dna.h"

namespace seqbench::tasks {

/// Whole under its name after commit(), else not there. Memory: one byte pair a row until then, and the numbers.
class PackedDnaWriter {
 public:
  PackedDnaWriter(const std::filesystem::path& path, std::int64_t rows, std::int64_t longest);
  /// Rows of the same `longest`, with a number each.
  void append(const PackedDna& rows, std::span<const double> values);
  /// An assertion where fewer rows came than were said.
  void commit();

 private:
  void write(const void* data, std::size_t bytes);

  std::filesystem::path path_, own_path_;  // several may write the same file: each under a name of its own
  AtomicFile file_;
  std::int64_t rows_, longest_;
  std::uint64_t checksum_;
  std::uint64_t written_ = 0;
  std::vector<std::uint16_t> lengths_;
  std::vector<std::int64_t> others_;
  std::vector<double> values_;
};

struct PackedDnaFile {
  PackedDna dna;
  std::span<const double> values;  // one a row; lives as long as `dna`

  /// Maps a file read-only and checks all of it: form, version, size, bounds and checksum. Throws InputError.
  static PackedDnaFile open(const std::filesystem::path& path);
};

}  // namespace seqbench::tasks
