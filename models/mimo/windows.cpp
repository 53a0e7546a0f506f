#include "models/mimo/windows.h"

#include <ATen/ops/tensor.h>

#include <algorithm>
#include <span>
#include <vector>

namespace seqbench::models::mimo {
namespace windows {
namespace {

using Codes = std::span<const std::uint8_t>;

class Maker {
 public:
  Maker(Codes reference, std::int64_t symbols, std::int64_t kernel)
      : reference_(reference), length_(static_cast<std::int64_t>(reference.size())), symbols_(symbols), kernel_(kernel), half_(kernel / 2) {}

  void add(Codes row) {
    near_.assign(reference_.size(), kElsewhere);
    far_.assign(reference_.size(), false);
    for (std::int64_t place = 0; place < length_; ++place) {
      if (row[at(place)] == reference_[at(place)]) continue;
      for (std::int64_t i = begin(place, half_); i < end(place, half_); ++i) near_[at(i)] = 0;
      for (std::int64_t i = begin(place, 2 * half_); i < end(place, 2 * half_); ++i) far_[at(i)] = true;
    }
    for (std::int64_t place = 0; place < length_; ++place) {
      if (near_[at(place)] != kElsewhere) add_near(row, place);
    }
    for (std::int64_t place = 0; place < length_; ++place) {
      if (far_[at(place)]) add_far(row, place);
    }
    ++row_;
  }

  [[nodiscard]] std::int64_t places() const { return static_cast<std::int64_t>(row_F_.size()); }

  [[nodiscard]] Windows finish() const {
    return {at::tensor(seen_NK_, at::kLong).view({-1, kernel_}), at::tensor(keep_N_, at::kLong).to(at::kBool),
            at::tensor(seen_FK_, at::kLong).view({-1, kernel_}), at::tensor(keep_F_, at::kLong).to(at::kBool),
            at::tensor(position_F_, at::kLong), at::tensor(row_F_, at::kLong)};
  }

 private:
  static constexpr std::int64_t kElsewhere = -1;
  using Numbers = std::vector<std::int64_t>;

  static std::size_t at(std::int64_t place) { return static_cast<std::size_t>(place); }
  [[nodiscard]] static std::int64_t begin(std::int64_t place, std::int64_t reach) { return std::max<std::int64_t>(0, place - reach); }
  [[nodiscard]] std::int64_t end(std::int64_t place, std::int64_t reach) const { return std::min(length_, place + reach + 1); }

  void add_near(Codes row, std::int64_t place) {
    near_[at(place)] = length_ + 1 + static_cast<std::int64_t>(keep_N_.size());
    for (std::int64_t offset = 0; offset < kernel_; ++offset) {
      const std::int64_t seen = place + offset - half_;
      seen_NK_.push_back(offset * (symbols_ + 1) + (seen < 0 || seen >= length_ ? symbols_ : row[at(seen)]));
    }
    keep_N_.push_back(row[at(place)] != symbols_);
  }

  void add_far(Codes row, std::int64_t place) {
    for (std::int64_t seen = place - half_; seen <= place + half_; ++seen) {
      if (seen < 0 || seen >= length_) seen_FK_.push_back(length_);
      else seen_FK_.push_back(near_[at(seen)] != kElsewhere ? near_[at(seen)] : seen);
    }
    keep_F_.push_back(row[at(place)] != symbols_);
    position_F_.push_back(place);
    row_F_.push_back(row_);
  }

  Codes reference_;
  std::int64_t length_, symbols_, kernel_, half_, row_ = 0;
  Numbers near_;  // by position of the row: its row in the table
  std::vector<bool> far_;
  Numbers seen_NK_, keep_N_, seen_FK_, keep_F_, position_F_, row_F_;
};

}  // namespace
}  // namespace windows

std::optional<Windows> windows_of(const at::Tensor& codes_BL, const at::Tensor& reference_L, std::int64_t symbols, std::int64_t kernel) {
  if (!codes_BL.is_cpu()) return std::nullopt;
  const at::Tensor codes = codes_BL.contiguous();
  const auto rows = codes.size(0), length = codes.size(1);
  const auto* code = codes.const_data_ptr<std::uint8_t>();
  windows::Maker maker({reference_L.const_data_ptr<std::uint8_t>(), static_cast<std::size_t>(length)}, symbols, kernel);
  for (std::int64_t row = 0; row < rows; ++row, code += length) {
    maker.add({code, static_cast<std::size_t>(length)});
    if (maker.places() * 3 > rows * length) return std::nullopt;
  }
  if (maker.places() == 0) return std::nullopt;
  return maker.finish();
}

}  // namespace seqbench::models::mimo
