#include <cstdlib>
#include <map>
#include <regex>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "reports/leaderboard.h"
#include "reports/tables.h"
#include "reports/text.h"
#include "tests/unit/reports/store_fixture.h"

namespace seqbench::reports {
namespace {

using Page = StoreFixture;

/// Three seeds of a network, one failed; an unseeded ridge, a control, the ceiling, one trial never run.
std::vector<Made> small_table() {
  std::vector<Made> out;
  for (std::int64_t seed : {1, 2, 3}) out.push_back({.seed = seed, .error = 0.5});
  out.push_back({.seed = 4, .verdict = "nan_loss"});
  out.push_back({.label = "mean", .model = "constant", .kind = "control", .error = 3});
  out.push_back({.label = "ceiling (twin)", .model = "ceiling", .kind = "ceiling", .error = 0.25});
  out.push_back({.label = "ridge, one-hot", .model = "ridge", .error = 0.75});
  out.push_back({.label = "slow", .model = "slow", .run = false});
  return out;
}

std::string page_of(const store::Reader& store, const store::RunSummary& run, const std::filesystem::path& folder) {
  const auto files = render(store, run, folder, {"md"});
  EXPECT_EQ(files.size(), 1u);
  return read_file(files.front());
}

TEST_F(Page, IsTheApprovedOne) {
  const auto run = fill(small_table(), "toys/first", {printed("net", "net, as printed", 0.251), printed("", "other", 0.7)});
  std::string page = page_of(store::Reader(path()), run, folder());
  page = std::regex_replace(page, std::regex(run.uid), "RUN");
  page = std::regex_replace(page, std::regex(run.started_at), "STARTED");
  const std::filesystem::path golden = SEQBENCH_SOURCE_DIR "/tests/golden/reports/page.md";
  if (std::getenv("SEQBENCH_APPROVE") != nullptr) write_file_atomically(golden, page);
  EXPECT_EQ(page, read_file(golden)) << "if this is meant: run again with SEQBENCH_APPROVE=1 and review the difference";
}

TEST_F(Page, WritesWholeFilesOfTheKindsAskedFor) {
  const auto run = fill({{.error = 0.5}}, "toys/first");
  const auto files = render(store::Reader(path()), run, folder() / "new", {"json", "csv", "md"});
  std::vector<std::string> names;
  for (const auto& file : files) names.push_back(file.lexically_relative(folder()).string());
  EXPECT_EQ(names, (std::vector<std::string>{"new/toys-first.json", "new/toys-first.csv",
                                             "new/toys-first.trials.csv", "new/toys-first.md"}));
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder() / "new")) found += entry.is_regular_file();
  EXPECT_EQ(found, 4u);
  EXPECT_THROW(render(store::Reader(path()), run, folder(), {"docx"}), InputError);
}

TEST_F(Page, PublishedStandsBesideFullScaleRealRowsOnly) {
  const std::vector<store::PublishedRow> published = {printed("net", "net", 0.251)};
  const auto twin = fill({{.error = 0.5}}, "toys/first", published);
  const store::Reader store(path());
  EXPECT_EQ(page_of(store, twin, folder()).find("Measured beside published"), std::string::npos);
  const auto desk = fill({{.source = "real", .error = 0.5}}, "toys/second");
  EXPECT_EQ(page_of(store, desk, folder()).find("Measured beside published"), std::string::npos);
  const auto full = fill({{.source = "real", .scale = "full", .error = 0.5}}, "toys/third");
  const std::string page = page_of(store, full, folder());
  EXPECT_NE(page.find("Measured beside published"), std::string::npos);
  EXPECT_NE(page.find("| net | paper, Table 2, net | test mse |     0.251 |"), std::string::npos) << page;
}

