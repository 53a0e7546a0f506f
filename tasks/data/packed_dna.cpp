#include "tasks/data/packed_dna.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "harness/base/error.h"

namespace seqbench::tasks {
namespace {

constexpr std::int64_t kPerByte = 4;

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

struct PackedDna::Storage {
  std::int64_t longest = 0;
  std::int64_t stride = 0;  // bytes a row
  std::vector<std::uint8_t> packed;
  std::vector<std::int64_t> lengths;
  std::vector<std::int64_t> others;  // [n, 3]: row, position, code

  [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(lengths.size()); }

  /// Codes 0 ... 4 of a row.
  void read(std::int64_t row, std::vector<std::uint8_t>& codes) const {
    const std::int64_t length = lengths[static_cast<std::size_t>(row)];
    codes.resize(static_cast<std::size_t>(length));
    const std::uint8_t* from = packed.data() + row * stride;
    for (std::int64_t i = 0; i < length; ++i) {
      codes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(from[i / kPerByte] >> (2 * (i % kPerByte)) & 3);
    }
    std::int64_t low = 0, high = static_cast<std::int64_t>(others.size()) / 3;
    while (low < high) {
      const std::int64_t middle = (low + high) / 2;
      if (others[static_cast<std::size_t>(3 * middle)] < row) low = middle + 1; else high = middle;
    }
    for (auto at = static_cast<std::size_t>(3 * low); at < others.size() && others[at] == row; at += 3) {
      codes[static_cast<std::size_t>(others[at + 1])] = static_cast<std::uint8_t>(others[at + 2]);
    }
  }
};

namespace {

DenseView kmer_view(const std::shared_ptr<const PackedDna::Storage>& storage, std::int64_t k, const std::vector<std::int64_t>& columns) {
  const std::int64_t features = *std::ranges::max_element(columns) + 1;
  return {storage->rows(), features, [storage, k, columns, features](std::span<const std::int64_t> rows) {
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

PackedDna::PackedDna(std::int64_t longest) : storage_(std::make_shared<Storage>()) {
  SEQBENCH_ASSERT(longest > 0, "rows have letters");
  storage_->longest = longest;
  storage_->stride = (longest + kPerByte - 1) / kPerByte;
}

void PackedDna::add(std::string_view sequence) {
  Storage& s = *storage_;
  const auto length = static_cast<std::int64_t>(sequence.size());
  SEQBENCH_ASSERT(length > 0 && length <= s.longest, "a row is as long as was said");
  const std::int64_t row = s.rows();
  s.packed.resize(s.packed.size() + static_cast<std::size_t>(s.stride));
  std::uint8_t* to = s.packed.data() + row * s.stride;
  for (std::int64_t i = 0; i < length; ++i) {
    const std::uint8_t code = base_code(sequence[static_cast<std::size_t>(i)]);
    if (code == kUnknownBase) {
      s.others.insert(s.others.end(), {row, i, code});
    } else {
      to[i / kPerByte] = static_cast<std::uint8_t>(to[i / kPerByte] | code << (2 * (i % kPerByte)));
    }
  }
  s.lengths.push_back(length);
}

std::int64_t PackedDna::rows() const { return storage_->rows(); }
std::int64_t PackedDna::longest() const { return storage_->longest; }

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
  const auto others = static_cast<std::int64_t>(s.others.size()) / 3;
  return {.codes = shared_tensor(storage_, s.packed.data(), {rows(), s.stride}, at::kByte),
          .lengths = shared_tensor(storage_, s.lengths.data(), {rows()}, at::kLong),
          .symbols = kDnaSymbols,
          .bits = 2,
          .positions = s.longest,
          .others = shared_tensor(storage_, s.others.data(), {others, 3}, at::kLong)};
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
