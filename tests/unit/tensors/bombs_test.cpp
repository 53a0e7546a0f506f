// Small files that ask for much: memory and time stay bounded, whatever the reader answers.
#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/base/streams.h"
#include "harness/tensors/pickle.h"
#include "harness/tensors/safetensors.h"
#include "harness/tensors/torch_archive.h"
#include "tests/support/archive_maker.h"
#include "tests/support/bounded_child.h"
#include "tests/support/temp_folder.h"

namespace seqbench::tensors {
namespace {

using namespace archives;

constexpr std::uint64_t kMemory = 1u << 30;

/// The archive or header at hand is refused with `reason` in the message.
template <typename F>
void refused(const F& read, const char* reason) {
  try {
    read();
    ADD_FAILURE() << "it was read";
  } catch (const InputError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find(reason), std::string::npos) << message.substr(0, 500);
    EXPECT_LT(message.size(), 2000u);
  }
}

void expect_bounded(const std::string& archive, const char* reason) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's own memory is no measure";
#endif
  const TempFolder folder;
  const std::filesystem::path path = folder.path() / "x.bin";
  write_file_atomically(path, archive);
  EXPECT_TRUE(ends_within(kMemory, [&] { refused([&] { static_cast<void>(TorchArchive(path)); }, reason); })) << reason;
}

/// `count` times memo places 1 and 2, as key and value.
std::string pairs(std::size_t count) {
  std::string bytes = "(";
  for (std::size_t i = 0; i < count; ++i) bytes += "h\1h\2";
  return bytes + "u";
}

TEST(Bombs, OneLongNameForManyTensors) {
  expect_bounded(archive("}(" + text(std::string(65536, 'n')) + "q\1" + tensor({}) + "q\2u" + pairs(65000)), "a name of 65536 bytes");
}

TEST(Bombs, ManyStateDictsWithoutTensors) {
  std::string inner = "}q\2(" + text("state_dict") + "q\1Nu(";
  for (int i = 0; i < 400'000; ++i) inner += "h\1N";
  inner += "u";
  expect_bounded(archive("}(" + text("epoch") + inner + "u" + pairs(400'000)), "'epoch' is no tensor");
}

std::string header_file(const std::string& header) { return little(static_cast<std::uint64_t>(header.size())) + header; }

std::string repeated(const std::string& begin, const std::string& piece, const std::string& end) {
  std::string text = begin;
  while (text.size() + piece.size() + end.size() < 99'000'000) text += piece;
  return text + end;
}

TEST(Bombs, HeadersOf100MegabytesOfSmallValues) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's own memory is no measure";
#endif
  std::string names = "{\"__metadata__\":{";
  for (std::uint32_t i = 0; names.size() < 99'000'000; ++i) names += "\"" + std::to_string(i) + "\":0,";
  names += "\"\":0}}";
  for (const std::string& header :
       {repeated("{\"a\":[", "0,", "0]}"), repeated("{\"a\":[", "\"\",", "0]}"), repeated("{\"a\":[", "{},", "0]}"),
        repeated("{\"a\":[", "[],", "0]}"), names}) {
    const std::string bytes = header_file(header);
    EXPECT_TRUE(ends_within(kMemory, [&] { refused([&] { static_cast<void>(from_safetensors(bytes, "f")); }, "more than"); }))
        << header.substr(0, 30);
  }
  const std::string one = header_file(repeated("{\"a\":\"", "aaaaaaaaaa", "\"}"));
  EXPECT_TRUE(ends_within(kMemory, [&] { refused([&] { static_cast<void>(from_safetensors(one, "f")); }, "'a' must have"); }));
}

// Whole opcodes in any order go further than damaged bytes do.
TEST(Bombs, AnyProgramOfOpcodesIsReadOrRefused) {
  const std::vector<std::string> pieces = {
      "(", "}", "]", ")", "\x8f", "t", "\x85", "\x86", "\x87", "s", "u", "a", "e", "N", "\x88", "K\1", "q\1", "q\2", "h\1", "h\2",
      "R", "\x81", "b", "Q", text("storage"), text("0"), integer(-1), integer(6), integer(INT64_MAX), integers({2, 3}),
      integers({INT64_MAX, 3}), global("torch", "FloatStorage"), global("collections", "OrderedDict"),
      global("torch._utils", "_rebuild_tensor_v2"), global("torch._utils", "_rebuild_parameter"), tensor({}), tensor({.offset = 5})};
  const Stream stream = Streams(0).open("test");
  std::size_t read = 0;
  for (std::uint32_t i = 0; i < 50'000; ++i) {
    Draws draws = stream.at({i, 0, 0});
    std::string program;
    for (std::uint64_t k = draws.below(30) + 1; k > 0; --k) program += pieces[draws.below(pieces.size())];
    SCOPED_TRACE(testing::Message() << "program " << i);
    try {
      static_cast<void>(read_pickle(pickle(program), "x.bin"));
      ++read;
    } catch (const InputError& error) {
      EXPECT_STRNE(error.what(), "");
    }
  }
  EXPECT_GT(read, 100u);
}

}  // namespace
}  // namespace seqbench::tensors
