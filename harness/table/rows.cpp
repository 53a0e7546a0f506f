#include "harness/table/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <span>

#include "harness/base/error.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "harness/data/csv.h"

namespace seqbench::table {
namespace {

using spec::TableTask;

constexpr std::size_t kLongestId = 200;
// Names that the columns of a FASTA record have; no header can hold them.
constexpr const char* kRecordName = "\nname";
constexpr const char* kRecordSequence = "\nsequence";

struct Place {
  const std::string& file;
  std::int64_t line;
  [[noreturn]] void fail(const std::string& message) const { throw InputError(fmt::format("{}:{}: {}", file, line, message)); }
};

bool matches(std::string_view name, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return name == pattern;
  const std::string_view head = pattern.substr(0, star), tail = pattern.substr(star + 1);
  return name.size() >= head.size() + tail.size() && name.starts_with(head) && name.ends_with(tail);
}

/// Where in a row each part of it is.
struct Slots {
  std::optional<std::size_t> id, sequence, sentence, label, weight, group, split;
  std::vector<std::size_t> features;
  std::vector<std::pair<std::string, std::size_t>> fields;  // the group too

  /// Everything that is read, in the order of the file.
  [[nodiscard]] std::set<std::size_t> used() const {
    std::set<std::size_t> all(features.begin(), features.end());
    for (const auto& one : {id, sequence, sentence, label, weight, split}) {
      if (one) all.insert(*one);
    }
    for (const auto& [name, at] : fields) all.insert(at);
    return all;
  }
};

/// Looks names up in a header.
struct Finder {
  const std::vector<std::string>& header;
  const Place& place;

  [[nodiscard]] std::optional<std::size_t> find(const std::string& name) const {
    if (name.empty()) return std::nullopt;
    const auto count = std::ranges::count(header, name);
    if (count == 1) return static_cast<std::size_t>(std::ranges::find(header, name) - header.begin());
    if (count > 1) place.fail(fmt::format("more than one column \"{}\"", printable(name)));
    const auto near = nearest(name, header);
    place.fail(fmt::format("no column \"{}\"{}; the header is \"{}\"", printable(name),
                           near ? fmt::format(", nearest: \"{}\"", printable(*near)) : "", printable(join(header, ","))));
  }

  void add_features(const std::string& pattern, Slots& slots) const {
    const std::set<std::optional<std::size_t>> hidden = {slots.id,     slots.sequence, slots.sentence, slots.label,
                                                         slots.split,  slots.weight,   slots.group};
    const std::size_t before = slots.features.size();
    const bool one = pattern.find('*') == std::string::npos;
    if (one) static_cast<void>(find(pattern));
    for (std::size_t i = 0; i < header.size(); ++i) {
      if (!matches(header[i], pattern) || (!one && hidden.contains(i))) continue;
      if (std::ranges::find(slots.features, i) == slots.features.end()) slots.features.push_back(i);
    }
    if (slots.features.size() == before) place.fail(fmt::format("\"{}\" adds no column to the features", printable(pattern)));
  }
};

Slots find_slots(const TableTask& task, const Finder& in) {
  const bool fasta = task.format == "fasta";
  Slots slots;
  slots.id = in.find(fasta ? kRecordName : task.id);
  slots.sequence = in.find(fasta ? kRecordSequence : task.sequence);
  slots.sentence = in.find(task.sentence);
  slots.label = in.find(task.label);
  slots.weight = in.find(task.weight);
  slots.group = in.find(task.group);
  slots.split = in.find(task.split);
  std::set<std::string> fields(task.fields.begin(), task.fields.end());
  if (slots.group) fields.insert(task.group);
  for (const std::string& name : fields) slots.fields.emplace_back(name, in.find(name).value());
  for (const std::string& pattern : task.features) in.add_features(pattern, slots);
  return slots;
}

class Builder {
 public:
  Builder(const TableTask& task, std::vector<std::string> header, const Place& place)
      : task_(task), header_(std::move(header)), slots_(find_slots(task, {header_, place})), used_(slots_.used()) {
    for (const std::size_t at : slots_.features) rows_.feature_names.push_back(header_[at]);
  }

