// Tables and figures of a paper that a run says it runs again, found on its page by their number.

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ranges>

#include "harness/base/text.h"
#include "reports/site.h"
#include "reports/text.h"

namespace seqbench::reports {
namespace {

/// "table2" -> "Table 2", "section V" -> "Section V".
std::string number_of(std::string_view word) {
  std::string out;
  for (const char c : word) {
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    if (digit && !out.empty() && std::isalpha(static_cast<unsigned char>(out.back())) != 0) out += ' ';
    out += out.empty() ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// The block's table or figure is of this kind: "t0h0-counts" and "figure-t0h0-labels" are counts and labels.
bool shows(const HtmlBlock& block, const std::string& what) {
  const std::string ending = "-" + what;
  return (block.table && block.table->id.ends_with(ending)) || (block.figure && block.figure->id.ends_with(ending));
}

/// The first that has no number yet.
HtmlBlock* find_block(HtmlPage& page, const std::string& what) {
  for (HtmlPart& part : page.parts) {
    const auto found = std::ranges::find_if(part.blocks, [&](const HtmlBlock& block) { return block.id.empty() && shows(block, what); });
    if (found != part.blocks.end()) return &*found;
  }
  return nullptr;
}

}  // namespace

std::vector<Rerun> reruns_of(const store::RunSummary& run) {
  std::vector<Rerun> out;
  if (run.paper.empty()) return out;
  for (const std::string_view item : split(run.reruns, ',')) {
    const std::size_t colon = std::min(item.find(':'), item.size());
    const std::string name = number_of(trimmed(item.substr(0, colon)));
    if (name.empty()) continue;
    const std::string_view what = trimmed(item.substr(std::min(colon + 1, item.size())));
    out.push_back({.name = name, .what = std::string(what), .id = anchor(run.paper + "-" + name)});
  }
  return out;
}

std::string reruns_text(const store::RunSummary& run) {
  std::string text = run.paper;
  for (const Rerun& rerun : reruns_of(run)) text += ", " + rerun.name;
  return text;
}

void name_reruns(HtmlPage& page, const store::RunSummary& run) {
  for (const Rerun& rerun : reruns_of(run)) {
    if (rerun.what.empty()) continue;
    HtmlBlock* block = find_block(page, rerun.what);
    if (block == nullptr) {
      page.lines.push_back(fmt::format("{}: nothing on this page is called '{}'.", shown(rerun.name), shown(rerun.what)));
      continue;
    }
    block->heading = shown(run.paper + ", " + rerun.name) + (block->heading.empty() ? "" : ": " + block->heading);
    block->id = rerun.id;
  }
}

}  // namespace seqbench::reports
