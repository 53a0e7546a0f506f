#include "harness/train/safetensors.h"

#include <ATen/ops/empty.h>
#include <c10/core/ScalarType.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::train {
namespace safetensors {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian and read in place");

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kAlignment = 8;
constexpr std::uint64_t kMaxHeader = 100'000'000;
constexpr std::size_t kMaxDimensions = 64;

struct Dtype {
  std::string_view name;
  at::ScalarType type;
  std::uint64_t bytes;
};
constexpr std::array<Dtype, 4> kDtypes = {
    {{"F32", at::kFloat, 4}, {"F64", at::kDouble, 8}, {"I64", at::kLong, 8}, {"U8", at::kByte, 1}}};

const Dtype& dtype_of(const at::Tensor& tensor) {
  const auto found = std::find_if(kDtypes.begin(), kDtypes.end(),
                                  [&](const Dtype& dtype) { return dtype.type == tensor.scalar_type(); });
  SEQBENCH_ASSERT(found != kDtypes.end(), "a saved tensor is F32, F64, I64 or U8");
  return *found;
}

/// Wide types first, so that every tensor lies on a multiple of its element's size without gaps.
std::vector<NamedTensor> in_file_order(std::vector<NamedTensor> tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const NamedTensor& a, const NamedTensor& b) {
    const std::uint64_t wide_a = dtype_of(a.tensor).bytes, wide_b = dtype_of(b.tensor).bytes;
    return wide_a != wide_b ? wide_a > wide_b : a.name < b.name;
  });
  return tensors;
}

std::string header_of(const std::vector<NamedTensor>& tensors, const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const NamedTensor& entry : tensors) {
    SEQBENCH_ASSERT(entry.name != "__metadata__" && !header.contains(entry.name), "tensor names are unique");
    const Dtype& dtype = dtype_of(entry.tensor);
    const std::uint64_t end = offset + static_cast<std::uint64_t>(entry.tensor.numel()) * dtype.bytes;
    header[entry.name] = {
        {"dtype", dtype.name}, {"shape", entry.tensor.sizes().vec()}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  return text;
}

/// A file being read: `fail` names it.
struct Source {
  const std::string& bytes;
  const std::string& path;
  std::uint64_t data = 0;  // where the tensors begin

  [[nodiscard]] std::uint64_t data_bytes() const { return bytes.size() - data; }
  [[noreturn]] void fail(const std::string& why) const { throw InputError(path + ": " + why); }
};

struct Entry {
  std::string name;
  const Dtype* dtype = nullptr;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  // relative to the first tensor
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
  Json header = parse_json(std::string_view(source.bytes).substr(kLengthBytes, length), source.path);
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

/// Bytes of the shape, where even its strides can be computed without overflow.
std::optional<std::uint64_t> bytes_of(const std::vector<std::int64_t>& shape, const Dtype& dtype) {
  std::int64_t extent = static_cast<std::int64_t>(dtype.bytes);
  bool empty = false;
  for (const std::int64_t size : shape) {
    empty = empty || size == 0;
    if (__builtin_mul_overflow(extent, std::max<std::int64_t>(size, 1), &extent)) return std::nullopt;
  }
  return empty ? 0 : static_cast<std::uint64_t>(extent);
}

Entry parse_entry(const std::string& name, const Json& value, const Source& source) {
  if (!value.is_object() || value.size() != 3) {
    source.fail(fmt::format("'{}' must have dtype, shape and data_offsets", printable(name)));
  }
  Entry entry{.name = name, .shape = counts_of(value, "shape", source, name)};
  const auto dtype = value.find("dtype");
  for (const Dtype& known : kDtypes) {
    if (dtype != value.end() && *dtype == known.name) entry.dtype = &known;
  }
  if (entry.dtype == nullptr) {
    source.fail(fmt::format("dtype of '{}' must be one of F32, F64, I64, U8, got {}", printable(name),
                            dtype == value.end() ? "none" : printable(dtype->dump())));
  }
  const std::vector<std::int64_t> offsets = counts_of(value, "data_offsets", source, name);
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    source.fail(fmt::format("data_offsets of '{}' must be begin and end", printable(name)));
  }
  entry.begin = static_cast<std::uint64_t>(offsets[0]);
  entry.end = static_cast<std::uint64_t>(offsets[1]);
  const std::optional<std::uint64_t> bytes = bytes_of(entry.shape, *entry.dtype);
  if (!bytes || entry.end - entry.begin != *bytes) {
    source.fail(fmt::format("'{}' has {} bytes, which is not {} [{}]", printable(name), entry.end - entry.begin,
                            entry.dtype->name, fmt::join(entry.shape, ", ")));
  }
  return entry;
}

/// The tensors must fill the data exactly.
void check_layout(std::vector<Entry>& entries, const Source& source) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t filled = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != filled) {
      source.fail(fmt::format("'{}' begins at byte {} of the data, expected {} ({})", printable(entry.name),
                              entry.begin, filled, entry.begin < filled ? "overlap" : "gap"));
    }
    filled = entry.end;
  }
  if (filled != source.data_bytes()) {
    source.fail(fmt::format("tensors take {} bytes, the file holds {}", filled, source.data_bytes()));
  }
}

at::Tensor read_tensor(const Entry& entry, const Source& source) {
  at::Tensor tensor = at::empty(entry.shape, entry.dtype->type);
  if (entry.end > entry.begin) {
    std::memcpy(tensor.mutable_data_ptr(), source.bytes.data() + source.data + entry.begin, entry.end - entry.begin);
  }
  return tensor;
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
}  // namespace safetensors

std::string to_safetensors(const std::vector<NamedTensor>& tensors,
                           const std::map<std::string, std::string>& metadata) {
  const std::vector<NamedTensor> ordered = safetensors::in_file_order(tensors);
  const std::string header = safetensors::header_of(ordered, metadata);
  const auto length = static_cast<std::uint64_t>(header.size());
  std::size_t size = safetensors::kLengthBytes + header.size();
  for (const NamedTensor& entry : ordered) size += entry.tensor.nbytes();
  std::string bytes(safetensors::kLengthBytes, '\0');
  bytes.reserve(size);
  std::memcpy(bytes.data(), &length, safetensors::kLengthBytes);
  bytes += header;
  for (const NamedTensor& entry : ordered) {
    const at::Tensor values = entry.tensor.detach().to(at::kCPU).contiguous();
    bytes.append(static_cast<const char*>(values.const_data_ptr()), values.nbytes());
  }
  return bytes;
}

TensorFile from_safetensors(const std::string& bytes, const std::string& path) {
  safetensors::Source source{bytes, path};
  const Json header = safetensors::read_header(source);
  TensorFile file;
  std::vector<safetensors::Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == "__metadata__") {
      file.metadata = safetensors::read_metadata(value, source);
    } else {
      entries.push_back(safetensors::parse_entry(name, value, source));
    }
  }
  safetensors::check_layout(entries, source);
  for (const safetensors::Entry& entry : entries) {
    file.tensors.push_back({entry.name, safetensors::read_tensor(entry, source)});
  }
  return file;
}

}  // namespace seqbench::train
