#include "reports/html.h"

#include <cmath>

#include "harness/base/text.h"
#include "reports/drawing.h"
#include "reports/latex.h"
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

}  // namespace
}  // namespace seqbench::reports
