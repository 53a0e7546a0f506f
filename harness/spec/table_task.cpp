#include "harness/spec/table_task.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/spec/context.h"
#include "harness/spec/toml.h"

namespace seqbench::spec {
namespace {

namespace fs = std::filesystem;
using Strings = std::vector<std::string>;

constexpr std::uint64_t kLargestFile = 1u << 20;
constexpr double kMostKmers = 65536;

ParamSpec text(std::string name, std::string help, Strings choices = {}) {
  return {.name = std::move(name), .fallback = std::string(), .help = std::move(help), .choices = std::move(choices)};
}
ParamSpec list(std::string name, std::string help, Strings fallback = {}) {
  return {.name = std::move(name), .fallback = std::move(fallback), .help = std::move(help)};
}
ParamSpec integer(std::string name, std::int64_t fallback, double low, double high, std::string help) {
  return {.name = std::move(name), .fallback = fallback, .help = std::move(help), .low = low, .high = high};
}

const std::vector<ParamSpec>& top_specs() {
  static const std::vector<ParamSpec> keys = {
      integer("schema", kSchema, kSchema, kSchema, "of this file; required"),
      text("kind", "required", {"table"}),
      text("task_kind", "required", {"regression", "binary"}),
      text("file", "the table or FASTA file, plain or gzip, relative to this file; required"),
      text("format", "default: by the file's name", {"csv", "tsv", "fasta"}),
      text("sha256", "the file is refused when its bytes have another"),
      text("labels", "of a FASTA file: a CSV or TSV with the other columns; default: key=value in the record's headers"),
      text("title", "default: the task's name"),
      text("summary", "one line"),
      list("metrics", "the first ranks; default: the common ones of the kind"),
      list("slices", "fields by whose values metrics are broken down"),
      text("citation", "who made the data"),
      text("licence", "of the data"),
      integer("version", 1, 1, 1e9, "raise it to keep results apart from earlier ones")};
  return keys;
}

const std::vector<ParamSpec>& column_specs() {
  static const std::vector<ParamSpec> keys = {
      text("label", "what is predicted; required"),
      text("id", "unique and stable; default: a hash of the row's content, or the record's name"),
      text("sequence", "DNA or protein letters; a FASTA record's own"),
      text("sentence", "words"),
      list("features", "numbers; \"x_*\" is every column that begins with x_"),
      text("weight", "of a row in training, above 0"),
      text("group", "rows of one value stay on one side of grouped splits"),
      text("split", "which part a row is in: the published split"),
      list("fields", "further columns, for slices")};
  return keys;
}

const TableSchema& schema() {
  static const std::vector<ParamSpec> label = {
      text("name", "default: the column's"), text("unit", "of the value after the transform"),
      text("transform", "applied to the column", {"log10", "log2", "log10(x+1)", "log2(x+1)"}),
      text("positive", "binary: the text that counts as 1; default: labels are 0 and 1")};
  static const std::vector<ParamSpec> split = {list("train", "values of the column columns.split", {"train"}),
                                               list("validation", "", {"validation"}), list("test", "", {"test"})};
  static const std::vector<ParamSpec> views = {
      text("alphabet", "of columns.sequence; required with it", {"dna", "protein"}),
      integer("kmer", 0, 0, 8, "length of the words counted in the view kmer_counts; default: 4 for dna, 2 for protein")};
  static const TableSchema columns_table{&column_specs(), &check_param, {}}, label_table{&label, &check_param, {}},
      split_table{&split, &check_param, {}}, views_table{&views, &check_param, {}};
  using Form = Child::Form;
  static const TableSchema root{&top_specs(), &check_param,
                                {{"columns", Form::kTable, &columns_table, "names of columns"},
                                 {"label", Form::kTable, &label_table, "how the label is read"},
                                 {"split", Form::kTable, &split_table, "values of the column columns.split"},
                                 {"views", Form::kTable, &views_table, "what models see of a sequence"}}};
  return root;
}

/// The declaration while it is read; one method a concern.
class Loader {
 public:
  Loader(const fs::path& path, const Catalog& catalog, const Node& root, Faults& faults, const Origin& start)
      : catalog_(catalog), root_(root), faults_(faults), start_(start), top_(values("", schema())) {
    for (const Child& child : schema().children) tables_.emplace(child.name, values(child.name, *child.schema));
    task_.path = path;
  }

