#include "harness/store/query.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/error.h"
#include "tests/unit/store/fixture.h"

namespace seqbench::store {
namespace {

using namespace test;

class Query : public ::testing::Test {
 protected:
  void SetUp() override { make_store(folder_.store(), {1, 2}); }

  std::vector<std::vector<QueryCell>> ask(const std::string& sql, const QueryLimits& limits = {}) {
    std::vector<std::vector<QueryCell>> rows;
    end_ = query(folder_.store(), sql, limits, [](const auto&) {}, [&](const auto& row) { rows.push_back(row); });
    return rows;
  }
  std::string refusal(const std::string& sql, const QueryLimits& limits = {}) {
    try {
      ask(sql, limits);
    } catch (const InputError& error) {
      return error.what();
    }
    return "not refused";
  }

  TempFolder folder_;
  QueryEnd end_;
};

TEST_F(Query, GivesTypedCells) {
  const auto rows = ask("SELECT seed, value, metric, NULL, x'00ff' FROM v_results WHERE metric = 'mse' AND slice = 'all'"
                        " AND split = 'test' ORDER BY seed -- a comment\n ; ");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0][0], QueryCell(std::int64_t{1}));
  EXPECT_EQ(rows[0][1], QueryCell(1.1));
  EXPECT_EQ(rows[0][2], QueryCell(std::string("mse")));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(rows[0][3]));
  EXPECT_EQ(std::get<Bytes>(rows[0][4]).value, std::string("\0\xff", 2));
  EXPECT_EQ(end_.columns[1], "value");
  EXPECT_FALSE(end_.more);
}

TEST_F(Query, ReadsWhatTheStoreOffers) {
  for (const char* sql : {"SELECT count(*) FROM v_status", "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 9)"
                          " SELECT sum(i) FROM n", "SELECT json_extract(config, '$.seed') FROM trials",
                          "SELECT j.key, j.value FROM trials, json_each(config) AS j", "EXPLAIN QUERY PLAN SELECT * FROM v_cost",
                          "SELECT name FROM sqlite_schema", "VALUES (1)", "SELECT name, type FROM pragma_table_info('trials')"}) {
    if (std::string(sql).find("pragma_") != std::string::npos) {
      EXPECT_NE(refusal(sql), "not refused") << sql;
    } else {
      EXPECT_GE(ask(sql).size(), 1u) << sql;
    }
  }
}

TEST_F(Query, RefusesAllButReading) {
  const std::string before = sql(folder_.store(), "SELECT count(*) FROM executions");
  for (const char* text :
       {"DELETE FROM executions", "INSERT INTO names (name) VALUES ('x')", "UPDATE runs SET status = 'done'", "DROP TABLE runs",
        "CREATE TABLE x (y)", "CREATE TEMP TABLE x (y)", "ATTACH DATABASE 'other.db' AS other", "DETACH DATABASE main",
        "PRAGMA user_version = 3", "PRAGMA query_only = OFF", "PRAGMA journal_mode", "BEGIN", "COMMIT", "VACUUM", "VACUUM INTO 'x.db'",
        "REINDEX", "ANALYZE", "SELECT load_extension('x')", "SELECT 1; DELETE FROM executions", "SELECT 1; SELECT 2", "", " -- nothing",
        "SELECT x FROM nowhere", "SELEC 1", "WITH x AS (SELECT 1) DELETE FROM executions", "EXPLAIN DELETE FROM executions"}) {
    EXPECT_TRUE(refusal(text).starts_with("SQL: ")) << text << ": " << refusal(text);
  }
  EXPECT_EQ(refusal("SELECT x FROM nowhere"), "SQL: no such table: nowhere");
  EXPECT_EQ(sql(folder_.store(), "SELECT count(*) FROM executions"), before);
  EXPECT_FALSE(std::filesystem::exists("other.db"));
}

TEST_F(Query, StopsInTimeAndAtItsBound) {
  const char* endless = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
  EXPECT_NE(refusal(endless, {.seconds = 0.05}).find("stopped after 0.05 s"), std::string::npos);
  EXPECT_EQ(ask("SELECT * FROM metrics", {.rows = 3}).size(), 3u);
  EXPECT_TRUE(end_.more);
  EXPECT_EQ(ask("SELECT 1", {.rows = 1}).size(), 1u);
  EXPECT_FALSE(end_.more);
}

TEST_F(Query, NeedsAStore) {
  EXPECT_THROW(query(folder_.path() / "none.db", "SELECT 1", {}, [](const auto&) {}, [](const auto&) {}), InputError);
}

}  // namespace
}  // namespace seqbench::store
