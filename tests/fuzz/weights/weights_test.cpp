// Files of weights with damage: a result or a refusal, under sanitizers too (tests/run --full).
#include <ATen/ops/arange.h>
#include <gtest/gtest.h>

#include <fstream>

#include "harness/base/error.h"
#include "harness/tensors/safetensors.h"
#include "harness/tensors/torch_archive.h"
#include "models/weights/tensor_source.h"
#include "tests/fuzz/damage.h"
#include "tests/fuzz/mutate.h"
#include "tests/support/archive_maker.h"
#include "tests/support/bounded_child.h"
#include "tests/support/temp_folder.h"

namespace seqbench::fuzz {
namespace {

namespace fs = std::filesystem;

TEST(Safetensors, DamageIsReadOrRefused) {
  const std::vector<NamedTensor> tensors = {{"a", at::arange(6).reshape({2, 3})}, {"b.c", at::arange(4, at::kFloat)}};
  const std::string bytes = tensors::to_safetensors(tensors, {{"step", "3"}});
  ASSERT_EQ(tensors::from_safetensors(bytes, "whole").tensors.size(), 2u);
  const Stream stream = Streams(0).open("test");
  for (std::uint32_t k = 0; k < 2000; ++k) {
    SCOPED_TRACE(testing::Message() << "mutation " << k);
    EXPECT_NO_THROW(survive([&] { static_cast<void>(tensors::from_safetensors(mutated(bytes, stream.at({0, k, 0})), "damaged")); }));
  }
}

fs::path fixture(const char* name) { return fs::path(SEQBENCH_SOURCE_DIR) / "tests/fixtures/weights" / name; }

TEST(TorchArchive, DamageIsReadOrRefused) {
  const TempFolder folder;
  const Stream stream = Streams(0).open("test");
  std::uint32_t file = 0;
  for (const std::string& bytes : {read_file(fixture("views.bin")), read_file(fixture("nested.bin")),
                                   archives::archive(archives::dict({{"w", archives::tensor({})}, {"v", archives::tensor({.offset = 2, .shape = {2}, .strides = {2}})}}))}) {
    for (std::uint32_t k = 0; k < 2000; ++k) {
      write(folder.path() / "x.bin", mutated(bytes, stream.at({file, k, 0})));
      SCOPED_TRACE(testing::Message() << "file " << file << ", mutation " << k);
      EXPECT_NO_THROW(survive([&] {
        const tensors::TorchArchive archive(folder.path() / "x.bin");
        for (const tensors::TensorInfo& info : archive.tensors()) static_cast<void>(archive.read(info.name));
      }));
    }
    ++file;
  }
}

// Damage inside the pickle alone, in an archive that is whole: the directory would refuse most of the rest.
TEST(TorchPickle, DamageIsReadOrRefused) {
  const TempFolder folder;
  const Stream stream = Streams(0).open("test");
  const std::string good = archives::pickle(archives::dict({{"w", archives::tensor({})}, {"v", archives::tensor({.offset = 2, .shape = {2}, .strides = {2}})}}));
  for (std::uint32_t k = 0; k < 4000; ++k) {
    write(folder.path() / "x.bin", archives::zip(archives::archive_of(mutated(good, stream.at({9, k, 0})))));
    SCOPED_TRACE(testing::Message() << "mutation " << k);
    EXPECT_NO_THROW(survive([&] {
      const tensors::TorchArchive archive(folder.path() / "x.bin");
      for (const tensors::TensorInfo& info : archive.tensors()) static_cast<void>(archive.read(info.name));
    }));
  }
}

TEST(WeightsIndex, DamageIsReadOrRefused) {
  const Stream stream = Streams(0).open("test");
  std::uint32_t kind = 0;
  for (const char* name : {"sharded_safetensors", "sharded_bin"}) {
    const TempFolder folder;
    fs::copy(fixture(name), folder.path(), fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    fs::path index;
    for (const auto& entry : fs::directory_iterator(folder.path())) {
      if (entry.path().extension() == ".json") index = entry.path();
    }
    ASSERT_FALSE(index.empty());
    const std::string good = read_file(index);
    for (std::uint32_t k = 0; k < 800; ++k) {
      write(index, mutated(good, stream.at({20 + kind, k, 0})));
      SCOPED_TRACE(testing::Message() << name << ", mutation " << k);
      EXPECT_NO_THROW(survive([&] {
        const auto source = models::TensorSource::open(folder.path());
        for (const tensors::TensorInfo& info : source->tensors()) static_cast<void>(source->read(info.name));
      }));
    }
    ++kind;
  }
}

TEST(WeightsIndex, SixtyMegabytesOfSmallValuesAreRefused) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's own memory is no measure";
#endif
  const TempFolder folder;
  for (const char* piece : {"0,", "{},", "\"\","}) {
    std::string index = R"({"weight_map":[)";
    while (index.size() < 60'000'000) index += piece;
    write(folder.path() / "model.safetensors.index.json", index + "0]}");
    EXPECT_TRUE(ends_within(1u << 30, [&] {
      survive([&] { static_cast<void>(models::TensorSource::open(folder.path())); });
    })) << piece;
  }
}

}  // namespace
}  // namespace seqbench::fuzz
