#include "reports/html.h"

#include <ctemplate/template.h>

#include <cmath>

#include "harness/base/error.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "reports/page_files.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

using Dictionary = ctemplate::TemplateDictionary;

/// Longest text of a page: names are cut at 120 bytes elsewhere, notes may be longer.
constexpr std::size_t kLongest = 2000;

void set(Dictionary& to, const char* name, const std::string& text) { to.SetValue(name, shown(text, kLongest)); }
/// Our own files and what the renderer drew: not escaped.
void set_trusted(Dictionary& to, const char* name, std::string_view text) {
  to.SetValue(name, ctemplate::TemplateString(text.data(), text.size()));
}

/// 'sha256-...' of a content security policy.
std::string policy_hash(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const Sha256Digest digest = sha256(text);
  std::string out = "sha256-";
  for (std::size_t i = 0; i < digest.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, digest.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t b = 0; b < 3; ++b) bits = bits << 8 | (b < count ? digest[i + b] : 0u);
    for (std::size_t d = 0; d < 4; ++d) out += d <= count ? kDigits[bits >> (18 - 6 * d) & 63] : '=';
  }
  return out;
}

void fill_facts(Dictionary& to, const std::vector<HtmlFact>& facts) {
  for (const HtmlFact& fact : facts) {
    Dictionary& entry = *to.AddSectionDictionary("FACT");
    set(entry, "NAME", fact.name);
    // A list of keys is as long as it is.
    entry.SetValue("VALUE", shown(fact.value, fact.keys.empty() ? kLongest : fact.value.size()));
    if (!fact.keys.empty()) set(*entry.AddSectionDictionary("KEYS"), "OF", fact.keys);
  }
}

void fill_cell(Dictionary& to, const HtmlCell& cell) {
  set(to, "SORT", cell.sort);
  set(to, "TEXT", cell.text);
  if (!cell.link.empty()) {
    set(*to.AddSectionDictionary("LINK"), "HREF", cell.link);
  } else if (!cell.about.empty()) {
    fill_facts(*to.AddSectionDictionary("ABOUT"), cell.about);
  } else {
    to.ShowSection("PLAIN");
  }
  if (!cell.mark.empty()) {
    set(*to.AddSectionDictionary("MARKED"), "CLASS", cell.number ? cell.mark + " number" : cell.mark);
  } else if (cell.number) {
    to.ShowSection("NUMBER");
  }
  if (!cell.aggregate) return;
  Dictionary& made = *to.AddSectionDictionary("AGGREGATE");
  set(made, "OF", cell.aggregate->row);
  set(made, "METRIC", cell.aggregate->metric);
  set(made, "SPLIT", cell.aggregate->split);
  set(made, "SLICE", cell.aggregate->slice);
  set(made, "MEAN", format_double(cell.aggregate->mean));
  set(made, "SD", format_double(cell.aggregate->sd));
}

void fill_table(Dictionary& to, const HtmlTable& table) {
  to.SetFilename("table.tpl");
  set(to, "ID", table.id);
  set(to, "CAPTION", table.caption);
  if (table.rows.size() > 1) to.ShowSection("SORTABLE");
  if (!table.summary.empty()) set(*to.AddSectionDictionary("FOLDED"), "SUMMARY", table.summary);
  for (const HtmlTable::Column& column : table.columns) {
    Dictionary& entry = *to.AddSectionDictionary("COLUMN");
    set(entry, "NAME", column.name);
    if (column.number) entry.ShowSection("NUMBER");
  }
  Dictionary* group = nullptr;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const HtmlRow& row = table.rows[r];
    SEQBENCH_ASSERT(row.cells.size() == table.columns.size(), "a row has a cell for each column");
    if (r == 0 || row.group != table.rows[r - 1].group) group = to.AddSectionDictionary("GROUP");
    Dictionary& entry = *group->AddSectionDictionary("ROW");
    if (!row.id.empty()) set(*entry.AddSectionDictionary("ROW_ID"), "ID", row.id);
    fill_cell(*entry.AddSectionDictionary("HEAD"), row.cells[0]);
    for (std::size_t c = 1; c < row.cells.size(); ++c) fill_cell(*entry.AddSectionDictionary("CELL"), row.cells[c]);
  }
  for (const std::string& note : table.notes) set(*to.AddSectionDictionary("NOTE"), "TEXT", note);
}

