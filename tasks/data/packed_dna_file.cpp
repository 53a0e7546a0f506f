// The form, all numbers little-endian: head | codes, rows x stride, filled up to 8 bytes | lengths, int64 a row | others,
// 3 int64 each | values, double a row | tail.

#include "tasks/data/packed_dna_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "tasks/data/packed_dna_storage.h"

namespace seqbench::tasks {
namespace {

static_assert(std::endian::native == std::endian::little, "files are written as memory is");

constexpr std::array<char, 8> kMagic = {'S', 'Q', 'B', '-', 'D', 'N', 'A', '\n'};
constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kMostRows = 1ULL << 32;
constexpr std::uint64_t kMostLetters = std::numeric_limits<std::uint16_t>::max();

struct Head {
  std::array<char, 8> magic;
  std::uint64_t version, rows, longest;
};
struct Tail {
  std::uint64_t others, checksum;
};
static_assert(sizeof(Head) == 32 && sizeof(Tail) == 16);

constexpr std::uint64_t kChecksumStart = 0x243F6A8885A308D3U;

std::uint64_t checksum_of(std::uint64_t sum, const void* data, std::size_t bytes) {
  const auto* from = static_cast<const std::uint8_t*>(data);
  for (; bytes > 0; from += 8) {
    std::uint64_t word = 0;
    const std::size_t n = std::min<std::size_t>(8, bytes);
    std::memcpy(&word, from, n);
    sum = (std::rotl(sum, 23) ^ word) * 0x9E3779B97F4A7C15U;
    bytes -= n;
  }
  return sum;
}

std::uint64_t filled(std::uint64_t bytes) { return (bytes + 7) / 8 * 8; }

/// A whole file, mapped as long as this lives.
struct Mapping {
  const std::uint8_t* data = nullptr;
  std::uint64_t bytes = 0;

  explicit Mapping(const std::filesystem::path& path) {
    const auto fail = [&](const char* what) {
      throw InputError(fmt::format("{}: {}: {}", printable(path.string()), what, std::strerror(errno)));
    };
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) fail("cannot be opened");
    struct stat status {};
    void* mapped = MAP_FAILED;
    if (::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
      bytes = static_cast<std::uint64_t>(status.st_size);
      mapped = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor, 0);
    }
    ::close(descriptor);
    if (mapped == MAP_FAILED) fail("cannot be mapped");  // NOLINT: the system's macro
    data = static_cast<const std::uint8_t*>(mapped);
  }
  ~Mapping() {
    if (data != nullptr) ::munmap(const_cast<std::uint8_t*>(data), bytes);  // NOLINT: as mapped
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
};

bool bounds_hold(const PackedDna::Storage& s) {
  for (std::int64_t row = 0; row < s.rows; ++row) {
    if (s.lengths[row] < 1 || s.lengths[row] > s.longest) return false;
  }
  for (std::int64_t i = 0; i < s.other_count; ++i) {
    const std::int64_t* other = s.others + 3 * i;
    if (other[0] < 0 || other[0] >= s.rows || (i > 0 && other[0] < other[-3])) return false;
    if (other[1] < 0 || other[1] >= s.lengths[other[0]] || other[2] != kUnknownBase) return false;
  }
  for (std::int64_t row = 0; row < s.rows; ++row) {
    if (!std::isfinite(s.values[row])) return false;
  }
  return true;
}

}  // namespace

PackedDnaWriter::PackedDnaWriter(const std::filesystem::path& path, std::int64_t rows, std::int64_t longest)
    : path_(path), own_path_(path.string() + "." + new_uid()), file_(own_path_), rows_(rows), longest_(longest),
      checksum_(kChecksumStart) {
  SEQBENCH_ASSERT(longest > 0 && static_cast<std::uint64_t>(longest) <= kMostLetters, "a row's length has 16 bits");
  const Head head{kMagic, kVersion, static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(longest)};
  write(&head, sizeof head);
}

/// Pieces of a multiple of 8 bytes, but for the last of the codes.
void PackedDnaWriter::write(const void* data, std::size_t bytes) {
  if (bytes == 0) return;
  file_.write({static_cast<const char*>(data), bytes});
  checksum_ = checksum_of(checksum_, data, bytes);
  written_ += bytes;
}

