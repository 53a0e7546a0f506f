#include "tasks/data/packed_dna.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "harness/base/error.h"
#include "tasks/data/packed_dna_storage.h"

namespace seqbench::tasks {
namespace {

constexpr std::array<std::uint8_t, 256> kCodes = [] {
  std::array<std::uint8_t, 256> codes{};
  codes.fill(kUnknownBase);
  for (std::uint8_t i = 0; i < kBases.size(); ++i) {
    codes[static_cast<unsigned char>(kBases[i])] = i;
    codes[static_cast<unsigned char>(kBases[i] - 'A' + 'a')] = i;
  }
  return codes;
}();

/// A tensor over memory that `owner` keeps alive.
template <typename T>
at::Tensor shared_tensor(const std::shared_ptr<const void>& owner, const T* data, at::IntArrayRef shape, at::ScalarType type) {
  return at::from_blob(const_cast<T*>(data), shape, [owner](void*) {}, type);  // NOLINT: views only read
}

}  // namespace

std::int64_t PackedDna::Storage::first_other(std::int64_t row) const {
  std::int64_t low = 0, high = other_count;
  while (low < high) {
    const std::int64_t middle = (low + high) / 2;
    if (others[3 * middle] < row) low = middle + 1; else high = middle;
  }
  return low;
}

void PackedDna::Storage::read(std::int64_t row, std::vector<std::uint8_t>& codes) const {
  const std::int64_t length = lengths[row];
  codes.resize(static_cast<std::size_t>(length));
  const std::uint8_t* from = packed + row * stride;
  for (std::int64_t i = 0; i < length; ++i) {
    codes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(from[i / kBasesPerByte] >> (2 * (i % kBasesPerByte)) & 3);
  }
  for (std::int64_t at = first_other(row); at < other_count && others[3 * at] == row; ++at) {
    codes[static_cast<std::size_t>(others[3 * at + 1])] = static_cast<std::uint8_t>(others[3 * at + 2]);
  }
}

namespace {

DenseView kmer_view(const std::shared_ptr<const PackedDna::Storage>& storage, std::int64_t k, const std::vector<std::int64_t>& columns) {
  const std::int64_t features = *std::ranges::max_element(columns) + 1;
  return {storage->rows, features, [storage, k, columns, features](std::span<const std::int64_t> rows) {
            at::Tensor shares = at::zeros({static_cast<std::int64_t>(rows.size()), features}, at::kFloat);
            auto* to = shares.mutable_data_ptr<float>();
            std::vector<std::uint8_t> codes;
            for (const std::int64_t row : rows) {
              storage->read(row, codes);
              std::int64_t kmer = 0, known = 0, windows = 0;
              for (const std::uint8_t code : codes) {
                known = code == kUnknownBase ? 0 : known + 1;
                kmer = (kmer * 4 + (code & 3)) % std::ssize(columns);
                if (known < k) continue;
                to[columns[static_cast<std::size_t>(kmer)]] += 1;
                ++windows;
              }
              if (windows > 0) std::for_each_n(to, features, [&](float& n) { n /= static_cast<float>(windows); });
              to += features;
            }
            return shares;
          }};
}

std::int64_t reverse_of(std::int64_t kmer, std::int64_t k) {
  std::int64_t reversed = 0;
  for (; k > 0; --k, kmer /= 4) reversed = reversed * 4 + 3 - kmer % 4;
  return reversed;
}

}  // namespace

std::uint8_t base_code(char letter) { return kCodes[static_cast<unsigned char>(letter)]; }

std::string reverse_complement(std::string_view sequence) {
  std::string reversed(sequence.rbegin(), sequence.rend());
  for (char& letter : reversed) {
    const std::uint8_t code = base_code(letter);
    if (code != kUnknownBase) letter = kBases[3U - code];
  }
  return reversed;
}

double gc_share(std::string_view sequence) {
  std::array<std::int64_t, 5> counts{};
  for (const char letter : sequence) ++counts[base_code(letter)];
  const std::int64_t known = counts[0] + counts[1] + counts[2] + counts[3];
  return known == 0 ? 0 : static_cast<double>(counts[1] + counts[2]) / static_cast<double>(known);
}

PackedDna::PackedDna(std::int64_t longest) : storage_(std::make_shared<Storage>(longest)) {
  SEQBENCH_ASSERT(longest > 0, "rows have letters");
}

void PackedDna::add(std::string_view sequence) {
  Storage& s = *storage_;
  const auto length = static_cast<std::int64_t>(sequence.size());
  SEQBENCH_ASSERT(!s.mapping && length > 0 && length <= s.longest, "a row is as long as was said, and no file grows");
  s.own_packed.resize(s.own_packed.size() + static_cast<std::size_t>(s.stride));
  std::uint8_t* to = s.own_packed.data() + s.rows * s.stride;
  for (std::int64_t i = 0; i < length; ++i) {
    const std::uint8_t code = base_code(sequence[static_cast<std::size_t>(i)]);
    if (code == kUnknownBase) {
      s.own_others.insert(s.own_others.end(), {s.rows, i, code});
    } else {
      to[i / kBasesPerByte] = static_cast<std::uint8_t>(to[i / kBasesPerByte] | code << (2 * (i % kBasesPerByte)));
    }
  }
  s.own_lengths.push_back(length);
  s.point_at_own();
}

void PackedDna::append(const PackedDna& more) {
  Storage& s = *storage_;
  const Storage& from = *more.storage_;
  SEQBENCH_ASSERT(!s.mapping && s.stride == from.stride && s.longest == from.longest, "rows of one form, and no file grows");
  s.own_packed.insert(s.own_packed.end(), from.packed, from.packed + from.rows * from.stride);
  s.own_lengths.insert(s.own_lengths.end(), from.lengths, from.lengths + from.rows);
  for (std::int64_t i = 0; i < from.other_count; ++i) {
    s.own_others.insert(s.own_others.end(), {s.rows + from.others[3 * i], from.others[3 * i + 1], from.others[3 * i + 2]});
  }
  s.point_at_own();
}

void PackedDna::drop_last() {
  Storage& s = *storage_;
  SEQBENCH_ASSERT(!s.mapping && s.rows > 0, "there is a row, and no file shrinks");
  s.own_others.resize(static_cast<std::size_t>(3 * s.first_other(s.rows - 1)));
  s.own_packed.resize(static_cast<std::size_t>((s.rows - 1) * s.stride));
  s.own_lengths.pop_back();
  s.point_at_own();
}

void PackedDna::fit_longest() {
  Storage& s = *storage_;
  if (s.rows > 0) s.longest = *std::max_element(s.lengths, s.lengths + s.rows);
}

std::uint64_t PackedDna::hash(std::int64_t row) const {
  const Storage& s = *storage_;
  const auto mix = [](std::uint64_t hash, std::uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
    return hash ^ hash >> 32;
  };
  const std::int64_t length = s.lengths[row];
  std::uint64_t hash = mix(0x5EC8DA1A, static_cast<std::uint64_t>(length));
  const std::uint8_t* from = s.packed + row * s.stride;
  const std::int64_t bytes = (length + kBasesPerByte - 1) / kBasesPerByte;
  for (std::int64_t first = 0; first < bytes; first += 8) {
    std::uint64_t word = 0;
    for (std::int64_t i = 0; i < std::min<std::int64_t>(8, bytes - first); ++i) word |= std::uint64_t{from[first + i]} << (8 * i);
    hash = mix(hash, word);
  }
  for (std::int64_t at = s.first_other(row); at < s.other_count && s.others[3 * at] == row; ++at) {
    hash = mix(hash, static_cast<std::uint64_t>(s.others[3 * at + 1]) + 1);
  }
  return mix(hash, 0);
}

std::int64_t PackedDna::rows() const { return storage_->rows; }
std::int64_t PackedDna::longest() const { return storage_->longest; }
std::int64_t PackedDna::length(std::int64_t row) const { return storage_->lengths[row]; }

std::string PackedDna::sequence(std::int64_t row) const {
  std::vector<std::uint8_t> codes;
  storage_->read(row, codes);
  std::string text(codes.size(), 'N');
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] < kBases.size()) text[i] = kBases[codes[i]];
  }
  return text;
}

