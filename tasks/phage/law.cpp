#include "tasks/phage/law.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <span>

#include "harness/base/error.h"
#include "tasks/data/packed_dna.h"

namespace seqbench::tasks::phage {
namespace {

constexpr std::size_t kBurnIn = 4096;  // letters, several cycles
constexpr int kChainSteps = 500;

/// Stationary law of the first two letters of a run between genes.
struct FirstLetters {
  std::array<double, 4> first{};
  std::array<std::array<double, 4>, 4> second{};  // given the first
};

FirstLetters stationary(const std::array<std::array<double, 4>, 16>& chain) {
  std::array<double, 16> pairs{};
  pairs.fill(1.0 / 16);
  for (int step = 0; step < kChainSteps; ++step) {
    std::array<double, 16> next{};
    for (std::size_t pair = 0; pair < 16; ++pair) {
      for (std::size_t letter = 0; letter < 4; ++letter) next[pair % 4 * 4 + letter] += pairs[pair] * chain[pair][letter];
    }
    pairs = next;
  }
  FirstLetters letters;
  for (std::size_t pair = 0; pair < 16; ++pair) letters.first[pair / 4] += pairs[pair];
  for (std::size_t pair = 0; pair < 16; ++pair) letters.second[pair / 4][pair % 4] = pairs[pair] / letters.first[pair / 4];
  return letters;
}

/// Draws an index by its weight.
template <std::size_t N>
std::size_t pick(const std::array<double, N>& weights, Draws& draws) {
  double left = draws.uniform();
  std::size_t last = 0;
  for (std::size_t i = 0; i < N; ++i) {
    if (weights[i] == 0) continue;
    last = i;
    left -= weights[i];
    if (left < 0) break;
  }
  return last;
}

void append_codon(std::string& text, std::size_t codon) {
  text += {kBases[codon / 16], kBases[codon / 4 % 4], kBases[codon % 4]};
}

/// Codons up to where the gene, or the part before its block, ends.
void append_codons(std::string& gene, const Law& law, const CodonTable& usage, Draws& draws) {
  while (draws.uniform() >= law.end) append_codon(gene, pick(usage, draws));
}

std::string draw_gene(const Law& law, const CodonTable& usage, Draws& draws) {
  std::string gene;
  append_codon(gene, pick(law.start, draws));
  if (draws.uniform() < law.marked) {
    append_codons(gene, law, usage, draws);
    for (const std::size_t codon : law.blocks[draws.below(law.blocks.size())]) {
      append_codon(gene, draws.uniform() < law.kept ? codon : pick(usage, draws));
    }
  }
  append_codons(gene, law, usage, draws);
  append_codon(gene, pick(law.stop, draws));
  return gene;
}

void append_between(std::string& text, const Law& law, const FirstLetters& letters, Draws& draws) {
  std::size_t pair = 0;
  for (std::size_t n = 0; draws.uniform() >= law.begin; ++n) {
    const std::size_t letter = pick(n == 0 ? letters.first : n == 1 ? letters.second[pair] : law.between[pair], draws);
    pair = pair % 4 * 4 + letter;
    text += kBases[letter];
  }
}

}  // namespace

bool is_stop(std::size_t codon) { return codon == 48 || codon == 50 || codon == 56; }  // TAA, TAG, TGA

double Law::cycle() const {
  const double codons = 2 + (1 / end - 1) * (1 + marked) + (blocks.empty() ? 0 : marked * static_cast<double>(blocks[0].size()));
  return 3 * codons + (1 - begin) / begin;
}

std::string Law::draw(std::size_t table, std::size_t length, Draws& draws) const {
  const FirstLetters letters = stationary(between);
  std::string text;
  bool forward = draws.uniform() < 0.5;
  while (text.size() < length + kBurnIn) {
    append_between(text, *this, letters, draws);
    const std::string gene = draw_gene(*this, usage[table], draws);
    text += forward ? gene : reverse_complement(gene);
    if (draws.uniform() < turn) forward = !forward;
  }
  return text.substr(kBurnIn, length);
}

// The recursion. A pattern is a codon whose letters may be kAny, the letters past an end of the segment: its
// probability is the sum over what they may be. Each known letter brings a factor 4, so that the numbers neither
// vanish nor grow. Both strands are read from left to right: a gene of the other strand opens with its stop codon.

namespace {

using Lanes [[gnu::vector_size(kTables * sizeof(double))]] = double;  // one number a usage table

constexpr std::size_t kAny = 4;
constexpr std::size_t kPatterns = 125;
constexpr std::size_t kRing = 32;  // places, more than the longest step

std::size_t reversed(std::size_t codon) { return 63 - (codon % 4 * 16 + codon / 4 % 4 * 4 + codon / 16); }

bool fits(std::size_t pattern, std::size_t codon) {
  const auto same = [](std::size_t wanted, std::size_t letter) { return wanted == kAny || wanted == letter; };
  return same(pattern / 25, codon / 16) && same(pattern / 5 % 5, codon / 4 % 4) && same(pattern % 5, codon % 4);
}

double scale_of(std::size_t pattern) {
  double scale = 1;
  for (const std::size_t letter : {pattern / 25, pattern / 5 % 5, pattern % 5}) scale *= letter == kAny ? 1 : 4;
  return scale;
}

double sum_over(std::size_t pattern, const CodonTable& codons, bool forward) {
  double sum = 0;
  for (std::size_t codon = 0; codon < codons.size(); ++codon) {
    if (fits(pattern, codon)) sum += codons[forward ? codon : reversed(codon)];
  }
  return sum * scale_of(pattern);
}

/// What a strand emits, by pattern.
struct Strand {
  Lanes next[kPatterns];          // a codon, and the gene goes on
  Lanes other[kPatterns];         // a codon in a block, not the conserved one
  Lanes boost[kPatterns];         // of a block whose conserved codon fits, over one where it does not
  double opens[kPatterns];
  double closes[kPatterns];
  bool stop[kPatterns];           // no codon of a block
  std::uint32_t hits[kMaxBlock][kPatterns];  // blocks whose conserved codon there fits
};

Strand make_strand(const Law& law, bool forward) {
  Strand strand{};
  for (std::size_t pattern = 0; pattern < kPatterns; ++pattern) {
    for (std::size_t table = 0; table < kTables; ++table) {
      const double usage = sum_over(pattern, law.usage[table], forward);
      strand.next[pattern][table] = (1 - law.end) * usage;
      strand.other[pattern][table] = (1 - law.kept) * usage;
      strand.stop[pattern] = usage == 0;
      strand.boost[pattern][table] = usage > 0 ? 1 + law.kept * scale_of(pattern) / ((1 - law.kept) * usage) : 1;
    }
    strand.opens[pattern] = sum_over(pattern, forward ? law.start : law.stop, forward);
    strand.closes[pattern] = sum_over(pattern, forward ? law.stop : law.start, forward);
    for (std::size_t block = 0; block < law.blocks.size(); ++block) {
      const auto& codons = law.blocks[block];
      for (std::size_t j = 0; j < codons.size(); ++j) {
        const std::size_t codon = forward ? codons[j] : reversed(codons[codons.size() - 1 - j]);
        if (fits(pattern, codon)) strand.hits[j][pattern] |= 1U << block;
      }
    }
  }
  return strand;
}

/// Probability of reaching a place and what comes next there: on one strand, for each usage table.
struct Side {
  Lanes between[3];    // a letter or a gene of this strand; none, one, more letters since the gene before or the cut
  Lanes before_block;  // a codon or the block
  Lanes plain;         // a codon or the end of the gene
};
struct Place {
  Side sides[2];
};

}  // namespace

struct Likelihood::Tables {
  Law law;
  FirstLetters letters;
  Strand strands[2];
  Place anywhere{};         // stationary
  std::size_t block = 0;    // codons
  std::size_t longest = 3;  // step

