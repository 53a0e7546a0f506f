#include "harness/data/home.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>

#include "harness/base/json.h"
#include "harness/base/sha256.h"
#include "tests/unit/data/temp_files.h"

namespace seqbench::data {
namespace {

namespace fs = std::filesystem;
using test::file_text;
using test::input_error;
using test::TempFiles;

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {}));
}

TEST(DataHome, FlagThenVariableThenDefault) {
  ::setenv("SEQBENCH_DATA", "/somewhere", 1);
  EXPECT_EQ(data_home("flag"), "flag");
  EXPECT_EQ(data_home(), "/somewhere");
  ::setenv("SEQBENCH_DATA", "", 1);
  EXPECT_EQ(data_home(), "data");
  ::unsetenv("SEQBENCH_DATA");
  EXPECT_EQ(data_home(), "data");
  EXPECT_EQ(task_folder("data", "gfp"), fs::path("data/gfp"));
}

TEST(InstallFiles, CopiesHashesAndLocks) {
  const TempFiles files;
  const auto source = files.write("from.tsv", "abc");
  const fs::path folder = files.path() / "home" / "gfp";
  EXPECT_TRUE(read_lock(folder).empty());
  const auto locked = install_files(folder, {{"a.tsv", source}});
  ASSERT_EQ(locked.size(), 1u);
  EXPECT_EQ(locked[0].role, "a.tsv");
  EXPECT_EQ(locked[0].sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(locked[0].bytes, 3u);
  EXPECT_EQ(locked[0].origin, "from.tsv");
  EXPECT_EQ(file_text(folder / "a.tsv"), "abc");
  const Json lock = Json::parse(file_text(folder / "lock.json"));
  EXPECT_EQ(lock, Json::parse(R"({"version": 1, "files": [{"role": "a.tsv", "bytes": 3, "origin": "from.tsv",
      "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}]})"));
  const auto read = read_lock(folder);
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(lock_sha256(read), lock_sha256(locked));
  EXPECT_NO_THROW(verify_lock(folder, true));
  EXPECT_EQ(entries(folder.parent_path()), 1u);  // nothing staged is left
}

TEST(InstallFiles, ReplacesTheFormerImportWhole) {
  const TempFiles files;
  const fs::path folder = files.path() / "home" / "gfp/";
  install_files(folder, {{"a", files.write("x", "1")}, {"b", files.write("y", "2")}});
  // Its own file may be among the sources.
  install_files(folder, {{"c", files.path() / "home" / "gfp" / "b"}});
  EXPECT_EQ(file_text(folder / "c"), "2");
  EXPECT_EQ(entries(folder), 2u);
  EXPECT_EQ(entries(files.path() / "home"), 1u);
}

TEST(InstallFiles, AFailureLeavesTheFormerContent) {
  const TempFiles files;
  const fs::path folder = files.path() / "home" / "gfp";
  install_files(folder, {{"a", files.write("x", "1")}});
  const auto missing = files.path() / "missing";
  EXPECT_EQ(input_error([&] { install_files(folder, {{"a", files.write("y", "2")}, {"b", missing}}); }),
            missing.string() + ": is not a readable file");
  // Too large for any disk, by its size alone.
  const auto huge = files.write("huge", "");
  fs::resize_file(huge, std::uintmax_t{1} << 43);
  try {
    install_files(folder, {{"a", huge}});
    FAIL() << "a file of 8 TiB was copied";
  } catch (const MachineError& error) {
    EXPECT_NE(std::string(error.what()).find("disk full"), std::string::npos) << error.what();
  }
  EXPECT_EQ(file_text(folder / "a"), "1");
  EXPECT_EQ(entries(folder), 2u);
  EXPECT_EQ(entries(files.path() / "home"), 1u);
  EXPECT_NO_THROW(verify_lock(folder, true));
}

TEST(InstallFiles, AWriteThatFailsHalfwayLeavesTheFormerContent) {
  const TempFiles files;
  const fs::path folder = files.path() / "home" / "gfp";
  install_files(folder, {{"a", files.write("x", "1")}});
  const auto large = files.write("large", std::string(3u << 20, 'x'));
  // A limit on file sizes stands for the disk that fills up while it is written.
  rlimit former{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &former), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limited{.rlim_cur = 2u << 20, .rlim_max = former.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limited), 0);
  EXPECT_THROW(install_files(folder, {{"b", large}}), MachineError);
  ::setrlimit(RLIMIT_FSIZE, &former);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(file_text(folder / "a"), "1");
  EXPECT_EQ(entries(folder), 2u);
  EXPECT_EQ(entries(files.path() / "home"), 1u);
}

