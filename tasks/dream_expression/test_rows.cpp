#include "tasks/dream_expression/test_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>
#include <span>

#include "harness/base/error.h"
#include "tasks/data/packed_dna.h"
#include "tasks/dream_expression/trimer_ridge.h"

namespace seqbench::tasks::dream_expression {
namespace {

enum Part : std::uint32_t { kAll, kHigh, kLow, kYeast, kRandom, kChallenging, kSnvs, kPerturbation, kTiling };

constexpr double kCandidatesPerRow = 50;
constexpr std::size_t kRidgeRows = 10'000;
constexpr std::size_t kPublicStride = 10;  // every tenth row or pair of a kind is on the public board; of few more
constexpr std::uint32_t kMostAttempts = 1000;

/// Published numbers, which add up to kPublishedTestRows; references of pairs are rows of their own here.
struct Sizes {
  std::size_t high, low, yeast, random, challenging;
  std::size_t snv_references, snvs, perturbed_references, perturbed, tiled_references, tiled;

  explicit Sizes(std::int64_t rows) {
    const double share = static_cast<double>(rows) / static_cast<double>(kPublishedTestRows);
    const auto of = [&](double published, double fewest) {
      return static_cast<std::size_t>(std::max(fewest, std::round(share * published)));
    };
    high = of(968, 6), low = of(997, 6), yeast = of(578, 6), random = of(6349, 6), challenging = of(1953, 6);
    snv_references = of(8650, 2), snvs = of(44339, 6);
    perturbed_references = of(1096, 1), perturbed = of(3287, 6);
    tiled_references = of(262, 1), tiled = of(2624, 6);
  }
};

class Maker {
 public:
  Maker(const Law& law, std::uint64_t seed, const Sizes& sizes) : law_(law), streams_(seed), sizes_(sizes) {}

  TestRows make() {
    add_candidates();
    add_natives();
    add_each(kRandom, sizes_.random, [](std::size_t, Draws& draws) { return random_insert(kInsert, draws); });
    add_snvs();
    add_perturbed();
    add_tiled();
    return sorted();
  }

 private:
  /// `make(j, draws)` until the insert is new.
  template <typename Make>
  std::string fresh(std::uint32_t purpose, std::size_t j, Make&& make) {
    const Stream stream = streams_.open("twin/test");
    for (std::uint32_t attempt = 0; attempt < kMostAttempts; ++attempt) {
      Draws draws = stream.at({.epoch = purpose, .step = attempt, .item = static_cast<std::uint32_t>(j)});
      std::string insert = make(j, draws);
      if (seen_.insert(insert).second) return insert;
    }
    SEQBENCH_ASSERT(false, "there are more inserts than were asked for");
  }
  template <typename Make>
  void add_each(Part part, std::size_t count, Make&& make) {
    for (std::size_t j = 0; j < count; ++j) singles_[part].push_back(fresh(part, j, make));
  }
  /// References, then alternatives dealt to them in turn; `make(reference, j, draws)`.
  template <typename MakeReference, typename Make>
  void add_pairs(Part part, std::size_t references, std::size_t count, MakeReference&& make_reference, Make&& make) {
    std::vector<std::string> own;
    for (std::size_t j = 0; j < references; ++j) own.push_back(fresh(part + 100U, j, make_reference));
    for (std::size_t j = 0; j < count; ++j) {
      const std::string& reference = own[j % references];
      pairs_[part - kSnvs].emplace_back(
          fresh(part, j, [&](std::size_t at, Draws& draws) { return make(reference, at, draws); }), reference);
    }
  }

  void add_candidates();
  void add_natives();
  void add_snvs();
  void add_perturbed();
  void add_tiled();
  [[nodiscard]] const Motif& some_motif(Draws& draws) const { return law_.motifs()[draws.below(kMotifs)]; }
  [[nodiscard]] TestRows sorted() const;

