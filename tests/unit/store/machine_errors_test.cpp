#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include "harness/store/connection.h"
#include "harness/store/migrate.h"
#include "tests/unit/store/fixture.h"

namespace seqbench::store {
namespace {

using namespace test;
namespace fs = std::filesystem;

void overwrite(const fs::path& path, std::int64_t offset, const std::string& bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(offset);
  file << bytes;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// In a process of its own that may not pass by file modes.
std::string as_nobody(const std::function<std::string()>& body) {
  return in_child([&]() -> std::string {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return "cannot drop privileges";
    return body();
  });
}

TEST(NotAStore, TextFile) {
  const TempFolder folder;
  std::ofstream(folder.store()) << std::string(4096, 'x');
  const std::string text = message_of<InputError>([&] { RunStore store(folder.store()); });
  EXPECT_TRUE(contains(text, folder.store().string()) && contains(text, "not a store")) << text;
  EXPECT_TRUE(contains(message_of<InputError>([&] { Reader reader(folder.store()); }), "not a store"));
}

TEST(NotAStore, DatabaseOfAnotherProgramIsLeftAlone) {
  const TempFolder folder;
  sql(folder.store(), "CREATE TABLE notes (text)");
  const std::string before = sha256_file_hex(folder.store());
  EXPECT_TRUE(contains(message_of<InputError>([&] { RunStore store(folder.store()); }), "another program"));
  EXPECT_TRUE(contains(message_of<InputError>([&] { Reader reader(folder.store()); }), "another program"));
  EXPECT_EQ(sha256_file_hex(folder.store()), before);
}

TEST(NotAStore, MissingForReading) {
  const TempFolder folder;
  EXPECT_TRUE(contains(message_of<InputError>([&] { Reader reader(folder.store()); }), "no store"));
  EXPECT_FALSE(fs::exists(folder.store()));
}

TEST(Opening, MakesItsFolderAndTakesAnEmptyFile) {
  const TempFolder folder;
  make_store(folder.path() / "a" / "b" / "seqbench.db", {1});
  std::ofstream(folder.store()).close();
  make_store(folder.store(), {1});
  EXPECT_EQ(exported(folder.store()), exported(folder.path() / "a" / "b" / "seqbench.db"));
}

TEST(Opening, OddPathIsTakenLiterally) {
  const TempFolder folder;
  const fs::path odd = folder.path() / "50% of?mode=memory #1 'x'.db";
  make_store(odd, {1});
  EXPECT_EQ(Reader(odd).trials_of_task("gfp").size(), 1u);
  EXPECT_TRUE(fs::exists(odd));
}

TEST(Opening, EightProcessesMakeOneStore) {
  const TempFolder folder;
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    int code = 1;
    try {
      RunStore store(folder.store());
      (void)store.open_run(run_row({i}));
      code = 0;
    } catch (const std::exception& error) {
      fmt::print(stderr, "child: {}\n", error.what());
    }
    ::_exit(code);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(sql(folder.store(), "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM schema_migrations)"),
            fmt::format("8|{}", migrations().size()));
}

TEST(Damage, OverwrittenTableIsFoundAndNamed) {
  const TempFolder folder;
  make_store(folder.store(), {1, 2, 3});
  sql(folder.store(), "PRAGMA wal_checkpoint(TRUNCATE)");
  const int page = std::stoi(sql(folder.store(), "SELECT rootpage FROM sqlite_schema WHERE name = 'curves'"));
  overwrite(folder.store(), (page - 1) * 8192, std::string(512, '\xA5'));
  const std::string found = joined(Reader(folder.store()).check());
  EXPECT_TRUE(contains(found, "integrity")) << found;
  const std::string text = message_of<MachineError>([&] { make_store(folder.store(), {4}); });
  EXPECT_TRUE(contains(text, folder.store().string()) && contains(text, "backup")) << text;
}

TEST(Damage, TruncatedFile) {
  const TempFolder folder;
  make_store(folder.store(), {1, 2, 3});
  fs::resize_file(folder.store(), 3 * 8192 + 100);
  for (const auto& open : {std::function<void()>([&] { RunStore store(folder.store()); }),
                           std::function<void()>([&] { Reader reader(folder.store()); })}) {
    const std::string text = message_of<MachineError>(open);
    EXPECT_TRUE(contains(text, folder.store().string()) && contains(text, "damaged")) << text;
  }
}

TEST(Permission, FolderThatCannotBeWritten) {
  const TempFolder folder;
  fs::permissions(folder.path(), fs::perms(0555));
  const std::string text = as_nobody([&] { return message_of<MachineError>([&] { RunStore store(folder.store()); }); });
  EXPECT_TRUE(contains(text, folder.store().string()) && contains(text, "must be writable")) << text;
  const std::string below =
      as_nobody([&] { return message_of<MachineError>([&] { RunStore store(folder.path() / "new" / "s.db"); }); });
  EXPECT_TRUE(contains(below, "cannot make the folder")) << below;
  fs::permissions(folder.path(), fs::perms(0755));
}

TEST(Permission, FileThatCannotBeWrittenIsReadable) {
  const TempFolder folder;
  make_store(folder.store(), {1});
  const std::string expected = exported(folder.store());
  ASSERT_TRUE(fs::exists(folder.store().string() + "-wal"));
  const auto read_only = [&] {
    for (const auto& entry : fs::directory_iterator(folder.path())) fs::permissions(entry.path(), fs::perms(0444));
    fs::permissions(folder.path(), fs::perms(0555));
  };
  read_only();
  const std::string text = as_nobody([&] { return message_of<MachineError>([&] { RunStore store(folder.store()); }); });
  EXPECT_TRUE(contains(text, "must be writable")) << text;
  EXPECT_EQ(as_nobody([&] { return exported(folder.store()) + joined(Reader(folder.store()).check()); }), expected);

  // As copied to read-only media: no log, and none can be made.
  fs::permissions(folder.path(), fs::perms(0755));
  for (const char* end : {"-wal", "-shm"}) fs::remove(folder.store().string() + end);
  read_only();
  EXPECT_EQ(as_nobody([&] { return exported(folder.store()) + joined(Reader(folder.store()).check()); }), expected);
  fs::permissions(folder.path(), fs::perms(0755));
}

TEST(Permission, LogOfALiveWriterIsReadable) {
  const TempFolder folder;
  RunStore store(folder.store());
  const RunId run = store.open_run(run_row({1}));
  finish(store, run, 1);
  fs::permissions(folder.path(), fs::perms(0555));
  EXPECT_EQ(as_nobody([&] { return std::to_string(Reader(folder.store()).trials_of_task("gfp").size()); }), "1");
  fs::permissions(folder.path(), fs::perms(0755));
}

/// Writes trials until the disk is full, then makes room and goes on. "" or what went wrong.
std::string fill_small_disk(const fs::path& mount) {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("tmpfs", mount.c_str(), "tmpfs", 0, "size=3m") != 0) {
    return "no mount";
  }
  const fs::path path = mount / "seqbench.db";
  std::vector<int> trials;
  for (int i = 0; i < 100; ++i) trials.push_back(i);
  std::string message;
  std::size_t finished = 0;
  {
    RunStore store(path);
    const RunId run = store.open_run(run_row(trials));
    message = message_of<MachineError>([&] {
      for (const int trial : trials) {
        const Begun begun = store.begin_trial(run, key_of(trial), environment());
        store.add_curves(begun, curve(1, 3000));
        store.record(begun, record_of(trial));
        ++finished;
      }
    });
  }
  if (!contains(message, path.string()) || !contains(message, "free space")) return "unclear: " + message;
  if (finished == 0) return "no trial was finished";
  const std::string found = joined(Reader(path).check());
  if (!found.empty()) return found;
  if (Reader(path).trials_of_task("gfp").size() != finished) return "a finished trial is lost";

  if (::mount("tmpfs", mount.c_str(), "tmpfs", MS_REMOUNT, "size=64m") != 0) return "no remount";
  RunStore store(path);
  const RunId run = store.open_run(run_row(trials));
  for (const int trial : trials) {
    if (!store.has_finished(key_of(trial))) finish(store, run, trial);
  }
  store.close_run(run, "done");
  if (Reader(path).trials_of_task("gfp").size() != trials.size()) return "cannot go on";
  return joined(Reader(path).check());
}

TEST(FullDisk, FinishedTrialsStayAndTheRunGoesOn) {
  const TempFolder folder;
  const std::string text = in_child([&] { return fill_small_disk(folder.path()); });
  if (text == "no mount") GTEST_SKIP() << "NOT TESTED: a full disk, since no tmpfs can be mounted here (needs root)";
  EXPECT_EQ(text, "");
}

TEST(Busy, HolderIsNamedAfterTheLimit) {
  const TempFolder folder;
  RunStore store(folder.store());
  const RunId run = store.open_run(run_row({1}));
  (void)store.begin_trial(run, key_of(1), environment());
  Connection holder(folder.store(), Connection::Mode::kWrite);
  holder.begin();
  Connection waiting(folder.store(), Connection::Mode::kWrite);
  waiting.execute("PRAGMA busy_timeout = 20");
  const std::string text = message_of<MachineError>([&] { waiting.begin(std::chrono::milliseconds(100)); });
  EXPECT_TRUE(contains(text, fmt::format(":{}:", ::getpid()))) << text;
  holder.rollback();
  waiting.begin(std::chrono::milliseconds(100));
  waiting.rollback();
}

TEST(NetworkFileSystem, IsKnownByItsType) {
  EXPECT_EQ(network_filesystem(0x6969), "NFS");
  EXPECT_EQ(network_filesystem(0xFF534D42), "SMB/CIFS");
  EXPECT_EQ(network_filesystem(0x65735546), "FUSE");
  EXPECT_EQ(network_filesystem(0xEF53), "");      // ext4
  EXPECT_EQ(network_filesystem(0x01021994), "");  // tmpfs
}

}  // namespace
}  // namespace seqbench::store
