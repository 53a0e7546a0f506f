#include "reports/latex.h"

#include <fmt/format.h>

#include <cstdint>
#include <map>

#include "reports/text.h"

namespace seqbench::reports {
namespace {

const std::map<char, std::string_view>& specials() {
  static const std::map<char, std::string_view> kSpecials = {
      {'#', "\\#"}, {'$', "\\$"}, {'%', "\\%"}, {'&', "\\&"}, {'_', "\\_"}, {'{', "\\{"}, {'}', "\\}"},
      {'~', "\\textasciitilde{}"}, {'^', "\\textasciicircum{}"}, {'\\', "\\textbackslash{}"},
      // Not special, but ligatures or other signs in some font encodings; a bracket may be taken for an option.
      {'<', "\\textless{}"}, {'>', "\\textgreater{}"}, {'"', "\\textquotedbl{}"}, {'|', "\\textbar{}"}, {'[', "{[}"}, {']', "{]}"}};
  return kSpecials;
}

const std::map<std::string_view, std::string_view>& signs() {
  static const std::map<std::string_view, std::string_view> kSigns = {
      {"–", "--"}, {"—", "---"}, {"±", "\\ensuremath{\\pm}"}, {"≈", "\\ensuremath{\\approx}"}, {"★", "\\ensuremath{\\star}"}, {"✓", "\\ensuremath{\\surd}"}, {"✗", "\\ensuremath{\\times}"},
      {"▲", "\\ensuremath{\\uparrow}"},
      {"↑", "\\ensuremath{\\uparrow}"}, {"↓", "\\ensuremath{\\downarrow}"}, {"†", "\\ensuremath{\\dagger}"},
      {"‡", "\\ensuremath{\\ddagger}"}, {"×", "\\ensuremath{\\times}"}, {"²", "\\ensuremath{^2}"}, {"µ", "\\ensuremath{\\mu}"},
      {"§", "\\textsection{}"}, {"°", "\\ensuremath{^\\circ}"}, {"…", "\\ldots{}"}};
  return kSigns;
}

std::size_t bytes_of(unsigned char first) { return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4; }

/// U+00C0 to U+017F less the two signs in it, which inputenc and T1 know.
bool is_latin_letter(std::string_view letter) {
  return letter.size() == 2 && letter >= "\u00c0" && letter <= "\u017f" && letter != "\u00f7" && letter != "\u00d7";
}

/// A hyphen before a digit is a minus.
std::string with_minus(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool minus = text[i] == '-' && i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9';
    out += minus ? "\\ensuremath{-}" : text.substr(i, 1);
  }
  return out;
}

}  // namespace

std::string latex_text(std::string_view text) {
  const std::string clean = shown(text, 400);
  std::string out;
  for (std::size_t i = 0; i < clean.size();) {
    const std::size_t size = std::min(bytes_of(static_cast<unsigned char>(clean[i])), clean.size() - i);
    const std::string_view letter = std::string_view(clean).substr(i, size);
    if (const auto special = specials().find(clean[i]); special != specials().end()) {
      out += special->second;
    } else if (const auto sign = signs().find(letter); sign != signs().end()) {
      out += sign->second;
    } else {
      out += size == 1 || is_latin_letter(letter) ? letter : "?";
    }
    i += size;
  }
  return out;
}

std::string to_latex(const HtmlTable& table) {
  std::string columns, header, body;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    columns += table.columns[c].number ? 'r' : 'l';
    header += (c > 0 ? " & " : "") + latex_text(table.columns[c].name);
  }
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    if (r > 0 && table.rows[r].group != table.rows[r - 1].group) body += "\\midrule\n";
    for (std::size_t c = 0; c < table.rows[r].cells.size(); ++c) {
      const HtmlCell& cell = table.rows[r].cells[c];
      std::string text = latex_text(cell.text);
      if (cell.number) text = with_minus(text);
      body += (c > 0 ? " & " : "") + (cell.mark == "best" ? "\\textbf{" + text + "}" : text);
    }
    body += " \\\\\n";
  }
  // \@nodocument is \relax inside a document and undefined before \documentclass makes it an error.
  return fmt::format(
      "% {}\n"
      "\\expandafter\\ifx\\csname @nodocument\\endcsname\\relax\n"
      "  \\let\\seqbenchend\\relax\n"
      "\\else\n"
      "  \\documentclass{{article}}\n"
      "  \\usepackage[T1]{{fontenc}}\n"
      "  \\usepackage{{textcomp,booktabs}}\n"
      "  \\begin{{document}}\n"
      "  \\def\\seqbenchend{{\\end{{document}}}}\n"
      "\\fi\n"
      "\\begin{{tabular}}{{{}}}\n\\toprule\n{} \\\\\n\\midrule\n{}\\bottomrule\n\\end{{tabular}}\n"
      "\\seqbenchend\n",
      latex_text(table.caption), columns, header, body);
}

}  // namespace seqbench::reports
