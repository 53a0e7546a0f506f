#include "reports/html.h"

#include <algorithm>
#include <cmath>

#include "harness/base/files.h"
#include "harness/base/text.h"
#include "reports/drawing.h"
#include "reports/latex.h"
#include "reports/site.h"
#include "reports/text.h"
#include "tests/unit/reports/store_fixture.h"

namespace seqbench::reports {
namespace {

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

const std::string kHostile = "\"'><script>alert(1)</script>&amp;<img src=x onerror=alert(1)> {{TITLE}} javascript:alert(1) `x` \u202Egnp";

/// Every text of a page is hostile.
HtmlPage hostile_page() {
  HtmlCell cell{.text = kHostile, .sort = kHostile, .mark = kHostile, .link = kHostile, .aggregate = Aggregate{kHostile, kHostile, kHostile, kHostile, 1, NAN}};
  HtmlCell head{.text = kHostile, .sort = kHostile, .about = {{kHostile, kHostile, kHostile}, {kHostile, kHostile}}};
  HtmlTable table{.id = kHostile, .caption = kHostile, .columns = {{kHostile, true}, {kHostile}}, .rows = {{.cells = {head, cell}, .id = kHostile}},
                  .notes = {kHostile}, .summary = kHostile};
  HtmlFigure figure{.id = kHostile, .title = kHostile, .caption = kHostile, .alternative = kHostile, .svg = "", .why_not_drawn = kHostile,
                    .data_file = kHostile, .spec_file = kHostile, .svg_file = kHostile, .pdf_file = kHostile, .png_file = kHostile};
  HtmlPart part{.id = kHostile, .title = kHostile, .paragraphs = {kHostile}, .commands = {kHostile}};
  part.blocks.push_back({.heading = kHostile, .id = kHostile, .table = table, .figure = figure, .list = {kHostile}, .facts = {{kHostile, kHostile}}});
  return {.title = kHostile, .headline = kHostile, .footer = kHostile, .lines = {kHostile}, .parts = {part}};
}

TEST(Html, HostileTextStaysText) {
  const std::string html = to_html(hostile_page());
  EXPECT_EQ(count(html, "<script"), 1u);  // our own
  EXPECT_EQ(count(html, "<img"), 0u);
  EXPECT_EQ(html.find("\u202E"), std::string::npos);
  EXPECT_EQ(html.find("href=\"javascript:"), std::string::npos);
  EXPECT_GT(count(html, "&lt;script&gt;"), 20u);
  EXPECT_GT(count(html, "{{TITLE}}"), 10u);  // names are no templates
  // No attribute ends early: a quote of a name never stands as a quote.
  EXPECT_EQ(html.find("\"\"'>"), std::string::npos);
  EXPECT_EQ(html.find("\"'>"), std::string::npos);
}

TEST(Html, LongTextIsCut) {
  HtmlPage page{.title = std::string(10000, 'x'), .footer = "", .lines = {}};
  EXPECT_EQ(to_html(page).find(std::string(3000, 'x')), std::string::npos);
}

TEST(Html, PolicyAllowsOwnScriptAndStyleAlone) {
  const std::string html = to_html({.title = "a", .footer = ""});
  EXPECT_NE(html.find("default-src 'none'; style-src 'sha256-"), std::string::npos) << html.substr(0, 600);
  EXPECT_NE(html.find("script-src 'sha256-"), std::string::npos);
  EXPECT_EQ(html.find("unsafe"), std::string::npos);
  EXPECT_EQ(html.find(" style=\""), std::string::npos);
}

TEST(Html, GroupsAreDividedAndHeadersNamed) {
  HtmlTable table{.id = "t", .caption = "A table", .columns = {{"row"}, {"value", true}}};
  table.rows = {{.cells = {text_cell("a"), number_cell(1, "1")}}, {.cells = {text_cell("b"), no_cell()}, .group = 1}};
  HtmlPart part{.id = "p", .title = "P"};
  part.blocks.push_back({.table = table});
  const std::string html = to_html({.title = "a", .footer = "", .parts = {part}});
  EXPECT_EQ(count(html, "<tbody>"), 2u);
  EXPECT_EQ(count(html, "<caption>A table</caption>"), 1u);
  EXPECT_EQ(count(html, "scope=\"col\""), 2u);
  EXPECT_EQ(count(html, "scope=\"row\""), 2u);
}

TEST(Html, Anchors) {
  EXPECT_EQ(anchor("mimo-Table 2"), "mimo-table-2");
  EXPECT_EQ(anchor("Figure 4 (a)"), "figure-4-a");
  EXPECT_EQ(anchor("<>"), "x");
}

TEST(Drawing, OnlyHarmlessPicturesStandInAPage) {
  EXPECT_TRUE(is_harmless("<svg><text>a &lt;script&gt;</text></svg>"));
  EXPECT_FALSE(is_harmless("<svg><script>1</script></svg>"));
  EXPECT_FALSE(is_harmless("<svg><image href=\"http://x\"/></svg>"));
  EXPECT_FALSE(is_harmless("<html></html>"));
  EXPECT_EQ(with_own_ids("<svg><g id=\"a\" clip-path=\"url(#a)\"/></svg>", "f"), "<svg><g id=\"f-a\" clip-path=\"url(#f-a)\"/></svg>");
}

TEST(Latex, EscapesAllTenSpecialCharacters) {
  EXPECT_EQ(latex_text("# $ % & _ { } ~ ^ \\"),
            "\\# \\$ \\% \\& \\_ \\{ \\} \\textasciitilde{} \\textasciicircum{} \\textbackslash{}");
  EXPECT_EQ(latex_text("0.1 ± 0.2 – ü \u05d0 \U0001F600"), "0.1 \\ensuremath{\\pm} 0.2 -- ü ? ?");
}

TEST(Latex, TableHasRulesAndMinus) {
  HtmlTable table{.id = "t", .caption = "50% & more", .columns = {{"row"}, {"value", true}}};
  table.rows = {{.cells = {text_cell("a-1"), number_cell(-1.5, "-1.5")}}, {.cells = {text_cell("b_2"), no_cell()}, .group = 1}};
  const std::string tex = to_latex(table);
  EXPECT_NE(tex.find("a-1 & \\ensuremath{-}1.5 \\\\\n\\midrule\nb\\_2 & -- \\\\\n\\bottomrule"), std::string::npos) << tex;
  EXPECT_NE(tex.find("\\begin{tabular}{lr}"), std::string::npos);
}

using Site = StoreFixture;

std::string site_of(const store::Reader& store, const store::RunSummary& run, const std::filesystem::path& folder) {
  return read_file(render(store, run, folder, {"html"}).front());
}

/// Three seeds of a network whose test mse is about 0.25, beside printed values near it and far from it.
TEST_F(Site, VerdictsStandBesideFullScaleRealRowsOnly) {
  std::vector<store::PublishedRow> published = {printed("net", "net", 0.25), printed("net", "other", 9)};
  for (store::PublishedRow& p : published) p.margin = 0.2;
  published[1].uid = "paper:far";
  published[1].row_ref = "net";  // the label of the row, so both belong to it
  std::vector<Made> real, twin;
  for (std::int64_t seed : {1, 2, 3}) {
    real.push_back({.source = "real", .scale = "full", .seed = seed, .error = 0.5});
    twin.push_back({.seed = seed, .error = 0.5});
  }
  const auto run = fill(real, "toys/real", published);
  const store::Reader store(path());
  const std::string page = site_of(store, run, folder());
  EXPECT_NE(page.find("<h3 id=\"paper-table-2\">"), std::string::npos);
  EXPECT_NE(page.find("2 published numbers measured again: 1 ✓ reproduced, 1 ▲ better."), std::string::npos)
      << page.substr(page.find("headline\">"), 200);
  EXPECT_NE(page.find("✓ reproduced"), std::string::npos);
  const auto other = fill(twin, "toys/twin");
  const std::string beside = site_of(store::Reader(path()), other, folder());
  EXPECT_EQ(beside.find("reproduced"), std::string::npos);
  EXPECT_EQ(beside.find("▲"), std::string::npos);
  EXPECT_NE(beside.find("No published number may stand beside these rows"), std::string::npos);
  EXPECT_NE(beside.find("<h3 id=\"paper-table-2\">"), std::string::npos);  // still found by its number
}

TEST_F(Site, APrintedRangeStandsBesideItsRow) {
  store::PublishedRow range = printed("net", "net", 0);
  range.value.reset();
  range.low = 0.2;
  range.high = 0.3;
  range.margin = 0.2;
  std::vector<Made> trials;
  for (std::int64_t seed : {1, 2, 3}) trials.push_back({.source = "real", .scale = "full", .seed = seed, .error = 0.5});
  const auto run = fill(trials, "toys/real", {range});
  const std::string page = site_of(store::Reader(path()), run, folder());
  EXPECT_NE(page.find("1 published number measured again: 1 ✓ reproduced"), std::string::npos)
      << page.substr(page.find("headline\">"), 200);
  EXPECT_GE(count(page, "[0.200, 0.300]"), 2u);  // main table and published table
}

TEST_F(Site, TwoTasksOfOnePublishedTableHaveAnAnchorEach) {
  std::vector<store::PublishedRow> published = {printed("net", "net", 0.25), printed("net", "other", 0.5)};
  published[1].task = "toy2";
  const auto run = fill({{.error = 0.5}, {.task = "toy2", .error = 0.5}}, "toys/both", published);
  const std::string page = site_of(store::Reader(path()), run, folder());
  EXPECT_EQ(count(page, " id=\"paper-table-2\""), 1u);
  EXPECT_EQ(count(page, " id=\"paper-table-2-task-1\""), 1u);
}

TEST_F(Site, IndexLeadsToThePagesThatAreThere) {
  (void)fill({{.error = 0.5}}, "toys/first", {printed("net", "net", 0.25)});
  (void)fill({{.seed = 2, .error = 0.5}, {.seed = 3, .run = false}}, "toys/second");
  const store::Reader store(path());
  const auto runs = newest_runs(store);
  ASSERT_EQ(runs.size(), 2u);
  const std::string index = read_file(write_site(store, {runs[1]}, folder(), {"html"}, {}).back());
  EXPECT_NE(index.find("href=\"toys-first.html\""), std::string::npos);
  EXPECT_NE(index.find("href=\"toys-first.html#paper-table-2\""), std::string::npos);
  EXPECT_EQ(index.find("toys-second.html"), std::string::npos);
  EXPECT_NE(index.find("2 done, 0 failed, 1 missing"), std::string::npos);
}

store::VerdictRow verdict(const std::string& subject, const std::string& word, const std::string& reason,
                          std::optional<double> estimate = std::nullopt) {
  store::VerdictRow v;
  v.subject = subject, v.verdict = word, v.method = "m", v.reason = reason, v.estimate = estimate;
  return v;
}

TEST_F(Site, VerifyKnowsTheWholePaper) {
  store::PublishedRow p = printed("net", "net", 0.25);
  p.margin = 0.2;
  std::vector<Made> trials;
  for (std::int64_t seed : {1, 2, 3}) trials.push_back({.source = "real", .scale = "full", .seed = seed, .error = 0.5});
  const auto run = fill(trials, "toys/real", {p});
  const auto headline = [&](const std::string& word, double estimate) {
    store::RunStore(path()).add_verdicts({verdict(p.uid, word, "judged with the rest", estimate)}, "0");
    const std::string page = site_of(store::Reader(path()), run, folder());
    return page.substr(page.find("headline\">"), 120);
  };
  EXPECT_NE(headline("undecided", 5).find("1 ✓ reproduced"), std::string::npos) << "another difference was judged";
  EXPECT_NE(headline("inconsistent_as_printed", 5).find("1 ✗ inconsistent as printed"), std::string::npos);
}

TEST_F(Site, LeaderboardsAndPapersAreWrittenAndLinked) {
  std::vector<store::PublishedRow> published = {printed("net", "net", 0.25), printed("", "setting", 3), printed("net", "range", 1)};
  published[1].uid = "paper:setting", published[1].task = "", published[1].table_ref = "Figure 4";
  published[2].uid = "paper:range", published[2].value.reset(), published[2].low = 0.1, published[2].high = 0.3;
  (void)fill({{.error = 0.5}}, "toys/first", published);
  const std::string paper = published[0].paper;
  {
    store::RunStore store(path());
    store.add_verdicts({verdict(published[0].uid, "blocked", "nothing measured"), verdict("claim:" + paper + "-01", "not_reproduced", "the opposite <b>"),
                        verdict("claim:another-01", "reproduced", "of another")}, "0");
    store.add_verdicts({verdict(published[0].uid, "reproduced", "near", 0.0125)}, "0");
  }
  const store::Reader store(path());
  (void)write_site(store, newest_runs(store), folder(), {"html"}, {});
  const std::string index = read_file(folder() / "index.html"), page = read_file(folder() / ("paper-" + paper + ".html"));
  EXPECT_NE(index.find("href=\"leaderboard-toy.html\""), std::string::npos);
  EXPECT_NE(index.find("href=\"paper-" + paper + ".html\""), std::string::npos);
  EXPECT_NE(index.find("href=\"paper-" + paper + ".html#paper-figure-4\""), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(folder() / "leaderboard-toy.html"));
  for (const char* text : {"✓ reproduced", "0.0125", "near", "✗ contradicted", "the opposite &lt;b&gt;", "1 of 3 stored numbers have a verdict",
                           "id=\"paper-figure-4\"", "[0.100, 0.300]"}) {
    EXPECT_NE(page.find(text), std::string::npos) << text;
  }
  EXPECT_EQ(page.find("blocked"), std::string::npos);  // the newest verdict alone
  EXPECT_EQ(page.find("of another"), std::string::npos);
}

TEST_F(Site, TwoExperimentsOfOneSlugHaveAFileEach) {
  const auto one = fill({{.error = 0.5}}, "a/b"), two = fill({{.seed = 2, .error = 0.5}}, "a-b");
  const store::Reader store(path());
  (void)write_site(store, {one, two}, folder(), {"html", "md"}, {});
  const std::string name = file_name("a/b", {"a-b", "a/b"}), index = read_file(folder() / "index.html");
  EXPECT_NE(name, "a-b");
  for (const std::string& file : {name + ".html", std::string("a-b.html")}) {
    EXPECT_TRUE(std::filesystem::exists(folder() / file)) << file;
    EXPECT_NE(index.find("href=\"" + file + "\""), std::string::npos) << file;
  }
  EXPECT_NE(read_file(folder() / (name + ".md")).find(name + ".trials.csv"), std::string::npos);
}

TEST_F(Site, FilesOfAnEarlierReportGo) {
  const auto run = fill({{.error = 0.5}});
  const store::Reader store(path());
  const auto tables = folder() / "tables" / "toys-first", figures = folder() / "figures" / "toys-first";
  std::filesystem::create_directories(tables);
  std::filesystem::create_directories(figures);
  for (const auto& file : {tables / "old.tex", tables / "mine.txt", figures / "old.vl.json", figures / "old.svg", figures / "old.csv", figures / "mine.txt"}) {
    write_file_atomically(file, "old");
  }
  (void)render(store, run, folder(), {"html", "tex"});
  for (const auto& file : {tables / "old.tex", figures / "old.vl.json", figures / "old.svg", figures / "old.csv"}) {
    EXPECT_FALSE(std::filesystem::exists(file)) << file;
  }
  EXPECT_TRUE(std::filesystem::exists(tables / "mine.txt"));
  EXPECT_TRUE(std::filesystem::exists(figures / "mine.txt"));
  EXPECT_TRUE(std::ranges::any_of(std::filesystem::directory_iterator(tables), [](const auto& e) { return e.path().extension() == ".tex"; }));
}

TEST_F(Site, SaysWhatIsLeftOut) {
  const auto run = fill({{.error = 0.5}});
  SitePage site{.page = page_of(store::Reader(path()), run)};
  const auto text_of = [&] { return to_html(html_page(site)); };
  EXPECT_EQ(text_of().find("stored columns"), std::string::npos);
  site.page.tables.at(0).columns_left_out = 1;
  EXPECT_NE(text_of().find(left_out_text(site.page.tables[0])), std::string::npos);
}

TEST_F(Site, TablesAndFiguresThatAreRunAgainAreFoundByTheirNumber) {
  store::RunSummary run = fill({{.error = 0.5}});
  run.paper = "mimo", run.reruns = "table2, figure 1: labels ,section V: main, figure9: sketch,";
  const std::vector<Rerun> reruns = reruns_of(run);
  ASSERT_EQ(reruns.size(), 4u);
  EXPECT_EQ(reruns[0].name + reruns[0].what + reruns[0].id, "Table 2mimo-table-2");
  EXPECT_EQ(reruns[1].name + "|" + reruns[1].what + "|" + reruns[1].id, "Figure 1|labels|mimo-figure-1");
  SitePage site{.page = page_of(store::Reader(path()), run),
                .figures = {{"toy", {.id = "figure-t0h0-labels"}}, {"toy", {.id = "figure-t0h1-labels"}}}};
  const HtmlPage page = html_page(site);
  const auto& blocks = page.parts.at(0).blocks;
  const auto heading = [&](const std::string& id) {
    const auto block = std::ranges::find(blocks, id, &HtmlBlock::id);
    return block == blocks.end() ? "none" : block->heading;
  };
  EXPECT_EQ(heading("mimo-figure-1"), "mimo, Figure 1");
  EXPECT_TRUE(heading("mimo-section-v").starts_with("mimo, Section V: ")) << heading("mimo-section-v");
  EXPECT_EQ(std::ranges::count(blocks, "mimo-figure-1", &HtmlBlock::id), 1);
  EXPECT_EQ(page.lines.back(), "Figure 9: nothing on this page is called 'sketch'.");
}

TEST_F(Site, FailuresAndRowsOfOtherKindsHaveTheirPlace) {
  const auto run = fill({{.error = 0.5}, {.seed = 2, .verdict = "nan_loss"}, {.label = "mean", .model = "constant", .kind = "control", .error = 3},
                         {.label = "ceiling", .model = "ceiling", .kind = "ceiling", .error = 0.25}, {.label = "smoke", .scale = "smoke", .error = 0.5}});
  const std::string page = site_of(store::Reader(path()), run, folder());
  EXPECT_NE(page.find("What could not be run, and why"), std::string::npos);
  EXPECT_NE(page.find("nan_loss: loss is nan at step 3"), std::string::npos);
  EXPECT_NE(page.find("On the synthetic twin, smoke scale"), std::string::npos);
  EXPECT_EQ(count(page, "★ best"), 2u);  // one a heading
  EXPECT_NE(page.find("Not drawn: the Python package"), std::string::npos);
}

}  // namespace
}  // namespace seqbench::reports