  void add(std::span<const std::string> cells, const Place& place) {
    for (const std::size_t at : used_) {
      if (!is_valid_utf8(cells[at])) place.fail(fmt::format("\"{}\" is not valid UTF-8", printable(header_[at])));
    }
    if (!add_id(cells, place)) return;
    rows_.targets.push_back(label(cells[*slots_.label], place));
    if (slots_.sequence) rows_.sequences.push_back(sequence(cells[*slots_.sequence], place));
    if (slots_.sentence) rows_.sentences.push_back(filled(cells, *slots_.sentence, place));
    if (slots_.weight) rows_.weights.push_back(weight(cells, place));
    if (slots_.split) rows_.parts.push_back(part(cells[*slots_.split], place));
    for (const std::size_t at : slots_.features) rows_.features.push_back(static_cast<float>(number(cells, at, place)));
    for (const auto& [name, at] : slots_.fields) rows_.fields[name].push_back(filled(cells, at, place));
  }

  Rows finish(const Place& place) {
    if (rows_.ids.empty()) place.fail("no row follows the header");
    if (task_.info.kind == TaskKind::kBinary && !rows_.targets.empty()) {
      const auto [low, high] = std::ranges::minmax_element(rows_.targets);
      if (*low == *high) place.fail(fmt::format("every \"{}\" is the same: a binary task needs two", printable(task_.label)));
    }
    if (slots_.split && std::ranges::find(rows_.parts, Part::kValidation) == rows_.parts.end()) cut_validation();
    return std::move(rows_);
  }

 private:
  /// A tenth of the training rows by a hash of the id, or of the group: models choose their settings there.
  void cut_validation() {
    const std::vector<std::string>& names = slots_.group ? rows_.fields.at(task_.group) : rows_.ids;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const Sha256Digest digest = sha256(names[i]);
      if (rows_.parts[i] != Part::kTrain || digest[0] * 256 + digest[1] >= 65536 / 10) continue;
      rows_.parts[i] = Part::kValidation;
      ++rows_.cut;
    }
  }

  /// False for a row that is there already, where the content is the id.
  bool add_id(std::span<const std::string> cells, const Place& place) {
    std::string id = slots_.id ? cells[*slots_.id] : content_id(cells);
    if (id.empty() || id.size() > kLongestId || printable(id) != id) {
      place.fail(fmt::format("an id has 1 to {} characters and no control characters, got \"{}\"", kLongestId, printable(id)));
    }
    const auto [first, is_new] = lines_.try_emplace(id, place.line);
    if (!is_new && slots_.id) place.fail(fmt::format("the id \"{}\" is there already, at line {}", id, first->second));
    if (is_new) rows_.ids.push_back(std::move(id));
    rows_.duplicates += is_new ? 0 : 1;
    return is_new;
  }

  [[nodiscard]] std::string content_id(std::span<const std::string> cells) const {
    Sha256 hash;
    for (const std::size_t at : used_) {
      const std::string part = fmt::format("{}:{}{}:{}", header_[at].size(), header_[at], cells[at].size(), cells[at]);
      hash.update(part.data(), part.size());
    }
    const Sha256Digest digest = hash.finish();
    return "r" + to_hex(digest.data(), digest.size()).substr(0, 16);
  }

  [[nodiscard]] const std::string& filled(std::span<const std::string> cells, std::size_t at, const Place& place) const {
    if (cells[at].empty()) place.fail(fmt::format("\"{}\" is empty", printable(header_[at])));
    return cells[at];
  }

  [[nodiscard]] double number(std::span<const std::string> cells, std::size_t at, const Place& place) const {
    const std::optional<double> value = parse_double(cells[at]);
    if (!value || std::abs(*value) > 3e38) {
      place.fail(fmt::format("\"{}\" must be a finite number, got \"{}\"", printable(header_[at]), printable(cells[at])));
    }
    return *value;
  }

