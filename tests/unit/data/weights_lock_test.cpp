#include "harness/data/weights_lock.h"

#include <gtest/gtest.h>

#include "harness/base/error.h"
#include "harness/base/sha256.h"
#include "harness/data/folders.h"
#include "tests/unit/data/temp_files.h"

namespace seqbench::data {
namespace {

using test::file_text;
using test::input_error;
using test::TempFiles;

WeightsLock lock_of(const std::string& name, const std::string& bytes) {
  return {"somebody/tiny", std::string(40, 'c'), "MIT", {{name, bytes.size(), sha256_hex(bytes)}}};
}

TEST(WeightsLock, IsReadAsWritten) {
  const TempFiles files;
  EXPECT_FALSE(read_weights_lock(files.path()));
  WeightsLock lock = lock_of("config.json", "{}");
  lock.files.push_back({"vocab.txt", 1, sha256_hex("a")});
  write_weights_lock(files.path(), lock);
  const auto read = read_weights_lock(files.path());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->repository, lock.repository);
  EXPECT_EQ(read->commit, lock.commit);
  EXPECT_EQ(read->licence, "MIT");
  EXPECT_EQ(read->files, lock.files);
  EXPECT_EQ(read->bytes(), 3u);
  EXPECT_EQ(read->find("vocab.txt")->bytes, 1u);
  EXPECT_EQ(read->find("merges.txt"), nullptr);
}

TEST(WeightsLock, BrokenOnesAreRefused) {
  const TempFiles files;
  const std::string sha(64, 'a'), commit(40, 'c');
  const auto text = [&](const std::string& version, const std::string& at, const std::string& list) {
    return "{\"version\":" + version + ",\"repository\":\"o/n\",\"commit\":\"" + at + "\",\"licence\":\"\",\"files\":[" + list + "]}";
  };
  const auto file = [&](const std::string& name, const std::string& bytes, const std::string& hash) {
    return "{\"name\":\"" + name + "\",\"bytes\":" + bytes + ",\"sha256\":\"" + hash + "\"}";
  };
  const std::string good = file("x", "1", sha);
  files.write("lock.json", text("1", commit, good));
  EXPECT_TRUE(read_weights_lock(files.path()));
  files.write("lock.json", text("1", "", good));  // files that were given
  EXPECT_TRUE(read_weights_lock(files.path()));
  for (const std::string& bad :
       {std::string("[]"), std::string("{}"), text("2", commit, good), text("1", "main", good), text("1", commit, ""), text("1", commit, good + "," + good),
        text("1", commit, file("../x", "1", sha)), text("1", commit, file("lock.json", "1", sha)), text("1", commit, file(".x", "1", sha)),
        text("1", commit, file("x", "-1", sha)), text("1", commit, file("x", "1.5", sha)), text("1", commit, file("x", "1", "abc"))}) {
    files.write("lock.json", bad);
    EXPECT_NE(input_error([&] { static_cast<void>(read_weights_lock(files.path())); }).find("lock.json: not a lock file of weights: "), std::string::npos) << bad;
  }
}

TEST(WeightsLock, FaultsOfFiles) {
  const TempFiles files;
  const WeightsFile file = lock_of("x", "abc").files.front();
  EXPECT_NE(fault_of(files.path(), file).find("x: is missing"), std::string::npos);
  files.write("x", "abc");
  EXPECT_EQ(fault_of(files.path(), file), "");
  files.write("x", "ab");
  EXPECT_NE(fault_of(files.path(), file).find("has 2 bytes, locked are 3"), std::string::npos);
  files.write("x", "abd");
  EXPECT_NE(fault_of(files.path(), file).find("has sha256 " + sha256_hex("abd")), std::string::npos);
}

TEST(Folders, ACopyAndAnExchange) {
  const TempFiles files;
  const auto source = files.write("a", "abc");
  const CopiedFile copied = copy_hashed(source, files.path() / "b");
  EXPECT_EQ(copied.bytes, 3u);
  EXPECT_EQ(copied.sha256, sha256_hex("abc"));
  EXPECT_EQ(file_text(files.path() / "b"), "abc");
  EXPECT_THROW(copy_hashed(source, files.path() / "b"), MachineError);
  EXPECT_THROW(copy_hashed(files.path() / "absent", files.path() / "c"), InputError);
  EXPECT_THROW(check_space(files.path(), 1ull << 60), MachineError);
  std::filesystem::create_directory(files.path() / "staged");
  files.write("staged/x", "new");
  swap_in(files.path() / "staged", files.path() / "home");
  EXPECT_FALSE(std::filesystem::exists(files.path() / "staged"));
  std::filesystem::create_directory(files.path() / "staged");
  files.write("staged/x", "newer");
  swap_in(files.path() / "staged", files.path() / "home");
  EXPECT_EQ(file_text(files.path() / "home/x"), "newer");
  EXPECT_EQ(file_text(files.path() / "staged/x"), "new");
  sync_folder(files.path());
  EXPECT_THROW(sync_folder(files.path() / "absent"), MachineError);
}

}  // namespace
}  // namespace seqbench::data