  const Law& law_;
  Streams streams_;
  Sizes sizes_;
  std::set<std::string> seen_;
  std::array<std::vector<std::string>, kSingles> singles_;
  std::array<std::vector<std::pair<std::string, std::string>>, kComponents - kSingles> pairs_;
};

/// Extremes of expression among candidates, then extremes of what counting 3-mers gets wrong, in both directions alike.
void Maker::add_candidates() {
  const auto count = static_cast<std::size_t>(kCandidatesPerRow * static_cast<double>(std::max(sizes_.high, sizes_.low)));
  const Stream stream = streams_.open("twin/candidates");
  std::vector<std::string> inserts;
  std::vector<double> expression;
  for (std::size_t i = 0; i < std::max(count, kRidgeRows); ++i) {
    Draws draws = stream.at({.item = static_cast<std::uint32_t>(i)});
    inserts.push_back(random_insert(kInsert, draws));
    expression.push_back(law_.expression(inserts.back()));
  }
  const TrimerRidge ridge({inserts.data(), kRidgeRows}, {expression.data(), kRidgeRows});
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto take = [&](Part part, std::size_t first, std::size_t n) {
    for (std::size_t i = first; i < first + n; ++i) {
      if (seen_.insert(inserts[order[i]]).second) singles_[part].push_back(inserts[order[i]]);
    }
  };
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return expression[i]; });
  take(kLow, 0, sizes_.low);
  take(kHigh, count - sizes_.high, sizes_.high);
  order = {order.begin() + static_cast<std::ptrdiff_t>(sizes_.low), order.end() - static_cast<std::ptrdiff_t>(sizes_.high)};
  std::vector<double> residual(inserts.size());
  for (const std::size_t i : order) residual[i] = expression[i] - ridge.predict(inserts[i]);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return residual[i]; });
  const std::size_t under = sizes_.challenging / 2;
  take(kChallenging, 0, under);
  take(kChallenging, order.size() - (sizes_.challenging - under), sizes_.challenging - under);
}

/// An order-4 chain, rich in A and T, half of the inserts with a tract of one of them.
void Maker::add_natives() {
  Draws table = streams_.open("twin/natives").at();
  std::array<std::array<double, 4>, 256> below{};  // probability of a letter up to and with this one
  for (auto& row : below) {
    double sum = 0;
    for (std::size_t letter = 0; letter < 4; ++letter) {
      sum += (letter == 0 || letter == 3 ? 1.25 : 0.75) * std::exp(0.5 * table.normal());
      row[letter] = sum;
    }
    for (double& value : row) value /= sum;
  }
  add_each(kYeast, sizes_.yeast, [&](std::size_t, Draws& draws) {
    std::string insert(kInsert, 'A');
    std::size_t context = draws.below(256);
    for (char& letter : insert) {
      const double at = draws.uniform();
      const auto& row = below[context];
      const auto next = static_cast<std::size_t>(at >= row[0]) + static_cast<std::size_t>(at >= row[1]) +
                        static_cast<std::size_t>(at >= row[2]);
      letter = kBases[next];
      context = (context * 4 + next) % 256;
    }
    if (draws.uniform() < 0.5) {
      const std::size_t length = 8 + draws.below(13);
      insert.replace(draws.below(kInsert - length + 1), length, length, draws.uniform() < 0.5 ? 'A' : 'T');
    }
    return insert;
  });
}

/// One letter changed: half of them in the reference's strongest site.
void Maker::add_snvs() {
  const auto change = [&](const std::string& reference, std::size_t, Draws& draws) {
    std::size_t at = draws.below(kInsert);
    if (draws.uniform() < 0.5) {
      const Site site = law_.strongest_site(reference);
      at = site.position + draws.below(law_.motifs()[site.motif].consensus.size());
    }
    std::string insert = reference;
    insert[at] = kBases[(base_code(insert[at]) + 1 + draws.below(3)) % 4];
    return insert;
  };
  add_pairs(kSnvs, sizes_.snv_references, sizes_.snvs,
            [](std::size_t, Draws& draws) { return random_insert(kInsert, draws); }, change);
}

