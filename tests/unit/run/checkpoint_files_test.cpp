// Checkpoint files: whole, torn, foreign, and how many are kept.

#include <gtest/gtest.h>

#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>

#include <algorithm>
#include <fstream>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/streams.h"
#include "harness/run/checkpoint_files.h"
#include "tests/unit/run/fixture.h"

namespace seqbench::run {
namespace {

namespace fs = std::filesystem;
using store::CheckpointRow;
using test::TempFolder;

/// 64 KiB that depend on `step`.
std::vector<NamedTensor> tensors(std::int64_t step) {
  at::Tensor t = at::empty({128, 128}, at::kFloat);
  Draws draws = Streams(static_cast<std::uint64_t>(step)).open("test").at();
  for (std::int64_t i = 0; i < t.numel(); ++i) t.mutable_data_ptr<float>()[i] = draws.uniform_float();
  return {{"weight", t}};
}

class Fixture : public testing::Test {
 protected:
  [[nodiscard]] CheckpointFiles files(const std::string& key = "key", const std::string& numerics = "class") const {
    return {folder(), key, numerics};
  }
  [[nodiscard]] fs::path folder() const { return home_.path() / "execution"; }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(folder())) out.push_back(entry.path().filename().string());
    std::sort(out.begin(), out.end());
    return out;
  }
  static CheckpointRow write(CheckpointFiles& to, std::int64_t step) {
    return to.write(step, tensors(step), {{"step", step}}, [] {}).row;
  }

 private:
  TempFolder home_;
};
using CheckpointFilesTest = Fixture;
using Names = std::vector<std::string>;

TEST_F(CheckpointFilesTest, TheNewestTwoAreKept) {
  CheckpointFiles f = files();
  EXPECT_TRUE(f.write(10, tensors(10), {}, [] {}).removed_steps.empty());
  EXPECT_TRUE(f.write(20, tensors(20), {}, [] {}).removed_steps.empty());
  EXPECT_EQ(f.write(30, tensors(30), {}, [] {}).removed_steps, std::vector<std::int64_t>{10});
  EXPECT_EQ(names(), (Names{"step-20.safetensors", "step-30.safetensors"}));
}

TEST_F(CheckpointFilesTest, TwoAreKeptThoughTheFirstCameFromAnEarlierAttempt) {
  CheckpointFiles before = files();
  const CheckpointRow one = write(before, 10), two = write(before, 20);
  CheckpointFiles f = files();
  std::vector<std::string> warnings;
  ASSERT_TRUE(f.load({two, one}, warnings));
  EXPECT_EQ(f.write(30, tensors(30), {}, [] {}).removed_steps, std::vector<std::int64_t>{10});
  EXPECT_EQ(f.write(40, tensors(40), {}, [] {}).removed_steps, std::vector<std::int64_t>{20});
  EXPECT_EQ(names(), (Names{"step-30.safetensors", "step-40.safetensors"}));
}

TEST_F(CheckpointFilesTest, TheNewestIsLoadedWithItsBits) {
  CheckpointFiles f = files();
  const CheckpointRow one = write(f, 10), two = write(f, 20);
  EXPECT_EQ(two.bytes, static_cast<std::int64_t>(fs::file_size(two.path)));
  EXPECT_EQ(two.kind, "last");
  std::vector<std::string> warnings;
  const auto found = files().load({two, one}, warnings);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->first, 20);
  EXPECT_EQ(found->second.state, Json({{"step", 20}}));
  ASSERT_EQ(found->second.tensors.size(), 1u);
  EXPECT_EQ(found->second.tensors[0].name, "weight");
  EXPECT_TRUE(at::equal(found->second.tensors[0].tensor, tensors(20)[0].tensor));
  EXPECT_TRUE(warnings.empty());
}

TEST_F(CheckpointFilesTest, FilesThatAreGoneOrUnknownAreNotTaken) {
  CheckpointFiles f = files();
  const CheckpointRow one = write(f, 10), two = write(f, 20);
  fs::remove(two.path);
  std::vector<std::string> warnings;
  EXPECT_EQ(files().load({two, one}, warnings)->first, 10);
  EXPECT_FALSE(files().load({}, warnings));
  EXPECT_TRUE(warnings.empty());
}

