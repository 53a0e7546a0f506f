#include "tasks/tf_expression/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/data/reader.h"
#include "tasks/tf_expression/binding.h"

namespace seqbench::tasks::tf_expression {
namespace {

namespace fs = std::filesystem;

const char* const kReference = "k562_bins.tsv";  // what K562's peaks must give
const char* const kTable = "gene_tfs.tsv";       // of which experiments, their numbers tell

bool has(const std::vector<std::string>& header, std::string_view column) {
  return std::ranges::find(header, column) != header.end();
}

/// The one of `words` that the file's name has; throws InputError where it has none or several.
std::string named(const fs::path& path, const std::vector<std::string>& words) {
  std::string name = path.filename().string();
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  std::vector<std::string> found;
  std::ranges::copy_if(words, std::back_inserter(found), [&](const std::string& w) { return name.find(w) != name.npos; });
  if (found.size() == 1) return found.front();
  throw InputError(fmt::format("{}: the content is the same for all, so the file's name must have one of {}",
                               printable(path.string()), join(words, ", ")));
}

std::string csv_role(const fs::path& path, std::size_t cells) {
  const std::vector<std::string> parts = {"train", "valid", "test"};
  const std::vector<std::string> cell = {"cell1", "cell2"};
  if (cells == 2) return "deepdiff_" + named(path, cell) + "_expr.csv";
  if (cells == 6) return "deepdiff_" + named(path, cell) + "_" + named(path, parts) + ".csv";
  if (cells == 8) return "attentivechrome_" + named(path, parts) + ".csv";
  return "";
}

/// "" = no file of this task.
std::string role_of(const fs::path& path) {
  const std::vector<std::string> header = data::header_of(path);
  if (header.size() == 1) return csv_role(path, split(header[0], ',').size());
  if (has(header, "tfs") && has(header, "experiments")) return kTable;
  if (has(header, "exp") && has(header, "n_genes")) {
    return has(header, "antibody") ? "encodegeo_experiments.tsv" : "remap2018_experiments.tsv";
  }
  if (has(header, "n_ones")) return kReference;
  if (has(header, "chrom_hg38")) return "annotation.tsv";
  if (has(header, "mark") && has(header, "b0")) return "chromoformer_promoters.tsv";
  if (has(header, "tss_hg19")) return "genes.tsv";
  if (header.size() < 4 || !parse_int(header[1]) || !parse_int(header[2])) return "";
  return header.size() == 4 ? named(path, {"k562", "gm12878"}) + "_peaks.bed" : "gm12878_chr4_peaks.bed";
}

/// "remap2018_gene_tfs.tsv": the table goes with those experiments that all of its rows agree with.
std::string table_role(const fs::path& path, const Files& files) {
  std::optional<InputError> fault;
  for (const std::string prefix : {"remap2018_", "encodegeo_"}) {
    const auto experiments = files.find(prefix + "experiments.tsv");
    if (experiments == files.end()) continue;
    try {
      (void)read_binding(path, experiments->second);
      return prefix + kTable;
    } catch (const InputError& error) {
      if (!fault) fault = error;
    }
  }
  if (fault) throw InputError(*fault);
  throw InputError(fmt::format("{}: the table of its experiments is missing (columns exp, tf, n_genes)",
                               printable(path.string())));
}

void add(Files& files, const std::string& role, const fs::path& path) {
  const auto [first, is_new] = files.try_emplace(role, path);
  if (is_new) return;
  throw InputError(fmt::format("{}: the same kind of file as {}", printable(path.string()),
                               printable(first->second.string())));
}

std::vector<std::string> missing(const Source& source, const Files& files) {
  std::vector<std::string> roles;
  std::ranges::copy_if(source.roles, std::back_inserter(roles), [&](const std::string& r) { return !files.contains(r); });
  return roles;
}

/// Every file belongs to a table that is whole.
void check_complete(const Files& files) {
  for (const auto& [role, path] : files) {
    std::string needs;
    bool whole = false;
    for (const Source& source : sources()) {
      if (role != source.optional && std::ranges::find(source.roles, role) == source.roles.end()) continue;
      whole = whole || missing(source, files).empty();
      needs += fmt::format("; table {}, {} lacks {}", source.table, source.cell, join(missing(source, files), ", "));
    }
    if (whole) continue;
    throw InputError(fmt::format("{}: is {} and belongs to no whole table{}", printable(path.string()), role, needs));
  }
}

}  // namespace

const std::vector<Source>& sources() {
  static const std::vector<Source> kSources = {
      {"remap2018", "k562", {"genes.tsv", "remap2018_gene_tfs.tsv", "remap2018_experiments.tsv"}},
      {"encodegeo", "k562", {"genes.tsv", "encodegeo_gene_tfs.tsv", "encodegeo_experiments.tsv"}},
      {"peaks13", "k562", {"genes.tsv", "k562_peaks.bed"}, kReference},
      {"peaks13", "gm12878", {"genes.tsv", "gm12878_peaks.bed"}},
      {"peaks_chr4", "gm12878", {"genes.tsv", "annotation.tsv", "gm12878_chr4_peaks.bed"}},
      {"histone_deepdiff", "k562",
       {"deepdiff_cell1_train.csv", "deepdiff_cell1_valid.csv", "deepdiff_cell1_test.csv", "deepdiff_cell1_expr.csv"},
       "annotation.tsv"},
      {"histone_deepdiff", "h1",
       {"deepdiff_cell2_train.csv", "deepdiff_cell2_valid.csv", "deepdiff_cell2_test.csv", "deepdiff_cell2_expr.csv"},
       "annotation.tsv"},
      {"histone_attentivechrome", "toy",
       {"attentivechrome_train.csv", "attentivechrome_valid.csv", "attentivechrome_test.csv"}},
      {"histone_chromoformer", "h1", {"chromoformer_promoters.tsv"}}};
  return kSources;
}

Files recognize(std::span<const fs::path> paths) {
  Files files;
  std::vector<fs::path> tables;
  for (const fs::path& path : paths) {
    const std::string role = role_of(path);
    if (role.empty()) {
      throw InputError(fmt::format("{}:1: not a file of this task, its first line is \"{}\"; its README lists those "
                                   "that are",
                                   printable(path.string()), printable(join(data::header_of(path), "\t"))));
    }
    if (role == kTable) {
      tables.push_back(path);
    } else {
      add(files, role, path);
    }
  }
  for (const fs::path& path : tables) add(files, table_role(path, files), path);
  if (files.empty()) throw InputError("no file of this task; its README lists them");
  check_complete(files);
  return files;
}

Files in_folder(const fs::path& folder) {
  std::vector<std::string> roles;
  for (const Source& source : sources()) {
    roles.insert(roles.end(), source.roles.begin(), source.roles.end());
    if (!source.optional.empty()) roles.push_back(source.optional);
  }
  Files files;
  for (const std::string& role : roles) {
    for (const char* suffix : {"", ".gz"}) {
      std::error_code error;
      const fs::path path = folder / (role + suffix);
      if (fs::exists(path, error)) files[role] = path;
    }
  }
  return files;
}

}  // namespace seqbench::tasks::tf_expression