/// A reference with a motif; in the alternatives random letters stand in its place.
void Maker::add_perturbed() {
  std::vector<std::pair<std::size_t, std::size_t>> where(sizes_.perturbed_references);  // position, length
  const auto plant = [&](std::size_t j, Draws& draws) {
    const std::string& word = some_motif(draws).consensus;
    where[j] = {draws.below(kInsert - word.size() + 1), word.size()};
    return random_insert(kInsert, draws).replace(where[j].first, word.size(), word);
  };
  const auto scramble = [&](const std::string& reference, std::size_t j, Draws& draws) {
    const auto [at, length] = where[j % where.size()];
    return std::string(reference).replace(at, length, random_insert(length, draws));
  };
  add_pairs(kPerturbation, sizes_.perturbed_references, sizes_.perturbed, plant, scramble);
}

/// One motif put into a background at places along it.
void Maker::add_tiled() {
  const std::size_t steps = (sizes_.tiled + sizes_.tiled_references - 1) / sizes_.tiled_references;
  const auto tile = [&](const std::string& background, std::size_t j, Draws& draws) {
    Draws own = streams_.open("twin/tiles").at({.item = static_cast<std::uint32_t>(j % sizes_.tiled_references)});
    const std::string& word = some_motif(own).consensus;
    const std::size_t places = kInsert - word.size() + 1;
    const std::size_t at = (j / sizes_.tiled_references * places / steps + draws.below(4)) % places;
    return std::string(background).replace(at, word.size(), word);
  };
  add_pairs(kTiling, sizes_.tiled_references, sizes_.tiled,
            [](std::size_t, Draws& draws) { return random_insert(kInsert, draws); }, tile);
}

bool is_public(std::size_t i, std::size_t of) { return i % std::clamp<std::size_t>(of / 3, 2, kPublicStride) == 0; }

TestRows Maker::sorted() const {
  TestRows rows;
  rows.inserts.assign(seen_.begin(), seen_.end());
  for (const std::string& insert : rows.inserts) rows.noiseless.push_back(law_.expression(insert));
  const auto index = [&](const std::string& insert) {
    return std::ranges::lower_bound(rows.inserts, insert) - rows.inserts.begin();
  };
  Phase& every = rows.boards.every;
  Phase& board = rows.boards.board;
  std::set<std::int64_t> ground;
  every.singles[kAll].resize(rows.inserts.size());
  std::iota(every.singles[kAll].begin(), every.singles[kAll].end(), 0);
  for (std::size_t part = kHigh; part < kSingles; ++part) {
    for (std::size_t i = 0; i < singles_[part].size(); ++i) {
      every.singles[part].push_back(index(singles_[part][i]));
      if (!is_public(i, singles_[part].size())) continue;
      board.singles[part].push_back(every.singles[part].back());
      ground.insert(every.singles[part].back());
    }
  }
  for (std::size_t part = 0; part < pairs_.size(); ++part) {
    for (std::size_t i = 0; i < pairs_[part].size(); ++i) {
      const Pair pair{index(pairs_[part][i].first), index(pairs_[part][i].second)};
      every.pairs[part].push_back(pair);
      if (!is_public(i, pairs_[part].size())) continue;
      board.pairs[part].push_back(pair);
      ground.insert({pair.first, pair.second});
    }
  }
  board.singles[kAll].assign(ground.begin(), ground.end());
  return rows;
}

}  // namespace

TestRows make_test_rows(const Law& law, std::uint64_t seed, std::int64_t rows) {
  return Maker(law, seed, Sizes(rows)).make();
}

std::vector<std::string> subset_names(const Phase& every, std::int64_t rows) {
  std::vector<std::string> names(static_cast<std::size_t>(rows), "other");
  const auto name_pairs = [&](std::size_t part) {
    for (const auto& [alternative, reference] : every.pairs[part - kSingles]) {
      names[static_cast<std::size_t>(alternative)] = names[static_cast<std::size_t>(reference)] = kComponentNames[part];
    }
  };
  for (const std::size_t part : {kSnvs, kTiling, kPerturbation}) name_pairs(part);
  for (const std::size_t part : {kChallenging, kRandom, kYeast, kLow, kHigh}) {
    for (const std::int64_t row : every.singles[part]) names[static_cast<std::size_t>(row)] = kComponentNames[part];
  }
  return names;
}

}  // namespace seqbench::tasks::dream_expression