  [[nodiscard]] double weight(std::span<const std::string> cells, const Place& place) const {
    const double value = number(cells, *slots_.weight, place);
    if (value <= 0) place.fail(fmt::format("\"{}\" must be above 0, got {}", printable(task_.weight), format_double(value)));
    return value;
  }

  double label(const std::string& cell, const Place& place) {
    if (task_.info.kind == TaskKind::kBinary) return label_of_two(cell, place);
    const std::optional<double> value = parse_double(cell);
    const std::string& how = task_.transform;
    if (!value) place.fail(fmt::format("the label \"{}\" must be a finite number, got \"{}\"", printable(task_.label), printable(cell)));
    if (how.empty()) return *value;
    const double x = how.ends_with("(x+1)") ? *value + 1 : *value;
    if (x <= 0) place.fail(fmt::format("the label \"{}\" is {}, which {} does not take", printable(task_.label), printable(cell), how));
    return how.starts_with("log10") ? std::log10(x) : std::log2(x);
  }

  double label_of_two(const std::string& cell, const Place& place) {
    const std::string one = task_.positive.empty() ? "1" : task_.positive;
    if (cell == one) return 1;
    if (negative_.empty()) negative_ = task_.positive.empty() ? "0" : cell;
    if (cell == negative_ && !cell.empty()) return 0;
    place.fail(fmt::format("the label \"{}\" must be \"{}\" or \"{}\", got \"{}\"", printable(task_.label), printable(one),
                           printable(negative_), printable(cell)));
  }

  [[nodiscard]] std::string sequence(const std::string& cell, const Place& place) const {
    if (cell.empty()) place.fail("the sequence is empty");
    std::string letters = cell;
    for (std::size_t i = 0; i < letters.size(); ++i) {
      if (letters[i] >= 'a' && letters[i] <= 'z') letters[i] = static_cast<char>(letters[i] - 'a' + 'A');
      if (letter_code(task_.alphabet, letters[i]) >= 0) continue;
      place.fail(fmt::format("\"{}\" at position {} of the sequence is no letter of {}", printable(letters.substr(i, 1)), i + 1,
                             task_.alphabet == "dna" ? "DNA" : "a protein"));
    }
    return letters;
  }

  [[nodiscard]] Part part(const std::string& cell, const Place& place) const {
    const auto found = task_.parts.find(cell);
    if (found == task_.parts.end()) {
      std::vector<std::string> known;
      for (const auto& [value, name] : task_.parts) known.push_back(value);
      place.fail(fmt::format("\"{}\" is none of {}; name its part in [split] of the declaration", printable(cell),
                             printable(join(known, ", "))));
    }
    return found->second == "train" ? Part::kTrain : found->second == "validation" ? Part::kValidation : Part::kTest;
  }

  const TableTask& task_;
  std::vector<std::string> header_;
  Slots slots_;
  std::set<std::size_t> used_;
  Rows rows_;
  std::map<std::string, std::int64_t> lines_;  // id: where
  std::string negative_;
};

char separator_of(const std::filesystem::path& file) {
  return file.filename().string().find(".csv") != std::string::npos ? ',' : '\t';
}

Rows read_table(const TableTask& task) {
  data::CsvReader table(task.file, task.format == "csv" ? ',' : '\t');
  const std::string file = printable(task.file.string());
  Builder builder(task, table.header(), {file, 1});
  while (table.next()) builder.add(table.cells(), {file, table.line_number()});
  return builder.finish({file, table.line_number()});
}

/// Cells of a companion table by the record that they belong to.
class Companion {
 public:
  explicit Companion(const TableTask& task) : file_(printable(task.labels.string())), table_(task.labels, separator_of(task.labels)) {
    const std::string id = task.id.empty() ? "id" : task.id;
    const auto found = std::ranges::find(table_.header(), id);
    if (found == table_.header().end()) table_.fail(fmt::format("no column \"{}\" that names the records", printable(id)));
    const auto at = static_cast<std::size_t>(found - table_.header().begin());
    while (table_.next()) {
      std::vector<std::string> cells(table_.cells().begin(), table_.cells().end());
      const std::string name = cells[at];
      const auto [first, is_new] = rows_.try_emplace(name, Row{std::move(cells), table_.line_number()});
      if (!is_new) table_.fail(fmt::format("\"{}\" is there already, at line {}", printable(name), first->second.line));
    }
  }
  [[nodiscard]] const std::vector<std::string>& header() const { return table_.header(); }

