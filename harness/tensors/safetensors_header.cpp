#include "harness/tensors/safetensors_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "harness/base/error.h"
#include "harness/base/json.h"
#include "harness/base/text.h"

namespace seqbench::tensors {
namespace {

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeader = 100'000'000;
constexpr std::size_t kMaxDimensions = 64;
constexpr std::size_t kMaxValues = 1u << 21;  // a tensor takes about a dozen

/// A file being read: `fail` names it.
struct Source {
  std::string_view bytes;
  const std::string& path;
  std::uint64_t data = 0;  // where the tensors begin

  [[nodiscard]] std::uint64_t data_bytes() const { return bytes.size() - data; }
  [[noreturn]] void fail(const std::string& why) const { throw InputError(path + ": " + why); }
};

Json read_header(Source& source) {
  std::uint64_t length = 0;
  if (source.bytes.size() < kLengthBytes) source.fail("file is shorter than the 8 bytes of its header's length");
  std::memcpy(&length, source.bytes.data(), kLengthBytes);
  if (length > kMaxHeader) source.fail(fmt::format("header of {} bytes, at most {} are read", length, kMaxHeader));
  if (length > source.bytes.size() - kLengthBytes) {
    source.fail(fmt::format("header of {} bytes in a file of {}", length, source.bytes.size()));
  }
  source.data = kLengthBytes + length;
  const std::string_view text = source.bytes.substr(kLengthBytes, length);
  // The parser takes a NUL for the end of the text and passes over a byte order mark.
  if (text.find('\0') != text.npos || text.starts_with("\xef\xbb\xbf")) source.fail("header is not JSON text alone");
  Json header = parse_json(text, source.path, kMaxValues);
  if (!header.is_object()) source.fail("header is not a JSON object");
  return header;
}

/// A non-negative integer that fits 63 bits.
std::int64_t count_of(const Json& value, const Source& source, const std::string& what) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > std::uint64_t{INT64_MAX}) {
    source.fail(fmt::format("{} must hold integers from 0, got {}", what, printable(value.dump())));
  }
  return value.get<std::int64_t>();
}

std::vector<std::int64_t> counts_of(const Json& entry, const char* key, const Source& source,
                                    const std::string& name) {
  const std::string what = fmt::format("'{}' of '{}'", key, printable(name));
  const auto found = entry.find(key);
  if (found == entry.end() || !found->is_array()) source.fail(what + " must be an array");
  if (found->size() > kMaxDimensions) source.fail(what + " is too long");
  std::vector<std::int64_t> counts;
  for (const Json& value : *found) counts.push_back(count_of(value, source, what));
  return counts;
}

const Dtype* dtype_of(const Json& entry, const Source& source, const std::string& name) {
  const auto given = entry.find("dtype");
  const Dtype* dtype = given != entry.end() && given->is_string() ? find_dtype(given->get<std::string>()) : nullptr;
  if (dtype == nullptr) {
    source.fail(fmt::format("dtype of '{}' must be one of {}, got {}", printable(name), dtype_names(),
                            given == entry.end() ? "none" : printable(given->dump())));
  }
  return dtype;
}

SafetensorsEntry parse_entry(const std::string& name, const Json& value, const Source& source) {
  if (!value.is_object()) source.fail(fmt::format("'{}' must have dtype, shape and data_offsets", printable(name)));
  SafetensorsEntry entry{.name = name, .dtype = dtype_of(value, source, name),
                         .shape = counts_of(value, "shape", source, name)};
  const std::vector<std::int64_t> offsets = counts_of(value, "data_offsets", source, name);
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    source.fail(fmt::format("data_offsets of '{}' must be begin and end", printable(name)));
  }
  entry.begin = static_cast<std::uint64_t>(offsets[0]);
  entry.end = static_cast<std::uint64_t>(offsets[1]);
  if (bytes_of(entry.shape, entry.dtype->bytes) != entry.end - entry.begin) {
    source.fail(fmt::format("'{}' has {} bytes, which is not {} [{}]", printable(name), entry.end - entry.begin,
                            entry.dtype->name, fmt::join(entry.shape, ", ")));
  }
  return entry;
}

/// The tensors must fill the data exactly.
void check_layout(const std::vector<SafetensorsEntry>& entries, const Source& source) {
  std::vector<const SafetensorsEntry*> ordered;
  for (const SafetensorsEntry& entry : entries) ordered.push_back(&entry);
  std::stable_sort(ordered.begin(), ordered.end(), [](const SafetensorsEntry* a, const SafetensorsEntry* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::uint64_t filled = 0;
  for (const SafetensorsEntry* entry : ordered) {
    if (entry->begin != filled) {
      source.fail(fmt::format("'{}' begins at byte {} of the data, expected {} ({})", printable(entry->name),
                              entry->begin, filled, entry->begin < filled ? "overlap" : "gap"));
    }
    filled = entry->end;
  }
  if (filled != source.data_bytes()) {
    source.fail(fmt::format("tensors take {} bytes, the file holds {}", filled, source.data_bytes()));
  }
}

std::map<std::string, std::string> read_metadata(const Json& value, const Source& source) {
  std::map<std::string, std::string> metadata;
  if (!value.is_object()) source.fail("__metadata__ must be an object");
  for (const auto& [name, text] : value.items()) {
    if (!text.is_string()) source.fail(fmt::format("__metadata__ '{}' must be text", printable(name)));
    metadata[name] = text.get<std::string>();
  }
  return metadata;
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view bytes, const std::string& path) {
  Source source{bytes, path};
  const Json json = read_header(source);
  SafetensorsHeader header;
  header.data = source.data;
  for (const auto& [name, value] : json.items()) {  // sorted by name
    if (name == "__metadata__") {
      header.metadata = read_metadata(value, source);
    } else {
      header.entries.push_back(parse_entry(name, value, source));
    }
  }
  check_layout(header.entries, source);
  return header;
}

}  // namespace seqbench::tensors
