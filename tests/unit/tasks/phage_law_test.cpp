// The recursion against laws of probability, against plain enumeration, and against draws.

#include "tasks/phage/law.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>

#include "tasks/data/packed_dna.h"

namespace seqbench::tasks::phage {
namespace {

template <std::size_t N>
void fill(std::array<double, N>& weights, Draws& draws, const std::function<bool(std::size_t)>& allowed) {
  double sum = 0;
  for (std::size_t i = 0; i < N; ++i) sum += weights[i] = allowed(i) ? 0.1 + draws.uniform() : 0;
  for (double& weight : weights) weight /= sum;
}

/// Short genes and blocks, so that a few letters meet everything.
Law toy(std::size_t block, double marked) {
  Draws draws = Streams(7).open("test").at();
  Law law;
  law.end = 0.4;
  law.begin = 0.3;
  law.turn = 0.2;
  law.marked = marked;
  law.kept = 0.7;
  fill(law.start, draws, [](std::size_t codon) { return codon % 16 == 14; });
  fill(law.stop, draws, is_stop);
  for (auto& usage : law.usage) fill(usage, draws, [](std::size_t codon) { return !is_stop(codon); });
  for (auto& next : law.between) fill(next, draws, [](std::size_t) { return true; });
  for (std::size_t i = 0; i < 3; ++i) {
    auto& codons = law.blocks.emplace_back();
    while (codons.size() < block) codons.push_back(draws.below(40));
  }
  return law;
}

std::string word(std::size_t number, std::size_t length) {
  std::string text(length, 'A');
  for (std::size_t i = length; i > 0; --i, number /= 4) text[i - 1] = kBases[number % 4];
  return text;
}

double probability(const Likelihood& likelihood, const std::string& sequence) {
  return std::exp(likelihood.log_ratio(sequence) - static_cast<double>(sequence.size()) * std::log(4));
}

TEST(PhageLaw, ProbabilitiesOfAllWordsSumToOne) {
  for (const std::size_t block : {1U, 2U, 3U}) {
    const Likelihood likelihood(toy(block, 0.5));
    for (const std::size_t length : {1U, 2U, 3U, 5U, 7U}) {
      double sum = 0;
      for (std::size_t i = 0; i < std::size_t{1} << (2 * length); ++i) sum += probability(likelihood, word(i, length));
      EXPECT_NEAR(sum, 1, 1e-12) << block << " " << length;
    }
  }
}

TEST(PhageLaw, ALetterMoreOnEitherSideSumsToTheWord) {
  const Likelihood likelihood(toy(2, 0.5));
  for (const std::string text : {"A", "TAA", "ATGCATTAG", "CATCGATTACGGATAGCTTAACCGTATGCGC"}) {
    double after = 0, before = 0;
    for (const char letter : kBases) {
      after += probability(likelihood, text + letter);
      before += probability(likelihood, letter + text);
    }
    EXPECT_NEAR(after / probability(likelihood, text), 1, 1e-12) << text;
    EXPECT_NEAR(before / probability(likelihood, text), 1, 1e-12) << text;
  }
}

/// P(word) of one usage table by going through every way of writing every longer text around it.
class Enumeration {
 public:
  Enumeration(const Law& law, std::size_t table) : law_(law), usage_(law.usage[table]) {
    // Long-run law of a run's first letters, from powers of the chain.
    std::array<double, 16> pairs{};
    pairs.fill(1.0 / 16);
    for (int i = 0; i < 300; ++i) {
      std::array<double, 16> next{};
      for (std::size_t j = 0; j < 64; ++j) next[j % 16] += pairs[j / 4] * law.between[j / 4][j % 4];
      pairs = next;
    }
    pairs_ = pairs;
  }

  double probability(const std::string& sequence) {
    const std::size_t longest = 3 * std::max<std::size_t>(1, law_.blocks[0].size());
    const double rate = 0.5 / law_.cycle();
    double sum = 0;
    for (std::size_t pad = 0; pad < longest; ++pad) {
      for (std::size_t i = 0; i < std::size_t{1} << (2 * pad); ++i) {
        text_ = word(i, pad) + sequence;
        must_cross_ = pad;
        for (const bool forward : {true, false}) {
          if (pad == 0) sum += rate / law_.begin * between(0, forward, "");
          if (pad > 0) sum += rate / law_.begin * open(0, forward);
          sum += rate / law_.end * plain(0, forward) + rate * law_.marked / law_.end * before_block(0, forward);
        }
      }
    }
    return sum;
  }

 private:
  [[nodiscard]] bool over(std::size_t at) const { return at >= text_.size(); }
  /// A first step from before the word must end within it.
  [[nodiscard]] bool short_step(std::size_t at, std::size_t length) const { return at == 0 && length <= must_cross_ && must_cross_ > 0; }