  std::vector<std::string> take(const std::string& name, const Place& place) {
    const auto found = rows_.find(name);
    if (found == rows_.end()) place.fail(fmt::format("record \"{}\" has no row in {}", printable(name), file_));
    return std::move(rows_.extract(found).mapped().cells);
  }
  void finish(const std::string& fasta) const {
    if (rows_.empty()) return;
    const auto& [name, row] = *rows_.begin();
    Place{file_, row.line}.fail(fmt::format("no record of {} is named \"{}\"", fasta, printable(name)));
  }

 private:
  struct Row {
    std::vector<std::string> cells;
    std::int64_t line;
  };
  std::string file_;
  data::CsvReader table_;
  std::map<std::string, Row> rows_;
};

/// Columns that a FASTA header gives as key=value.
std::vector<std::string> named_columns(const TableTask& task) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& name) {
    if (!name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const std::string& name : {task.sentence, task.label, task.weight, task.group, task.split}) add(name);
  for (const std::vector<std::string>* list : {&task.features, &task.fields}) std::ranges::for_each(*list, add);
  return names;
}

std::vector<std::string> values_of(const std::string& description, const std::vector<std::string>& names, const Place& place) {
  std::map<std::string_view, std::string_view> given;
  for (const std::string_view word : split(description, ' ')) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) continue;
    if (!given.emplace(word.substr(0, equals), word.substr(equals + 1)).second) {
      place.fail(fmt::format("the header gives {} twice", printable(word.substr(0, equals))));
    }
  }
  std::vector<std::string> values;
  for (const std::string& name : names) {
    const auto found = given.find(name);
    if (found == given.end()) place.fail(fmt::format("the header has no {}=VALUE", printable(name)));
    values.emplace_back(found->second);
  }
  return values;
}

Rows read_records(const TableTask& task) {
  const std::string file = printable(task.file.string());
  std::optional<Companion> companion;
  if (!task.labels.empty()) companion.emplace(task);
  const std::vector<std::string> names = companion ? companion->header() : named_columns(task);
  std::vector<std::string> header = names;
  header.insert(header.end(), {kRecordName, kRecordSequence});
  const std::string of_header = companion ? printable(task.labels.string()) : file;
  Builder builder(task, std::move(header), {of_header, 1});
  std::int64_t line = 1;
  data::read_fasta(task.file, [&](data::FastaRecord&& record) {
    line = record.line;
    const Place place{file, line};
    std::vector<std::string> cells =
        companion ? companion->take(record.name, place) : values_of(record.description, names, place);
    cells.push_back(std::move(record.name));
    cells.push_back(std::move(record.sequence));
    builder.add(cells, place);
  });
  if (companion) companion->finish(file);
  return builder.finish({file, line});
}

}  // namespace

int letter_code(const std::string& alphabet, char letter) {
  const bool dna = alphabet == "dna";
  const std::string_view letters = dna ? "ACGT" : "ACDEFGHIKLMNPQRSTVWY", others = dna ? "NRYSWKMBDHV" : "XBJOUZ*";
  if (const std::size_t at = letters.find(letter); at != letters.npos) return static_cast<int>(at);
  return others.find(letter) == others.npos ? -1 : static_cast<int>(letters.size());
}

Rows read_rows(const TableTask& task) { return task.format == "fasta" ? read_records(task) : read_table(task); }

}  // namespace seqbench::table