void fill_figure(Dictionary& to, const HtmlFigure& figure) {
  to.SetFilename("figure.tpl");
  set(to, "ID", figure.id);
  set(to, "TITLE", figure.title);
  set(to, "CAPTION", figure.caption);
  set(to, "ALTERNATIVE", figure.alternative);
  set(to, "DATA", figure.data_file);
  set(to, "SPEC", figure.spec_file);
  if (!figure.svg.empty()) {
    set_trusted(*to.AddSectionDictionary("DRAWN"), "SVG", figure.svg);
  } else if (!figure.why_not_drawn.empty()) {
    set(*to.AddSectionDictionary("UNDRAWN"), "WHY", figure.why_not_drawn);
  } else {
    to.ShowSection("LINKED");
  }
  if (!figure.why_not_drawn.empty()) return;
  Dictionary& pictures = *to.AddSectionDictionary("PICTURES");
  set(pictures, "SVG_FILE", figure.svg_file);
  set(pictures, "PDF_FILE", figure.pdf_file);
  set(pictures, "PNG_FILE", figure.png_file);
}

void fill_block(Dictionary& to, const HtmlBlock& block) {
  if (!block.heading.empty()) {
    Dictionary& heading = *to.AddSectionDictionary("HEADING");
    set(heading, "TEXT", block.heading);
    if (!block.id.empty()) set(*heading.AddSectionDictionary("NAMED"), "ID", block.id);
  }
  for (const std::string& text : block.paragraphs) set(*to.AddSectionDictionary("REMARK"), "TEXT", text);
  if (block.table) fill_table(*to.AddIncludeDictionary("TABLE"), *block.table);
  if (block.figure) fill_figure(*to.AddIncludeDictionary("FIGURE"), *block.figure);
  if (!block.list.empty()) {
    Dictionary& list = *to.AddSectionDictionary("LIST");
    for (const std::string& text : block.list) set(*list.AddSectionDictionary("ITEM"), "TEXT", text);
  }
  if (!block.facts.empty()) fill_facts(*to.AddSectionDictionary("FACTS"), block.facts);
}

void fill_page(Dictionary& to, const HtmlPage& page) {
  set(to, "TITLE", page.title);
  set(to, "FOOTER", page.footer);
  if (page.home) to.ShowSection("HOME");
  if (!page.headline.empty()) set(*to.AddSectionDictionary("HEADLINE"), "TEXT", page.headline);
  for (const std::string& line : page.lines) set(*to.AddSectionDictionary("LINE"), "TEXT", line);
  const std::string_view style = page_file("style.css"), script = page_file("script.js");
  to.SetValue("STYLE_HASH", policy_hash(style));
  to.SetValue("SCRIPT_HASH", policy_hash(script));
  set_trusted(to, "STYLE", style);
  set_trusted(to, "SCRIPT", script);
  for (const HtmlPart& part : page.parts) {
    Dictionary& jump = *to.AddSectionDictionary("JUMP");
    set(jump, "HREF", "#" + part.id);
    set(jump, "TEXT", part.title);
    Dictionary& entry = *to.AddSectionDictionary("PART");
    set(entry, "ID", part.id);
    set(entry, "TITLE", part.title);
    for (const std::string& text : part.paragraphs) set(*entry.AddSectionDictionary("PARAGRAPH"), "TEXT", text);
    for (const std::string& text : part.commands) set(*entry.AddSectionDictionary("COMMAND"), "TEXT", text);
    for (const HtmlBlock& block : part.blocks) fill_block(*entry.AddSectionDictionary("BLOCK"), block);
  }
}

}  // namespace

std::string_view page_file(std::string_view name) {
  for (const PageFile& file : page_files()) {
    if (file.name == name) return file.text;
  }
  SEQBENCH_ASSERT(false, "no such file in reports/pages");
  return {};
}

std::string to_html(const HtmlPage& page) {
  ctemplate::TemplateCache templates;
  for (const PageFile& file : page_files()) {
    if (!file.name.ends_with(".tpl")) continue;
    const bool parsed = templates.StringToTemplateCache(ctemplate::TemplateString(file.name.data(), file.name.size()),
                                                        file.text.data(), file.text.size(), ctemplate::DO_NOT_STRIP);
    SEQBENCH_ASSERT(parsed, "a template of reports/pages does not parse");
  }
  Dictionary dictionary("page");
  fill_page(dictionary, page);
  std::string out;
  const bool expanded = templates.ExpandWithData("page.tpl", ctemplate::DO_NOT_STRIP, &dictionary, nullptr, &out);
  SEQBENCH_ASSERT(expanded, "a template of reports/pages does not expand");
  return out.substr(out.find("<!doctype"));
}

HtmlCell no_cell() { return {.text = "–"}; }

HtmlCell text_cell(const std::string& text) { return {.text = text, .sort = text}; }

HtmlCell number_cell(double value, const std::string& text) {
  return {.text = text, .sort = std::isnan(value) ? "" : format_double(value), .number = true};
}

std::string anchor(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 100)) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool keep = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (keep) out += upper ? static_cast<char>(c - 'A' + 'a') : c;
    if (!keep && !out.empty() && out.back() != '-') out += '-';
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out.empty() ? "x" : out;
}

}  // namespace seqbench::reports
