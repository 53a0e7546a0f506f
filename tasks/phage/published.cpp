#include "tasks/phage/published.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/data/reader.h"

namespace seqbench::tasks::phage {
namespace {

namespace fs = std::filesystem;

// A bacterial chromosome may stand on one line.
constexpr data::ReadLimits kLimits = {.line_bytes = 64u << 20, .total_bytes = 512u << 20};

constexpr std::array<std::pair<Kind, std::string_view>, 7> kRoles = {
    {{Kind::kPhageGenomes, "phage_genomes"},
     {Kind::kPhageFragments, "phage_refseq_fragments"},
     {Kind::kCrassphage, "crassphage"},
     {Kind::kPhagesDb, "phagesdb"},
     {Kind::kBacteriaGenomes, "bacteria_genomes"},
     {Kind::kBacteriaFragments, "bacteria_refseq_fragments"},
     {Kind::kUnlabelled, "unlabelled"}}};

constexpr std::string_view kFragments = "refseq_fragment";
constexpr std::string_view kCrassphageAccession = "NC_024711";

Kind kind_of(std::string_view accession, std::string_view group, bool phage) {
  if (!phage) {
    if (group.starts_with(kFragments)) return Kind::kBacteriaFragments;
    return group.ends_with("_unlabelled") ? Kind::kUnlabelled : Kind::kBacteriaGenomes;
  }
  if (group.starts_with(kFragments)) return Kind::kPhageFragments;
  if (group == "phagesdb") return Kind::kPhagesDb;
  return group == "gut" && accession.starts_with(kCrassphageAccession) ? Kind::kCrassphage : Kind::kPhageGenomes;
}

std::string name_of(const fs::path& path) { return printable(path.filename().string()); }

/// Joins names; the group of a name is the smallest one it is joined with.
class Groups {
 public:
  std::string find(const std::string& name) {
    std::string root = name;
    for (auto at = parent_.find(root); at != parent_.end(); at = parent_.find(root)) root = at->second;
    return root;
  }
  void join(const std::string& one, const std::string& other) {
    const auto [low, high] = std::minmax(find(one), find(other));
    if (low != high) parent_.emplace(high, low);
  }

