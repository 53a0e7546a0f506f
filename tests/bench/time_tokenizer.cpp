// Seconds that encode_batch takes for the lines of a file. usage: time_tokenizer FOLDER|esm FILE THREADS REPEATS
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "models/tokenizers/tokenizer.h"
#include "tests/bench/arguments.h"

namespace seqbench {
namespace {

void time_tokenizer(char** values) {
  const auto tokenizer = models::open_tokenizer(values[1]);
  const std::string text = read_file(values[2]);
  std::vector<std::string_view> lines = split(text, '\n');
  if (lines.back().empty()) lines.pop_back();
  const int threads = static_cast<int>(count_of("THREADS", values[3]));
  double best = 1e9;
  std::size_t ids = 0;
  for (std::int64_t i = count_of("REPEATS", values[4]); i > 0; --i) {
    const double begun = monotonic_seconds();
    const models::TokenBatch batch = models::encode_batch(*tokenizer, lines, {.threads = threads});
    best = std::min(best, monotonic_seconds() - begun);
    ids = 0;
    for (const std::int32_t length : batch.lengths) ids += static_cast<std::size_t>(length);
  }
  std::printf("%.6f %zu\n", best, ids);
}

}  // namespace
}  // namespace seqbench

int main(int count, char** values) {
  if (count != 5) return 2;
  try {
    seqbench::time_tokenizer(values);
  } catch (const seqbench::InputError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
