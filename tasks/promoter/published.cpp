#include "tasks/promoter/published.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "tasks/data/packed_dna.h"

namespace seqbench::tasks::promoter {
namespace {

namespace fs = std::filesystem;
using data::FastaRecord;

constexpr std::string_view kLocus = "locus=";  // a twin's promoters name what they overlap in
constexpr std::string_view kContig = "contig=";
constexpr std::string_view kTaxon = "taxon=";
constexpr std::string_view kStray = "gt;";  // the source's, before the names of mouse_251
constexpr std::int64_t kWindow = 10000;  // pieces of a long sequence in the same window are one group

bool is_mouse_300(const FastaRecord& r) { return r.name.starts_with("EPDnew_Mm_TATA_"); }
bool is_human_300(const FastaRecord& r) { return r.name.starts_with("EPDnew_Hs_TATA_"); }
bool is_mouse_251(const FastaRecord& r) {
  return r.description.find("; range ") != r.description.npos && r.description.ends_with(" 50.");
}
bool is_dbtss(const FastaRecord& r) {
  const std::size_t comma = r.name.find(',');
  return comma != r.name.npos && parse_int(r.name.substr(0, comma)) && parse_int(r.name.substr(comma + 1)) &&
         r.description.find("chr") != r.description.npos;
}
bool is_metagenome(const FastaRecord& r) { return r.description.starts_with(kContig); }
bool is_bacteria(const FastaRecord& r) { return r.description.starts_with(kTaxon); }
bool is_genomic(const FastaRecord& r) { return r.name.starts_with("mm") && r.description.starts_with("strand="); }
bool is_nonpromoter(const FastaRecord& r) {
  return r.description.ends_with(']') && r.description.find('[') != r.description.npos;
}

constexpr std::array<FileKind, kKinds> kFileKinds = {{{"mouse_300", true, 300, &is_mouse_300},
                                                      {"human_300", true, 300, &is_human_300},
                                                      {"mouse_251", true, 251, &is_mouse_251},
                                                      {"mouse_dbtss_251", true, 251, &is_dbtss},
                                                      {"metagenome", false, 300, &is_metagenome},
                                                      {"bacteria", false, 300, &is_bacteria},
                                                      {"mouse_genomic", false, 0, &is_genomic},
                                                      {"mouse_nonpromoter", false, 251, &is_nonpromoter}}};

std::string header(const FastaRecord& record) {
  return printable(record.name + (record.description.empty() ? "" : " ") + record.description, 80);
}

/// "[AB001489 X1 ]" at the end of the header: "AB001489 X1".
std::string_view accessions(std::string_view description) {
  description.remove_suffix(1);
  description.remove_prefix(description.rfind('[') + 1);
  while (description.ends_with(' ')) description.remove_suffix(1);
  while (description.starts_with(' ')) description.remove_prefix(1);
  return description;
}

class Collector {
 public:
  Collector(const FileKind& kind, const fs::path& path, std::int64_t length) : kind_(kind), path_(path), length_(length) {}

  void add(FastaRecord&& record) {
    ++result_.records;
    if (!kind_.has(record)) fail(record, fmt::format("is not of the kind of the first, {}", kind_.name));
    for (char& letter : record.sequence) letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    const std::size_t bad = record.sequence.find_first_not_of("ACGTN");
    if (bad != record.sequence.npos) {
      fail(record, fmt::format("has the letter \"{}\" at {}; A, C, G, T and N are known",
                               printable(record.sequence.substr(bad, 1)), bad + 1));
    }
    const auto length = static_cast<std::int64_t>(record.sequence.size());
    if (kind_.length == 0) return cut(record);
    if (length != kind_.length) fail(record, fmt::format("has {} letters, {} are needed", length, kind_.length));
    Row row = row_of(record);
    row.sequence = std::move(record.sequence);
    keep(std::move(row), record);
  }

  FileRows take() { return std::move(result_); }

 private:
  [[noreturn]] void fail(const FastaRecord& record, const std::string& what) const {
    throw InputError(fmt::format("{}: the record \"{}\" {}", printable(path_.string()), header(record), what));
  }

  void cut(const FastaRecord& record) {
    const auto length = static_cast<std::int64_t>(record.sequence.size());
    if (length < length_) fail(record, fmt::format("has {} letters, {} at least are needed", length, length_));
    for (std::int64_t start = 0; start + length_ <= length; start += length_) {
      std::string piece = record.sequence.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(length_));
      keep({fmt::format("{}/{}-{}", record.name, start, start + length_),
            fmt::format("{}/{}", record.name, start / kWindow), std::move(piece)},
           record);
    }
  }