TEST_F(Page, SeveralPublishedRowsOfAModelNeedTheirOwnLabel) {
  std::vector<store::PublishedRow> published = {printed("net", "net, short", 0.4), printed("net", "net, long", 0.3)};
  const auto run = fill({{.label = "net, long", .source = "real", .scale = "full", .error = 0.5},
                         {.label = "net, longest", .source = "real", .scale = "full", .error = 0.5}},
                        "toys/first", published);
  const std::string page = page_of(store::Reader(path()), run, folder());
  const std::string beside = page.substr(page.find("Measured beside published"));
  const std::string table = beside.substr(0, beside.find("Difference:"));
  EXPECT_NE(table.find("paper, Table 2, net, long "), std::string::npos) << table;
  EXPECT_EQ(table.find("net, short"), std::string::npos);
  EXPECT_EQ(table.find("net, longest"), std::string::npos);
}

TEST_F(Page, AnotherConfigurationOfThePrintedModelIsAnotherRow) {
  const auto run = fill({{.label = "mine", .source = "real", .scale = "full", .error = 0.5}}, "toys/first",
                        {printed("net", "net", 0.4)});
  EXPECT_EQ(page_of(store::Reader(path()), run, folder()).find("Measured beside published"), std::string::npos);
}

TEST_F(Page, PublishedNumbersAreOfThePublishedSplit) {
  const auto run = fill({{.source = "real", .scale = "full", .error = 0.5},
                         {.source = "real", .scale = "full", .split_kind = "random", .error = 0.6}},
                        "toys/first", {printed("net", "net", 0.4)});
  const store::Reader store(path());
  const TaskTable table = tables_of_run(store, run).at(0);
  ASSERT_EQ(table.rows.size(), 2u);
  for (const Row& row : table.rows) {
    EXPECT_EQ(published_for(table, row, *row.cell("mse", "test")).size(), row.split_kind == "published" ? 1u : 0u);
  }
}

TEST_F(Page, RowsChosenOnTestAreMarked) {
  const auto run = fill({{.keep = "published_test", .error = 0.5}, {.label = "clean", .error = 0.5}});
  const std::string page = page_of(store::Reader(path()), run, folder());
  EXPECT_NE(page.find("| net † "), std::string::npos);
  EXPECT_EQ(page.find("clean †"), std::string::npos);
  EXPECT_NE(page.find("barred from the leaderboard"), std::string::npos);
}

TEST_F(Page, HostileNamesStayText) {
  const std::string name = "a|b\n## injected\r\n<script>alert(1)</script> [x](http://y) \u202Egnp\u202C `c` \x1b[31m";
  const std::string formula = "=HYPERLINK(\"http://y\")";
  store::PublishedRow row = printed(name, name, 0.5);
  row.note = name;
  const auto run = fill({{.label = name, .model = name, .error = 0.5},
                         {.label = formula, .error = 0.5},
                         {.label = std::string(10000, 'x'), .seed = 9, .error = 0.5},
                         {.label = "bad bytes \xff\xfe", .seed = 8, .verdict = "crash"}},
                        "toys/first", {row});
  const store::Reader store(path());
  const auto files = render(store, run, folder(), {"md", "csv", "json"});
  const std::string page = read_file(files[0]);
  EXPECT_TRUE(is_valid_utf8(page));
  EXPECT_EQ(page.find("\n## injected"), std::string::npos);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("\u202E"), std::string::npos);
  EXPECT_EQ(page.find('\x1b'), std::string::npos);
  EXPECT_EQ(page.find("[x]("), std::string::npos);
  EXPECT_EQ(page.find(std::string(200, 'x')), std::string::npos);
  // Every line of a table has the columns of its header.
  std::size_t columns = 0;
  for (const std::string_view line : split(page, '\n')) {
    if (!line.starts_with('|')) {
      columns = 0;
      continue;
    }
    std::size_t bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i) bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
    if (columns == 0) columns = bars;
    EXPECT_EQ(bars, columns) << line;
  }
  EXPECT_NE(read_file(files[1]).find(",\"'=HYPERLINK(\"\"http://y\"\")\","), std::string::npos);
  EXPECT_NO_THROW((void)parse_json(read_file(files[3]), "page"));
  const std::string board = leaderboard_text(leaderboard(store, "toy"));
  EXPECT_EQ(board.find('\x1b'), std::string::npos);
  EXPECT_EQ(board.find("\u202E"), std::string::npos);
  EXPECT_EQ(board.find("\n## injected"), std::string::npos);
}

