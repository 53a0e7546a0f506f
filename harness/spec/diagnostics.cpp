#include <fmt/format.h>

#include <algorithm>

#include "harness/base/text.h"
#include "harness/spec/tree.h"

namespace seqbench::spec {
namespace {

constexpr std::size_t kShown = 50;
constexpr std::size_t kWidest = 200;  // bytes of a line that is quoted

std::string place_of(const Origin& at) {
  return at.source->is_file ? fmt::format("{}:{}:{}", at.source->name, at.line, at.column) : at.source->name;
}

std::string excerpt_of(const Origin& at) {
  const std::size_t index = static_cast<std::size_t>(at.line) - 1;
  if (!at.source->is_file || index >= at.source->lines.size()) return "";
  std::string line = at.source->lines[index];
  std::replace(line.begin(), line.end(), '\t', ' ');
  if (line.empty() || line.size() > kWidest || !is_valid_utf8(line)) return "";
  const std::string blank(static_cast<std::size_t>(at.column) - 1, ' ');
  const std::string tail(static_cast<std::size_t>(at.length) - 1, '~');
  return fmt::format("{:5} | {}\n      | {}^{}", at.line, printable(line, kWidest), blank, tail);
}

}  // namespace

void Faults::add(const Origin& at, std::string message) {
  if (seen_.insert(place_of(at) + message).second) faults_.emplace_back(at, std::move(message));
}

std::vector<Diagnostic> Faults::diagnostics() const {
  std::vector<std::pair<Origin, std::string>> sorted = faults_;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return precedes(a.first, b.first); });
  std::vector<Diagnostic> diagnostics;
  for (const auto& [at, message] : sorted) diagnostics.push_back({place_of(at), message, excerpt_of(at)});
  return diagnostics;
}

std::string format_diagnostics(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (std::size_t i = 0; i < std::min(diagnostics.size(), kShown); ++i) {
    const Diagnostic& fault = diagnostics[i];
    text += fmt::format("{}: error: {}\n", fault.place, fault.message);
    if (!fault.excerpt.empty()) text += fault.excerpt + "\n";
  }
  if (diagnostics.size() > kShown) text += fmt::format("and {} more\n", diagnostics.size() - kShown);
  return text + counted(diagnostics.size(), "error") + "; nothing was run\n";
}

}  // namespace seqbench::spec
