#include "harness/store/migrate.h"

#include <gtest/gtest.h>

#include "harness/store/connection.h"
#include "harness/store/export.h"
#include "tests/unit/store/fixture.h"

namespace seqbench::store {
namespace {

using namespace test;
namespace fs = std::filesystem;

const fs::path kGolden = fs::path(SEQBENCH_SOURCE_DIR) / "tests/golden/store";

/// The program's own migrations and what a later program would add.
std::vector<Migration> with(const std::vector<std::string_view>& later) {
  std::vector<Migration> all(migrations().begin(), migrations().end());
  for (const std::string_view sql : later) all.push_back({all.back().version + 1, "later", sql});
  return all;
}

/// The file's export whatever its version.
std::string exported_any(const fs::path& path) {
  std::ostringstream out;
  Connection db(path, Connection::Mode::kRead);
  export_store(db, out);
  return out.str();
}

const int kNewest = migrations().back().version;

constexpr std::string_view kAddColumn =
    "ALTER TABLE executions ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm';"
    "UPDATE executions SET mood = 'glad' WHERE status = 'done'";

TEST(Migrations, AreNumberedFromOne) {
  int expected = 1;
  for (const Migration& migration : migrations()) EXPECT_EQ(migration.version, expected++);
  EXPECT_GE(expected, 2);
}

TEST(Migrations, OlderStoreIsBackedUpAndKeepsItsExport) {
  const TempFolder folder;
  make_store(folder.store(), {1, 2, 3});
  const std::string before = exported_any(folder.store());
  const auto two = with({kAddColumn});
  migrate(folder.store(), two);
  migrate(folder.store(), two);  // nothing left to do
  EXPECT_EQ(exported_any(folder.store()), before);
  EXPECT_EQ(sql(folder.store(), "SELECT count(*) FROM executions WHERE mood = 'glad'"), "3");
  EXPECT_EQ(sql(folder.store(), "PRAGMA user_version"), std::to_string(kNewest + 1));
  EXPECT_EQ(sql(folder.store(), "SELECT version, name, length(program) > 0 FROM schema_migrations ORDER BY version"),
            fmt::format("{}|later|1", kNewest + 1));
  const fs::path backup = fmt::format("{}.v{}", folder.store().string(), kNewest);
  EXPECT_EQ(exported(backup), before);
  EXPECT_EQ(joined(Reader(backup).check()), "");
}

TEST(Migrations, NewerStoreIsRefusedWithBothVersions) {
  const TempFolder folder;
  make_store(folder.store(), {1});
  migrate(folder.store(), with({kAddColumn, "CREATE TABLE more (x INTEGER) STRICT"}));
  for (const auto& open : {std::function<void()>([&] { RunStore store(folder.store()); }),
                           std::function<void()>([&] { Reader reader(folder.store()); })}) {
    const std::string text = message_of<InputError>(open);
    EXPECT_NE(text.find(fmt::format("version {}", kNewest + 2)), std::string::npos) << text;
    EXPECT_NE(text.find(fmt::format(" {}", kNewest)), std::string::npos) << text;
  }
}

TEST(Migrations, OlderStoreIsNotReadUntilItIsMigrated) {
  const TempFolder folder;
  make_store(folder.store(), {1});
  sql(folder.store(), "PRAGMA user_version = 0");
  EXPECT_NE(message_of<InputError>([&] { Reader reader(folder.store()); }).find("up to date"), std::string::npos);
}

TEST(Migrations, FailureLeavesTheVersionBefore) {
  const TempFolder folder;
  make_store(folder.store(), {1, 2});
  const std::string before = exported_any(folder.store());
  for (const std::string_view broken :
       {"ALTER TABLE trials ADD COLUMN x TEXT; INSERT INTO nowhere VALUES (1)",        // half of it runs
        "CREATE TABLE more (x INTEGER); DELETE FROM experiments"}) {                   // breaks references
    EXPECT_THROW(migrate(folder.store(), with({kAddColumn, broken})), MachineError) << broken;
    EXPECT_EQ(exported_any(folder.store()), before);
    EXPECT_EQ(sql(folder.store(), "PRAGMA user_version"), std::to_string(kNewest + 1));  // the sound one before it stays
    EXPECT_EQ(sql(folder.store(), "SELECT count(*) FROM pragma_table_info('trials') WHERE name = 'x'"), "0");
    EXPECT_EQ(sql(folder.store(), "SELECT count(*) FROM sqlite_schema WHERE name = 'more'"), "0");
    EXPECT_EQ(sql(folder.store(), "SELECT count(*) FROM experiments"), "1");
  }
  for (const int version : {kNewest, kNewest + 1}) {
    EXPECT_TRUE(fs::exists(fmt::format("{}.v{}", folder.store().string(), version)));
  }
}

TEST(Migrations, FailedCreationCanBeRepeated) {
  const TempFolder folder;
  const std::vector<Migration> broken = {{1, "broken", "CREATE TABLE a (x); nonsense"}};
  EXPECT_THROW(migrate(folder.store(), broken), MachineError);
  make_store(folder.store(), {1});
  EXPECT_EQ(sql(folder.store(), "PRAGMA page_size"), "8192");
  EXPECT_FALSE(fs::exists(folder.store().string() + ".v0"));
}

TEST(KeptStore, VersionOneOpensChecksAndExports) {
  const TempFolder folder;
  sql(folder.store(), read_file(kGolden / "v1.sql"));
  { RunStore store(folder.store()); }
  EXPECT_EQ(joined(Reader(folder.store()).check()), "");
  EXPECT_EQ(exported(folder.store()), read_file(kGolden / "v1.export.txt"));
  const auto trials = Reader(folder.store()).trials_of_task("gfp");
  ASSERT_EQ(trials.size(), 2u);
  EXPECT_EQ(trials[0].environment.cpu, "a cpu");
  EXPECT_EQ(trials[0].view, "one_hot");
}

TEST(KeptStore, SchemaOfVersionOneIsStillThatOfItsMigration) {
  const TempFolder kept, made;
  sql(kept.store(), read_file(kGolden / "v1.sql"));
  migrate(made.store(), migrations().first(1));
  const auto schema = "SELECT group_concat(sql, ';') FROM"
                      " (SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name)";
  EXPECT_TRUE(sql(kept.store(), schema) == sql(made.store(), schema))
      << "a released migration was edited: add a new one instead";
}

}  // namespace
}  // namespace seqbench::store
