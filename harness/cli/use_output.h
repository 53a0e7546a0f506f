#pragma once
// Where answers go: text to stdout or a file, arrays to a .npy file; a file is whole or not there.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/files.h"

namespace seqbench::cli {

class TextOutput {
 public:
  explicit TextOutput(const std::string& file);  // "": stdout
  void write(std::string_view text);
  void commit();

 private:
  void flush();

  std::optional<AtomicFile> file_;
  std::string buffer_;
};

/// A float32 or int64 array in numpy's format 1.0, C order, little-endian; the first dimension is what was appended.
class NpyOutput {
 public:
  /// `row`: the other dimensions. `type`: "<f4" or "<i8".
  NpyOutput(const std::string& file, std::vector<std::int64_t> row, std::string type);
  void append(std::span<const float> values);
  void append(std::int64_t value);
  void commit();

 private:
  void write(const void* bytes, std::size_t count);
  [[nodiscard]] std::string header(std::int64_t rows) const;

  AtomicFile file_;
  std::vector<std::int64_t> row_;
  std::string type_, buffer_;
  std::int64_t values_ = 0;
};

/// "%.9g", which reads back as the same float; "nan", "inf", "-inf".
void append_number(std::string& text, float value);
/// The same in JSON, where a value that is not finite becomes a string.
void append_json_number(std::string& text, float value);
/// [a,b,c]
void append_json_numbers(std::string& text, std::span<const float> values);
/// A string with its quotes; what is not UTF-8 is replaced.
void append_json_text(std::string& text, std::string_view value);

}  // namespace seqbench::cli
