#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "harness/base/error.h"
#include "models/tokenizers/tokenizer.h"

namespace seqbench::models {
namespace {

/// One row's place in its thread's ids.
struct Row {
  int thread = 0;
  std::size_t begin = 0, end = 0;
  std::size_t first = 0;  // ids up to the second text and what follows it
};

std::int64_t room_of(const Tokenizer& tokenizer, const EncodeOptions& options, bool pairs) {
  SEQBENCH_ASSERT(options.pad_to_multiple >= 1 && options.threads >= 1, "options of a batch");
  if (options.max_length < 0 || options.pad_to < 0) throw InputError("max_length, pad_to: at least 0 expected");
  const std::size_t specials =
      options.add_specials ? tokenizer.before().size() + tokenizer.after().size() + (pairs ? tokenizer.between().size() : 0) : 0;
  if (options.max_length == 0) return INT64_MAX;
  if (options.max_length < static_cast<std::int64_t>(specials)) {
    throw InputError(fmt::format("max_length: at least {} expected for the special tokens, got {}", specials, options.max_length));
  }
  return options.max_length - static_cast<std::int64_t>(specials);
}

/// Rows are taken in blocks by `threads` threads; the first refusal by row is thrown.
class Workers {
 public:
  Workers(std::size_t rows, int threads) : rows_(rows), parts_(static_cast<std::size_t>(threads)) {}

  template <typename Encode>
  void run(const Encode& encode) {
    const auto work = [&](int thread) {
      constexpr std::size_t kBlock = 16;
      for (std::size_t begin = next_.fetch_add(kBlock); begin < rows_.size(); begin = next_.fetch_add(kBlock)) {
        for (std::size_t row = begin; row < std::min(begin + kBlock, rows_.size()); ++row) one(encode, thread, row);
      }
    };
    {
      std::vector<std::jthread> threads;
      for (int i = 1; i < static_cast<int>(parts_.size()); ++i) threads.emplace_back(work, i);
      work(0);
    }
    for (const Failure& failure : failures_) {
      if (failure.why) std::rethrow_exception(failure.why);
    }
  }
  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }
  [[nodiscard]] const Encoding& part(const Row& row) const { return parts_[static_cast<std::size_t>(row.thread)]; }

 private:
  struct Failure {
    std::size_t row = 0;
    std::exception_ptr why;
  };
  template <typename Encode>
  void one(const Encode& encode, int thread, std::size_t row) {
    Encoding& part = parts_[static_cast<std::size_t>(thread)];
    rows_[row].thread = thread;
    rows_[row].begin = part.ids.size();
    try {
      rows_[row].first = encode(row, part);
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (failures_.empty() || row < failures_[0].row) failures_ = {{row, std::current_exception()}};
    }
    rows_[row].end = part.ids.size();
  }