  TableTask load() {
    read_info();
    read_files();
    read_columns();
    read_label();
    read_views();
    read_parts();
    offer();
    return std::move(task_);
  }

 private:
  Params values(std::string_view table, const TableSchema& schema) {
    Settings settings(*schema.keys);
    settings.layer(table.empty() ? &root_ : subtable(&root_, table), *schema.keys, schema.check);
    return settings.values;
  }
  /// Where a key's value stands, or the file's start.
  [[nodiscard]] Origin at(std::string_view table, std::string_view key) const {
    const Node* node = table.empty() ? &root_ : subtable(&root_, table);
    const Entry* entry = node == nullptr ? nullptr : node->find(key);
    return entry == nullptr ? start_ : entry->value.at;
  }
  [[nodiscard]] const std::string& column(const char* key) const { return tables_.at("columns").text(key); }
  void require(std::string_view table, const std::string& key) {
    const Node* node = table.empty() ? &root_ : subtable(&root_, table);
    const Entry* entry = node == nullptr ? nullptr : node->find(key);
    const std::string name = table.empty() ? key : fmt::format("{}.{}", table, key);
    if (entry == nullptr) return faults_.add(start_, fmt::format("missing key '{}'", name));
    if (entry->value.scalar == Json("")) faults_.add(entry->value.at, fmt::format("'{}' must not be empty", name));
  }

  void read_info() {
    for (const char* key : {"schema", "kind", "task_kind", "file"}) require("", key);
    TaskInfo& info = task_.info;
    info.name = task_.path.stem().string();
    const bool snake = !info.name.empty() && info.name.size() <= 64 && info.name[0] >= 'a' && info.name[0] <= 'z' &&
                       info.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    if (!snake) faults_.add(start_, "the file's name is the task's: snake_case (a-z, 0-9, _), at most 64 long");
    if (catalog_.task(info.name) != nullptr) {
      faults_.add(start_, fmt::format("there is a task '{}' already; give the file another name", info.name));
    }
    info.title = top_.text("title").empty() ? info.name : top_.text("title");
    info.summary = top_.text("summary").empty() ? info.title : top_.text("summary");
    info.version = static_cast<int>(top_.integer("version"));
    info.kind = top_.text("task_kind") == "binary" ? TaskKind::kBinary : TaskKind::kRegression;
    info.citation = top_.text("citation");
    info.licence = top_.text("licence");
    info.has_real = true;
    info.has_twin = false;
    info.import_hint = fmt::format("declared in {}", task_.path.generic_string());
    read_metrics();
  }

  void read_metrics() {
    const bool binary = task_.info.kind == TaskKind::kBinary;
    task_.info.metrics = top_.texts("metrics");
    if (task_.info.metrics.empty()) {
      task_.info.metrics = binary ? Strings{"mcc", "auroc", "auprc", "accuracy", "f1", "log_loss"}
                                  : Strings{"pearson", "spearman", "r2", "mse", "rmse", "mae"};
    }
    const Strings known = metric_names(catalog_, task_.info.kind);
    for (const std::string& name : top_.texts("metrics")) {
      const bool twice = std::ranges::count(task_.info.metrics, name) > 1;
      if (twice) faults_.add(at("", "metrics"), fmt::format("metric '{}' is named twice", printable(name)));
      if (std::ranges::find(known, name) == known.end()) {
        faults_.add(at("", "metrics"), fmt::format("unknown metric '{}' for {} tasks{}", printable(name),
                                                   to_string(task_.info.kind), hint(name, known)));
      }
    }
  }

