#include "models/mimo/slots.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/params.h"

namespace seqbench::models::mimo {
namespace slots {
namespace {

constexpr std::int64_t kBlock = 4096;  // rows that are decoded at once
constexpr std::uint32_t kDraws = 0, kOrders = 1;  // Counter::step

/// Calls visit(row, codes) for each row; codes are `length` bytes, 255 behind a shorter row's end.
using Visit = std::function<void(std::int64_t row, std::span<const std::uint8_t> codes)>;

std::size_t length_of(const View& view) {
  if (const auto* codes = std::get_if<CodeView>(&view.data)) return static_cast<std::size_t>(codes->length());
  const auto* text = std::get_if<TextView>(&view.data);
  if (text == nullptr) throw InputError(fmt::format("view '{}' holds neither texts nor codes", view.name));
  std::size_t longest = 0;
  for (const std::string& row : text->rows) longest = std::max(longest, row.size());
  return longest;
}

void for_each_row(const View& view, std::size_t length, const Visit& visit) {
  if (const auto* text = std::get_if<TextView>(&view.data)) {
    std::int64_t number = 0;
    std::vector<std::uint8_t> padded(length);
    for (const std::string& row : text->rows) {
      std::ranges::fill(padded, std::uint8_t{255});  // no byte of UTF-8
      std::ranges::copy(row, padded.begin());
      visit(number++, padded);
    }
    return;
  }
  const auto& codes = std::get<CodeView>(view.data);
  for (std::int64_t begin = 0; begin < view.rows(); begin += kBlock) {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(std::min(kBlock, view.rows() - begin)));
    std::iota(rows.begin(), rows.end(), begin);
    const at::Tensor block = codes.gather(rows).contiguous();
    const auto* data = block.const_data_ptr<std::uint8_t>();
    for (const std::int64_t row : rows) {
      visit(row, {data, length});
      data += length;
    }
  }
}

Slots::Draw draw_of(const std::string& name) {
  return name == "balanced" ? Slots::Draw::kBalanced : name == "cropped" ? Slots::Draw::kCropped : Slots::Draw::kRedrawn;
}

/// `count` of the rows, none twice before all were taken.
std::vector<std::int64_t> take(std::vector<std::int64_t> rows, std::size_t count, Draws draws) {
  std::vector<std::int64_t> taken;
  while (taken.size() + rows.size() <= count) taken.insert(taken.end(), rows.begin(), rows.end());
  const std::size_t rest = count - taken.size();
  if (rest == 0) return taken;
  draws.shuffle(std::span(rows));
  taken.insert(taken.end(), rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(rest));
  return taken;
}

/// Row i of each list, one after the other.
std::vector<std::int64_t> zipped(const std::vector<std::vector<std::int64_t>>& lists) {
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < lists.front().size(); ++i) {
    for (const auto& list : lists) rows.push_back(list[i]);
  }
  return rows;
}

}  // namespace
}  // namespace slots

std::vector<std::int64_t> distances_from_majority(const View& view) {
  const std::size_t length = slots::length_of(view);
  std::vector<std::array<std::int64_t, 256>> counts(length);
  slots::for_each_row(view, length, [&](std::int64_t, std::span<const std::uint8_t> codes) {
    for (std::size_t i = 0; i < length; ++i) ++counts[i][codes[i]];
  });
  std::vector<std::uint8_t> majority;  // of equal counts the first
  for (const auto& count : counts) majority.push_back(static_cast<std::uint8_t>(std::ranges::max_element(count) - count.begin()));
  std::vector<std::int64_t> distances(static_cast<std::size_t>(view.rows()));
  slots::for_each_row(view, length, [&](std::int64_t row, std::span<const std::uint8_t> codes) {
    distances[static_cast<std::size_t>(row)] = std::inner_product(codes.begin(), codes.end(), majority.begin(), std::int64_t{0}, std::plus<>(),
                                                                  [](std::uint8_t a, std::uint8_t b) { return a != b ? 1 : 0; });
  });
  return distances;
}

