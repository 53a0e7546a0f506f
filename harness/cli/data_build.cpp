// seqbench data build: files made from a task's examples.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/cli/commands.h"
#include "harness/data/home.h"
#include "harness/spec/experiment.h"

namespace seqbench::cli {
namespace fs = std::filesystem;

namespace {

/// A folder that is whole under its name after commit(), else not there.
class NewFolder {
 public:
  explicit NewFolder(const fs::path& path) : path_(fs::absolute(path).lexically_normal()) {
    if (!path_.has_filename()) path_ = path_.parent_path();  // it ended in a slash
    std::error_code error;
    if (fs::exists(path_, error) && !(fs::is_directory(path_, error) && fs::is_empty(path_, error))) {
      throw InputError(fmt::format("--out {} is there already; name an empty or a new folder", printable(path_.string())));
    }
    temporary_ = path_.string() + ".tmp-" + new_uid();
    fs::create_directories(temporary_, error);
    if (error) throw MachineError(fmt::format("cannot make {}: {}", temporary_.string(), error.message()));
  }
  ~NewFolder() {
    std::error_code ignored;
    fs::remove_all(temporary_, ignored);
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  [[nodiscard]] const fs::path& path() const { return temporary_; }
  void commit() {
    std::error_code error;
    fs::rename(temporary_, path_, error);
    if (error) throw MachineError(fmt::format("cannot rename {} to {}: {}", temporary_.string(), path_.string(), error.message()));
  }

 private:
  fs::path path_, temporary_;
};

/// A file written in large pieces.
class Writer {
 public:
  explicit Writer(const fs::path& path) : file_(path) {}
  void add(std::string_view text) {
    text_ += text;
    if (text_.size() >= kPiece) flush();
  }
  void commit() {
    flush();
    file_.commit();
  }

 private:
  static constexpr std::size_t kPiece = 1 << 20;

  void flush() {
    file_.write(text_);
    text_.clear();
  }

  AtomicFile file_;
  std::string text_;
};

/// The task as an experiment file with these --set would use it.
spec::TaskUse task_use(const Context& context, const TaskEntry& task) {
  const Arguments& a = context.arguments;
  std::vector<std::string> set;
  for (const std::string& text : a.set) {
    if (!text.starts_with("params.") && !text.starts_with("data.params.")) {
      throw InputError(fmt::format("--set '{}': data build takes the task's params alone, as in params.NAME=VALUE", printable(text)));
    }
    set.push_back(text.starts_with("params.") ? "data." + text : text);
  }
  auto loaded = spec::load_task(task, context.tables.catalog(), {set, "desk", a.twin, a.root});
  if (!loaded) throw InputError("invalid parameters\n" + spec::format_diagnostics(loaded.error()));
  return loaded->tasks.front();
}

/// Text of a cell: what would end it is written as a backslash and a letter.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '\t': escaped += "\\t"; break;
      case '\n': escaped += "\\n"; break;
      case '\r': escaped += "\\r"; break;
      case '\\': escaped += "\\\\"; break;
      default: escaped += c;
    }
  }
  return escaped;
}
std::string cell(double value) { return format_double(value); }
std::string cell(std::int64_t value) { return std::to_string(value); }

/// A text view that the task offers and this data set has, or nothing.
std::optional<View> text_view(const TaskEntry& task, const Dataset& dataset, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (std::ranges::find(task.views, name, &ViewInfo::name) == task.views.end()) continue;
    try {
      View view = dataset.view(name);
      if (std::holds_alternative<TextView>(view.data)) return view;
    } catch (const InputError&) {  // not under these parameters
    }
  }
  return std::nullopt;
}

std::string header(const TaskEntry& task, const Examples& examples, const std::optional<View>& sequences, const std::optional<View>& sentences) {
  std::vector<std::string> names = {"id"};
  for (const Target& target : task.targets) names.push_back(target.name);
  if (!examples.weights.empty()) names.emplace_back("weight");
  for (const auto& [name, field] : examples.fields) names.push_back(name);
  if (!examples.published_split.empty()) names.emplace_back("part");
  if (sequences) names.emplace_back("sequence");
  if (sentences) names.emplace_back("sentence");
  return join(names, "\t");
}

