// Files that the reference wrote (tests/fixtures/weights/make.py), against the values that the script put into them.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/tensors/safetensors.h"
#include "harness/tensors/torch_archive.h"
#include "tests/support/temp_folder.h"

namespace seqbench::tensors {
namespace {

std::filesystem::path fixture(const char* name) {
  return std::filesystem::path(SEQBENCH_SOURCE_DIR) / "tests/fixtures/weights" / name;
}

TEST(TorchArchive, ViewsComeOutContiguousAndApart) {
  for (const char* name : {"views.bin", "nested.bin"}) {
    const TorchArchive file(fixture(name));
    EXPECT_EQ(file.tensors().size(), 11u);
    const at::Tensor base = at::arange(12, at::kFloat), tied = at::arange(6, at::kHalf).reshape({2, 3});
    const auto expect = [&](const char* tensor, const at::Tensor& expected) {
      const at::Tensor read = file.read(tensor);
      EXPECT_TRUE(read.is_contiguous()) << tensor;
      EXPECT_EQ(read.scalar_type(), expected.scalar_type()) << tensor;
      EXPECT_TRUE(read.equal(expected)) << tensor;
    };
    expect("whole", base);
    expect("transposed", base.reshape({3, 4}).t());
    expect("offset", base.slice(0, 5, 9).reshape({2, 2}));
    expect("step", base.slice(0, 1, 12, 3));
    expect("expanded", at::full({2, 3}, 7.0, at::kFloat));
    expect("tied", tied);
    expect("again", tied);
    expect("scalar", at::full({}, 5, at::kLong));
    expect("empty", at::full({0, 3}, 0.0, at::kFloat));
    expect("flags", at::arange(2, at::kLong).eq(0));
    expect("parameter", (at::arange(2, at::kFloat) * -3.5 + 1.5).to(at::kBFloat16));
    EXPECT_NE(file.read("tied").const_data_ptr(), file.read("again").const_data_ptr());
    EXPECT_THROW(static_cast<void>(file.read("absent")), InputError);
  }
}

TEST(TorchArchive, RefusesTheFormatBeforeZip) {
  try {
    const TorchArchive file(fixture("legacy.bin"));
    FAIL() << "read";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("before 1.6"), std::string::npos) << error.what();
  }
}

TEST(TorchArchive, RefusesEveryTruncation) {
  const std::string bytes = read_file(fixture("views.bin"));
  const TempFolder folder;
  const std::filesystem::path path = folder.path() / "cut.bin";
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    write_file_atomically(path, std::string_view(bytes).substr(0, size));
    EXPECT_THROW(TorchArchive{path}, InputError) << size;
  }
}

TEST(Reference, EveryDtypeIsReadAndWrittenAsTheReferenceDoes) {
  const SafetensorsFile file(fixture("dtypes.safetensors"));
  ASSERT_EQ(file.tensors().size(), dtypes().size());
  std::vector<NamedTensor> tensors;
  for (const TensorInfo& info : file.tensors()) {
    tensors.push_back({info.name, file.read(info.name)});
    if (info.dtype == at::ScalarType::ComplexFloat) continue;
    const at::Tensor values = tensors.back().tensor.to(at::kDouble);
    EXPECT_TRUE(values.equal(at::arange(3, at::kDouble).clamp_max(1).reshape({1, 3}))) << info.name;
  }
  EXPECT_EQ(to_safetensors(tensors, kPytorchMetadata), read_file(fixture("dtypes.safetensors")));
}

}  // namespace
}  // namespace seqbench::tensors