Slots::Slots(const Params& params, const View& view, const Streams& streams)
    : members_(params.integer("members")),
      repeats_(params.integer("repeats")),
      batch_repetitions_(params.integer("batch_repetitions")),
      input_repetition_(params.number("input_repetition")),
      by_class_(params.text("slot_assignment") == "by_mutation_count"),
      draw_(slots::draw_of(params.text("epoch_draw"))),
      stream_(streams.open("sampler")) {
  if (by_class_) distances_ = distances_from_majority(view);
}

std::int64_t Slots::slot_of(std::int64_t row) const {
  SEQBENCH_ASSERT(by_class_, "rows have slots of their own");
  const std::int64_t distance = distances_[static_cast<std::size_t>(row)];
  return distance >= 1 && distance <= members_ ? distance - 1 : -1;
}

std::vector<std::int64_t> Slots::epoch(std::span<const std::int64_t> train_rows, std::int64_t epoch) const {
  if (by_class_) return slots::zipped(drawn(classes_of(train_rows), epoch));
  return slots::zipped(tiled(train_rows, epoch));
}

std::vector<Slots::Rows> Slots::classes_of(std::span<const std::int64_t> train_rows) const {
  std::vector<Rows> classes(static_cast<std::size_t>(members_));
  for (const std::int64_t row : train_rows) {
    if (const std::int64_t slot = slot_of(row); slot >= 0) classes[static_cast<std::size_t>(slot)].push_back(row);
  }
  for (std::size_t slot = 0; slot < classes.size(); ++slot) {
    if (!classes[slot].empty()) continue;
    throw InputError(fmt::format("mimo: 'slot_assignment' is \"by_mutation_count\", but no training row differs at {} positions from what "
                                 "most rows have: {} 'members' need rows of 1 to {} differences; \"free\" needs none",
                                 slot + 1, members_, members_));
  }
  return classes;
}

std::vector<Slots::Rows> Slots::drawn(std::vector<Rows> classes, std::int64_t epoch) const {
  const std::size_t smallest = std::ranges::min_element(classes, {}, &Rows::size)->size();
  const std::size_t count = draw_ == Draw::kBalanced ? smallest * static_cast<std::size_t>(repeats_) : smallest;
  const auto drawn_in = static_cast<std::uint32_t>(draw_ == Draw::kCropped ? 0 : epoch);
  for (std::size_t slot = 0; slot < classes.size(); ++slot) {
    const auto item = static_cast<std::uint32_t>(slot);
    classes[slot] = slots::take(std::move(classes[slot]), count, stream_.at({.epoch = drawn_in, .step = slots::kDraws, .item = item}));
    Draws order = stream_.at({.epoch = static_cast<std::uint32_t>(epoch), .step = slots::kOrders, .item = item});
    order.shuffle(std::span(classes[slot]));
  }
  return classes;
}

/// Triples that are common to all members are spread over the epoch, not left at its end.
std::vector<Slots::Rows> Slots::tiled(std::span<const std::int64_t> train_rows, std::int64_t epoch) const {
  const auto at = [&](std::uint32_t step, std::uint32_t item) {
    return stream_.at({.epoch = static_cast<std::uint32_t>(epoch), .step = step, .item = item});
  };
  Rows all;
  for (std::int64_t i = 0; i < batch_repetitions_; ++i) all.insert(all.end(), train_rows.begin(), train_rows.end());
  Draws draws = at(slots::kDraws, 0);
  draws.shuffle(std::span(all));
  const auto own = static_cast<std::size_t>(static_cast<double>(all.size()) * (1 - input_repetition_));
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  Draws mixing = at(slots::kDraws, 1);
  mixing.shuffle(std::span(order));
  std::vector<Rows> lists;
  for (std::int64_t member = 0; member < members_; ++member) {
    Rows list = all;
    Draws shuffled = at(slots::kOrders, static_cast<std::uint32_t>(member));
    shuffled.shuffle(std::span(list).first(own));
    Rows& mixed = lists.emplace_back();
    for (const std::size_t index : order) mixed.push_back(list[index]);
  }
  return lists;
}

}  // namespace seqbench::models::mimo