/// Cells of a row but for its texts.
std::string cells(const TaskEntry& task, const Examples& examples, std::size_t row) {
  constexpr std::array<std::string_view, 3> kParts = {"train", "validation", "test"};
  std::string line = cell(examples.ids[row]);
  const std::size_t targets = task.targets.size();
  for (std::size_t at = row * targets; at < (row + 1) * targets; ++at) {
    line += '\t';
    if (examples.mask.empty() || examples.mask[at] != 0) line += cell(examples.targets[at]);
  }
  if (!examples.weights.empty()) line += '\t' + cell(examples.weights[row]);
  for (const auto& [name, field] : examples.fields) {
    line += '\t' + std::visit([row](const auto& values) { return cell(values[row]); }, field);
  }
  if (!examples.published_split.empty()) {
    line += '\t';
    line += kParts[static_cast<std::size_t>(examples.published_split[row])];
  }
  return line;
}

/// FASTA names end at white space.
std::string fasta_name(std::string id) {
  std::ranges::replace_if(id, [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }, '_');
  return id;
}

void write_examples(const TaskEntry& task, const Dataset& dataset, const fs::path& folder) {
  const Examples& examples = dataset.examples();
  const std::optional<View> sequences = text_view(task, dataset, {"dna", "protein"});
  const std::optional<View> sentences = text_view(task, dataset, {"sentence"});
  Writer table(folder / "examples.tsv");
  std::optional<Writer> fasta;
  if (sequences) fasta.emplace(folder / "sequences.fasta");
  table.add(header(task, examples, sequences, sentences) + "\n");
  for (std::size_t row = 0; row < examples.ids.size(); ++row) {
    table.add(cells(task, examples, row));
    if (sequences) {
      const std::string sequence = std::get<TextView>(sequences->data).rows[row];
      table.add("\t" + cell(sequence));
      fasta->add(fmt::format(">{}\n{}\n", fasta_name(examples.ids[row]), sequence));
    }
    if (sentences) table.add("\t" + cell(std::get<TextView>(sentences->data).rows[row]));
    table.add("\n");
  }
  table.commit();
  if (fasta) fasta->commit();
}

/// What the files were made from; returns the counts of loading.
Json build_real(const Context& context, const TaskEntry& task, const Params& params, const fs::path& out) {
  if (task.fingerprint) {
    const auto dataset = task.load({.twin = false, .folder = {}, .params = params});
    write_examples(task, *dataset, out);
    return {{"counts", dataset->examples().counts}, {"data_sha256", task.fingerprint()}};
  }
  const fs::path folder = data::task_folder(context.arguments.data, task.name);
  const std::vector<data::LockedFile> files = data::read_lock(folder);
  if (files.empty()) throw InputError(data::no_data_text(task.name, folder, task.import_hint));
  data::verify_lock(folder, true);
  const auto dataset = task.load({.twin = false, .folder = folder, .params = params});
  write_examples(task, *dataset, out);
  Json from = Json::array();
  for (const data::LockedFile& file : files) from.push_back({{"file", file.role}, {"sha256", file.sha256}, {"bytes", file.bytes}});
  return {{"counts", dataset->examples().counts}, {"data_sha256", data::lock_sha256(files)}, {"files", std::move(from)}};
}

Json build_twin(const Context& context, const TaskEntry& task, const Params& params, const fs::path& out) {
  if (!task.write_twin) throw InputError(fmt::format("task '{}' can't write its twin as files yet", task.name));
  const std::int64_t rows = std::max<std::int64_t>(0, context.arguments.rows);
  task.write_twin({.twin = true, .folder = {}, .params = params, .rows = rows}, out);
  return {{"rows_asked_for", rows}};
}

}  // namespace

ExitCode data_build(const Context& context) {
  const Arguments& a = context.arguments;
  const TaskEntry& task = task_by_prefix(context, a.what);
  if (!a.twin && a.rows >= 0) throw InputError("--rows is for --twin; a task's params say which real rows are taken");
  const spec::TaskUse use = task_use(context, task);
  NewFolder folder(a.out);
  Json build = a.twin ? build_twin(context, task, use.params, folder.path()) : build_real(context, task, use.params, folder.path());
  build.update({{"v", 1}, {"task", task.name}, {"task_version", task.version}, {"source", a.twin ? "twin" : "real"}, {"params", use.params.to_json()}});
  write_file_atomically(folder.path() / "build.json", build.dump(1) + "\n");
  folder.commit();
  std::vector<fs::path> names;
  for (const auto& entry : fs::directory_iterator(a.out)) names.push_back(entry.path());
  std::ranges::sort(names);
  for (const fs::path& name : names) fmt::print("{}  {} bytes\n", name.string(), fs::file_size(name));
  return ExitCode::kDone;
}

}  // namespace seqbench::cli