  void read_files() {
    const fs::path folder = task_.path.parent_path();
    task_.file = folder / top_.text("file");
    if (!top_.text("labels").empty()) task_.labels = folder / top_.text("labels");
    task_.format = top_.text("format").empty() ? format_of(task_.file) : top_.text("format");
    if (task_.format.empty() && !top_.text("file").empty()) {
      faults_.add(at("", "file"), "'file' ends in none of .csv, .tsv, .fasta, .fa (plain or .gz); give 'format'");
    }
    if (!task_.labels.empty() && task_.format != "fasta") faults_.add(at("", "labels"), "'labels' goes with a FASTA file");
    if (!task_.labels.empty() && (format_of(task_.labels).empty() || format_of(task_.labels) == "fasta")) {
      faults_.add(at("", "labels"), "'labels' must end in .csv or .tsv, plain or .gz");
    }
    task_.sha256 = top_.text("sha256");
    const bool hex = task_.sha256.size() == 64 && task_.sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!task_.sha256.empty() && !hex) faults_.add(at("", "sha256"), "'sha256' must be 64 digits of 0-9 and a-f");
  }

  void read_columns() {
    require("columns", "label");
    const bool fasta = task_.format == "fasta";
    for (const auto& [key, name] : {std::pair{"id", &task_.id}, {"sequence", &task_.sequence}, {"sentence", &task_.sentence},
                                    {"label", &task_.label}, {"weight", &task_.weight}, {"group", &task_.group},
                                    {"split", &task_.split}}) {
      *name = column(key);
    }
    task_.features = tables_.at("columns").texts("features");
    task_.fields = tables_.at("columns").texts("fields");
    if (fasta && !task_.sequence.empty()) {
      faults_.add(at("columns", "sequence"), "'columns.sequence' has no meaning here: a FASTA record has its own");
    }
    if (fasta && task_.labels.empty() && !task_.id.empty()) {
      faults_.add(at("columns", "id"), "'columns.id' has no meaning here: a FASTA record has a name");
    }
    if (!fasta && task_.sequence.empty() && task_.sentence.empty() && task_.features.empty()) {
      faults_.add(start_, "nothing to predict from: give 'columns.sequence', 'columns.sentence' or 'columns.features'");
    }
    for (const char* key : {"id", "sequence", "sentence", "weight", "group"}) {
      if (!column(key).empty() && column(key) == task_.label) {
        faults_.add(at("columns", key), fmt::format("'columns.{}' is the label's column", key));
      }
    }
    for (const std::string& name : task_.features) check_feature(name, fasta && task_.labels.empty());
    for (const std::string& slice : top_.texts("slices")) {
      if (slice != task_.group && std::ranges::find(task_.fields, slice) == task_.fields.end()) {
        faults_.add(at("", "slices"), fmt::format("slice '{}' is neither in 'columns.fields' nor 'columns.group'", printable(slice)));
      }
    }
    task_.info.slices = top_.texts("slices");
    task_.info.group = task_.group;
  }

  void check_feature(const std::string& name, bool in_headers) {
    const auto stars = std::ranges::count(name, '*');
    if (name.empty() || stars > 1) faults_.add(at("columns", "features"), "a feature is a column's name with at most one '*'");
    if (stars == 1 && in_headers) faults_.add(at("columns", "features"), "FASTA headers have no columns for '*' to stand for");
    if (name == task_.label || name == task_.split) {
      faults_.add(at("columns", "features"), fmt::format("'{}' is the label or the split, which no model may see", printable(name)));
    }
  }

  void read_label() {
    const Params& label = tables_.at("label");
    task_.positive = label.text("positive");
    task_.transform = label.text("transform");
    const bool binary = task_.info.kind == TaskKind::kBinary;
    if (!binary && !task_.positive.empty()) faults_.add(at("label", "positive"), "'label.positive' goes with task_kind = \"binary\"");
    if (binary && !task_.transform.empty()) faults_.add(at("label", "transform"), "'label.transform' goes with task_kind = \"regression\"");
    const std::string& name = label.text("name");
    task_.info.targets = {{name.empty() ? task_.label : name, label.text("unit"), task_.transform}};
  }

  void read_views() {
    const Params& views = tables_.at("views");
    const bool letters = task_.format == "fasta" || !task_.sequence.empty();
    task_.alphabet = views.text("alphabet");
    if (letters && task_.alphabet.empty()) require("views", "alphabet");
    if (!letters && subtable(&root_, "views") != nullptr) {
      faults_.add(at("", "views"), "[views] goes with 'columns.sequence'");
    }
    if (task_.alphabet.empty()) return;
    task_.kmer = views.integer("kmer") > 0 ? views.integer("kmer") : task_.alphabet == "dna" ? 4 : 2;
    const double words = std::pow(letters_of(task_.alphabet), task_.kmer);
    if (words > kMostKmers) {
      faults_.add(at("views", "kmer"), fmt::format("'views.kmer' = {} makes {:.0f} words; at most {:.0f}", task_.kmer, words, kMostKmers));
    }
  }

