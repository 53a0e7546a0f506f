#include "harness/base/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <ctime>
#include <set>
#include <thread>

#include "harness/base/error.h"
#include "harness/base/sha256.h"
#include "tests/support/temp_folder.h"

namespace seqbench {
namespace {

class Files : public testing::Test {
 protected:
  [[nodiscard]] std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }

  TempFolder temp_;
  const std::filesystem::path folder_ = temp_.path();
};

template <typename Exception, typename Call>
std::string message_of(const Call& call) {
  try {
    call();
  } catch (const Exception& error) {
    return error.what();
  }
  return "(no error)";
}

TEST_F(Files, WriteThenRead) {
  const std::string bytes("a\0b\r\n\xff", 6);
  write_file_atomically(folder_ / "x", bytes);
  EXPECT_EQ(read_file(folder_ / "x"), bytes);
  write_file_atomically(folder_ / "x", "");
  EXPECT_EQ(read_file(folder_ / "x"), "");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(Files, LargeFilesAreReadWhole) {
  std::string bytes(300'001, 'x');
  bytes.back() = 'y';
  write_file_atomically(folder_ / "x", bytes);
  EXPECT_EQ(read_file(folder_ / "x"), bytes);
}

TEST_F(Files, ReadRefusesMoreThanTheLimit) {
  write_file_atomically(folder_ / "x", "12345");
  EXPECT_EQ(read_file(folder_ / "x", 5), "12345");
  const auto read = [this] { static_cast<void>(read_file(folder_ / "x", 4)); };
  EXPECT_EQ(message_of<InputError>(read), "'" + (folder_ / "x").string() + "' is larger than 4 bytes");
}

TEST_F(Files, ReadErrorsNamePathAndReason) {
  const auto read = [this] { static_cast<void>(read_file(folder_ / "absent")); };
  EXPECT_EQ(message_of<InputError>(read),
            "cannot read '" + (folder_ / "absent").string() + "': No such file or directory");
  EXPECT_EQ(message_of<InputError>([this] { static_cast<void>(read_file(folder_)); }),
            "cannot read '" + folder_.string() + "': Is a directory");
}

TEST_F(Files, FailedWriteLeavesTheOldFileAndNoTemporary) {
  std::filesystem::create_directory(folder_ / "x");  // a folder cannot be replaced by a file
  const auto write = [this] { write_file_atomically(folder_ / "x", "new"); };
  EXPECT_EQ(message_of<MachineError>(write), "cannot write '" + (folder_ / "x").string() + "': Is a directory");
  EXPECT_EQ(entries(), 1u);
  const auto nowhere = [this] { write_file_atomically(folder_ / "absent" / "x", "new"); };
  EXPECT_NE(message_of<MachineError>(nowhere).find("No such file or directory"), std::string::npos);
}

TEST_F(Files, FullDiskIsAMachineErrorThatKeepsTheOldFile) {
  write_file_atomically(folder_ / "x", "old");
  std::filesystem::create_symlink("/dev/full", folder_ / "x.tmp");
  const auto write = [this] { write_file_atomically(folder_ / "x", "new"); };
  EXPECT_NE(message_of<MachineError>(write).find("No space left on device"), std::string::npos);
  EXPECT_EQ(read_file(folder_ / "x"), "old");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(Files, ReadersSeeOldOrNewButNothingBetween) {
  const std::string old(200'000, 'o'), fresh(100'000, 'f');
  write_file_atomically(folder_ / "x", old);
  std::thread writer([&] {
    for (int i = 0; i < 20; ++i) write_file_atomically(folder_ / "x", i % 2 == 0 ? fresh : old);
  });
  for (int i = 0; i < 50; ++i) {
    const std::string seen = read_file(folder_ / "x");
    EXPECT_TRUE(seen == old || seen == fresh) << seen.size();
  }
  writer.join();
}

TEST_F(Files, RelativePathWithoutFolder) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  write_file_atomically("plain", "1");
  std::filesystem::current_path(before);
  EXPECT_EQ(read_file(folder_ / "plain"), "1");
}

TEST_F(Files, Sha256OfAFile) {
  const std::string bytes((1u << 20) + 17, 'z');
  write_file_atomically(folder_ / "x", bytes);
  EXPECT_EQ(sha256_file_hex(folder_ / "x"), sha256_hex(bytes));
  const auto hash = [this] { static_cast<void>(sha256_file_hex(folder_ / "absent")); };
  EXPECT_EQ(message_of<InputError>(hash),
            "cannot read '" + (folder_ / "absent").string() + "': No such file or directory");
  EXPECT_THROW(static_cast<void>(sha256_file_hex(folder_)), InputError);
}

TEST(Time, UtcNowIsIso8601WithMillisecondsAndOfToday) {
  const std::string text = utc_now();
  std::string shape = text;
  for (char& letter : shape) letter = '0' <= letter && letter <= '9' ? '9' : letter;
  EXPECT_EQ(shape, "9999-99-99T99:99:99.999Z");
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  EXPECT_EQ(std::stoi(text.substr(0, 4)), parts.tm_year + 1900);
  EXPECT_EQ(std::stoi(text.substr(5, 2)), parts.tm_mon + 1);
  EXPECT_LE(text, utc_now());
}

TEST(Time, MonotonicSecondsAreSeconds) {
  const double begun = monotonic_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const double passed = monotonic_seconds() - begun;
  EXPECT_GE(passed, 0.02);
  EXPECT_LT(passed, 10);
}

TEST(Uid, IsAUlidOfThisMillisecond) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  using namespace std::chrono;
  const auto now_ms = [] { return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count(); };
  const std::int64_t before = now_ms();
  const std::string uid = new_uid();
  const std::int64_t after = now_ms();
  ASSERT_EQ(uid.size(), 26u);
  ASSERT_EQ(uid.find_first_not_of(kAlphabet), std::string::npos);
  std::int64_t time = 0;
  for (const char digit : uid.substr(0, 10)) time = time * 32 + static_cast<std::int64_t>(kAlphabet.find(digit));
  EXPECT_GE(time, before);
  EXPECT_LE(time, after);
}

TEST(Uid, DoesNotRepeat) {
  std::set<std::string> uids;
  for (int i = 0; i < 5000; ++i) uids.insert(new_uid());
  EXPECT_EQ(uids.size(), 5000u);
}

TEST_F(Files, ALinkStaysAndADeviceIsWrittenTo) {
  namespace fs = std::filesystem;
  write_file_atomically(folder_ / "target", "old");
  fs::create_symlink(folder_ / "target", folder_ / "link");
  write_file_atomically(folder_ / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(read_file(folder_ / "target"), "new");
  fs::create_symlink(folder_ / "nowhere", folder_ / "dangling");
  write_file_atomically(folder_ / "dangling", "x");
  EXPECT_EQ(read_file(folder_ / "nowhere"), "x");
  fs::create_symlink("/dev/null", folder_ / "null");
  write_file_atomically(folder_ / "null", "x");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  fs::create_symlink("/dev/full", folder_ / "full");
  EXPECT_THROW(write_file_atomically(folder_ / "full", "x"), MachineError);
  EXPECT_TRUE(fs::is_character_file("/dev/full"));
  EXPECT_THROW(write_file_atomically(folder_, "x"), MachineError) << "a folder is no file";
}

}  // namespace
}  // namespace seqbench
