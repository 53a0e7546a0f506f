#include "models/blocks/dropout.h"

#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/native_dropout.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/vectors.h"

namespace seqbench::models {
namespace dropout {
namespace {

constexpr std::int64_t kPiece = 4096;  // elements that are drawn at once; a multiple of a block's 4

/// Elements begin ... of a row, `offset` from the mask's start.
struct Piece {
  std::int64_t row, begin, offset, count;
};

std::vector<Piece> pieces_of(std::span<const std::int64_t> sizes) {
  std::vector<Piece> pieces;
  std::int64_t offset = 0;
  for (std::size_t row = 0; row < sizes.size(); ++row) {
    for (std::int64_t begin = 0; begin < sizes[row]; begin += kPiece) {
      pieces.push_back({static_cast<std::int64_t>(row), begin, offset + begin, std::min(kPiece, sizes[row] - begin)});
    }
    offset += sizes[row];
  }
  return pieces;
}

/// to[i] is `one` where word i is kept, else 0.
SEQBENCH_VECTOR_CLONES
void keep(const std::uint32_t* __restrict words, std::int64_t count, std::uint32_t threshold, float one, float* __restrict to) {
  for (; count >= kVectorRun; count -= kVectorRun, words += kVectorRun, to += kVectorRun) {
    for (std::int64_t i = 0; i < kVectorRun; ++i) to[i] = (words[i] >> 8) >= threshold ? one : 0.0F;
  }
  for (std::int64_t i = 0; i < count; ++i) to[i] = (words[i] >> 8) >= threshold ? one : 0.0F;
}

template <typename T>
void keep(const std::uint32_t* words, std::int64_t count, std::uint32_t threshold, T one, T* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = (words[i] >> 8) >= threshold ? one : static_cast<T>(0);
}

/// Element i of a row is kept when the 24-bit uniform of word i is not below the probability: elements begin ... of one, kPiece at most.
template <typename T>
void draw_piece(const Stream& stream, double probability, const Pass& pass, std::int64_t row, std::int64_t begin, std::int64_t count, T kept, T* to) {
  std::array<std::uint32_t, kPiece> words;
  const Counter at{.epoch = static_cast<std::uint32_t>(pass.epoch),
                   .step = static_cast<std::uint32_t>(pass.step),
                   .item = static_cast<std::uint32_t>(pass.first_row + row)};
  stream.fill(static_cast<std::uint32_t>(begin / 4), at, std::span(words).first(static_cast<std::size_t>(count)));
  keep(words.data(), count, static_cast<std::uint32_t>(std::ceil(probability * 0x1p24)), kept, to);
}

}  // namespace
}  // namespace dropout

Dropout::Dropout(const Streams& streams, const std::string& module, double probability)
    : stream_(streams.open("dropout/" + module)), probability_(probability) {
  if (!(probability >= 0 && probability < 1)) {
    throw InputError(fmt::format("dropout {}: the probability must be in [0, 1), got {}", module, probability));
  }
}

at::Tensor Dropout::operator()(const at::Tensor& x, const Pass& pass) const {
  if (!pass.training || probability_ == 0 || x.numel() == 0) return x;
  if (!x.is_cpu()) return std::get<0>(at::native_dropout(x, probability_, true));
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(x.size(0)), x.numel() / x.size(0));
  if (!pass.lengths.empty()) {
    sizes.assign(pass.lengths.begin(), pass.lengths.end());
    for (std::int64_t& size : sizes) size *= x.numel() / x.size(1);
  }
  const at::Tensor keep = at::empty(x.sizes(), x.options());
  fill(keep, sizes, pass, 1 / (1 - probability_));
  return x.mul(keep);
}

at::Tensor Dropout::mask(std::int64_t rows, std::int64_t elements, const Pass& pass) const {
  const at::Tensor keep = at::empty({rows, elements}, at::kFloat);
  fill(keep, std::vector<std::int64_t>(static_cast<std::size_t>(rows), elements), pass, 1);
  return keep;
}

void Dropout::draw(const Pass& pass, std::int64_t row, std::int64_t begin, std::span<float> to) const {
  SEQBENCH_ASSERT(begin % 4 == 0, "a block of four words begins");
  const auto kept = static_cast<float>(1 / (1 - probability_));
  const auto all = static_cast<std::int64_t>(to.size());
  for (std::int64_t done = 0; done < all; done += dropout::kPiece) {
    dropout::draw_piece(stream_, probability_, pass, row, begin + done, std::min(dropout::kPiece, all - done), kept, to.data() + done);
  }
}

void Dropout::fill(const at::Tensor& mask, std::span<const std::int64_t> sizes, const Pass& pass, double kept) const {
  const std::vector<dropout::Piece> pieces = dropout::pieces_of(sizes);
  SEQBENCH_ASSERT(std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}) == mask.numel(), "rows make up what is dropped");
  const auto fill_piece = [&]<typename T>(const dropout::Piece& piece, T* data) {
    const auto one = static_cast<T>(static_cast<at::opmath_type<T>>(kept));
    dropout::draw_piece(stream_, probability_, pass, piece.row, piece.begin, piece.count, one, data + piece.offset);
  };
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kBFloat16, at::kHalf, mask.scalar_type(), "dropout", [&] {
    auto* data = mask.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, static_cast<std::int64_t>(pieces.size()), 4, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) fill_piece(pieces[static_cast<std::size_t>(i)], data);
    });
  });
}

}  // namespace seqbench::models