/// Damages the newer of two files in each way: it must be set aside and the older one taken.
void expect_older(const CheckpointRow& one, const CheckpointRow& two, const fs::path& folder,
                  const std::string& damaged, const std::string& how) {
  std::ofstream(two.path, std::ios::binary | std::ios::trunc) << damaged;
  std::vector<std::string> warnings;
  const auto found = CheckpointFiles(folder, "key", "class").load({two, one}, warnings);
  ASSERT_TRUE(found) << how;
  EXPECT_EQ(found->first, 10) << how;
  ASSERT_EQ(warnings.size(), 1u) << how;
  EXPECT_NE(warnings[0].find("step-20.safetensors.bad"), std::string::npos) << warnings[0];
  EXPECT_FALSE(fs::exists(two.path)) << how;
  EXPECT_EQ(read_file(two.path + ".bad"), damaged) << how;
}

TEST_F(CheckpointFilesTest, AFlippedBitAnywhereSetsTheFileAside) {
  CheckpointFiles f = files();
  const CheckpointRow one = write(f, 10), two = write(f, 20);
  const std::string whole = read_file(two.path);
  Draws draws = Streams(1).open("test").at();
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t place = draws.below(whole.size() * 8);
    std::string damaged = whole;
    damaged[place / 8] = static_cast<char>(damaged[place / 8] ^ (1 << place % 8));
    expect_older(one, two, folder(), damaged, "bit " + std::to_string(place));
  }
}

TEST_F(CheckpointFilesTest, ATruncatedFileIsSetAside) {
  CheckpointFiles f = files();
  const CheckpointRow one = write(f, 10), two = write(f, 20);
  const std::string whole = read_file(two.path);
  ASSERT_GT(whole.size(), 16u * 4096);
  for (std::size_t size = 0; size < whole.size(); size += 4096) {
    expect_older(one, two, folder(), whole.substr(0, size), std::to_string(size) + " bytes");
  }
}

TEST_F(CheckpointFilesTest, AnotherTrialsFileIsRefused) {
  CheckpointFiles other = files("another key"), own = files();
  const CheckpointRow foreign = write(other, 20), one = write(own, 10);
  std::vector<std::string> warnings;
  EXPECT_EQ(files().load({foreign, one}, warnings)->first, 10);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("another trial"), std::string::npos) << warnings[0];
}

TEST_F(CheckpointFilesTest, AnotherNumericsClassIsNotTakenAndStays) {
  CheckpointFiles f = files("key", "two threads");
  const CheckpointRow row = write(f, 10);
  std::vector<std::string> warnings;
  EXPECT_FALSE(files().load({row}, warnings));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_NE(warnings[0].find("starting over"), std::string::npos) << warnings[0];
  EXPECT_EQ(names(), Names{"step-10.safetensors"});
  EXPECT_TRUE(files("key", "two threads").load({row}, warnings));
}

TEST_F(CheckpointFilesTest, ATemporaryLeftOverIsIgnoredAndWrittenOver) {
  CheckpointFiles f = files();
  const CheckpointRow one = write(f, 10);
  const std::string left = (folder() / "step-20.safetensors.tmp").string();
  std::ofstream(left) << "torn";
  std::vector<std::string> warnings;
  EXPECT_EQ(files().load({one}, warnings)->first, 10);
  EXPECT_TRUE(warnings.empty());
  const CheckpointRow two = write(f, 20);
  EXPECT_FALSE(fs::exists(left));
  EXPECT_EQ(files().load({two, one}, warnings)->first, 20);
}

TEST_F(CheckpointFilesTest, RowsAreDurableBeforeTheFileHasItsName) {
  CheckpointFiles f = files();
  int calls = 0;
  Names seen;
  const CheckpointRow row = f.write(10, tensors(10), {}, [&] {
                               ++calls;
                               seen = names();
                             }).row;
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(seen, Names{"step-10.safetensors.tmp"});
  EXPECT_EQ(names(), Names{"step-10.safetensors"});
}

TEST_F(CheckpointFilesTest, WhenRowsCannotBeMadeDurableNothingIsPublished) {
  CheckpointFiles f = files();
  const CheckpointRow one = write(f, 10);
  EXPECT_THROW((void)f.write(20, tensors(20), {}, [] { throw MachineError("full"); }), MachineError);
  EXPECT_FALSE(fs::exists(folder() / "step-20.safetensors"));
  std::vector<std::string> warnings;
  EXPECT_EQ(files().load({one}, warnings)->first, 10);
}

TEST_F(CheckpointFilesTest, AFolderThatCannotBeMadeIsAMachineError) {
  std::ofstream(folder()) << "a file in its place";
  CheckpointFiles f = files();
  EXPECT_THROW((void)write(f, 10), MachineError);
}

}  // namespace
}  // namespace seqbench::run