  std::vector<Row> rows_;
  std::vector<Encoding> parts_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
  std::vector<Failure> failures_;
};

void add(std::span<const std::int32_t> specials, Encoding& into, bool wanted, bool offsets) {
  if (!wanted) return;
  into.ids.insert(into.ids.end(), specials.begin(), specials.end());
  if (offsets) into.offsets.resize(into.ids.size());
}

void encode_row(const Tokenizer& tokenizer, std::string_view text, std::size_t row, Encoding& into, bool offsets) {
  try {
    tokenizer.encode(text, into, offsets);
  } catch (const InputError& error) {
    throw InputError(fmt::format("text {}: {}", row, error.what()));
  }
}

void cut(Encoding& into, std::size_t size, bool offsets) {
  into.ids.resize(size);
  if (offsets) into.offsets.resize(size);
}

TokenBatch gather(const Tokenizer& tokenizer, const Workers& workers, const EncodeOptions& options, bool types) {
  TokenBatch batch;
  std::size_t longest = 0;
  for (const Row& row : workers.rows()) {
    longest = std::max(longest, row.end - row.begin);
    batch.lengths.push_back(static_cast<std::int32_t>(row.end - row.begin));
  }
  batch.rows = static_cast<std::int64_t>(workers.rows().size());
  batch.length = std::max<std::int64_t>(options.pad_to, static_cast<std::int64_t>(longest));
  if (options.pad_to > 0 && batch.length > options.pad_to) {
    const auto row = std::max_element(batch.lengths.begin(), batch.lengths.end()) - batch.lengths.begin();
    throw InputError(fmt::format("text {}: {} tokens, pad_to is {}", row, longest, options.pad_to));
  }
  batch.length = (batch.length + options.pad_to_multiple - 1) / options.pad_to_multiple * options.pad_to_multiple;
  const auto width = static_cast<std::size_t>(batch.length), size = width * workers.rows().size();
  batch.ids.assign(size, tokenizer.specials().pad);
  if (options.offsets) batch.offsets.resize(size);
  if (types) batch.type_ids.resize(size);
  for (std::size_t i = 0; i < workers.rows().size(); ++i) {
    const Row& row = workers.rows()[i];
    const auto at = static_cast<std::ptrdiff_t>(i * width), begin = static_cast<std::ptrdiff_t>(row.begin), end = static_cast<std::ptrdiff_t>(row.end);
    const Encoding& part = workers.part(row);
    std::copy(part.ids.begin() + begin, part.ids.begin() + end, batch.ids.begin() + at);
    if (options.offsets) std::copy(part.offsets.begin() + begin, part.offsets.begin() + end, batch.offsets.begin() + at);
    if (types) {
      std::fill(batch.type_ids.begin() + at + static_cast<std::ptrdiff_t>(row.first), batch.type_ids.begin() + at + (end - begin), std::uint8_t{1});
    }
  }
  return batch;
}

/// Takes from the longer first; where equal, one more of the second stays out than of the first in the odd case.
std::pair<std::size_t, std::size_t> longest_first(std::size_t first, std::size_t second, std::size_t room) {
  if (first + second <= room) return {first, second};
  std::size_t shorter = std::min(first, second), longer = std::max(first, second);
  if (shorter > room) longer = shorter;
  longer = std::max(shorter, longer - std::min(longer, first + second - room));
  if (shorter + longer > room) {
    shorter = room / 2;
    longer = shorter + room % 2;
  }
  return first > second ? std::pair(longer, shorter) : std::pair(shorter, longer);
}

}  // namespace

TokenBatch encode_batch(const Tokenizer& tokenizer, std::span<const std::string_view> texts, const EncodeOptions& options) {
  const std::int64_t room = room_of(tokenizer, options, false);
  Workers workers(texts.size(), options.threads);
  workers.run([&](std::size_t row, Encoding& into) {
    add(tokenizer.before(), into, options.add_specials, options.offsets);
    const std::size_t begin = into.ids.size();
    encode_row(tokenizer, texts[row], row, into, options.offsets);
    if (static_cast<std::int64_t>(into.ids.size() - begin) > room) cut(into, begin + static_cast<std::size_t>(room), options.offsets);
    add(tokenizer.after(), into, options.add_specials, options.offsets);
    return std::size_t{0};
  });
  return gather(tokenizer, workers, options, false);
}

TokenBatch encode_pairs(const Tokenizer& tokenizer, std::span<const TextPair> pairs, const EncodeOptions& options) {
  if (!tokenizer.has_pairs()) throw InputError("this tokenizer has no rule for pairs of texts");
  const auto room = static_cast<std::size_t>(room_of(tokenizer, options, true));
  Workers workers(pairs.size(), options.threads);
  workers.run([&](std::size_t row, Encoding& into) {
    const std::size_t start = into.ids.size();
    Encoding first, second;
    encode_row(tokenizer, pairs[row].first, row, first, options.offsets);
    encode_row(tokenizer, pairs[row].second, row, second, options.offsets);
    const auto [kept_first, kept_second] = longest_first(first.ids.size(), second.ids.size(), room);
    cut(first, kept_first, options.offsets);
    cut(second, kept_second, options.offsets);
    const auto append = [&into](const Encoding& text) {
      into.ids.insert(into.ids.end(), text.ids.begin(), text.ids.end());
      into.offsets.insert(into.offsets.end(), text.offsets.begin(), text.offsets.end());
    };
    add(tokenizer.before(), into, options.add_specials, options.offsets);
    append(first);
    add(tokenizer.between(), into, options.add_specials, options.offsets);
    const std::size_t types = into.ids.size() - start;
    append(second);
    add(tokenizer.after(), into, options.add_specials, options.offsets);
    return types;
  });
  return gather(tokenizer, workers, options, tokenizer.types_of_pairs());
}

}  // namespace seqbench::models
