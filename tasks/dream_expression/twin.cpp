#include "tasks/dream_expression/twin.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <optional>

#include "harness/base/error.h"
#include "tasks/data/packed_dna_file.h"
#include "tasks/dream_expression/assay.h"

namespace seqbench::tasks::dream_expression {
namespace {

constexpr int kTwinVersion = 1;  // raised when the same seed would give other rows
constexpr std::int64_t kChunk = 1 << 15;
constexpr double kOddLengths = 0.02;
constexpr std::uint64_t kShortestInsert = 70;
constexpr std::int64_t kFewestTestRows = 52;
constexpr auto kLongest = static_cast<std::int64_t>(kLeftFlank.size() + kLongestInsert + kRightFlank.size());

struct Chunk {
  PackedDna dna{kLongest};
  std::vector<double> noiseless;
};

Chunk training_rows(const Law& law, const Stream& rows, std::int64_t begin, std::int64_t end) {
  Chunk chunk;
  for (std::int64_t row = begin; row < end; ++row) {
    Draws draws = rows.at({.item = static_cast<std::uint32_t>(row)});
    const bool odd = draws.uniform() < kOddLengths;
    const std::string insert = random_insert(odd ? kShortestInsert + draws.below(kLongestInsert - kShortestInsert + 1) : kInsert, draws);
    chunk.dna.add(construct(insert));
    chunk.noiseless.push_back(law.expression(insert));
  }
  return chunk;
}

/// Calls `use` with the chunks in their order; two are made at a time.
template <typename Use>
void for_each_chunk(const Law& law, const Stream& rows, std::int64_t count, Use&& use) {
  const auto make = [&](std::int64_t begin) {
    return training_rows(law, rows, begin, std::min(begin + kChunk, count));
  };
  for (std::int64_t begin = 0; begin < count; begin += 2 * kChunk) {
    std::future<Chunk> second;
    if (begin + kChunk < count) second = std::async(std::launch::async, make, begin + kChunk);
    use(make(begin));
    if (second.valid()) use(second.get());
  }
}

Chunk test_chunk(const TestRows& test) {
  Chunk chunk;
  for (const std::string& insert : test.inserts) chunk.dna.add(construct(insert));
  chunk.noiseless = test.noiseless;
  return chunk;
}

/// The file's rows, where it is whole and has so many.
std::optional<PackedDnaFile> cached(const std::filesystem::path& path, std::int64_t rows) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  try {
    PackedDnaFile file = PackedDnaFile::open(path);
    if (file.dna.rows() == rows && file.dna.longest() == kLongest) return file;
  } catch (const InputError&) {  // a cache that is damaged is made anew
  }
  return std::nullopt;
}

void fill_rows(Twin& twin, const Law& law, const Stream& rows, const TestRows& test, const std::filesystem::path& path) {
  const std::int64_t all = twin.training + static_cast<std::int64_t>(test.inserts.size());
  if (path.empty()) {
    const auto keep = [&](const Chunk& chunk) {
      twin.dna.append(chunk.dna);
      twin.noiseless.insert(twin.noiseless.end(), chunk.noiseless.begin(), chunk.noiseless.end());
    };
    for_each_chunk(law, rows, twin.training, keep);
    return keep(test_chunk(test));
  }
  std::optional<PackedDnaFile> file = cached(path, all);
  if (!file) {
    std::error_code error;  // the writer says what is wrong with a folder that cannot be made
    std::filesystem::create_directories(path.parent_path(), error);
    PackedDnaWriter writer(path, all, kLongest);
    const auto write = [&](const Chunk& chunk) { writer.append(chunk.dna, chunk.noiseless); };
    for_each_chunk(law, rows, twin.training, write);
    write(test_chunk(test));
    writer.commit();
    file = PackedDnaFile::open(path);
  }
  twin.dna = file->dna;
  twin.noiseless.assign(file->values.begin(), file->values.end());
}

}  // namespace

TwinSize twin_size(std::int64_t training, std::int64_t limit, bool with_test) {
  const auto test_of = [&](std::int64_t rows) {
    return with_test ? std::clamp(rows / 5, kFewestTestRows, kPublishedTestRows) : std::int64_t{0};
  };
  if (limit <= 0 || training + test_of(training) <= limit) return {training, test_of(training)};
  const std::int64_t test = test_of(limit * 5 / 6);
  return {std::max<std::int64_t>(10, limit - test), test};
}

Twin make_twin(std::uint64_t seed, TwinSize size, const std::filesystem::path& cache) {
  const Law law(seed);
  const Streams streams(seed);
  const TestRows test = size.test > 0 ? make_test_rows(law, seed, size.test) : TestRows();
  Twin twin{.dna = PackedDna(kLongest), .noiseless = {}, .labels = {}, .expected = {}, .training = size.training, .boards = test.boards};
  const std::string name = fmt::format("twin-{}-{}-{}-{}.dna", kTwinVersion, seed, size.training, size.test);
  fill_rows(twin, law, streams.open("twin/rows"), test, cache.empty() ? cache : cache / name);
  twin.labels = twin.expected = twin.noiseless;
  const Stream labels = streams.open("twin/labels"), test_labels = streams.open("twin/test_labels");
  const auto measure = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const auto i = static_cast<std::size_t>(row);
      twin.labels[i] = assay_draw(twin.noiseless[i], labels.at({.item = static_cast<std::uint32_t>(row)}));
      twin.expected[i] = assay_mean(twin.noiseless[i]);
    }
  };
  const auto half = std::async(std::launch::async, measure, std::int64_t{0}, size.training / 2);
  measure(size.training / 2, size.training);
  half.wait();
  for (std::size_t i = 0; i < test.inserts.size(); ++i) {
    const auto at = static_cast<std::size_t>(size.training) + i;
    twin.labels[at] += kTestNoise * test_labels.at({.item = static_cast<std::uint32_t>(i)}).normal();
  }
  return twin;
}

}  // namespace seqbench::tasks::dream_expression
