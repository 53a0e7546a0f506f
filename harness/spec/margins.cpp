#include "harness/spec/margins.h"

#include <fmt/format.h>

#include <cmath>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "harness/spec/toml.h"

namespace seqbench::spec {
namespace {

std::optional<Margin> margin_of(const Entry& metric, Faults& faults) {
  const Node& node = metric.value;
  if (!node.is_table() || node.entries.size() != 1) {
    faults.add(metric.at,
               fmt::format("'{}' must be a table with either 'absolute' or 'relative'", printable(metric.key)));
    return std::nullopt;
  }
  const Entry& kind = node.entries.front();
  if (kind.key != "absolute" && kind.key != "relative") {
    faults.add(kind.at, fmt::format("unknown key '{}': must be 'absolute' or 'relative'", printable(kind.key)));
    return std::nullopt;
  }
  const bool number = kind.value.kind == Node::Kind::kScalar && kind.value.scalar.is_number();
  const double size = number ? kind.value.scalar.get<double>() : 0;
  if (!(size > 0)) {
    faults.add(kind.value.at, fmt::format("'{}' must be a number above 0", kind.key));
    return std::nullopt;
  }
  return Margin{size, kind.key == "relative"};
}

void read_table(const Entry& table, std::map<std::string, Margin>& into, Faults& faults) {
  if (!table.value.is_table()) return faults.add(table.at, fmt::format("'{}' must be a table", printable(table.key)));
  for (const Entry& metric : table.value.entries) {
    if (const auto margin = margin_of(metric, faults)) into[metric.key] = *margin;
  }
}

}  // namespace

std::optional<double> Margins::of(const std::string& paper, const std::string& metric, double printed) const {
  const Margin* margin = nullptr;
  if (const auto found = by_metric.find(metric); found != by_metric.end()) margin = &found->second;
  if (const auto own = by_paper.find(paper); own != by_paper.end()) {
    if (const auto found = own->second.find(metric); found != own->second.end()) margin = &found->second;
  }
  if (margin == nullptr) return std::nullopt;
  return margin->relative ? margin->size * std::abs(printed) : margin->size;
}

Margins load_margins(const std::filesystem::path& path) {
  const std::string text = read_file(path, 1u << 20);
  Source source{path.string(), {}, true, 0};
  for (const std::string_view line : split(text, '\n')) source.lines.emplace_back(line);
  Faults faults;
  Margins margins{sha256_hex(text), {}, {}};
  const std::optional<Node> tree = parse_toml(text, source, faults);
  if (tree) {
    for (const Entry& entry : tree->entries) {
      if (entry.key == "default") {
        read_table(entry, margins.by_metric, faults);
      } else if (entry.key == "paper" && entry.value.is_table()) {
        for (const Entry& paper : entry.value.entries) read_table(paper, margins.by_paper[paper.key], faults);
      } else {
        faults.add(entry.at, fmt::format("unknown key '{}': must be 'default' or 'paper'", printable(entry.key)));
      }
    }
  }
  if (!faults.empty()) throw InputError("invalid margins\n" + format_diagnostics(faults.diagnostics()));
  return margins;
}

}  // namespace seqbench::spec
