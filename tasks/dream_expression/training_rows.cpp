#include "tasks/dream_expression/training_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <future>
#include <string>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/data/reader.h"
#include "tasks/dream_expression/law.h"

namespace seqbench::tasks::dream_expression {
namespace {

constexpr std::size_t kBlockBytes = 1U << 20;
constexpr std::uint64_t kMostBytes = 64ULL << 30;

constexpr std::array<bool, 256> kAllowed = [] {
  std::array<bool, 256> allowed{};
  for (const char letter : std::string_view("ACGTN")) allowed[static_cast<unsigned char>(letter)] = true;
  return allowed;
}();

/// Whole lines, each with its end.
struct Block {
  std::string text;
  std::int64_t first_line = 0;
};

Block next_block(data::LineReader& lines) {
  Block block{.text = {}, .first_line = lines.line_number() + 1};
  block.text.reserve(kBlockBytes + (1U << 12));
  std::string_view line;
  while (block.text.size() < kBlockBytes && lines.next(line)) block.text.append(line).push_back('\n');
  return block;
}

std::string row_fault(std::string_view line, std::size_t tab) {
  if (tab == line.npos) return fmt::format("a row is a sequence, a tab and a number, got \"{}\"", printable(line, 60));
  if (std::string fault = sequence_fault(line.substr(0, tab)); !fault.empty()) return fault;
  return fmt::format("the expression must be a number from {} to {}, got \"{}\"", kLowest, kHighest,
                     printable(line.substr(tab + 1), 40));
}

void parse(const Block& block, const std::string& name, MeasuredRows& rows) {
  std::int64_t number = block.first_line;
  const char* at = block.text.data();
  const char* const end = at + block.text.size();
  for (; at != end; ++number) {
    const char* const stop = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
    const std::string_view line(at, static_cast<std::size_t>(stop - at));
    at = stop + 1;
    const std::size_t tab = line.find('\t');
    const std::string_view sequence = line.substr(0, tab);
    const bool right = !sequence.empty() && sequence.size() <= static_cast<std::size_t>(kMostLetters) &&
                       std::ranges::all_of(sequence, [](char c) { return kAllowed[static_cast<unsigned char>(c)]; });
    const std::optional<double> value = right && tab != line.npos ? parse_double(line.substr(tab + 1)) : std::nullopt;
    if (!value || *value < kLowest || *value > kHighest) throw InputError(fmt::format("{}:{}: {}", name, number, row_fault(line, tab)));
    rows.add(sequence, *value);
  }
}

}  // namespace

std::size_t HashSet::slot(std::uint64_t hash) const {
  std::size_t at = hash & (slots_.size() - 1);
  while (slots_[at] != 0 && slots_[at] != hash) at = (at + 1) & (slots_.size() - 1);
  return at;
}

bool HashSet::contains(std::uint64_t hash) const { return slots_[slot(hash | 1)] != 0; }

bool HashSet::insert(std::uint64_t hash) {
  const std::size_t at = slot(hash | 1);
  if (slots_[at] != 0) return false;
  slots_[at] = hash | 1;
  if (2 * ++used_ > slots_.size()) {
    std::vector<std::uint64_t> before(2 * slots_.size());
    before.swap(slots_);
    for (const std::uint64_t kept : before) {
      if (kept != 0) slots_[slot(kept)] = kept;
    }
  }
  return true;
}

void MeasuredRows::add(std::string_view sequence, double value) {
  ++read;
  dna.add(sequence);
  const std::uint64_t hash = dna.hash(dna.rows() - 1);
  const bool leaks = test.contains(hash);
  if (leaks || !seen.insert(hash)) {
    ++(leaks ? in_test : repeated);
    return dna.drop_last();
  }
  with_n += sequence.find('N') == sequence.npos ? 0 : 1;
  expression.push_back(value);
}

void read_training_rows(const std::filesystem::path& path, MeasuredRows& rows) {
  data::LineReader lines(path, {.line_bytes = 1U << 12, .total_bytes = kMostBytes});
  const std::string name = printable(path.string());
  Block block = next_block(lines);
  if (block.text.empty()) lines.fail("the file is empty");
  while (!block.text.empty()) {
    std::future<Block> next = std::async(std::launch::async, next_block, std::ref(lines));
    parse(block, name, rows);
    block = next.get();
  }
}

void read_gpra_rows(const std::filesystem::path& path, std::string_view medium, MeasuredRows& rows) {
  data::TableReader table(path, {"sequence", "expression", "medium"});
  while (table.next()) {
    const std::string fault = sequence_fault(table.cell(0));
    if (!fault.empty()) table.fail(fault);
    const double value = table.number(1);
    if (value < kLowest || value > kHighest) table.fail(fmt::format("expression must be from {} to {}, got {}", kLowest, kHighest, value));
    if (table.cell(2) != "complex_YPD" && table.cell(2) != "defined_SCUra") {
      table.fail(fmt::format("medium must be complex_YPD or defined_SCUra, got \"{}\"", printable(table.cell(2), 40)));
    }
    if (medium.empty() || table.cell(2) == medium) rows.add(table.cell(0), value);
  }
}

std::string sequence_fault(std::string_view sequence) {
  if (sequence.empty() || sequence.size() > static_cast<std::size_t>(kMostLetters)) {
    return fmt::format("a sequence has 1 to {} letters, got {}", kMostLetters, sequence.size());
  }
  const std::size_t at = sequence.find_first_not_of("ACGTN");
  if (at == sequence.npos) return "";
  return fmt::format("a sequence has letters A, C, G, T and N, got \"{}\" at place {}", printable(sequence.substr(at, 1)), at + 1);
}

}  // namespace seqbench::tasks::dream_expression
