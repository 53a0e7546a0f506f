#include "harness/tensors/zip_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::tensors {
namespace {

constexpr std::uint64_t kEndBytes = 22, kEnd64Bytes = 56, kLocator64Bytes = 20, kCentralBytes = 46, kLocalBytes = 30;
constexpr std::uint64_t kMaxComment = 65535, kMaxMembers = 200'000, kMaxName = 1024;
constexpr std::uint32_t kEndMark = 0x06054b50, kEnd64Mark = 0x06064b50, kLocator64Mark = 0x07064b50,
                        kCentralMark = 0x02014b50, kLocalMark = 0x04034b50;
constexpr std::uint32_t kElsewhere32 = 0xFFFFFFFF;  // "see the zip64 field"
constexpr std::uint16_t kElsewhere16 = 0xFFFF, kZip64Field = 1, kEncrypted = 1, kSizesFollow = 8;

struct Directory {
  std::uint64_t members = 0, bytes = 0, begin = 0, end_record = 0;
};

struct Found {
  ZipMember member;
  std::uint64_t header = 0;  // where the local header begins
};

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& path) : bytes_(bytes), path_(path) {}

  [[nodiscard]] std::vector<ZipMember> members() const;

 private:
  [[noreturn]] void fail(const std::string& why) const { throw InputError(path_ + ": " + why); }
  /// The little-endian number at `at`, which lies in the file.
  template <typename T>
  [[nodiscard]] T number(std::uint64_t at) const {
    if (at > bytes_.size() || bytes_.size() - at < sizeof(T)) fail("the zip directory points outside the file");
    T value{};
    std::memcpy(&value, bytes_.data() + at, sizeof(T));
    return value;
  }
  [[nodiscard]] std::string_view piece(std::uint64_t at, std::uint64_t size) const {
    if (at > bytes_.size() || bytes_.size() - at < size) fail("the zip directory points outside the file");
    return bytes_.substr(at, size);
  }

  [[nodiscard]] std::uint64_t end_record() const;
  [[nodiscard]] Directory directory() const;
  [[nodiscard]] Directory directory64(std::uint64_t end) const;
  [[nodiscard]] Found central(std::uint64_t at) const;
  void take_zip64(std::string_view extra, Found& found, std::uint64_t& packed) const;
  void find_data(Found& found, std::uint64_t limit) const;
  void check_name(const std::string& name) const;

  std::string_view bytes_;
  const std::string& path_;
};

/// The record whose comment ends where the file does.
std::uint64_t Reader::end_record() const {
  if (bytes_.size() >= kEndBytes) {
    const std::uint64_t last = bytes_.size() - kEndBytes;
    for (std::uint64_t back = 0; back <= std::min(last, kMaxComment); ++back) {
      if (number<std::uint32_t>(last - back) == kEndMark && number<std::uint16_t>(last - back + 20) == back) {
        return last - back;
      }
    }
  }
  fail("no end of a zip archive: the file is cut short or of another kind");
}

Directory Reader::directory64(std::uint64_t end) const {
  const auto at = number<std::uint64_t>(end - kLocator64Bytes + 8);
  if (number<std::uint32_t>(at) != kEnd64Mark) fail("the zip64 locator points at no zip64 record");
  if (number<std::uint32_t>(at + 16) != 0 || number<std::uint32_t>(at + 20) != 0) fail("a zip archive of several disks");
  if (number<std::uint64_t>(at + 24) != number<std::uint64_t>(at + 32)) fail("a zip archive of several disks");
  if (at > end - kLocator64Bytes || end - kLocator64Bytes - at < kEnd64Bytes) fail("the zip64 record is cut short");
  return {number<std::uint64_t>(at + 32), number<std::uint64_t>(at + 40), number<std::uint64_t>(at + 48), at};
}

Directory Reader::directory() const {
  const std::uint64_t end = end_record();
  Directory found{number<std::uint16_t>(end + 10), number<std::uint32_t>(end + 12), number<std::uint32_t>(end + 16), end};
  if (end >= kLocator64Bytes && number<std::uint32_t>(end - kLocator64Bytes) == kLocator64Mark) {
    found = directory64(end);
  } else {
    const bool one_disk = number<std::uint16_t>(end + 4) == 0 && number<std::uint16_t>(end + 6) == 0 &&
                          number<std::uint16_t>(end + 8) == found.members;
    if (!one_disk) fail("a zip archive of several disks");
  }
  if (found.begin > found.end_record || found.end_record - found.begin != found.bytes) {
    fail(fmt::format("the zip directory of {} bytes at {} does not end where its end record is, {}", found.bytes,
                     found.begin, found.end_record));
  }
  if (found.members > kMaxMembers || found.members > found.bytes / kCentralBytes) {
    fail(fmt::format("a zip directory of {} bytes that names {} members", found.bytes, found.members));
  }
  return found;
}

