#include "tasks/dream_expression/published.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <optional>
#include <set>

#include "harness/base/error.h"
#include "harness/base/json.h"
#include "harness/base/text.h"
#include "harness/data/reader.h"
#include "tasks/dream_expression/training_rows.h"

namespace seqbench::tasks::dream_expression {
namespace {

namespace fs = std::filesystem;
using data::TableReader;

constexpr std::size_t kSnvs = 6, kPerturbation = 7, kTiling = 8;
constexpr std::uint64_t kMostJsonBytes = 64U << 20;
constexpr double kSameValue = 1e-9;

std::string shown(const fs::path& path) { return printable(path.string()); }
std::string name(const fs::path& path) { return path.filename().string(); }

std::string text_of(const fs::path& path) {
  data::LineReader lines(path, {.line_bytes = kMostJsonBytes, .total_bytes = kMostJsonBytes});
  std::string text;
  std::string_view line;
  while (lines.next(line)) text.append(line).push_back('\n');
  return text;
}

std::string first_line(const fs::path& path) {
  data::LineReader lines(path, {.line_bytes = kMostJsonBytes, .total_bytes = kMostJsonBytes});
  std::string_view line;
  if (!lines.next(line)) lines.fail("the file is empty");
  return std::string(line);
}

void read_measured(const fs::path& path, TestSet& test) {
  TableReader table(path, {"seq", "true_expr"}, ',');
  std::set<std::string> seen;
  while (table.next()) {
    if (const std::string fault = sequence_fault(table.cell(0)); !fault.empty()) table.fail(fault);
    test.sequences.emplace_back(table.cell(0));
    test.expression.push_back(table.number(1));
    if (!seen.insert(test.sequences.back()).second) table.fail("the sequence stands in the test set twice");
  }
  if (test.sequences.empty()) table.fail("no row follows the header");
}

/// A test index in a cell, whose row is `sequence` ("" = any).
std::int64_t position(const TableReader& table, std::size_t column, std::string_view sequence, const TestSet& test) {
  const std::int64_t at = table.integer(column);
  const auto rows = static_cast<std::int64_t>(test.sequences.size());
  if (at < 0 || at >= rows) table.fail(fmt::format("a position is from 0 to {}, got {}", rows - 1, at));
  if (!sequence.empty() && test.sequences[static_cast<std::size_t>(at)] != sequence) {
    table.fail(fmt::format("the sequence is not that of row {} of the test set", at));
  }
  return at;
}

std::vector<std::int64_t> read_singles(const fs::path& path, const TestSet& test) {
  TableReader table(path, {"sequence", "pos"}, ',');
  std::vector<std::int64_t> rows;
  while (table.next()) rows.push_back(position(table, 1, table.cell(0), test));
  if (rows.empty()) table.fail("no row follows the header");
  return rows;
}

std::vector<Pair> read_pairs(const fs::path& path, const TestSet& test) {
  const bool with_sequences = data::header_of(path, ',').size() > 1;
  std::vector<std::string> columns = {"alt_pos", "ref_pos"};
  if (with_sequences) columns.insert(columns.end(), {"alt_sequence", "ref_sequence"});
  TableReader table(path, columns, with_sequences ? ',' : '\t');
  std::vector<Pair> pairs;
  while (table.next()) {
    pairs.emplace_back(position(table, 0, with_sequences ? table.cell(2) : "", test),
                       position(table, 1, with_sequences ? table.cell(3) : "", test));
  }
  if (pairs.empty()) table.fail("no row follows the header");
  return pairs;
}

struct BoardFile {
  std::vector<std::int64_t> singles;
  std::vector<Pair> pairs;
};

std::optional<std::int64_t> test_index(std::string_view text, const TestSet& test) {
  const std::optional<std::int64_t> at = parse_int(text);
  return at && *at >= 0 && *at < static_cast<std::int64_t>(test.sequences.size()) ? at : std::nullopt;
}

BoardFile read_board(const fs::path& path, const TestSet& test) {
  const Json json = parse_json(text_of(path), shown(path));
  const auto fail = [&](const std::string& message) { throw InputError(fmt::format("{}: {}", shown(path), message)); };
  if (!json.is_object() || json.empty()) fail("an object of test indices and expressions is needed");
  const auto check = [&](const std::string& key, const Json& value, std::int64_t row) {
    const double truth = test.expression[static_cast<std::size_t>(row)];
    if (!value.is_number() || !(std::abs(value.get<double>() - truth) <= kSameValue)) {
      fail(fmt::format("key \"{}\": {} is not the measured expression, {}; predictions are no part of the data",
                       printable(key, 40), printable(value.dump(), 40), truth));
    }
  };
  BoardFile file;
  for (const auto& [key, value] : json.items()) {
    const std::vector<std::string_view> parts = split(key, ',');
    const auto a = test_index(parts[0], test), b = test_index(parts.back(), test);
    if (parts.size() > 2 || !a || !b) fail(fmt::format("key \"{}\" is no test index and no pair of them", printable(key, 40)));
    if (parts.size() == 1) {
      check(key, value, *a);
      file.singles.push_back(*a);
      continue;
    }
    if (!value.is_array() || value.size() != 2) fail(fmt::format("key \"{}\": two expressions are needed", printable(key, 40)));
    check(key, value[0], *a);
    check(key, value[1], *b);
    file.pairs.emplace_back(*a, *b);
  }
  if (!file.singles.empty() && !file.pairs.empty()) fail("it holds single rows and pairs");
  return file;
}

/// The component whose rows or pairs (either way round) these are among; 0 for rows of no single one.
std::size_t component_of(const BoardFile& file, const Phase& every, const fs::path& path) {
  for (std::size_t c = 1; c < kSingles && !file.singles.empty(); ++c) {
    const std::set<std::int64_t> rows(every.singles[c].begin(), every.singles[c].end());
    if (std::ranges::all_of(file.singles, [&](std::int64_t row) { return rows.contains(row); })) return c;
  }
  if (!file.singles.empty()) return 0;
  for (std::size_t c = kSingles; c < kComponents; ++c) {
    const auto& listed = every.pairs[c - kSingles];
    const std::set<Pair> pairs(listed.begin(), listed.end());
    const auto known = [&](const Pair& pair) { return pairs.contains(pair) || pairs.contains({pair.second, pair.first}); };
    if (std::ranges::all_of(file.pairs, known)) return c;
  }
  throw InputError(fmt::format("{}: its pairs are of no subset that was given", shown(path)));
}

/// By the tags of all rows.
std::size_t component_of_singles(const fs::path& path) {
  TableReader table(path, {"tag"}, ',');
  std::size_t found = 0;
  while (table.next()) {
    const std::string_view tag = table.cell(0);
    const auto has = [&](std::string_view part) { return tag.find(part) != tag.npos; };
    std::size_t own = 0;
    if (has(".high_")) own = 1;
    else if (has(".low_")) own = 2;
    else if (tag.starts_with("Y") || tag.starts_with("Gini.")) own = 3;
    else if (tag.starts_with("HQ_") || tag.starts_with("rand")) own = 4;
    else if (has(".vs.")) own = 5;
    if (own == 0) table.fail(fmt::format("the tag \"{}\" tells of no subset", printable(tag, 40)));
    if (found != 0 && own != found) {
      table.fail(fmt::format("the tag is of the subset {}, those before are of {}", kComponentNames[own], kComponentNames[found]));
    }
    found = own;
  }
  if (found == 0) table.fail("no row follows the header");
  return found;
}

/// SNVs: one letter differs in every pair. Else tiling has tags RANDOM_MOTIF_PLACE; a perturbation's never has three parts.
std::size_t component_of_pairs(const fs::path& path) {
  TableReader table(path, {"alt_tag", "alt_sequence", "ref_sequence"}, ',');
  std::size_t found = 0;
  bool one_letter = true;
  while (table.next()) {
    one_letter = one_letter && table.cell(1).size() == table.cell(2).size() &&
                 std::inner_product(table.cell(1).begin(), table.cell(1).end(), table.cell(2).begin(), 0, std::plus<>(),
                                    std::not_equal_to<>()) == 1;
    if (one_letter) continue;
    const std::size_t own = split(table.cell(0), '_').size() == 3 ? kTiling : kPerturbation;
    if (found != 0 && own != found) table.fail("pairs of both motif_perturbation and motif_tiling");
    found = own;
  }
  if (table.line_number() < 2) table.fail("no row follows the header");
  return one_letter ? kSnvs : found;
}

void put(fs::path& slot, const fs::path& path) {
  if (!slot.empty()) throw InputError(fmt::format("{}: the same kind of file as {}", shown(path), shown(slot)));
  slot = path;
}

struct Sample {
  std::int64_t rows;
  fs::path path;
};

/// Larger samples first: of a sequence in both the larger one's row stays.
void put_samples(PublishedFiles& files, std::vector<Sample> samples) {
  std::ranges::stable_sort(samples, std::ranges::greater(), &Sample::rows);
  if (samples.size() > files.samples.size()) {
    throw InputError(fmt::format("{}: a third sample of training rows; two are read", shown(samples.back().path)));
  }
  for (std::size_t i = 0; i < samples.size(); ++i) files.samples[i] = samples[i].path;
}

void put_training(PublishedFiles& files, const fs::path& path, std::vector<Sample>& samples, std::vector<std::string>& report) {
  MeasuredRows rows;
  read_training_rows(path, rows);
  report.push_back(fmt::format("{}: {} rows, {} repeated (the first stays), {} with N", name(path), rows.read, rows.repeated, rows.with_n));
  if (rows.read > kMostSampleRows) return put(files.training, path);
  samples.push_back({rows.read, path});
}

/// By its first line; samples and the board's JSON are put later.
void put_by_first_line(PublishedFiles& files, const fs::path& path, std::vector<fs::path>& boards, std::vector<Sample>& samples,
                       std::vector<std::string>& report) {
  const std::string line = first_line(path);
  const std::vector<std::string_view> csv = split(line, ','), tsv = split(line, '\t');
  const auto has = [](const auto& header, std::string_view column) { return std::ranges::find(header, column) != header.end(); };
  if (line.starts_with('{')) return boards.push_back(path);
  if (line.starts_with('"')) return put(files.plasmid, path);
  if (has(csv, "true_expr")) return put(files.test, path);
  if (has(csv, "tag")) return put(files.subsets[component_of_singles(path)], path);
  if (has(csv, "alt_tag")) return put(files.subsets[component_of_pairs(path)], path);
  if (has(tsv, "alt_pos")) return put(files.subsets[kSnvs], path);
  if (has(tsv, "medium")) return put(files.gpra, path);
  if (tsv.size() == 2 && sequence_fault(tsv[0]).empty()) return put_training(files, path, samples, report);
  throw InputError(fmt::format("{}:1: not a file of this task, its first line is \"{}\"", shown(path), printable(line)));
}

std::size_t letters_of_plasmid(const fs::path& path) {
  const Json json = parse_json(text_of(path), shown(path));
  if (!json.is_string() || json.get_ref<const std::string&>().find_first_not_of("ACGTN") != std::string::npos) {
    throw InputError(fmt::format("{}: one string of letters ACGTN is needed", shown(path)));
  }
  return json.get_ref<const std::string&>().size();
}

/// Without the board.
TestSet read_subsets(const PublishedFiles& files) {
  TestSet test;
  const bool any = std::ranges::any_of(files.subsets, [](const fs::path& path) { return !path.empty(); });
  if (files.test.empty()) {
    if (any) throw InputError("the test set is missing (CSV with columns seq, true_expr), subsets alone are of no use");
    return test;
  }
  read_measured(files.test, test);
  Phase& every = test.boards.every;
  for (std::size_t i = 0; i < test.sequences.size(); ++i) every.singles[0].push_back(static_cast<std::int64_t>(i));
  for (std::size_t c = 1; c < kComponents; ++c) {
    const fs::path& path = files.subsets[c];
    if (path.empty()) continue;
    if (c < kSingles) every.singles[c] = read_singles(path, test);
    else every.pairs[c - kSingles] = read_pairs(path, test);
  }
  return test;
}

void add_board(TestSet& test, std::size_t component, BoardFile file) {
  if (component < kSingles) test.boards.board.singles[component] = std::move(file.singles);
  else test.boards.board.pairs[component - kSingles] = std::move(file.pairs);
}

void report_test(const PublishedFiles& files, const TestSet& test, std::vector<std::string>& report) {
  if (files.test.empty()) return;
  report.push_back(fmt::format("{}: {} test rows, all different", name(files.test), test.sequences.size()));
  for (std::size_t c = 0; c < kComponents; ++c) {
    const auto count = [&](const Phase& phase) { return c < kSingles ? phase.singles[c].size() : phase.pairs[c - kSingles].size(); };
    const char* what = c < kSingles ? "rows" : "pairs";
    if (!files.subsets[c].empty()) {
      report.push_back(fmt::format("{}: {} {} of the subset {}", name(files.subsets[c]), count(test.boards.every), what, kComponentNames[c]));
    }
    if (!files.board[c].empty()) {
      report.push_back(fmt::format("{}: {} {} of the public board, {}", name(files.board[c]), count(test.boards.board), what, kComponentNames[c]));
    }
  }
}

}  // namespace

std::vector<std::pair<std::string, fs::path*>> PublishedFiles::roles() {
  std::vector<std::pair<std::string, fs::path*>> list = {{"test.csv", &test},           {"train.txt", &training},
                                                         {"sample_1.txt", &samples[0]}, {"sample_2.txt", &samples[1]},
                                                         {"gpra.tsv", &gpra},           {"plasmid.json", &plasmid}};
  for (std::size_t c = 0; c < kComponents; ++c) {
    if (c > 0) list.emplace_back(fmt::format("subset_{}.{}", kComponentNames[c], c == kSnvs ? "txt" : "csv"), &subsets[c]);
    list.emplace_back(fmt::format("board_{}.json", kComponentNames[c]), &board[c]);
  }
  return list;
}

PublishedFiles recognize(std::span<const fs::path> paths, std::vector<std::string>& report) {
  PublishedFiles files;
  std::vector<fs::path> boards;
  std::vector<Sample> samples;
  for (const fs::path& path : paths) put_by_first_line(files, path, boards, samples, report);
  put_samples(files, std::move(samples));
  if (!files.plasmid.empty()) {
    report.push_back(fmt::format("{}: {} letters", name(files.plasmid), letters_of_plasmid(files.plasmid)));
  }
  if (!files.gpra.empty()) {
    MeasuredRows rows;
    read_gpra_rows(files.gpra, "", rows);
    report.push_back(fmt::format("{}: {} rows, {} different sequences", name(files.gpra), rows.read, rows.dna.rows()));
  }
  TestSet test = read_subsets(files);
  for (const fs::path& path : boards) {
    if (files.test.empty()) throw InputError(fmt::format("{}: the test set is missing (CSV with columns seq, true_expr)", shown(path)));
    BoardFile file = read_board(path, test);
    const std::size_t component = component_of(file, test.boards.every, path);
    put(files.board[component], path);
    add_board(test, component, std::move(file));
  }
  report_test(files, test, report);
  if (files.training.empty() && files.samples[0].empty() && files.gpra.empty()) {
    throw InputError("no training rows: a file of sequence<TAB>expression is needed");
  }
  return files;
}

PublishedFiles in_folder(const fs::path& folder) {
  PublishedFiles files;
  for (const auto& [role, slot] : files.roles()) {
    for (const char* suffix : {"", ".gz"}) {
      std::error_code error;
      const fs::path path = folder / (role + suffix);
      if (fs::exists(path, error)) *slot = path;
    }
  }
  return files;
}

TestSet read_test(const PublishedFiles& files) {
  TestSet test = read_subsets(files);
  for (std::size_t c = 0; c < kComponents; ++c) {
    if (!files.board[c].empty()) add_board(test, c, read_board(files.board[c], test));
  }
  return test;
}

}  // namespace seqbench::tasks::dream_expression
