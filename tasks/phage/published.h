#pragma once
// The published files: FASTA whose headers say what a sequence is,
//   >NAME accession=... group=... [cluster=...] taxon=...
// A cluster stands in phages' headers alone. Any file may be gzip.

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tasks/phage/segments.h"

namespace seqbench::tasks::phage {

/// The kinds of file, by what the user may ask for: the role is its name, ".fa" and perhaps ".gz".
enum class Kind { kPhageGenomes, kPhageFragments, kCrassphage, kPhagesDb, kBacteriaGenomes, kBacteriaFragments, kUnlabelled };
[[nodiscard]] std::string_view role_of(Kind kind);

struct PublishedFile {
  Kind kind = Kind::kUnlabelled;
  std::filesystem::path path;
};
/// Tells the files apart by their first header; throws InputError for one that is none of them, and for two of a kind.
[[nodiscard]] std::vector<PublishedFile> recognize(std::span<const std::filesystem::path> files);
/// The files of an imported folder.
[[nodiscard]] std::vector<PublishedFile> in_folder(const std::filesystem::path& folder);

struct Header {
  std::string accession, group, cluster, taxon;
};

/// Genomes with what their group follows from.
class Published {
 public:
  /// Reads a file wholly; returns its line of the report. Throws InputError "FILE: record ...: ...".
  std::string read(const PublishedFile& file);
  /// Groups are phages that share a cluster or an accession, species of isolates, and other taxa; or, where
  /// `by_sequence`, each sequence of the latter.
  [[nodiscard]] std::vector<Genome> genomes(bool by_sequence) &&;

 private:
  std::vector<Genome> genomes_;
  std::vector<Header> headers_;
  std::map<std::string, std::string> seen_;  // record -> file
};

/// A header as above.
[[nodiscard]] std::string fasta_header(const Genome& genome);

}  // namespace seqbench::tasks::phage