  /// Sum over what may follow the end of the text, of a codon law.
  double codon(std::size_t at, bool forward, const CodonTable& table) const {
    double sum = 0;
    for (std::size_t i = 0; i < 64; ++i) {
      const std::string letters = forward ? word(i, 3) : reverse_complement(word(i, 3));
      bool fits = true;
      for (std::size_t j = 0; j < 3; ++j) fits = fits && (over(at + j) || text_[at + j] == letters[j]);
      if (fits) sum += table[i];
    }
    return sum;
  }

  double between(std::size_t at, bool forward, const std::string& run) const {
    if (over(at)) return 1;
    double letter = 0;
    const std::size_t now = base_code(text_[at]);
    if (run.empty()) {
      for (std::size_t other = 0; other < 4; ++other) letter += pairs_[now * 4 + other];
    } else {
      const std::size_t one = base_code(run.back());
      double all = 0;
      for (std::size_t other = 0; other < 4; ++other) all += pairs_[one * 4 + other];
      letter = run.size() == 1 ? pairs_[one * 4 + now] / all : law_.between[base_code(run[run.size() - 2]) * 4U + one][now];
    }
    return (1 - law_.begin) * letter * between(at + 1, forward, run + text_[at]) + open(at, forward);
  }
  double open(std::size_t at, bool forward) const {
    if (short_step(at, 3)) return 0;
    const double first = law_.begin * codon(at, forward, forward ? law_.start : law_.stop);
    return first == 0 ? 0 : first * (law_.marked * before_block(at + 3, forward) + (1 - law_.marked) * plain(at + 3, forward));
  }
  double plain(std::size_t at, bool forward) const {
    if (over(at)) return 1;
    if (short_step(at, 3)) return 0;
    const double last = law_.end * codon(at, forward, forward ? law_.stop : law_.start);
    const double sum = last == 0 ? 0 : last * ((1 - law_.turn) * between(at + 3, forward, "") + law_.turn * between(at + 3, !forward, ""));
    return sum + (1 - law_.end) * codon(at, forward, usage_) * plain(at + 3, forward);
  }
  double before_block(std::size_t at, bool forward) const {
    if (over(at)) return 1;
    double sum = short_step(at, 3) ? 0 : (1 - law_.end) * codon(at, forward, usage_) * before_block(at + 3, forward);
    const std::size_t size = law_.blocks[0].size();
    if (short_step(at, 3 * size)) return sum;
    for (const auto& block : law_.blocks) {
      double product = law_.end / static_cast<double>(law_.blocks.size());
      for (std::size_t j = 0; j < size; ++j) {
        CodonTable mixed = usage_;
        for (double& weight : mixed) weight *= 1 - law_.kept;
        mixed[block[forward ? j : size - 1 - j]] += law_.kept;
        product *= codon(at + 3 * j, forward, mixed);
      }
      sum += product * plain(at + 3 * size, forward);
    }
    return sum;
  }

  const Law& law_;
  const CodonTable& usage_;
  std::array<double, 16> pairs_{};
  std::string text_;
  std::size_t must_cross_ = 0;
};

TEST(PhageLaw, IsTheSumOverEveryWayToWriteTheWord) {
  for (const std::size_t block : {1U, 2U}) {
    const Law law = toy(block, 0.5);
    const Likelihood likelihood(law);
    for (const std::string text : {"G", "TA", "ATGC", "TTACGCAT", "CATTAAATGG"}) {
      double mean = 0;
      for (std::size_t table = 0; table < kTables; ++table) mean += Enumeration(law, table).probability(text) / kTables;
      EXPECT_NEAR(probability(likelihood, text) / mean, 1, 1e-10) << block << " " << text;
    }
  }
}

TEST(PhageLaw, DrawsHaveTheSharesItSays) {
  const Law law = toy(2, 0.5);
  const Likelihood likelihood(law);
  constexpr std::size_t kWord = 4, kLetters = 40000;
  std::map<std::string, double> counts;
  double words = 0;
  for (std::uint32_t i = 0; i < 10 * kTables; ++i) {
    Draws draws = Streams(1).open("test").at({.item = i});
    const std::string text = law.draw(i % kTables, kLetters, draws);
    ASSERT_EQ(text.size(), kLetters);
    for (std::size_t at = 0; at + kWord <= text.size(); ++at) counts[text.substr(at, kWord)] += 1;
    words += kLetters - kWord + 1;
  }
  double squares = 0;
  for (std::size_t i = 0; i < 256; ++i) {
    const double expected = words * probability(likelihood, word(i, kWord));
    squares += (counts[word(i, kWord)] - expected) * (counts[word(i, kWord)] - expected) / expected;
  }
  EXPECT_LT(squares, 700);  // 255 if neighbours were independent; they overlap
}

TEST(PhageLaw, ABlockIsTold) {
  const Law with = toy(3, 0.9), without = toy(3, 0.1);
  std::string gene = "ATG";
  for (const std::size_t codon : with.blocks[1]) gene += word(codon, 3);
  const Likelihood often(with), seldom(without);
  for (const std::string& text : {gene, reverse_complement(gene)}) EXPECT_GT(often.log_ratio(text), seldom.log_ratio(text) + 0.5);
}

}  // namespace
}  // namespace seqbench::tasks::phage
