#include "harness/cli/use_output.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/json.h"

namespace seqbench::cli {
namespace {

constexpr std::size_t kBuffer = 1u << 18;
constexpr std::size_t kHeader = 128;  // numpy aligns to 64; room for any shape that fits a disk

}  // namespace

TextOutput::TextOutput(const std::string& file) {
  if (!file.empty()) file_.emplace(file);
}

void TextOutput::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= kBuffer) flush();
}

void TextOutput::flush() {
  if (file_) {
    file_->write(buffer_);
  } else if (std::fwrite(buffer_.data(), 1, buffer_.size(), stdout) != buffer_.size()) {
    throw MachineError("cannot write to stdout");
  }
  buffer_.clear();
}

void TextOutput::commit() {
  flush();
  if (file_) file_->commit();
}

NpyOutput::NpyOutput(const std::string& file, std::vector<std::int64_t> row, std::string type)
    : file_(file), row_(std::move(row)), type_(std::move(type)) {
  static_assert(std::endian::native == std::endian::little, "arrays are written as they lie in memory");
  file_.write(header(0));
}

std::string NpyOutput::header(std::int64_t rows) const {
  std::string shape = fmt::format("{},", rows);
  for (const std::int64_t size : row_) shape += fmt::format(" {},", size);
  if (!row_.empty()) shape.pop_back();  // (n,) alone keeps its comma
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type_, shape);
  SEQBENCH_ASSERT(text.size() < kHeader - 10, "the header has room for its shape");
  text.resize(kHeader - 11, ' ');
  constexpr std::string_view kMagic("\x93NUMPY\x01\x00\x76\x00", 10);  // 0x76: 118 bytes follow
  return std::string(kMagic) + text + "\n";
}

void NpyOutput::write(const void* bytes, std::size_t count) {
  buffer_.append(static_cast<const char*>(bytes), count);
  if (buffer_.size() < kBuffer) return;
  file_.write(buffer_);
  buffer_.clear();
}

void NpyOutput::append(std::span<const float> values) {
  SEQBENCH_ASSERT(type_ == "<f4", "an array has one type");
  values_ += static_cast<std::int64_t>(values.size());
  write(values.data(), values.size_bytes());
}

void NpyOutput::append(std::int64_t value) {
  SEQBENCH_ASSERT(type_ == "<i8", "an array has one type");
  ++values_;
  write(&value, sizeof value);
}

void NpyOutput::commit() {
  file_.write(std::exchange(buffer_, {}));
  std::int64_t width = 1;
  for (const std::int64_t size : row_) width *= size;
  SEQBENCH_ASSERT(width > 0 && values_ % width == 0, "an array has whole rows");
  file_.overwrite(0, header(values_ / width));
  file_.commit();
}

void append_number(std::string& text, float value) { fmt::format_to(std::back_inserter(text), "{:.9g}", value); }

void append_json_number(std::string& text, float value) {
  const bool finite = std::isfinite(value);
  if (!finite) text += '"';
  append_number(text, value);
  if (!finite) text += '"';
}

void append_json_numbers(std::string& text, std::span<const float> values) {
  text += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) text += ',';
    append_json_number(text, values[i]);
  }
  text += ']';
}

void append_json_text(std::string& text, std::string_view value) {
  text += Json(std::string(value)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace seqbench::cli
