// Archives that lie, pickles that attack, headers that overflow: each refused by the file's name and a reason, or read right.
#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>

#include "harness/base/error.h"
#include "harness/tensors/safetensors.h"
#include "harness/tensors/torch_archive.h"
#include "tests/support/archive_maker.h"
#include "tests/support/bounded_child.h"
#include "tests/support/temp_folder.h"

namespace seqbench::tensors {
namespace {

using namespace archives;

const TempFolder& folder() {
  static const TempFolder kFolder;
  return kFolder;
}

/// What reading the whole archive is refused with, without the path; "" where it is read.
std::string refusal(const std::string& bytes) {
  const std::filesystem::path path = folder().path() / "x.bin";
  write_file_atomically(path, bytes);
  try {
    const TorchArchive archive(path);
    for (const TensorInfo& info : archive.tensors()) static_cast<void>(archive.read(info.name));
  } catch (const InputError& error) {
    const std::string message = error.what();
    EXPECT_TRUE(message.starts_with(path.string() + ": ")) << message;
    return message.substr(path.string().size() + 2);
  }
  return "";
}

TEST(MadeArchive, IsReadAsTorchsOwn) {
  EXPECT_EQ(refusal(archive(dict({{"w", tensor({})}}))), "");
  auto members = archive_of(pickle(dict({{"w", tensor({})}})));
  EXPECT_EQ(refusal(zip(members, true)), "") << "zip64 end record";
  for (Member& m : members) m.zip64 = true;
  EXPECT_EQ(refusal(zip(members, true)), "") << "zip64 members";
  for (Member& m : members) m.flags = 8, m.said = 0;
  EXPECT_EQ(refusal(zip(members)), "") << "sizes behind the data, as torch writes them";
  members.erase(members.begin() + 1);
  EXPECT_EQ(refusal(zip(members)), "") << "no byteorder, as old files";
  EXPECT_EQ(refusal(archive(dict({{"model", dict({{"w", tensor({})}})}, {"epoch", integer(3)}}))), "") << "research checkpoint";
  EXPECT_EQ(refusal(archive(dict({{"w", tensor({.shape = {0, 3}, .strides = {3, 1}})}}))), "") << "empty tensor";
}

struct Broken {
  const char* what;
  std::string bytes;
  const char* reason;
};

void PrintTo(const Broken& broken, std::ostream* out) { *out << broken.what; }

std::vector<Broken> broken_zips() {
  const std::string good = pickle(dict({{"w", tensor({})}}));
  const auto with = [&](const std::function<void(std::vector<Member>&)>& change, std::uint64_t claimed = 0) {
    std::vector<Member> members = archive_of(good);
    change(members);
    return zip(members, false, claimed);
  };
  return {{"no zip", "hello", "no end of a zip archive"},
          {"nothing", "", ""},
          {"compressed", with([](auto& m) { m[2].method = 8; }), "is compressed"},
          {"encrypted", with([](auto& m) { m[2].flags = 1; }), "is encrypted"},
          {"size beyond the file", with([](auto& m) { m[2].claimed = 1u << 30; }), "reach over the zip directory"},
          {"4 TB in a small file", with([](auto& m) { m[2].claimed = 1ull << 42; m[2].zip64 = true; }), "reach over the zip directory"},
          {"all ones in zip64", with([](auto& m) { m[2].claimed = ~1ull; m[2].zip64 = true; }), "reach over the zip directory"},
          {"place beyond the file", with([](auto& m) { m[2].shift = 1u << 20; }), "no member where the zip directory says"},
          {"place inside another", with([](auto& m) { m[2].shift = 3; }), "no member where the zip directory says"},
          {"names that disagree", with([](auto& m) { m[2].local_name = "m/data/1"; }), "contradicts the zip directory"},
          {"sizes that disagree", with([](auto& m) { m[2].said = 20; }), "its own header says 20 bytes, the zip directory 24"},
          {"a size of its own header of 0", with([](auto& m) { m[2].said = 0; }), "its own header says 0 bytes, the zip directory 24"},
          {"one name twice", with([](auto& m) { m.push_back(m[2]); }), "is there twice"},
          {"a way out", with([](auto& m) { m[2].name = "m/../../data/0"; }), "leads out of the archive"},
          {"an absolute name", with([](auto& m) { m[2].name = "/etc/passwd"; }), "is no relative path"},
          {"more members than there are", with([](auto&) {}, 60000), "names 60000 members"},
          {"big endian", with([](auto& m) { m[1].bytes = "big"; }), "byteorder must be little"},
          {"no pickle", with([](auto& m) { m.erase(m.begin()); }), "lacks 'm/data.pkl'"},
          {"no storage", with([](auto& m) { m.erase(m.begin() + 2); }), "lacks 'm/data/0'"},
          {"short storage", with([](auto& m) { m[2].bytes.resize(20); }), "has 20 bytes, expected 6 elements"},
          {"two folders", with([](auto& m) { m[2].name = "n/data/0"; }), "not one that torch.save makes"},
          {"a program", with([](auto& m) { m.push_back({"m/constants.pkl", "x"}); }), "TorchScript"}};
}

/// A whole archive with `value` written at `offset` of the record that begins with `mark`.
template <typename T>
std::string overwritten(std::string_view mark, std::size_t offset, T value) {
  std::string bytes = zip(archive_of(pickle(dict({{"w", tensor({})}}))), true);
  return bytes.replace(bytes.rfind(mark) + offset, sizeof(T), little(value));
}

std::vector<Broken> broken_zip64_records() {
  constexpr std::string_view kRecord = "PK\x06\x06", kLocator = "PK\x06\x07";
  return {{"locator outside the file", overwritten(kLocator, 8, ~std::uint64_t{0}), "points outside the file"},
          {"locator at no record", overwritten(kLocator, 8, std::uint64_t{0}), "points at no zip64 record"},
          {"another disk", overwritten(kRecord, 16, std::uint32_t{1}), "several disks"},
          {"members on other disks", overwritten(kRecord, 24, std::uint64_t{9}), "several disks"},
          {"2^63 members", overwritten(kRecord, 32, std::uint64_t{1} << 63), "several disks"},
          {"directory of all ones", overwritten(kRecord, 40, ~std::uint64_t{0}), "does not end where its end record is"},
          {"directory that wraps around", overwritten(kRecord, 48, ~std::uint64_t{0} - 8), "does not end where its end record is"}};
}

/// Containers within containers, each the only item of the last.
std::string nested(std::size_t depth, const char* open, const char* close) {
  std::string bytes;
  for (std::size_t i = 0; i < depth; ++i) bytes += open;
  for (std::size_t i = 0; i < depth; ++i) bytes += close;
  return bytes;
}

std::vector<Broken> broken_pickles() {
  const auto call = [](const char* module, const char* name, const std::string& argument) {
    return archive(global(module, name) + tuple({argument}) + "R");
  };
  const auto of = [](const Tensor& t) { return archive(dict({{"w", tensor(t)}})); };
  std::string many = "}(" + text("first") + tensor({}) + "q\1";
  for (int i = 0; i < 70000; ++i) many += text(std::to_string(i)) + "h\1";
  return {{"os.system", call("os", "system", text("id")), "it wants 'os.system'"},
          {"posix.system", call("posix", "system", text("id")), "it wants 'posix.system'"},
          {"builtins.eval", call("builtins", "eval", text("1")), "it wants 'builtins.eval'"},
          {"python 2's eval", call("__builtin__", "eval", text("1")), "it wants '__builtin__.eval'"},
          {"torch.load", call("torch", "load", text("x")), "it wants 'torch.load'"},
          {"a storage of bytes", call("torch.storage", "_load_from_bytes", text("x")), "it wants 'torch.storage._load_from_bytes'"},
          {"a dotted name", call("torch", "_utils._rebuild_tensor_v2", text("x")), "it wants"},
          {"a name without end", archive("c" + std::string(5000, 'a')), "does not end"},
          {"a name of control characters", call("os\x1b[2J", "system", text("x")), "it wants"},
          {"a call of a storage class", archive(global("torch", "FloatStorage") + tuple({integer(4)}) + "R"), "a call of a storage's class"},
          {"a call of a tensor", archive(tensor({}) + tuple({}) + "R"), "a call of what is no function"},
          {"INST", archive("(ios\nsystem\n"), "opcode 0x69"},
          {"OBJ", archive("(o"), "opcode 0x6f"},
          {"STACK_GLOBAL", archive(text("os") + text("system") + "\x93"), "opcode 0x93"},
          {"EXT1", archive("\x82\x01"), "opcode 0x82"},
          {"PERSID", archive("P0\n"), "opcode 0x50"},
          {"text protocol INT", archive("I1\n"), "opcode 0x49"},
          {"protocol 4", zip(archive_of(std::string("\x80\x04N.", 4))), "protocol 4"},
          {"a state for a tensor", archive(tensor({}) + "}b"), "a state for what is no dict"},
          {"an empty pickle", zip(archive_of("")), "cut short"},
          {"no end", zip(archive_of("\x80\x02N")), "cut short"},
          {"nothing on the stack", archive(""), ""},
          {"a long text that is not there", archive("X" + little<std::uint32_t>(0xFFFFFFFF)), "a text of 4294967295 bytes"},
          {"an integer of 255 bytes", archive("\x8a\xff" + std::string(255, '\1')), "an integer of 255 bytes"},
          {"a text that is not UTF-8", archive("X" + little<std::uint32_t>(1) + "\xff"), "not UTF-8"},
          {"memo place of 4 billion", archive("Nr" + little<std::uint32_t>(0xFFFFFFF0)), "memo place 4294967280"},
          {"memo place never put", archive("h\7"), "nothing was put into memo place 7"},
          {"marks without end", archive(std::string(5000, '(')), "nested more than 1024 deep"},
          {"a stack without end", archive(std::string(3u << 20, 'N')), "more than 1048576"},
          {"a pickle of 40 MB", archive(std::string(40u << 20, ')')), "at most 33554432 are read"},
          {"a key without value", archive("}(" + text("a") + "u"), "a key without value"},
          {"items for a tuple", archive(")(Ne"), "items for what does not hold them"},
          {"a list, not a dict", archive("]"), "it holds no dict of tensors"},
          {"a dict that holds itself", archive("}q\1" + text("a") + "h\1s"), "'a' is no tensor"},
          {"a list that holds itself", archive("]q\1h\1a"), "it holds no dict of tensors"},
          {"a number for a name", archive("}" + integer(1) + tensor({}) + "s"), "a key of its dict is no text"},
          {"a name twice", archive(dict({{"w", tensor({})}, {"w", tensor({})}})), "'w' is there twice"},
          {"a float among the tensors", archive(dict({{"w", tensor({})}, {"lr", "G" + std::string(8, '\0')}})), "'lr' is no tensor"},
          {"one tensor under 70,000 names", archive(many + "u"), "more than 65536 tensors"},
          {"reaches over its storage", of({.shape = {2, 4}, .strides = {4, 1}}), "reaches to element 7 of a storage of 6"},
          {"an offset too far", of({.offset = 1}), "reaches to element 6 of a storage of 6"},
          {"a negative offset", of({.offset = -1}), "offset must be from 0"},
          {"a negative size", of({.shape = {-2, 3}}), "size must be from 0"},
          {"a negative stride", of({.strides = {-3, 1}}), "stride must be from 0"},
          {"sizes that overflow", of({.shape = {1ll << 40, 1ll << 40}, .strides = {0, 0}}), "size overflows"},
          {"strides that overflow", of({.shape = {3, 3}, .strides = {INT64_MAX, 1}}), "offset and strides overflow"},
          {"a terabyte by stride 0", of({.shape = {1ll << 38}, .strides = {0}}), "over a storage of 6 elements"},
          {"more strides than sizes", of({.strides = {3, 1, 1}}), "size and stride differ in length"},
          {"65 dimensions", of({.shape = std::vector<std::int64_t>(65, 1), .strides = std::vector<std::int64_t>(65, 1)}), "at most 64"},
          {"a storage of more than its bytes", of({.elements = 1ll << 40}), "expected 1099511627776 elements"},
          {"a storage of doubles in 24 bytes", of({.storage_class = "DoubleStorage"}), "expected 6 elements of F64"},
          {"a storage class of its own", of({.storage_class = "EvilStorage"}), "it wants 'torch.EvilStorage'"},
          {"a key that leads elsewhere", of({.key = "../data.pkl"}), "no storage is called"},
          {"a persistent id of text", archive(text("storage") + "Q"), "no storage"},
          {"tuples within tuples", archive(nested(5000, "(", "t")), "nested more than 1024 deep"}};
}

class BrokenArchive : public testing::TestWithParam<Broken> {};

TEST_P(BrokenArchive, IsRefusedForWhatItIs) {
  const std::string message = refusal(GetParam().bytes);
  ASSERT_FALSE(message.empty()) << "it was read";
  EXPECT_NE(message.find(GetParam().reason), std::string::npos) << message;
  EXPECT_LT(message.size(), 700u);
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Zip64, BrokenArchive, testing::ValuesIn(broken_zip64_records()));
INSTANTIATE_TEST_SUITE_P(Zips, BrokenArchive, testing::ValuesIn(broken_zips()));
INSTANTIATE_TEST_SUITE_P(Pickles, BrokenArchive, testing::ValuesIn(broken_pickles()));

TEST(BrokenArchives, StayWithin512MiBAndTwentySeconds) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's own memory is no measure";
#endif
  std::string doubling = "]q\1";  // each list holds the one before a thousand times
  for (int i = 0; i < 2000; ++i) {
    doubling += "](";
    for (int k = 0; k < 1000; ++k) doubling += "h\1";
    doubling += "eq\1";
  }
  for (const std::string& bytes :
       {archive(doubling), archive(std::string(30u << 20, ')')), archive(std::string(500'000, '}')),
        archive(nested(1000, "(", "t")), broken_zips()[5].bytes}) {
    EXPECT_TRUE(ends_within(512u << 20, [&] { static_cast<void>(refusal(bytes)); }));
  }
}

// Rows of the table of the format's reference reader.
std::string header_file(const std::string& header, const std::string& data = std::string(4, '\0')) {
  return little(static_cast<std::uint64_t>(header.size())) + header + data;
}
std::string header_refusal(const std::string& bytes) {
  try {
    static_cast<void>(from_safetensors(bytes, "f"));
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}
const std::string kEntry = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";

TEST(SafetensorsHeader, TakesWhatTheReferenceTakes) {
  EXPECT_EQ(header_refusal(header_file("{" + kEntry + "}")), "");
  EXPECT_EQ(header_refusal(header_file("  \n{" + kEntry + "} \n ")), "") << "white space around, length no multiple of 8";
  EXPECT_EQ(header_refusal(header_file(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"note":[1]}})")), "") << "unknown field";
  EXPECT_EQ(header_refusal(header_file(R"({"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})")),
            "") << "entries out of order";
  EXPECT_EQ(header_refusal(header_file(R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"e":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]}})")),
            "") << "a scalar and an empty tensor";
}

TEST(SafetensorsHeader, RefusesTheRest) {
  using namespace std::string_literals;
  const std::vector<std::pair<std::string, const char*>> broken = {
      {header_file("{" + kEntry + "}\0"s), "not JSON text alone"},
      {header_file("\xef\xbb\xbf{" + kEntry + "}"), "not JSON text alone"},
      {header_file("{" + kEntry + "," + kEntry + "}"), "a"},
      {header_file(R"({"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}})"), "integers from 0"},
      {header_file(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})"), "integers from 0"},
      {header_file(R"({"a":{"dtype":"F4","shape":[1],"data_offsets":[0,4]}})"), "dtype of 'a'"},
      {header_file(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}})"), "which is not F32"},
      {header_file(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", std::string(8, '\0')), "gap"},
      {header_file(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}})"), "overlap"},
      {header_file(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551615]}})"), "integers from 0"},
      {header_file(R"({"__metadata__":{"x":1},)" + kEntry + "}"), "must be text"},
      {header_file("{" + kEntry + "}", std::string(5, '\0')), "the file holds 5"},
      {header_file("[]", ""), "not a JSON object"},
      {little<std::uint64_t>(100'000'001) + "{}", "at most 100000000 are read"},
      {little<std::uint64_t>(~0ull) + "{}", "at most 100000000 are read"},
      {header_file(std::string(5000, '['), ""), "f"}};
  for (const auto& [bytes, reason] : broken) {
    const std::string message = header_refusal(bytes);
    EXPECT_NE(message.find(reason), std::string::npos) << message;
    EXPECT_TRUE(message.starts_with("f")) << message;
  }
}

TEST(SafetensorsHeader, BoolsAreZeroOrOne) {
  const auto file = [](char value) { return header_file(R"({"a":{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}})", std::string(1, value)); };
  EXPECT_EQ(header_refusal(file('\1')), "");
  EXPECT_NE(header_refusal(file('\2')), "");
}

}  // namespace
}  // namespace seqbench::tensors
