#include "harness/tensors/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"

namespace seqbench::tensors {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian and read in place");

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kAlignment = 8;

const Dtype* dtype_of(const at::Tensor& tensor) {
  const Dtype* dtype = find_dtype(tensor.scalar_type());
  SEQBENCH_ASSERT(dtype != nullptr, "a saved tensor has a dtype that the format knows");
  return dtype;
}

/// Wide types first, so that every tensor lies on a multiple of its element's size without gaps.
std::vector<NamedTensor> in_file_order(std::vector<NamedTensor> tensors) {
  std::sort(tensors.begin(), tensors.end(), [](const NamedTensor& a, const NamedTensor& b) {
    const Dtype *of_a = dtype_of(a.tensor), *of_b = dtype_of(b.tensor);  // pointers into one table: its order
    return of_a != of_b ? of_a < of_b : a.name < b.name;
  });
  return tensors;
}

/// Keys in the order of the reference's file, which a sorted object would not keep.
std::string header_of(const std::vector<NamedTensor>& tensors, const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::string text = header.dump();
  text.pop_back();
  std::set<std::string_view> names = {"__metadata__"};
  std::uint64_t offset = 0;
  for (const NamedTensor& entry : tensors) {
    SEQBENCH_ASSERT(names.insert(entry.name).second, "tensor names are unique");
    const Dtype* dtype = dtype_of(entry.tensor);
    const std::uint64_t end = offset + static_cast<std::uint64_t>(entry.tensor.numel()) * dtype->bytes;
    const nlohmann::ordered_json value = {
        {"dtype", dtype->name}, {"shape", entry.tensor.sizes().vec()}, {"data_offsets", {offset, end}}};
    text += fmt::format("{}{}:{}", text.size() == 1 ? "" : ",", Json(entry.name).dump(), value.dump());
    offset = end;
  }
  text += '}';
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  return text;
}

/// Hands the file's bytes to `sink` piece by piece.
template <typename Sink>
void emit(const std::vector<NamedTensor>& tensors, const std::map<std::string, std::string>& metadata, const Sink& sink) {
  const std::vector<NamedTensor> ordered = in_file_order(tensors);
  const std::string header = header_of(ordered, metadata);
  const auto length = static_cast<std::uint64_t>(header.size());
  sink(std::string_view(reinterpret_cast<const char*>(&length), kLengthBytes));
  sink(std::string_view(header));
  for (const NamedTensor& entry : ordered) {
    const at::Tensor values = entry.tensor.detach().to(at::kCPU).contiguous();
    if (values.numel() > 0) sink(std::string_view(static_cast<const char*>(values.const_data_ptr()), values.nbytes()));
  }
}

at::Tensor read_entry(const SafetensorsEntry& entry, std::string_view bytes, std::uint64_t data, const std::string& path) {
  return tensor_of(bytes.substr(data + entry.begin, entry.end - entry.begin), *entry.dtype, entry.shape,
                   fmt::format("{}: '{}'", path, printable(entry.name)));
}

}  // namespace

std::string to_safetensors(const std::vector<NamedTensor>& tensors,
                           const std::map<std::string, std::string>& metadata) {
  std::size_t size = 0;
  for (const NamedTensor& entry : tensors) size += entry.tensor.nbytes() + 128;
  std::string bytes;
  bytes.reserve(size);
  emit(tensors, metadata, [&bytes](std::string_view piece) { bytes += piece; });
  return bytes;
}

void write_safetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  AtomicFile file(path);
  emit(tensors, metadata, [&file](std::string_view piece) { file.write(piece); });
  file.commit();
}

TensorFile from_safetensors(const std::string& bytes, const std::string& path) {
  SafetensorsHeader header = parse_safetensors_header(bytes, path);
  TensorFile file{.tensors = {}, .metadata = std::move(header.metadata)};
  for (const SafetensorsEntry& entry : header.entries) {
    file.tensors.push_back({entry.name, read_entry(entry, bytes, header.data, path)});
  }
  return file;
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path.string()), file_(path), header_(parse_safetensors_header(file_.bytes(), path_)) {
  for (const SafetensorsEntry& entry : header_.entries) infos_.push_back({entry.name, entry.dtype->type, entry.shape});
}

at::Tensor SafetensorsFile::read(std::string_view name) const {
  const auto found = std::ranges::lower_bound(header_.entries, name, {}, &SafetensorsEntry::name);
  if (found == header_.entries.end() || found->name != name) {
    throw InputError(fmt::format("{}: there is no tensor '{}'", path_, printable(name)));
  }
  return read_entry(*found, file_.bytes(), header_.data, path_);
}

}  // namespace seqbench::tensors