  Row row_of(const FastaRecord& record) {
    const std::string_view about = record.description;
    if (kind_.has == &is_nonpromoter) {
      const std::string_view all = accessions(about);
      if (all.empty()) fail(record, "names no accession in its brackets");
      const std::string first(all.substr(0, all.find(' ')));
      return {fmt::format("{}.{}", first, ++of_accession_[first]), std::string(all), ""};
    }
    for (const std::string_view key : {kLocus, kContig, kTaxon}) {
      if (about.starts_with(key)) return {record.name, std::string(about.substr(key.size())), ""};
    }
    std::string name = record.name;
    if (name.starts_with(kStray)) name.erase(0, kStray.size());
    return {name, name, ""};
  }

  void keep(Row&& row, const FastaRecord& record) {
    if (!ids_.insert(row.id).second) fail(record, fmt::format("repeats the id \"{}\"", printable(row.id)));
    if (sequences_.insert(row.sequence).second) {
      result_.rows.push_back(std::move(row));
    } else {
      ++result_.repeated;
    }
  }

  const FileKind& kind_;
  const fs::path& path_;
  std::int64_t length_;
  FileRows result_;
  std::set<std::string> ids_, sequences_;
  std::map<std::string, std::int64_t> of_accession_;
};

constexpr std::size_t kShared = 50;
constexpr std::size_t kWord = 32;  // letters of a 64-bit word

/// The words of 50 letters: two overlapping words of 32 say all of them.
struct Shared {
  std::uint64_t first, last;
  std::size_t row;
  auto operator<=>(const Shared&) const = default;
};

std::vector<Shared> words_of(const std::vector<Row>& rows) {
  std::vector<Shared> words;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::vector<std::uint64_t> word;  // of the 32 letters that end at a place
    std::size_t known = 0;
    for (const char letter : rows[row].sequence) {
      const std::uint8_t code = base_code(letter);
      known = code == kUnknownBase ? 0 : known + 1;
      word.push_back((word.empty() ? 0 : word.back()) << 2 | (code & 3U));
      const std::size_t at = word.size() - 1;
      if (known >= kShared) words.push_back({word[at - (kShared - kWord)], word[at], row});
    }
  }
  std::ranges::sort(words);
  return words;
}

}  // namespace

const std::array<FileKind, kKinds>& file_kinds() { return kFileKinds; }

const FileKind& file_kind(std::string_view name) {
  const auto found = std::ranges::find(kFileKinds, name, &FileKind::name);
  SEQBENCH_ASSERT(found != kFileKinds.end(), "the choices of the parameters are checked");
  return *found;
}

const FileKind& recognize(const fs::path& path) {
  const std::string line = data::header_of(path, '\n').front();
  if (line.starts_with('>')) {
    FastaRecord record{.name = line.substr(1, line.find_first_of(" \t") - 1), .description = {}, .sequence = {}};
    const std::size_t rest = line.find_first_not_of(" \t", 1 + record.name.size());
    if (rest != line.npos) record.description = line.substr(rest);
    const auto found = std::ranges::find_if(kFileKinds, [&](const FileKind& kind) { return kind.has(record); });
    if (found != kFileKinds.end()) return *found;
  }
  std::string names;
  for (const FileKind& kind : kFileKinds) names += fmt::format("{}{}", names.empty() ? "" : ", ", kind.name);
  throw InputError(fmt::format("{}:1: not a file of this task, its first line is \"{}\"; known are FASTA files of {}",
                               printable(path.string()), printable(line, 80), names));
}

FileRows read_rows(const FileKind& kind, const fs::path& path, std::int64_t length) {
  Collector collector(kind, path, length);
  data::read_fasta(path, [&](FastaRecord&& record) { collector.add(std::move(record)); });
  return collector.take();
}

void group_overlapping(std::vector<Row>& rows) {
  std::vector<std::size_t> first(rows.size());  // of the group, by way of others in it
  std::iota(first.begin(), first.end(), std::size_t{0});
  const auto root = [&](std::size_t row) {
    while (first[row] != row) row = first[row] = first[first[row]];
    return row;
  };
  const std::vector<Shared> words = words_of(rows);
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i].first != words[i - 1].first || words[i].last != words[i - 1].last) continue;
    const auto [low, high] = std::minmax({root(words[i - 1].row), root(words[i].row)});
    first[high] = low;
  }
  std::vector<std::string> groups;
  for (std::size_t row = 0; row < rows.size(); ++row) groups.push_back(rows[root(row)].group);
  for (std::size_t row = 0; row < rows.size(); ++row) rows[row].group = std::move(groups[row]);
}

}  // namespace seqbench::tasks::promoter