 private:
  std::map<std::string, std::string> parent_;
};

/// Calls `fail` with what is wrong.
template <typename Fail>
Header parse(std::string_view description, const Fail& fail) {
  Header header;
  const std::size_t at = description.starts_with("taxon=") ? 0 : description.find(" taxon=");
  if (at == description.npos) fail("no taxon= in the header");
  header.taxon = description.substr(description.find('=', at) + 1);
  for (const std::string_view word : split(description.substr(0, at), ' ')) {
    const std::size_t equal = word.find('=');
    const std::string_view key = word.substr(0, equal);
    std::string* to = key == "accession" ? &header.accession : key == "group" ? &header.group : key == "cluster" ? &header.cluster : nullptr;
    if (equal == word.npos || to == nullptr) continue;
    if (!to->empty()) fail(fmt::format("{}= stands twice in the header", key));
    *to = word.substr(equal + 1);
    if (to->empty()) fail(fmt::format("{}= has no value in the header", key));
  }
  if (header.accession.empty()) fail("no accession= in the header");
  if (header.group.empty()) fail("no group= in the header");
  if (header.taxon.empty()) fail("taxon= has no value in the header");
  return header;
}

Kind kind_of(const Header& header) { return kind_of(header.accession, header.group, !header.cluster.empty()); }

constexpr std::string_view kForm = "a header is \">NAME accession=A group=G [cluster=C] taxon=T\"";

Kind kind_of(const fs::path& path) {
  const std::string line = data::header_of(path, '\n').front();
  const auto fail = [&](const std::string& message) {
    throw InputError(fmt::format("{}:1: {}; {}", printable(path.string()), message, kForm));
  };
  if (!line.starts_with('>')) fail("not a FASTA file");
  const std::size_t space = line.find(' ');
  return kind_of(parse(space == line.npos ? "" : std::string_view(line).substr(space + 1), fail));
}

}  // namespace

std::string_view role_of(Kind kind) { return std::ranges::find(kRoles, kind, &std::pair<Kind, std::string_view>::first)->second; }

std::vector<PublishedFile> recognize(std::span<const fs::path> files) {
  std::vector<PublishedFile> found;
  for (const fs::path& path : files) {
    const Kind kind = kind_of(path);
    const auto same = std::ranges::find(found, kind, &PublishedFile::kind);
    if (same != found.end()) {
      throw InputError(fmt::format("{}: a file of {}, as {} is", printable(path.string()), role_of(kind), printable(same->path.string())));
    }
    found.push_back({kind, path});
  }
  return found;
}

std::vector<PublishedFile> in_folder(const fs::path& folder) {
  std::vector<PublishedFile> found;
  for (const auto& [kind, role] : kRoles) {
    for (const char* suffix : {".fa", ".fa.gz"}) {
      std::error_code error;
      const fs::path path = folder / (std::string(role) + suffix);
      if (fs::exists(path, error)) found.push_back({kind, path});
    }
  }
  return found;
}

std::string Published::read(const PublishedFile& file) {
  const std::size_t first = genomes_.size();
  std::int64_t letters = 0, segments = 0, too_short = 0;
  data::read_fasta(file.path, [&](data::FastaRecord&& record) {
    const auto fail = [&](const std::string& message) {
      throw InputError(fmt::format("{}: record \"{}\": {}; {}", printable(file.path.string()), printable(record.name), message, kForm));
    };
    Header header = parse(record.description, fail);
    const bool phage = !header.cluster.empty();
    const Kind kind = kind_of(header);
    if (kind != file.kind) fail(fmt::format("it belongs into a file of {}, this one holds {}", role_of(kind), role_of(file.kind)));
    const auto [seen, is_new] = seen_.try_emplace(record.name, name_of(file.path));
    if (!is_new) fail(fmt::format("the name stands in {} already", seen->second));
    genomes_.push_back({.name = std::move(record.name), .source_group = header.group, .group = {}, .phage = phage, .sequence = std::move(record.sequence)});
    headers_.push_back(std::move(header));
    letters += std::ssize(genomes_.back().sequence);
    const auto count = std::ssize(segments_of(genomes_.back(), 0));
    segments += count;
    too_short += count == 0 ? 1 : 0;
  }, kLimits);
  return fmt::format("{}: {}, {} sequences of {:.1f} Mnt, {} segments of {} nt without a letter other than ACGT, {} sequences without any",
                     name_of(file.path), role_of(file.kind), genomes_.size() - first, static_cast<double>(letters) / 1e6, segments,
                     kLength, too_short);
}

std::vector<Genome> Published::genomes(bool by_sequence) && {
  Groups phages;
  const auto accession_of = [](const Header& header) { return "accession " + header.accession.substr(0, header.accession.find('.')); };
  for (const Header& header : headers_) {
    if (!header.cluster.empty() && header.accession != "NA") phages.join("C" + header.cluster, accession_of(header));
  }
  for (std::size_t i = 0; i < genomes_.size(); ++i) {
    const Header& header = headers_[i];
    Genome& genome = genomes_[i];
    if (genome.phage) {
      genome.group = phages.find("C" + header.cluster).substr(1);
    } else if (header.group.ends_with("isolate")) {
      const std::size_t genus = header.taxon.find(' ');
      genome.group = header.taxon.substr(0, genus == header.taxon.npos ? genus : header.taxon.find(' ', genus + 1));
    } else {
      genome.group = by_sequence ? genome.name : header.taxon;
    }
  }
  return std::move(genomes_);
}

std::string fasta_header(const Genome& genome) {
  return genome.phage ? fmt::format(">{0} accession={0} group={1} cluster={2} taxon=twin phage", genome.name, genome.source_group, genome.group)
                      : fmt::format(">{0} accession={0} group={1} taxon={2}", genome.name, genome.source_group, genome.group);
}

}  // namespace seqbench::tasks::phage
