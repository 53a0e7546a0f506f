// The corpus and seeded mutations of it, as ordinary tests; `fuzz_*` programs of the preset `fuzz` go on from there.
// SEQBENCH_FUZZ_SEED draws others.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "harness/base/files.h"
#include "harness/base/text.h"
#include "tests/fuzz/mutate.h"
#include "tests/fuzz/targets.h"

namespace seqbench::fuzz {
namespace {

constexpr std::uint32_t kMutations = 300;  // of each corpus file

std::vector<std::string> corpus_of(const Target& target) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(SEQBENCH_SOURCE_DIR) / "tests/fuzz/corpus" / target.name)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> corpus;
  for (const auto& file : files) corpus.push_back(read_file(file));
  return corpus;
}

class Replay : public testing::TestWithParam<Target> {};

TEST_P(Replay, CorpusAndItsMutationsAreReadOrRefused) {
  const std::vector<std::string> corpus = corpus_of(GetParam());
  ASSERT_GE(corpus.size(), 2u);
  const char* seed = std::getenv("SEQBENCH_FUZZ_SEED");
  const Stream stream = Streams(static_cast<std::uint64_t>(parse_int(seed == nullptr ? "0" : seed).value())).open("test");
  for (std::uint32_t i = 0; i < corpus.size(); ++i) {
    survive(GetParam(), corpus[i]);
    for (std::uint32_t k = 0; k < kMutations; ++k) {
      const std::string bytes = mutated(corpus[i], stream.at({i, k, 0}));
      SCOPED_TRACE(testing::Message() << "corpus file " << i << ", mutation " << k);
      EXPECT_NO_THROW(survive(GetParam(), bytes));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Readers, Replay, testing::ValuesIn(kTargets),
                         [](const auto& tested) { return std::string(tested.param.name); });

}  // namespace
}  // namespace seqbench::fuzz