/// The fields of the zip64 block stand in this order, each only where its short form says so.
void Reader::take_zip64(std::string_view extra, Found& found, std::uint64_t& packed) const {
  const std::uint64_t begin = static_cast<std::uint64_t>(extra.data() - bytes_.data());
  std::uint64_t at = 0;
  while (extra.size() - at >= 4) {
    const auto id = number<std::uint16_t>(begin + at), size = number<std::uint16_t>(begin + at + 2);
    at += 4;
    if (size > extra.size() - at) fail(fmt::format("'{}': its zip extra field is cut short", printable(found.member.name)));
    std::uint64_t used = 0;
    for (std::uint64_t* value : {&found.member.size, &packed, &found.header}) {
      if (id != kZip64Field || *value != kElsewhere32 || size < used + 8u) continue;
      *value = number<std::uint64_t>(begin + at + used);
      used += 8;
    }
    if (id == kZip64Field) return;
    at += size;
  }
}

Found Reader::central(std::uint64_t at) const {
  if (number<std::uint32_t>(at) != kCentralMark) fail("the zip directory holds what is no member");
  const auto name_bytes = number<std::uint16_t>(at + 28);
  Found found{{std::string(piece(at + kCentralBytes, name_bytes)), 0, number<std::uint32_t>(at + 24)},
              number<std::uint32_t>(at + 42)};
  check_name(found.member.name);
  std::uint64_t packed = number<std::uint32_t>(at + 20);
  take_zip64(piece(at + kCentralBytes + name_bytes, number<std::uint16_t>(at + 30)), found, packed);
  const std::string name = printable(found.member.name);
  if ((number<std::uint16_t>(at + 8) & kEncrypted) != 0) fail(fmt::format("'{}' is encrypted", name));
  if (number<std::uint16_t>(at + 10) != 0) fail(fmt::format("'{}' is compressed; torch stores its members as they are", name));
  if (packed != found.member.size) {
    fail(fmt::format("'{}' is stored in {} bytes, but of {}", name, packed, found.member.size));
  }
  if (const auto disk = number<std::uint16_t>(at + 34); disk != 0 && disk != kElsewhere16) {
    fail("a zip archive of several disks");
  }
  return found;
}

void Reader::check_name(const std::string& name) const {
  const auto refuse = [&](const char* why) { fail(fmt::format("member '{}' {}", printable(name), why)); };
  if (name.empty() || name.size() > kMaxName) refuse("has no name or too long a one");
  if (name.front() == '/' || name.find_first_of(std::string_view("\\\0", 2)) != name.npos) refuse("is no relative path");
  for (const std::string_view part : split(name, '/')) {
    if (part == "..") refuse("leads out of the archive");
  }
}

/// Data is aligned by padding the local header's extra field, which the directory does not tell of.
void Reader::find_data(Found& found, std::uint64_t limit) const {
  const std::string name = printable(found.member.name);
  if (found.header > limit || limit - found.header < kLocalBytes || number<std::uint32_t>(found.header) != kLocalMark) {
    fail(fmt::format("'{}': no member where the zip directory says", name));
  }
  const auto name_bytes = number<std::uint16_t>(found.header + 26), extra = number<std::uint16_t>(found.header + 28);
  if (piece(found.header + kLocalBytes, name_bytes) != found.member.name || number<std::uint16_t>(found.header + 8) != 0) {
    fail(fmt::format("'{}': its own header contradicts the zip directory", name));
  }
  found.member.begin = found.header + kLocalBytes + name_bytes + extra;
  if (found.member.begin > limit || limit - found.member.begin < found.member.size) {
    fail(fmt::format("'{}': {} bytes at {} reach over the zip directory at {}", name, found.member.size,
                     found.member.begin, limit));
  }
  // torch writes 0 here and the sizes behind the data; a writer that says them must not say others.
  const std::uint32_t silent = (number<std::uint16_t>(found.header + 6) & kSizesFollow) != 0 ? 0 : kElsewhere32;
  for (const std::uint64_t at : {found.header + 18, found.header + 22}) {
    const auto said = number<std::uint32_t>(at);
    if (said == silent || said == kElsewhere32 || said == found.member.size) continue;
    fail(fmt::format("'{}': its own header says {} bytes, the zip directory {}", name, said, found.member.size));
  }
}

std::vector<ZipMember> Reader::members() const {
  const Directory directory = this->directory();
  std::vector<Found> found;
  std::uint64_t at = directory.begin;
  for (std::uint64_t i = 0; i < directory.members; ++i) {
    found.push_back(central(at));
    find_data(found.back(), directory.begin);
    at += kCentralBytes + number<std::uint16_t>(at + 28) + number<std::uint16_t>(at + 30) + number<std::uint16_t>(at + 32);
  }
  if (at != directory.begin + directory.bytes) fail("the zip directory is longer or shorter than its members");
  std::ranges::sort(found, {}, &Found::header);
  for (std::size_t i = 1; i < found.size(); ++i) {
    if (found[i].header < found[i - 1].member.begin + found[i - 1].member.size) {
      fail(fmt::format("'{}' and '{}' overlap", printable(found[i - 1].member.name), printable(found[i].member.name)));
    }
  }
  std::vector<ZipMember> members;
  for (Found& one : found) members.push_back(std::move(one.member));
  std::ranges::sort(members, {}, &ZipMember::name);
  const auto twice = std::ranges::adjacent_find(members, {}, &ZipMember::name);
  if (twice != members.end()) fail(fmt::format("'{}' is there twice", printable(twice->name)));
  return members;
}

}  // namespace

std::vector<ZipMember> zip_members(std::string_view bytes, const std::string& path) { return Reader(bytes, path).members(); }

}  // namespace seqbench::tensors