TextView PackedDna::texts() const {
  return {Texts(rows(), [self = *this](std::int64_t row) { return self.sequence(row); })};
}

CodeView PackedDna::codes() const {
  const Storage& s = *storage_;
  return {.codes = shared_tensor(storage_, s.packed, {s.rows, s.stride}, at::kByte),
          .lengths = shared_tensor(storage_, s.lengths, {s.rows}, at::kLong),
          .symbols = kDnaSymbols,
          .bits = 2,
          .positions = s.longest,
          .others = shared_tensor(storage_, s.others, {s.other_count, 3}, at::kLong)};
}

DenseView PackedDna::kmer_shares(std::int64_t k) const {
  std::vector<std::int64_t> columns(std::size_t{1} << (2 * k));
  std::iota(columns.begin(), columns.end(), 0);
  return kmer_view(storage_, k, columns);
}

DenseView PackedDna::strandless_kmer_shares(std::int64_t k) const {
  std::vector<std::int64_t> columns(std::size_t{1} << (2 * k));
  std::int64_t next = 0;
  for (std::int64_t kmer = 0; kmer < std::ssize(columns); ++kmer) {
    const std::int64_t reversed = reverse_of(kmer, k);
    columns[static_cast<std::size_t>(kmer)] = reversed < kmer ? columns[static_cast<std::size_t>(reversed)] : next++;
  }
  return kmer_view(storage_, k, columns);
}

DenseView PackedDna::composition() const {
  return {rows(), 2, [self = *this](std::span<const std::int64_t> rows) {
            at::Tensor columns = at::empty({static_cast<std::int64_t>(rows.size()), 2}, at::kFloat);
            auto* to = columns.mutable_data_ptr<float>();
            for (const std::int64_t row : rows) {
              const std::string sequence = self.sequence(row);
              *to++ = static_cast<float>(gc_share(sequence));
              *to++ = static_cast<float>(sequence.size()) / static_cast<float>(self.longest());
            }
            return columns;
          }};
}

}  // namespace seqbench::tasks
