#include "tasks/phage/segments.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "harness/base/error.h"
#include "harness/data/splits.h"

namespace seqbench::tasks::phage {
namespace {

/// The segments that `keep` of these indices, drawn by id.
void keep_some(std::span<const Genome> genomes, std::span<const Segment> segments, std::span<const std::size_t> of,
               std::int64_t keep, const Stream& stream, std::vector<bool>& kept) {
  std::vector<std::string> ids;
  for (const std::size_t i : of) ids.push_back(id_of(genomes[segments[i].genome], segments[i]));
  for (const std::int64_t i : data::subsample(ids, stream, keep)) kept[of[static_cast<std::size_t>(i)]] = true;
}

std::vector<Segment> filtered(std::span<const Segment> segments, const std::vector<bool>& kept) {
  std::vector<Segment> left;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (kept[i]) left.push_back(segments[i]);
  }
  return left;
}

/// Rows of which `share` are phage, as many as there are segments for.
std::int64_t most_rows(std::int64_t phage, std::int64_t bacteria, double share) {
  auto rows = static_cast<std::int64_t>(std::min(static_cast<double>(phage) / share, static_cast<double>(bacteria) / (1 - share))) + 2;
  while (positives_of(rows, share) > phage || rows - positives_of(rows, share) > bacteria) --rows;
  return rows;
}

}  // namespace

std::vector<Segment> segments_of(const Genome& genome, std::size_t index) {
  std::vector<Segment> segments;
  bool before = false;  // the half before is clean
  const std::string_view sequence = genome.sequence;
  for (std::size_t half = 0; half + kStep <= sequence.size(); half += kStep) {
    const bool clean = sequence.substr(half, kStep).find_first_not_of("ACGT") == sequence.npos;
    if (before && clean) segments.push_back({index, static_cast<std::int64_t>(half) - kStep});
    before = clean;
  }
  return segments;
}

std::string id_of(const Genome& genome, const Segment& segment) {
  return fmt::format("{}:{}-{}", genome.name, segment.start + 1, segment.start + kLength);
}

std::int64_t positives_of(std::int64_t rows, double share) { return std::llround(share * static_cast<double>(rows)); }

std::vector<Segment> choose(std::span<const Genome> genomes, std::vector<Segment> segments, const Choice& choice) {
  const Stream stream = Streams(choice.seed).open("subsample");
  if (choice.max_of_group > 0) {
    std::map<std::string_view, std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < segments.size(); ++i) groups[genomes[segments[i].genome].group].push_back(i);
    std::vector<bool> kept(segments.size());
    for (const auto& [group, of] : groups) {
      keep_some(genomes, segments, of, std::min(choice.max_of_group, std::ssize(of)), stream, kept);
    }
    segments = filtered(segments, kept);
  }
  std::array<std::vector<std::size_t>, 2> classes;
  for (std::size_t i = 0; i < segments.size(); ++i) classes[genomes[segments[i].genome].phage ? 1 : 0].push_back(i);
  const std::int64_t bacteria = std::ssize(classes[0]), phage = std::ssize(classes[1]);
  if (phage == 0 || bacteria == 0) {
    throw InputError(fmt::format("{} phage and {} bacterial segments, both classes are needed", phage, bacteria));
  }
  const double share = choice.share > 0 ? choice.share : static_cast<double>(phage) / static_cast<double>(phage + bacteria);
  std::int64_t rows = most_rows(phage, bacteria, share);
  if (choice.rows > 0) rows = std::min(rows, choice.rows);
  std::vector<bool> kept(segments.size());
  const std::int64_t positives = positives_of(rows, share);
  keep_some(genomes, segments, classes[1], positives, stream, kept);
  keep_some(genomes, segments, classes[0], rows - positives, stream, kept);
  return filtered(segments, kept);
}

}  // namespace seqbench::tasks::phage