  class Pass;
};

/// One segment's recursion.
class Likelihood::Tables::Pass {
 public:
  Pass(const Tables& t, std::string_view sequence);
  double run();

 private:
  [[nodiscard]] std::size_t letter(std::ptrdiff_t place) const { return letters_[static_cast<std::size_t>(place) + pad_]; }
  [[nodiscard]] const std::uint8_t* patterns(std::ptrdiff_t place) const { return &patterns_[static_cast<std::size_t>(place + static_cast<std::ptrdiff_t>(pad_))]; }
  [[nodiscard]] Place& at(std::ptrdiff_t place) { return ring_[static_cast<std::size_t>(place) % kRing]; }
  void letters_from(std::ptrdiff_t place, const Place& from);
  void codons_from(std::ptrdiff_t place, const Place& from);
  void blocks_from(std::ptrdiff_t place, const Place& from);
  bool block(const Strand& strand, const std::uint8_t* patterns, Lanes& sum) const;

  const Tables& t_;
  std::size_t pad_;
  std::ptrdiff_t length_;
  std::vector<std::uint8_t> letters_, patterns_;
  Place ring_[kRing]{};
};

Likelihood::Tables::Pass::Pass(const Tables& t, std::string_view sequence)
    : t_(t), pad_(t.longest - 1), length_(static_cast<std::ptrdiff_t>(sequence.size())) {
  letters_.assign(sequence.size() + 2 * pad_ + t.longest, kAny);
  std::ranges::transform(sequence, letters_.begin() + static_cast<std::ptrdiff_t>(pad_), base_code);
  for (std::size_t i = 0; i + 2 < letters_.size(); ++i) {
    patterns_.push_back(static_cast<std::uint8_t>(letters_[i] * 25 + letters_[i + 1] * 5 + letters_[i + 2]));
  }
}

void Likelihood::Tables::Pass::letters_from(std::ptrdiff_t place, const Place& from) {
  const double stay = 4 * (1 - t_.law.begin);
  const std::size_t now = letter(place);
  const std::size_t one = place > 0 ? letter(place - 1) : 0, two = place > 1 ? letter(place - 2) : 0;
  const double first = stay * t_.letters.first[now], second = stay * t_.letters.second[one][now];
  const double more = stay * t_.law.between[two * 4 + one][now];
  for (int s = 0; s < 2; ++s) {
    const Side& a = from.sides[s];
    Side& to = at(place + 1).sides[s];
    to.between[1] += a.between[0] * first;
    to.between[2] += a.between[1] * second + a.between[2] * more;
  }
}

void Likelihood::Tables::Pass::codons_from(std::ptrdiff_t place, const Place& from) {
  const Law& law = t_.law;
  const std::uint8_t pattern = *patterns(place);
  Place& next = at(place + 3);
  for (int s = 0; s < 2; ++s) {
    const Strand& strand = t_.strands[s];
    const Side& a = from.sides[s];
    Side& to = next.sides[s];
    if (t_.block > 0) to.before_block += a.before_block * strand.next[pattern];
    to.plain += a.plain * strand.next[pattern];
    if (strand.opens[pattern] > 0) {
      const Lanes open = (a.between[0] + a.between[1] + a.between[2]) * (law.begin * strand.opens[pattern]);
      to.before_block += open * law.marked;
      to.plain += open * (1 - law.marked);
    }
    if (strand.closes[pattern] > 0) {
      const Lanes close = a.plain * (law.end * strand.closes[pattern]);
      to.between[0] += close * (1 - law.turn);
      next.sides[1 - s].between[0] += close * law.turn;
    }
  }
}

bool Likelihood::Tables::Pass::block(const Strand& strand, const std::uint8_t* patterns, Lanes& sum) const {
  for (std::size_t j = 0; j < t_.block; ++j) {
    if (strand.stop[patterns[3 * j]]) return false;
  }
  const std::size_t blocks = t_.law.blocks.size();
  Lanes boosts[32];
  std::uint32_t found = 0;
  Lanes none = strand.other[patterns[0]] / static_cast<double>(blocks);
  for (std::size_t j = 0; j < t_.block; ++j) {
    const std::uint8_t pattern = patterns[3 * j];
    if (j > 0) none *= strand.other[pattern];
    for (std::uint32_t hits = strand.hits[j][pattern]; hits != 0; hits &= hits - 1) {
      const int b = std::countr_zero(hits);
      boosts[b] = (found >> b & 1) != 0 ? boosts[b] * strand.boost[pattern] : strand.boost[pattern];
      found |= 1U << b;
    }
  }
  sum = Lanes{} + static_cast<double>(static_cast<int>(blocks) - std::popcount(found));
  for (; found != 0; found &= found - 1) sum += boosts[std::countr_zero(found)];
  sum *= none;
  return true;
}

void Likelihood::Tables::Pass::blocks_from(std::ptrdiff_t place, const Place& from) {
  Place& next = at(place + static_cast<std::ptrdiff_t>(3 * t_.block));
  for (int s = 0; s < 2; ++s) {
    Lanes sum;
    if (block(t_.strands[s], patterns(place), sum)) next.sides[s].plain += from.sides[s].before_block * sum * t_.law.end;
  }
}

double Likelihood::Tables::Pass::run() {
  const auto pad = static_cast<std::ptrdiff_t>(pad_);
  at(0) = t_.anywhere;
  for (std::ptrdiff_t place = -pad; place < length_; ++place) {
    const Place& from = place < 0 ? t_.anywhere : at(place);
    if (place >= 0) letters_from(place, from);
    if (place + 3 > 0) codons_from(place, from);
    if (t_.block > 0) blocks_from(place, from);
    if (place >= 0) at(place) = {};
  }
  Lanes sum{};
  for (std::ptrdiff_t place = length_; place <= length_ + pad; ++place) {
    for (const Side& side : at(place).sides) {
      sum += side.between[0] + side.between[1] + side.between[2] + side.before_block + side.plain;
    }
  }
  double total = 0;
  for (std::size_t table = 0; table < kTables; ++table) total += sum[table];
  return std::log(total / static_cast<double>(kTables));
}

Likelihood::Likelihood(const Law& law) {
  SEQBENCH_ASSERT(law.blocks.size() <= 32 && law.kept < 1, "a block is one bit, and any codon may take its place");
  auto t = std::make_unique<Tables>(Tables{.law = law, .letters = stationary(law.between), .strands = {make_strand(law, true), make_strand(law, false)}});
  if (law.marked > 0) {
    t->block = law.blocks.at(0).size();
    SEQBENCH_ASSERT(t->block > 0 && t->block <= kMaxBlock, "a block has a length");
    t->longest = 3 * t->block;
  }
  const double rate = 0.5 / law.cycle();  // of genes of one strand, a letter
  for (Side& side : t->anywhere.sides) {
    side.between[0] += rate / law.begin;
    side.before_block += rate * law.marked / law.end;
    side.plain += rate / law.end;
  }
  tables_ = std::move(t);
}

Likelihood::~Likelihood() = default;

double Likelihood::log_ratio(std::string_view sequence) const {
  SEQBENCH_ASSERT(!sequence.empty(), "a segment has letters");
  return Tables::Pass(*tables_, sequence).run();
}

}  // namespace seqbench::tasks::phage
