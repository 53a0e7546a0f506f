#include "tasks/gfp_fluorescence/published.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/data/reader.h"

namespace seqbench::tasks::gfp_fluorescence {
namespace {

namespace fs = std::filesystem;
using data::TableReader;

constexpr std::size_t kMaxTrainMutations = 3;

bool has(const std::vector<std::string>& header, std::string_view column) {
  return std::find(header.begin(), header.end(), column) != header.end();
}

/// The member that a file's first line belongs to, or null.
fs::path PublishedFiles::*kind_of(const std::vector<std::string>& header) {
  if (header.front().starts_with('>')) return &PublishedFiles::wild_type;
  if (has(header, "primary")) return &PublishedFiles::tape_valid;
  if (has(header, "aaMutations")) {
    return has(header, "split") ? &PublishedFiles::splits : &PublishedFiles::genotypes;
  }
  return nullptr;
}

void check_complete(const PublishedFiles& files, const std::string& where) {
  if (files.genotypes.empty()) {
    throw InputError(fmt::format("{}the genotype table is missing (columns aaMutations, medianBrightness)", where));
  }
  if (files.tape_valid.empty() && files.splits.empty()) {
    throw InputError(fmt::format("{}the published split is missing: TAPE's validation table (columns primary, "
                                 "log_fluorescence) or a split table (columns aaMutations, split)",
                                 where));
  }
}

struct Genotypes {
  std::vector<Row> rows;
  std::int64_t duplicates = 0;
  std::string first_duplicates;  // their lines
};

Row read_row(const TableReader& table) {
  Row row;
  row.genotype = table.cell(0);
  auto parsed = parse_genotype(row.genotype);
  if (const auto* fault = std::get_if<std::string>(&parsed)) table.fail(*fault);
  row.mutations = std::get<std::vector<Mutation>>(std::move(parsed));
  row.brightness = table.number(1);
  row.part = row.mutations.size() > kMaxTrainMutations ? Part::kTest : Part::kTrain;
  return row;
}

Genotypes read_genotypes(const fs::path& path) {
  TableReader table(path, {"aaMutations", "medianBrightness"});
  Genotypes result;
  std::map<std::string, std::pair<double, std::int64_t>> seen;  // sequence: brightness, line
  while (table.next()) {
    Row row = read_row(table);
    const auto [first, is_new] = seen.try_emplace(sequence_of(row.mutations), row.brightness, table.line_number());
    if (is_new) {
      result.rows.push_back(std::move(row));
      continue;
    }
    const auto& [brightness, line] = first->second;
    if (brightness != row.brightness) {
      table.fail(fmt::format("genotype \"{}\" has brightness {}, at line {} it has {}", row.genotype,
                             row.brightness, line, brightness));
    }
    if (++result.duplicates <= 3) result.first_duplicates += fmt::format(" {}", table.line_number());
  }
  if (result.rows.empty()) table.fail("no row follows the header");
  return result;
}

/// What a row of TAPE's file and a genotype have in common.
std::string tape_key(std::string_view sequence, std::int64_t mutations, float brightness) {
  return fmt::format("{} {} {:08x}", sequence, mutations, std::bit_cast<std::uint32_t>(brightness));
}

/// Marks the rows of TAPE's validation file; returns how many.
std::int64_t mark_validation(const fs::path& path, std::vector<Row>& rows) {
  std::map<std::string, std::vector<std::size_t>> by_key;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    by_key[tape_key(apply(StopRule::kDelete, sequence_of(rows[i].mutations)),
                    static_cast<std::int64_t>(rows[i].mutations.size()), static_cast<float>(rows[i].brightness))]
        .push_back(i);
  }
  TableReader table(path, {"primary", "protein_length", "log_fluorescence", "num_mutations"});
  std::int64_t count = 0;
  for (; table.next(); ++count) {
    const std::string_view primary = table.cell(0);
    if (table.integer(1) != static_cast<std::int64_t>(primary.size())) {
      table.fail(fmt::format("protein_length is {}, the sequence has {} residues", table.integer(1), primary.size()));
    }
    const auto found = by_key.find(tape_key(primary, table.integer(3), static_cast<float>(table.number(2))));
    const std::size_t matches = found == by_key.end() ? 0 : found->second.size();
    if (matches != 1) {
      table.fail(fmt::format("{} genotypes have this sequence (without stops), {} mutations and brightness {}, one is "
                             "needed",
                             matches, table.integer(3), table.cell(2)));
    }
    Row& row = rows[found->second.front()];
    if (row.part == Part::kValidation) table.fail(fmt::format("genotype \"{}\" stands here twice", row.genotype));
    if (row.part == Part::kTest) {
      table.fail(fmt::format("a validation row has at most {} mutations, got {}", kMaxTrainMutations,
                             row.mutations.size()));
    }
    row.part = Part::kValidation;
  }
  return count;
}

Part part_of(const TableReader& table, std::string_view word) {
  if (word == "train") return Part::kTrain;
  if (word == "valid") return Part::kValidation;
  if (word != "test") table.fail(fmt::format("split must be train, valid or test, got \"{}\"", printable(word)));
  return Part::kTest;
}

/// Takes each row's part from the split table. `parts_known`: they must be equal already.
std::int64_t read_splits(const fs::path& path, std::vector<Row>& rows, bool parts_known) {
  std::map<std::string_view, Row*> by_genotype;
  for (Row& row : rows) by_genotype[row.genotype] = &row;
  TableReader table(path, {"aaMutations", "num_mutations", "split"});
  std::int64_t count = 0;
  for (; table.next(); ++count) {
    const auto found = by_genotype.find(table.cell(0));
    if (found == by_genotype.end()) {
      table.fail(fmt::format("genotype \"{}\" is not in the genotype table, or stands here twice",
                             printable(table.cell(0))));
    }
    Row& row = *found->second;
    by_genotype.erase(found);
    if (table.integer(1) != static_cast<std::int64_t>(row.mutations.size())) {
      table.fail(fmt::format("num_mutations is {}, the genotype has {}", table.integer(1), row.mutations.size()));
    }
    const Part part = part_of(table, table.cell(2));
    if (parts_known && part != row.part) table.fail("the split differs from that of TAPE's validation file");
    row.part = part;
  }
  if (!by_genotype.empty()) {
    table.fail(fmt::format("{} genotypes have no row here, such as \"{}\"", by_genotype.size(),
                           by_genotype.begin()->first));
  }
  return count;
}

void check_wild_type(const fs::path& path) {
  std::int64_t records = 0;
  data::read_fasta(path, [&](data::FastaRecord&& record) {
    ++records;
    if (record.sequence != kWildType) {
      throw InputError(fmt::format("{}: the record \"{}\" is not the wild type of this task, which has {} residues "
                                   "and begins with {}",
                                   printable(path.string()), printable(record.name), kWildType.size(),
                                   kWildType.substr(0, 6)));
    }
  });
  if (records != 1) {
    throw InputError(fmt::format("{}: one record is needed, got {}", printable(path.string()), records));
  }
}

std::string name(const fs::path& path) { return path.filename().string(); }

std::string describe(const fs::path& path, const Genotypes& genotypes) {
  std::int64_t stops = 0;
  std::int64_t wild = 0;
  std::size_t most = 0;
  for (const Row& row : genotypes.rows) {
    stops += row.has_stop() ? 1 : 0;
    wild += row.mutations.empty() ? 1 : 0;
    most = std::max(most, row.mutations.size());
  }
  return fmt::format("{}: {} rows, all well-formed, {} repeated{}, {} with a stop codon, {} wild type, up to {} mutations",
                     name(path), static_cast<std::int64_t>(genotypes.rows.size()) + genotypes.duplicates,
                     genotypes.duplicates,
                     genotypes.duplicates > 0 ? " (left out; first at lines" + genotypes.first_duplicates + ")" : "",
                     stops, wild, most);
}

}  // namespace

