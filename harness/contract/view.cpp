#include "harness/contract/view.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "harness/base/error.h"

namespace seqbench {
namespace {

constexpr std::int64_t kCodesPerByte = 4;  // of 2 bits

/// The bits of each byte, from the low one on.
constexpr auto kBitsOf = [] {
  std::array<std::array<std::uint8_t, 8>, 256> bits{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    for (std::size_t i = 0; i < 8; ++i) bits[byte][i] = byte >> i & 1;
  }
  return bits;
}();

void unpack_row(const CodeView& view, const std::uint8_t* packed, std::int64_t length, std::uint8_t* to) {
  for (std::int64_t i = 0; i < length; ++i) {
    to[i] = static_cast<std::uint8_t>(packed[i / kCodesPerByte] >> (2 * (i % kCodesPerByte)) & 3);
  }
  std::fill(to + length, to + view.length(), static_cast<std::uint8_t>(view.symbols));
}

/// Codes that 2 bits cannot hold, put where they belong.
void put_others(const CodeView& view, std::int64_t row, std::uint8_t* to) {
  if (!view.others.defined() || view.others.size(0) == 0) return;
  const auto* all = view.others.const_data_ptr<std::int64_t>();
  std::int64_t low = 0, high = view.others.size(0);
  while (low < high) {
    const std::int64_t middle = (low + high) / 2;
    (all[3 * middle] < row ? low : high) = all[3 * middle] < row ? middle + 1 : middle;
  }
  for (; low < view.others.size(0) && all[3 * low] == row; ++low) {
    to[all[3 * low + 1]] = static_cast<std::uint8_t>(all[3 * low + 2]);
  }
}

}  // namespace

Texts::Texts(std::vector<std::string> rows) {
  const auto size = static_cast<std::int64_t>(rows.size());
  *this = Texts(size, [kept = std::move(rows)](std::int64_t row) { return kept[static_cast<std::size_t>(row)]; });
}

bool Texts::operator==(const Texts& other) const {
  return same_list(other) || (size_ == other.size_ && std::equal(begin(), end(), other.begin()));
}

at::Tensor CodeView::gather(std::span<const std::int64_t> rows) const {
  SEQBENCH_ASSERT(bits == 8 || bits == 2, "codes have 8 bits or 2");
  at::Tensor gathered = at::empty({static_cast<std::int64_t>(rows.size()), length()}, at::kByte);
  auto* to = gathered.mutable_data_ptr<std::uint8_t>();
  const auto* from = codes.const_data_ptr<std::uint8_t>();
  for (const std::int64_t row : rows) {
    if (bits == 8) {
      std::copy_n(from + row * length(), length(), to);
    } else {
      unpack_row(*this, from + row * codes.size(1), lengths.const_data_ptr<std::int64_t>()[row], to);
      put_others(*this, row, to);
    }
    to += length();
  }
  return gathered;
}

DenseView::DenseView(at::Tensor values) : rows_(values.size(0)), features_(values.size(1)) {
  gather_ = [kept = values.contiguous()](std::span<const std::int64_t> rows) {
    const std::int64_t bytes = kept.size(1) * static_cast<std::int64_t>(kept.element_size());
    at::Tensor gathered = at::empty({static_cast<std::int64_t>(rows.size()), kept.size(1)}, kept.options());
    auto* to = static_cast<std::uint8_t*>(gathered.mutable_data_ptr());
    const auto* from = static_cast<const std::uint8_t*>(kept.const_data_ptr());
    for (const std::int64_t row : rows) to = std::copy_n(from + row * bytes, bytes, to);
    return gathered;
  };
}

at::Tensor BitView::gather(std::span<const std::int64_t> rows) const {
  at::Tensor gathered = at::empty({static_cast<std::int64_t>(rows.size()), height, width}, at::kByte);
  auto* to = gathered.mutable_data_ptr<std::uint8_t>();
  const std::int64_t all = height * width;
  for (const std::int64_t row : rows) {
    const std::uint8_t* from = bits.const_data_ptr<std::uint8_t>() + row * bits.size(1);
    std::int64_t i = 0;
    for (; i + 8 <= all; i += 8, to += 8) std::memcpy(to, kBitsOf[from[i / 8]].data(), 8);
    for (; i < all; ++i) *to++ = kBitsOf[from[i / 8]][static_cast<std::size_t>(i % 8)];
  }
  return gathered;
}

std::int64_t View::rows() const {
  struct Count {
    std::int64_t operator()(const TextView& view) const { return static_cast<std::int64_t>(view.rows.size()); }
    std::int64_t operator()(const CodeView& view) const { return view.lengths.numel(); }
    std::int64_t operator()(const DenseView& view) const { return view.rows(); }
    std::int64_t operator()(const SetView& view) const { return view.offsets.numel() - 1; }
    std::int64_t operator()(const BitView& view) const { return view.bits.size(0); }
  };
  return std::visit(Count{}, data);
}

}  // namespace seqbench