void PackedDnaWriter::append(const PackedDna& rows, std::span<const double> values) {
  const PackedDna::Storage& from = *rows.storage_;
  SEQBENCH_ASSERT(from.longest == longest_ && static_cast<std::int64_t>(values.size()) == from.rows, "rows of one form");
  const auto before = static_cast<std::int64_t>(lengths_.size());
  SEQBENCH_ASSERT(before + from.rows <= rows_ && (before * from.stride) % 8 == 0, "rows as many as were said, by eights");
  write(from.packed, static_cast<std::size_t>(from.rows * from.stride));
  for (std::int64_t i = 0; i < from.rows; ++i) lengths_.push_back(static_cast<std::uint16_t>(from.lengths[i]));
  for (std::int64_t i = 0; i < from.other_count; ++i) {
    others_.insert(others_.end(), {before + from.others[3 * i], from.others[3 * i + 1], from.others[3 * i + 2]});
  }
  values_.insert(values_.end(), values.begin(), values.end());
}

void PackedDnaWriter::commit() {
  SEQBENCH_ASSERT(static_cast<std::int64_t>(lengths_.size()) == rows_, "rows as many as were said");
  constexpr std::array<char, 8> kFill{};
  if (const std::uint64_t fill = filled(written_) - written_; fill > 0) {
    file_.write({kFill.data(), fill});
  }
  std::vector<std::int64_t> wide;
  constexpr std::size_t kBlock = 1U << 16;
  for (std::size_t first = 0; first < lengths_.size(); first += kBlock) {
    const auto begin = lengths_.begin() + static_cast<std::ptrdiff_t>(first);
    wide.assign(begin, begin + static_cast<std::ptrdiff_t>(std::min(kBlock, lengths_.size() - first)));
    write(wide.data(), 8 * wide.size());
  }
  write(others_.data(), 8 * others_.size());
  write(values_.data(), 8 * values_.size());
  const Tail tail{others_.size() / 3, checksum_};
  file_.write({reinterpret_cast<const char*>(&tail), sizeof tail});
  file_.commit();
  std::error_code error;
  std::filesystem::rename(own_path_, path_, error);
  if (error) throw MachineError(fmt::format("cannot write '{}': {}", path_.string(), error.message()));
}

PackedDnaFile PackedDnaFile::open(const std::filesystem::path& path) {
  const auto mapping = std::make_shared<const Mapping>(path);
  const auto require = [&](bool right, const char* what) {
    if (!right) throw InputError(fmt::format("{}: is no file of packed DNA, or damaged: {}", printable(path.string()), what));
  };
  Head head{};
  Tail tail{};
  require(mapping->bytes >= sizeof head + sizeof tail, "it is too short");
  std::memcpy(&head, mapping->data, sizeof head);
  std::memcpy(&tail, mapping->data + mapping->bytes - sizeof tail, sizeof tail);
  require(head.magic == kMagic, "its first bytes are others");
  require(head.version == kVersion, "it has another version");
  require(head.rows >= 1 && head.rows <= kMostRows && head.longest >= 1 && head.longest <= kMostLetters,
          "its numbers of rows and letters are out of range");
  require(tail.others <= head.rows * head.longest, "its number of other letters is out of range");
  auto storage = std::make_shared<PackedDna::Storage>(static_cast<std::int64_t>(head.longest));
  PackedDna::Storage& s = *storage;
  const std::uint64_t codes = head.rows * static_cast<std::uint64_t>(s.stride);
  const std::uint64_t lengths_at = sizeof head + filled(codes), others_at = lengths_at + 8 * head.rows;
  const std::uint64_t values_at = others_at + 24 * tail.others, tail_at = values_at + 8 * head.rows;
  require(mapping->bytes == tail_at + sizeof tail, "its size is not what its numbers make");
  std::uint64_t sum = checksum_of(kChecksumStart, mapping->data, sizeof head + codes);
  sum = checksum_of(sum, mapping->data + lengths_at, tail_at - lengths_at);
  require(sum == tail.checksum, "its checksum does not hold");
  s.rows = static_cast<std::int64_t>(head.rows);
  s.other_count = static_cast<std::int64_t>(tail.others);
  s.packed = mapping->data + sizeof head;
  s.lengths = reinterpret_cast<const std::int64_t*>(mapping->data + lengths_at);
  s.others = reinterpret_cast<const std::int64_t*>(mapping->data + others_at);
  s.values = reinterpret_cast<const double*>(mapping->data + values_at);
  s.mapping = mapping;
  require(bounds_hold(s), "a length, a letter's place or a number is out of range");
  return {PackedDna(storage), {s.values, static_cast<std::size_t>(s.rows)}};
}

}  // namespace seqbench::tasks