PublishedFiles recognize(std::span<const fs::path> files) {
  PublishedFiles result;
  for (const fs::path& path : files) {
    const std::vector<std::string> header = data::header_of(path);
    fs::path PublishedFiles::*const kind = kind_of(header);
    if (kind == nullptr) {
      throw InputError(fmt::format("{}:1: not a file of this task, its first line is \"{}\"; known are tables with "
                                   "the column aaMutations or primary, and FASTA",
                                   printable(path.string()), printable(join(header, "\t"))));
    }
    if (!(result.*kind).empty()) {
      throw InputError(fmt::format("{}: the same kind of file as {}", printable(path.string()),
                                   printable((result.*kind).string())));
    }
    result.*kind = path;
  }
  check_complete(result, "");
  return result;
}

PublishedFiles in_folder(const fs::path& folder) {
  PublishedFiles result;
  constexpr std::array<std::pair<const char*, fs::path PublishedFiles::*>, 4> kRoles{
      {{"genotypes.tsv", &PublishedFiles::genotypes},
       {"tape_valid.tsv", &PublishedFiles::tape_valid},
       {"splits.tsv", &PublishedFiles::splits},
       {"wild_type.fasta", &PublishedFiles::wild_type}}};
  for (const auto& [role, member] : kRoles) {
    for (const char* suffix : {"", ".gz"}) {
      std::error_code error;
      const fs::path path = folder / (std::string(role) + suffix);
      if (fs::exists(path, error)) result.*member = path;
    }
  }
  check_complete(result, printable(folder.string()) + ": ");
  return result;
}

PublishedRows read_published(const PublishedFiles& files) {
  PublishedRows result;
  if (!files.wild_type.empty()) {
    check_wild_type(files.wild_type);
    result.report.push_back(fmt::format("{}: the wild type", name(files.wild_type)));
  }
  Genotypes genotypes = read_genotypes(files.genotypes);
  result.report.push_back(describe(files.genotypes, genotypes));
  std::vector<Row>& rows = genotypes.rows;
  if (!files.tape_valid.empty()) {
    result.report.push_back(fmt::format("{}: {} rows, each matches one genotype", name(files.tape_valid),
                                        mark_validation(files.tape_valid, rows)));
  }
  if (!files.splits.empty()) {
    result.report.push_back(fmt::format("{}: {} rows", name(files.splits),
                                        read_splits(files.splits, rows, !files.tape_valid.empty())));
  }
  const auto count = [&](Part part) { return std::ranges::count(rows, part, &Row::part); };
  result.report.push_back(fmt::format("published split: {} train, {} validation, {} test", count(Part::kTrain),
                                      count(Part::kValidation), count(Part::kTest)));
  result.rows = std::move(rows);
  result.duplicates = genotypes.duplicates;
  return result;
}

}  // namespace seqbench::tasks::gfp_fluorescence