TEST(VerifyLock, NamesWhatChangedAndTheRemedy) {
  const TempFiles files;
  const fs::path folder = files.path() / "gfp";
  const std::string remedy = "; import it again: seqbench data import gfp FILE...";
  EXPECT_EQ(input_error([&] { verify_lock(folder, false); }), folder.string() + ": no data here" + remedy);
  install_files(folder, {{"a", files.write("x", "abc")}});

  std::ofstream(folder / "a") << "abd";  // as long as before
  EXPECT_NO_THROW(verify_lock(folder, false));
  EXPECT_EQ(input_error([&] { verify_lock(folder, true); }),
            (folder / "a").string() + ": was changed since its import: 3 bytes with sha256 " + sha256_hex("abd") +
                ", imported were 3 bytes with sha256 " + sha256_hex("abc") + remedy);
  std::ofstream(folder / "a") << "abcd";
  EXPECT_NE(input_error([&] { verify_lock(folder, false); }).find("4 bytes with sha256 " + sha256_hex("abcd")),
            std::string::npos);
  fs::remove(folder / "a");
  EXPECT_EQ(input_error([&] { verify_lock(folder, false); }),
            (folder / "a").string() + ": is missing (sha256 " + sha256_hex("abc") + ")" + remedy);
}

TEST(ReadLock, RefusesWhatItDidNotWrite) {
  const TempFiles files;
  const std::string sha(64, 'a');
  const auto error = [&](const std::string& text) {
    files.write("lock.json", text);
    const std::string message = input_error([&] { (void)read_lock(files.path()); });
    EXPECT_TRUE(message.starts_with((files.path() / "lock.json").string() + ": not a lock file: ")) << message;
    return message;
  };
  const auto entry = [&](const std::string& role, const std::string& hash, const std::string& bytes) {
    return R"({"version":1,"files":[{"role":")" + role + R"(","sha256":")" + hash + R"(","bytes":)" + bytes +
           R"(,"origin":"o"}]})";
  };
  error("{");
  error("[]");
  error(R"({"version":2,"files":[]})");
  error(R"({"version":1})");
  error(entry("../a", sha, "1"));
  error(entry("lock.json", sha, "1"));
  error(entry("a", "short", "1"));
  error(entry("a", sha, "-1"));
  error(entry("a", sha, "1.5"));
  files.write("lock.json", entry("a", sha, "1"));
  EXPECT_EQ(read_lock(files.path()).at(0).sha256, sha);
}

TEST(LockSha256, DependsOnRolesAndHashesNotOnOrderOrOrigin) {
  const LockedFile a{"a", std::string(64, '1'), 1, "x"};
  const LockedFile b{"b", std::string(64, '2'), 2, "y"};
  LockedFile b_moved = b;
  b_moved.origin = "z";
  LockedFile b_changed = b;
  b_changed.sha256[0] = '3';
  EXPECT_EQ(lock_sha256({a, b}), lock_sha256({b_moved, a}));
  EXPECT_NE(lock_sha256({a, b}), lock_sha256({a, b_changed}));
  EXPECT_NE(lock_sha256({a, b}), lock_sha256({a}));
  // The hash of what sha256sum would print.
  EXPECT_EQ(lock_sha256({a}), sha256_hex(a.sha256 + "  a\n"));
}

}  // namespace
}  // namespace seqbench::data