  void read_parts() {
    if (task_.split.empty()) {
      if (subtable(&root_, "split") != nullptr) faults_.add(at("", "split"), "[split] goes with 'columns.split'");
      return;
    }
    for (const char* part : {"train", "validation", "test"}) {
      for (const std::string& value : tables_.at("split").texts(part)) {
        if (task_.parts.emplace(value, part).second) continue;
        faults_.add(at("split", part), fmt::format("\"{}\" names two parts", printable(value)));
      }
    }
  }

  /// Views and splits that follow from the columns.
  void offer() {
    TaskInfo& info = task_.info;
    if (!task_.alphabet.empty()) {
      info.views = {{task_.alphabet, "the sequence"},
                    {"one_hot", "one letter a position, up to the longest sequence"},
                    {"kmer_counts", fmt::format("share of each word of {} letters", task_.kmer)}};
    }
    if (!task_.features.empty()) info.views.push_back({"features", join(task_.features, ", ")});
    if (!task_.sentence.empty()) info.views.push_back({"sentence", fmt::format("the column '{}'", task_.sentence)});
    if (!task_.split.empty()) info.splits.emplace_back("published");
    if (!task_.group.empty()) {
      info.splits.emplace_back("grouped");
      if (info.kind == TaskKind::kBinary) info.splits.emplace_back("stratified_grouped");
    }
    for (const char* kind : {"kfold", "stratified", "holdout", "subsample"}) info.splits.emplace_back(kind);
  }

  static std::string format_of(const fs::path& file) {
    std::string name = file.filename().string();
    if (name.ends_with(".gz")) name.resize(name.size() - 3);
    if (name.ends_with(".csv")) return "csv";
    if (name.ends_with(".tsv") || name.ends_with(".txt")) return "tsv";
    const Strings fasta = {".fasta", ".fa", ".fna", ".faa"};
    return std::ranges::any_of(fasta, [&](const std::string& end) { return name.ends_with(end); }) ? "fasta" : "";
  }

  const Catalog& catalog_;
  const Node& root_;
  Faults& faults_;
  Origin start_;
  Params top_;
  std::map<std::string, Params, std::less<>> tables_;
  TableTask task_;
};

}  // namespace

std::int64_t letters_of(const std::string& alphabet) { return alphabet == "dna" ? 4 : 20; }

Json TableTask::meaning() const {
  return {{"table", 1},          {"format", format},     {"kind", to_string(info.kind)},
          {"id", id},            {"sequence", sequence}, {"sentence", sentence},
          {"label", label},      {"weight", weight},     {"group", group},
          {"split", split},      {"features", features}, {"fields", fields},
          {"positive", positive}, {"transform", transform}, {"parts", parts},
          {"alphabet", alphabet}, {"kmer", kmer},         {"version", info.version}};
}

Result<TableTask> load_table_task(const fs::path& path, const Catalog& catalog) {
  Faults faults;
  Source source{path.generic_string(), {}, true, 0};
  std::string bytes;
  try {
    bytes = read_file(path, kLargestFile);
  } catch (const Error& error) {
    faults.add({&source}, error.what());
    return tl::make_unexpected(faults.diagnostics());
  }
  for (const std::string_view line : split(bytes, '\n')) source.lines.emplace_back(line.substr(0, line.find('\r')));
  const std::optional<Node> root = parse_toml(bytes, source, faults);
  if (!root) return tl::make_unexpected(faults.diagnostics());
  check_tree(*root, schema(), faults);
  TableTask task = Loader(path, catalog, *root, faults, {&source}).load();
  if (!faults.empty()) return tl::make_unexpected(faults.diagnostics());
  return task;
}

std::string table_reference() {
  return "Keys of a table task (TOML; the file's name is the task's): what a value must be, [its default],\n"
         "its meaning.\n" +
         reference_of(schema());
}

}  // namespace seqbench::spec
