#pragma once
// Private to the room: what an HTML page is made of, as plain values, and the one function that writes it. All text
// passes through the templates of reports/pages, which escape it by where it stands; no HTML is put together here.

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace seqbench::reports {

/// What a cell's numbers are made from, so that a reader can make them again from NAME.trials.csv.
struct Aggregate {
  std::string row = "";  // names the list of trial keys
  std::string metric = "", split = "", slice = "";
  double mean = 0, sd = 0;
};

/// "name: value"; `keys` not empty: the value is the list of trial keys of that row.
struct HtmlFact {
  std::string name = "", value = "",  keys = "";
};

struct HtmlCell {
  std::string text = "";
  std::string sort = "";         // a number in full, or text; "" = missing
  bool number = false;
  std::string mark = "";         // best, good, bad, or ""
  std::string link = "";         // a file or anchor of this site
  std::vector<HtmlFact> about = {};   // shown on demand; of a row's first cell only
  std::optional<Aggregate> aggregate = std::nullopt;
};

struct HtmlRow {
  std::vector<HtmlCell> cells = {};   // one a column
  int group = 0;                 // a rule divides groups, which come in ascending order
  std::string id = "";
};

struct HtmlTable {
  std::string id = "", caption = "";
  struct Column {
    std::string name = "";
    bool number = false;
  };
  std::vector<Column> columns = {};
  std::vector<HtmlRow> rows = {};
  std::vector<std::string> notes = {};
  std::string summary = "";      // not empty: folded behind it
};

/// A picture with what stands around it; `svg` is what the renderer made of our own specification.
struct HtmlFigure {
  std::string id = "", title = "", caption = "", alternative = "", svg = "", why_not_drawn = "";
  std::string data_file = "", spec_file = "", svg_file = "", pdf_file = "", png_file = "";  // below the page's folder
};

/// One thing after a heading of its own, in this order.
struct HtmlBlock {
  std::string heading = "",  id = "";
  std::vector<std::string> paragraphs = {};
  std::optional<HtmlTable> table = std::nullopt;
  std::optional<HtmlFigure> figure = std::nullopt;
  std::vector<std::string> list = {};
  std::vector<HtmlFact> facts = {};
};

struct HtmlPart {
  std::string id = "", title = "";
  std::vector<std::string> paragraphs = {};
  std::vector<std::string> commands = {};
  std::vector<HtmlBlock> blocks = {};
};

struct HtmlPage {
  std::string title = "", headline = "", footer = "";
  std::vector<std::string> lines = {};
  bool home = true;              // links back to index.html
  std::vector<HtmlPart> parts = {};
};

[[nodiscard]] std::string to_html(const HtmlPage& page);

/// A table cell that says that there is nothing.
[[nodiscard]] HtmlCell no_cell();
[[nodiscard]] HtmlCell text_cell(const std::string& text);
/// Sorted by its value, shown as `text`.
[[nodiscard]] HtmlCell number_cell(double value, const std::string& text);
/// "mimo-table-2": lower case letters, digits and single '-'.
[[nodiscard]] std::string anchor(std::string_view text);

}  // namespace seqbench::reports
