#pragma once
// Archives as torch.save makes them, built byte by byte so that any of them can be wrong.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace seqbench::archives {

template <typename T>
std::string little(T value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i) & 0xFF);
  return bytes;
}

struct Member {
  std::string name, bytes;
  std::uint16_t method = 0, flags = 0;
  std::string local_name = {};                  // "": the same
  std::uint64_t claimed = ~std::uint64_t{0};    // size in the directory; all ones: the true one
  bool zip64 = false;                           // sizes and place stand in a zip64 field
  std::uint64_t shift = 0;                      // added to the place that the directory names
  std::uint64_t said = ~std::uint64_t{0};       // size in its own header; all ones: the true one
};

inline std::string zip(const std::vector<Member>& members, bool zip64_end = false, std::uint64_t claimed_members = 0) {
  std::string file, directory;
  for (const Member& m : members) {
    const std::string& local = m.local_name.empty() ? m.name : m.local_name;
    const std::uint64_t at = file.size() + m.shift, size = m.claimed == ~std::uint64_t{0} ? m.bytes.size() : m.claimed;
    const auto said = static_cast<std::uint32_t>(m.said == ~std::uint64_t{0} ? m.bytes.size() : m.said);
    const std::string padding(5, 'F');
    file += "PK\x03\x04" + little<std::uint16_t>(0) + little(m.flags) + little(m.method) + little<std::uint32_t>(0) +
            little<std::uint32_t>(0) + little(said) + little(said) + little(static_cast<std::uint16_t>(local.size())) +
            little(static_cast<std::uint16_t>(padding.size())) + local + padding + m.bytes;
    const std::string extra = m.zip64 ? little<std::uint16_t>(1) + little<std::uint16_t>(24) + little(size) + little(size) + little(at) : "";
    const auto shown = static_cast<std::uint32_t>(m.zip64 ? 0xFFFFFFFF : size);
    directory += "PK\x01\x02" + little<std::uint32_t>(0) + little(m.flags) + little(m.method) + little<std::uint32_t>(0) +
                 little<std::uint32_t>(0) + little(shown) + little(shown) + little(static_cast<std::uint16_t>(m.name.size())) +
                 little(static_cast<std::uint16_t>(extra.size())) + little<std::uint16_t>(0) + little<std::uint16_t>(0) +
                 little<std::uint16_t>(0) + little<std::uint32_t>(0) +
                 little(static_cast<std::uint32_t>(m.zip64 ? 0xFFFFFFFF : at)) + m.name + extra;
  }
  const std::uint64_t begin = file.size(), count = claimed_members > 0 ? claimed_members : members.size();
  file += directory;
  if (zip64_end) {
    const std::uint64_t record = file.size();
    file += "PK\x06\x06" + little<std::uint64_t>(44) + little<std::uint32_t>(0) + little<std::uint32_t>(0) + little<std::uint32_t>(0) +
            little(count) + little(count) + little(static_cast<std::uint64_t>(directory.size())) + little(begin);
    file += "PK\x06\x07" + little<std::uint32_t>(0) + little(record) + little<std::uint32_t>(1);
  }
  const auto short_count = static_cast<std::uint16_t>(zip64_end ? 0xFFFF : count);
  return file + "PK\x05\x06" + little<std::uint32_t>(0) + little(short_count) + little(short_count) +
         little(static_cast<std::uint32_t>(zip64_end ? 0xFFFFFFFF : directory.size())) +
         little(static_cast<std::uint32_t>(zip64_end ? 0xFFFFFFFF : begin)) + little<std::uint16_t>(0);
}

// Pickles, protocol 2.
inline std::string text(std::string_view value) { return "X" + little(static_cast<std::uint32_t>(value.size())) + std::string(value); }
inline std::string integer(std::int64_t value) { return std::string("\x8a\x08", 2) + little(value); }
inline std::string global(std::string_view module, std::string_view name) { return "c" + std::string(module) + "\n" + std::string(name) + "\n"; }
inline std::string tuple(const std::vector<std::string>& items) {
  std::string bytes = "(";
  for (const std::string& item : items) bytes += item;
  return bytes + "t";
}
inline std::string integers(const std::vector<std::int64_t>& values) {
  std::vector<std::string> items;
  for (const std::int64_t value : values) items.push_back(integer(value));
  return tuple(items);
}
inline std::string pickle(const std::string& body) { return std::string("\x80\x02", 2) + body + "."; }

struct Tensor {
  std::string key = "0";
  std::string storage_class = "FloatStorage";
  std::int64_t elements = 6, offset = 0;
  std::vector<std::int64_t> shape = {2, 3}, strides = {3, 1};
};
inline std::string tensor(const Tensor& t) {
  const std::string storage =
      tuple({text("storage"), global("torch", t.storage_class), text(t.key), text("cpu"), integer(t.elements)}) + "Q";
  return global("torch._utils", "_rebuild_tensor_v2") +
         tuple({storage, integer(t.offset), integers(t.shape), integers(t.strides), "\x89", "N"}) + "R";
}
inline std::string dict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string bytes = "}(";
  for (const auto& [key, value] : items) bytes += text(key) + value;
  return bytes + "u";
}
/// An archive of one storage of 24 bytes.
inline std::vector<Member> archive_of(const std::string& pickled) {
  return {{"m/data.pkl", pickled}, {"m/byteorder", "little"}, {"m/data/0", std::string(24, '\1')}, {"m/version", "3\n"}};
}
inline std::string archive(const std::string& body) { return zip(archive_of(pickle(body))); }

}  // namespace seqbench::archives
