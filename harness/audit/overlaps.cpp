#include "harness/audit/overlaps.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>

#include "harness/base/streams.h"

namespace seqbench::audit {
namespace {

constexpr std::size_t kMostExamples = 5;
constexpr std::size_t kFewestElements = 8;   // a row of fewer says too little of itself
constexpr double kSketch = 24;               // hashes kept of a row of usual size
constexpr std::size_t kFewestShared = 2;     // hashes of two sequences' sketches that make them worth comparing
constexpr std::uint64_t kBands = 8, kBandRows = 4;  // of a set's minimum hashes: 98 % of pairs that are 80 % alike meet in one
constexpr double kAlikeSequences = 0.3;      // share of the smaller one's words, as in clusters of phage genomes
constexpr double kAlikeSets = 0.8;           // common members of all members: small sets lie within large ones by chance
constexpr std::size_t kCommon = 100;         // test rows that may share a hash before it counts as an adapter
constexpr int kPairsLookedAt = 200;          // to see whether all rows are alike

using Hash = std::pair<std::uint64_t, std::uint64_t>;  // 128 bits: no chance equality among millions

Hash hash_of(std::string_view bytes) {
  Hash hash{0x243f6a8885a308d3u, 0x13198a2e03707344u};
  for (const char c : bytes) {
    hash.first = (hash.first ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    hash.second = (hash.second ^ static_cast<unsigned char>(c)) * 0x9e3779b97f4a7c15u + 0x7f4a7c15u;
  }
  return {mixed(hash.first), mixed(hash.second ^ hash.first)};
}

using Index = std::vector<std::pair<Hash, std::int64_t>>;  // sorted

Index index_of(std::span<const std::int64_t> rows, const std::function<std::string(std::int64_t)>& content) {
  Index index;
  for (const std::int64_t row : rows) {
    const std::string bytes = content(row);
    if (!bytes.empty()) index.emplace_back(hash_of(bytes), row);
  }
  std::sort(index.begin(), index.end());
  return index;
}

void note_pair(Finding& finding, const Examples& examples, std::int64_t test, std::int64_t seen) {
  ++finding.count;
  if (finding.examples.size() >= kMostExamples) return;
  finding.examples.emplace_back(examples.ids[static_cast<std::size_t>(test)], examples.ids[static_cast<std::size_t>(seen)]);
}

void conclude(Finding& finding, std::string_view what) {
  finding.status = finding.count > 0 ? Finding::Status::kLeak : Finding::Status::kClean;
  finding.text = fmt::format("{} of {} test rows {}", finding.count, finding.of, what);
}

/// Test rows whose content, as `probe` gives it, is that of a seen row.
Finding equal_rows(const char* check, const Rows& rows, const Examples& examples, const Sides& sides,
                   const std::function<std::string(std::int64_t)>& probe) {
  Finding finding{.check = check, .of = static_cast<std::int64_t>(sides.test.size()), .text = {}};
  const auto content = [&](std::int64_t row) { return rows.content(row); };
  const Index seen = index_of(sides.seen, content);
  for (const std::int64_t row : sides.test) {
    const std::string bytes = probe(row);
    if (bytes.empty()) continue;
    const Hash hash = hash_of(bytes);
    const auto found = std::lower_bound(seen.begin(), seen.end(), std::pair{hash, std::int64_t{-1}});
    if (found != seen.end() && found->first == hash) note_pair(finding, examples, row, found->second);
  }
  return finding;
}

/// A row that says enough of itself to be told from others.
std::string telling_content(const Rows& rows, std::int64_t row) {
  const bool few = (rows.kind() == Rows::Kind::kSet || rows.kind() == Rows::Kind::kBits) &&
                   rows.elements(row).size() < kFewestElements;
  return few ? "" : rows.content(row);
}

std::int64_t common(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  std::int64_t shared = 0;
  for (auto i = a.begin(), j = b.begin(); i != a.end() && j != b.end();) {
    if (*i == *j) ++shared;
    const bool step_a = *i <= *j, step_b = *j <= *i;
    if (step_a) ++i;
    if (step_b) ++j;
  }
  return shared;
}

bool are_alike(const Rows& rows, const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b) {
  const std::size_t smaller = std::min(a.size(), b.size());
  if (smaller < kFewestElements) return false;
  const auto shared = static_cast<double>(common(a, b));
  if (rows.is_sequence()) return shared >= kAlikeSequences * static_cast<double>(smaller);
  return shared >= kAlikeSets * (static_cast<double>(a.size() + b.size()) - shared);
}

/// Whether half of random pairs are near duplicates: then they are what the data is.
bool all_alike(const Rows& rows, const std::vector<std::int64_t>& seen) {
  Draws draws = Streams(0).open("subsample").at();
  int alike = 0;
  for (int i = 0; i < kPairsLookedAt; ++i) {
    const std::int64_t a = seen[draws.below(seen.size())], b = seen[draws.below(seen.size())];
    if (a != b && are_alike(rows, rows.elements(a), rows.elements(b))) ++alike;
  }
  return 2 * alike >= kPairsLookedAt;
}

/// What rows are looked up by. Of sequences the hashes up to a limit that is the same for all: of two rows with a share of
/// their words in common about that share of the hashes is, whatever their sizes. Of sets, whose members are few and common,
/// hashes of bands of minimum hashes.
struct Sketches {
  std::uint64_t limit = 0;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> entries;  // (key, place in the test part), sorted
};

std::vector<std::uint64_t> band_keys(const std::vector<std::uint64_t>& elements) {
  std::vector<std::uint64_t> keys;
  for (std::uint64_t band = 0; band < kBands; ++band) {
    std::uint64_t key = band;
    for (std::uint64_t row = 0; row < kBandRows; ++row) {
      std::uint64_t lowest = ~std::uint64_t{0};
      for (const std::uint64_t element : elements) lowest = std::min(lowest, mixed(element + band * kBandRows + row));
      key = mixed(key ^ lowest);
    }
    keys.push_back(key);
  }
  return keys;
}

std::vector<std::uint64_t> keys_of(const Rows& rows, const std::vector<std::uint64_t>& elements, std::uint64_t limit) {
  if (elements.size() < kFewestElements) return {};
  if (!rows.is_sequence()) return band_keys(elements);
  return {elements.begin(), std::ranges::upper_bound(elements, limit)};
}

std::uint64_t limit_for(std::vector<std::size_t> sizes) {
  if (sizes.empty()) return 0;
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  const double share = kSketch / static_cast<double>(*middle);
  return share >= 1 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(share * 0x1p64);
}

Sketches sketches_of(const Rows& rows, std::span<const std::int64_t> test) {
  std::vector<std::size_t> sizes;
  for (const std::int64_t row : test) {
    const std::size_t size = rows.elements(row).size();
    if (size >= kFewestElements) sizes.push_back(size);
  }
  Sketches sketches{limit_for(std::move(sizes)), {}};
  auto& all = sketches.entries;
  for (std::uint32_t place = 0; place < test.size(); ++place) {
    for (const std::uint64_t key : keys_of(rows, rows.elements(test[place]), sketches.limit)) all.emplace_back(key, place);
  }
  std::sort(all.begin(), all.end());
  if (!rows.is_sequence()) return sketches;
  // What many rows share, as an adapter, makes no pair worth comparing.
  const std::size_t most = std::max(kCommon, test.size() / 100);
  auto kept = all.begin();
  for (auto first = all.begin(); first != all.end();) {
    const auto last = std::find_if(first, all.end(), [&](const auto& entry) { return entry.first != first->first; });
    if (static_cast<std::size_t>(last - first) <= most) kept = std::copy(first, last, kept);
    first = last;
  }
  all.erase(kept, all.end());
  return sketches;
}

/// Places in `test` that are worth comparing with the row of these elements.
std::vector<std::uint32_t> candidates(const Rows& rows, const Sketches& sketches, const std::vector<std::uint64_t>& elements,
                                      const std::vector<bool>& found) {
  std::vector<std::uint32_t> places;
  for (const std::uint64_t key : keys_of(rows, elements, sketches.limit)) {
    auto at = std::lower_bound(sketches.entries.begin(), sketches.entries.end(), std::pair{key, std::uint32_t{0}});
    for (; at != sketches.entries.end() && at->first == key; ++at) {
      if (!found[at->second]) places.push_back(at->second);
    }
  }
  std::sort(places.begin(), places.end());
  const std::size_t fewest = rows.is_sequence() ? kFewestShared : 1;
  std::vector<std::uint32_t> kept;
  for (auto first = places.begin(); first != places.end();) {
    const auto last = std::upper_bound(first, places.end(), *first);
    if (static_cast<std::size_t>(last - first) >= fewest) kept.push_back(*first);
    first = last;
  }
  return kept;
}

}  // namespace

Finding exact_duplicates(const Rows& rows, const Examples& examples, const Sides& sides) {
  Finding finding = equal_rows("exact duplicates", rows, examples, sides,
                               [&](std::int64_t row) { return telling_content(rows, row); });
  conclude(finding, "are equal to a training row");
  return finding;
}

Finding reverse_complements(const Rows& rows, const Examples& examples, const Sides& sides) {
  Finding finding = equal_rows("reverse complements", rows, examples, sides,
                               [&](std::int64_t row) { return reverse_complement(rows.sequence(row)); });
  conclude(finding, "are the reverse complement of a training row");
  return finding;
}

Finding near_duplicates(const Rows& rows, const Examples& examples, const Sides& sides) {
  Finding finding{.check = "near duplicates", .of = static_cast<std::int64_t>(sides.test.size()), .text = {}};
  if (all_alike(rows, sides.seen)) {
    finding.status = Finding::Status::kNote;
    finding.of = 0;
    finding.text = "any two rows of this data are alike (variants of one another), so nearness tells no leak";
    return finding;
  }
  const Sketches sketches = sketches_of(rows, sides.test);
  std::vector<bool> found(sides.test.size());
  for (const std::int64_t row : sides.seen) {
    const std::vector<std::uint64_t> elements = rows.elements(row);
    for (const std::uint32_t place : candidates(rows, sketches, elements, found)) {
      if (!are_alike(rows, elements, rows.elements(sides.test[place]))) continue;
      found[place] = true;
      note_pair(finding, examples, sides.test[place], row);
    }
  }
  conclude(finding, rows.is_sequence() ? fmt::format("share {:.0f} % or more of their words with one training row", 100 * kAlikeSequences)
                                       : fmt::format("have {:.0f} % or more of all features in common with one training row", 100 * kAlikeSets));
  return finding;
}

Finding shared_groups(const Examples& examples, const Sides& sides, const std::string& group) {
  Finding finding{.check = "groups", .of = static_cast<std::int64_t>(sides.test.size()), .text = {}};
  const auto field = examples.fields.find(group);
  if (field == examples.fields.end()) {
    finding.status = Finding::Status::kNote;
    finding.of = 0;
    finding.text = "the task names no groups";
    return finding;
  }
  std::visit(
      [&](const auto& values) {
        std::map<std::decay_t<decltype(values[0])>, std::int64_t> seen;
        for (const std::int64_t row : sides.seen) seen.emplace(values[static_cast<std::size_t>(row)], row);
        for (const std::int64_t row : sides.test) {
          const auto there = seen.find(values[static_cast<std::size_t>(row)]);
          if (there != seen.end()) note_pair(finding, examples, row, there->second);
        }
      },
      field->second);
  conclude(finding, fmt::format("belong to a group ({}) that training has rows of", group));
  return finding;
}

Finding contradicting_labels(const Rows& rows, const Examples& examples, std::int64_t targets) {
  Finding finding{.check = "contradicting labels", .of = examples.rows(), .text = {}};
  std::vector<std::int64_t> all(examples.ids.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int64_t>(i);
  const Index index = index_of(all, [&](std::int64_t row) { return telling_content(rows, row); });
  for (std::size_t i = 1; i < index.size(); ++i) {
    if (index[i].first != index[i - 1].first) continue;
    const auto* a = examples.targets.data() + index[i].second * targets;
    const auto* b = examples.targets.data() + index[i - 1].second * targets;
    if (!std::equal(a, a + targets, b)) note_pair(finding, examples, index[i].second, index[i - 1].second);
  }
  finding.status = finding.count > 0 ? Finding::Status::kNote : Finding::Status::kClean;
  finding.text = fmt::format("{} of {} rows are equal to another row with another label", finding.count, finding.of);
  return finding;
}

}  // namespace seqbench::audit
