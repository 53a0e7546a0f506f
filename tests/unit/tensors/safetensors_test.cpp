#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/scalar_tensor.h>
#include <gtest/gtest.h>

#include <cstring>

#include "harness/base/error.h"
#include "harness/tensors/safetensors.h"

namespace seqbench::tensors {
namespace {

std::vector<NamedTensor> some_tensors() {
  return {{"b.bytes", at::arange(7, at::kByte)},
          {"a.floats", at::arange(6, at::kFloat).reshape({2, 3}) / 7},
          {"c.step", at::scalar_tensor(12345678901, at::kLong)},
          {"d.empty", at::full({0, 5}, 1.0, at::kFloat)},
          {"e.doubles", at::arange(3, at::kDouble) / 3}};
}

std::string file_of(const std::string& header, std::size_t data_bytes) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data_bytes, '\1');
}

std::string refusal(const std::string& bytes) {
  try {
    static_cast<void>(from_safetensors(bytes, "some/file"));
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Safetensors, WritesTheDocumentedBytes) {
  const std::string bytes = to_safetensors({{"w", at::scalar_tensor(1.0, at::kFloat)}}, {{"k", "v"}});
  const std::string header =
      R"({"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[],"data_offsets":[0,4]}})";
  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  std::string expected(8, '\0');
  expected[0] = static_cast<char>(padded.size());
  expected += padded + std::string("\x00\x00\x80\x3f", 4);
  EXPECT_EQ(bytes, expected);
}

TEST(Safetensors, ReadsBackWhatItWrote) {
  const std::vector<NamedTensor> tensors = some_tensors();
  const TensorFile file = from_safetensors(to_safetensors(tensors, {{"key", "h\xc3\xa9\"\n"}}), "f");
  EXPECT_EQ(file.metadata, (std::map<std::string, std::string>{{"key", "h\xc3\xa9\"\n"}}));
  ASSERT_EQ(file.tensors.size(), tensors.size());
  for (const NamedTensor& wanted : tensors) {
    bool found = false;
    for (const NamedTensor& read : file.tensors) {
      if (read.name != wanted.name) continue;
      found = true;
      EXPECT_EQ(read.tensor.scalar_type(), wanted.tensor.scalar_type());
      EXPECT_EQ(read.tensor.sizes(), wanted.tensor.sizes());
      EXPECT_TRUE(read.tensor.equal(wanted.tensor)) << wanted.name;
    }
    EXPECT_TRUE(found) << wanted.name;
  }
}

TEST(Safetensors, DoesNotDependOnTheOrderGivenOrOnStrides) {
  std::vector<NamedTensor> tensors = some_tensors();
  const std::string bytes = to_safetensors(tensors, {});
  std::reverse(tensors.begin(), tensors.end());
  for (NamedTensor& entry : tensors) {
    if (entry.name == "a.floats") entry.tensor = entry.tensor.t().contiguous().t();
  }
  EXPECT_EQ(to_safetensors(tensors, {}), bytes);
}

TEST(Safetensors, TensorsLieOnMultiplesOfTheirElementSize) {
  const std::string bytes = to_safetensors(some_tensors(), {{"odd", "x"}});
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  EXPECT_EQ(length % 8, 0u);
  const Json header = parse_json(bytes.substr(8, length), "header");
  EXPECT_EQ(header.at("c.step").at("data_offsets").at(0).get<int>() % 8, 0);
  EXPECT_EQ(header.at("e.doubles").at("data_offsets").at(0).get<int>() % 8, 0);
  EXPECT_EQ(header.at("a.floats").at("data_offsets").at(0).get<int>() % 4, 0);
  EXPECT_EQ(header.at("b.bytes").at("data_offsets").at(1).get<std::size_t>(), bytes.size() - 8 - length);
}

TEST(Safetensors, RefusesEveryTruncationAndExtension) {
  const std::string bytes = to_safetensors(some_tensors(), {{"state", "{}"}});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(refusal(bytes.substr(0, size)), "") << "cut to " << size << " of " << bytes.size();
  }
  EXPECT_NE(refusal(bytes + '\0').find("the file holds"), std::string::npos);
}

// A flip inside a name or the metadata gives another valid file; all else must be refused, and nothing may
// come out but InputError.
TEST(Safetensors, AnyFlippedBitIsRefusedOrGivesAWholeFile) {
  const std::string bytes = to_safetensors(some_tensors(), {{"state", "{}"}});
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  std::size_t refused = 0, read = 0;
  for (std::size_t bit = 0; bit < (8 + length) * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    try {
      const TensorFile file = from_safetensors(flipped, "f");
      std::size_t data = 0;
      for (const NamedTensor& entry : file.tensors) data += entry.tensor.nbytes();
      EXPECT_EQ(data, bytes.size() - 8 - length);
      ++read;
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000u);
  EXPECT_GT(read, 0u);
}

TEST(Safetensors, RefusesEachFault) {
  struct Case {
    std::string header;
    std::size_t data;
    std::string reason;
  };
  const std::string w = R"("w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  const std::vector<Case> cases = {
      {"[]", 0, "not a JSON object"},
      {"{", 0, "some/file"},
      {"{" + w + "," + w + "}", 8, "twice"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4, "4 bytes, which is not F32 [2]"},
      {R"({"w":{"dtype":"F4","shape":[2],"data_offsets":[0,4]}})", 4, "must be one of U64"},
      {R"({"w":{"shape":[2],"data_offsets":[0,8]}})", 8, "must be one of U64"},
      {R"({"w":3})", 8, "must have dtype, shape and data_offsets"},
      {R"({"w":{"dtype":1,"shape":[2],"data_offsets":[0,8]}})", 8, "must be one of U64"},
      {R"({"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8, "integers from 0"},
      {R"({"w":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", 8, "integers from 0"},
      {R"({"w":{"dtype":"F32","shape":2,"data_offsets":[0,8]}})", 8, "must be an array"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8, "begin and end"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0]}})", 8, "begin and end"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}})", 8, "integers from 0"},
      {R"({"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", 0, "which is not"},
      {R"({"w":{"dtype":"F32","shape":[4611686018427387904,0],"data_offsets":[0,0]}})", 0, "which is not"},
      {R"({"w":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]}})", 8, "integers from 0"},
      {"{" + w + R"(,"v":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12, "overlap"},
      {"{" + w + R"(,"v":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}})", 20, "gap"},
      {"{" + w + R"(,"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8, "overlap"},
      {"{" + w + "}", 4, "the file holds 4"},
      {R"({"__metadata__":{"k":1}})", 0, "must be text"},
      {R"({"__metadata__":[]})", 0, "must be an object"},
  };
  for (const Case& item : cases) {
    const std::string message = refusal(file_of(item.header, item.data));
    EXPECT_NE(message.find(item.reason), std::string::npos) << item.header << "\n" << message;
    EXPECT_EQ(message.find("some/file"), 0u) << message;
  }
}

TEST(Safetensors, RefusesHugeHeaderLengths) {
  std::string bytes = file_of("{}", 0);
  for (const std::uint64_t length : {std::uint64_t{3}, std::uint64_t{100'000'001}, UINT64_MAX - 7, UINT64_MAX}) {
    std::memcpy(bytes.data(), &length, 8);
    EXPECT_NE(refusal(bytes), "") << length;
  }
  EXPECT_TRUE(from_safetensors(file_of("{}", 0), "f").tensors.empty());
}

}  // namespace
}  // namespace seqbench::tensors