/// Cells of RFC 4180 lines, the header's names as keys.
std::vector<std::map<std::string, std::string>> parse_csv(const std::string& text) {
  std::vector<std::vector<std::string>> lines(1, {""});
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string& cell = lines.back().back();
    if (quoted && text[i] == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      cell += text[++i];
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && text[i] == ',') {
      lines.back().emplace_back();
    } else if (!quoted && text[i] == '\r') {
      ++i;
      lines.push_back({""});
    } else {
      cell += text[i];
    }
  }
  lines.pop_back();
  std::vector<std::map<std::string, std::string>> out;
  for (std::size_t l = 1; l < lines.size(); ++l) {
    EXPECT_EQ(lines[l].size(), lines[0].size());
    for (std::size_t i = 0; i < lines[0].size(); ++i) {
      if (i == 0) out.emplace_back();
      out.back()[lines[0][i]] = lines[l].at(i);
    }
  }
  return out;
}

double as_number(const std::string& text) { return text == "nan" ? NAN : parse_double(text).value(); }

/// Mean and standard deviation of trials.csv for one line of the summary, seeds averaged inside a fold first.
analyze::Summary rebuilt(const std::vector<std::map<std::string, std::string>>& trials,
                         const std::map<std::string, std::string>& line) {
  std::map<std::string, std::vector<double>> places;
  for (const auto& trial : trials) {
    bool same = true;
    for (const char* name : {"task", "label", "model", "variant", "view", "kind", "source", "scale", "split_kind",
                             "metric", "split", "slice"}) {
      same = same && trial.at(name) == line.at(name);
    }
    if (same) places[trial.at("rep") + "/" + trial.at("fold")].push_back(as_number(trial.at("value")));
  }
  std::vector<double> values;
  for (const auto& [place, seeds] : places) values.push_back(analyze::without_interval(seeds, "").mean);
  if (places.size() == 1) values = places.begin()->second;
  return analyze::without_interval(values, "");
}

TEST_F(Page, EveryAggregateRebuildsFromItsTrials) {
  std::vector<Made> made = small_table();
  for (std::int64_t fold = 0; fold < 4; ++fold) {
    for (std::int64_t seed : {1, 2}) {
      made.push_back({.label = "=folded, \"net\"", .split_kind = "kfold", .seed = seed, .fold = fold, .error = 0.6});
    }
  }
  const auto run = fill(made);
  const auto files = render(store::Reader(path()), run, folder(), {"md", "csv"});
  const std::string page = read_file(files[0]);
  const auto summary = parse_csv(read_file(files[1])), trials = parse_csv(read_file(files[2]));
  EXPECT_EQ(trials.size(), (6 + 8) * 10u);  // 2 metrics of 3 parts, and of 2 slices of test
  EXPECT_EQ(summary.size(), 5 * 10u);
  for (const auto& line : summary) {
    analyze::Summary again = rebuilt(trials, line);
    EXPECT_NEAR(as_number(line.at("mean")), again.mean, 1e-12);
    if (std::isnan(again.sd)) {
      EXPECT_EQ(line.at("sd"), "nan");
    } else {
      EXPECT_NEAR(as_number(line.at("sd")), again.sd, 1e-12);
    }
    again.low = as_number(line.at("low"));
    again.high = as_number(line.at("high"));
    if (line.at("split") == "test" && line.at("slice") == "all") {
      EXPECT_NE(page.find(" " + mean_text(again) + " | "), std::string::npos) << mean_text(again);
      EXPECT_NE(page.find(" " + interval_text(again) + " |"), std::string::npos) << interval_text(again);
    }
  }
}

}  // namespace
}  // namespace seqbench::reports
