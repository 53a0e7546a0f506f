#include "tasks/tf_expression/binding.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/data/reader.h"

namespace seqbench::tasks::tf_expression {
namespace {

namespace fs = std::filesystem;
using data::TableReader;

constexpr std::size_t kMostFactors = 4096;
constexpr std::int64_t kMostPeaks = 20'000'000;
constexpr std::int64_t kLongestPeak = 1'000'000;  // all genes near a longer one would look at too many
constexpr data::ReadLimits kLimits{.total_bytes = 2ull << 30};

struct Experiments {
  std::vector<std::uint16_t> factor;   // by number
  std::vector<std::int64_t> genes;     // as stated
  std::vector<std::string> factors;
};

std::uint16_t index_of(const std::vector<std::string>& factors, std::string_view name) {
  return static_cast<std::uint16_t>(std::ranges::lower_bound(factors, name) - factors.begin());
}

Experiments read_experiments(const fs::path& path) {
  TableReader table(path, {"exp", "tf", "n_genes"});
  Experiments result;
  std::vector<std::string> names;
  while (table.next()) {
    if (table.integer(0) != static_cast<std::int64_t>(names.size())) {
      table.fail(fmt::format("exp must count from 0: {} is due, got {}", names.size(), table.integer(0)));
    }
    if (table.cell(1).empty()) table.fail("tf is empty");
    names.emplace_back(table.cell(1));
    const double genes = table.number(2);  // written as 13376.0
    if (!(genes >= 0 && genes <= 1e9)) table.fail(fmt::format("n_genes must be 0 or more, got {}", genes));
    result.genes.push_back(static_cast<std::int64_t>(genes));
  }
  if (names.empty()) table.fail("no row follows the header");
  const std::set<std::string> sorted(names.begin(), names.end());
  if (sorted.size() > kMostFactors) table.fail(fmt::format("more than {} factors", kMostFactors));
  result.factors.assign(sorted.begin(), sorted.end());
  for (const std::string& name : names) result.factor.push_back(index_of(result.factors, name));
  return result;
}

/// The factors of a row, from its experiments; checks what else the row says of them.
std::vector<std::uint16_t> read_row(const TableReader& table, const Experiments& experiments,
                                    std::vector<std::int64_t>& named) {
  std::set<std::uint16_t> factors;
  std::int64_t last = -1;
  if (!table.cell(3).empty()) {
    for (const std::string_view cell : split(table.cell(3), ',')) {
      const auto number = parse_int(cell);
      if (!number || *number <= last || *number >= static_cast<std::int64_t>(experiments.factor.size())) {
        table.fail(fmt::format("experiments must be ascending numbers below {}, got \"{}\"", experiments.factor.size(),
                               printable(cell)));
      }
      last = *number;
      ++named[static_cast<std::size_t>(last)];
      factors.insert(experiments.factor[static_cast<std::size_t>(last)]);
    }
  }
  std::vector<std::string> names;
  for (const std::uint16_t factor : factors) names.push_back(experiments.factors[factor]);
  if (table.cell(2) != join(names, ",")) {
    table.fail(fmt::format("tfs is \"{}\", the row's experiments have \"{}\"", printable(table.cell(2), 60),
                           printable(join(names, ","), 60)));
  }
  if (table.integer(1) != static_cast<std::int64_t>(names.size())) {
    table.fail(fmt::format("n_tf is {}, tfs lists {}", table.integer(1), names.size()));
  }
  return {factors.begin(), factors.end()};
}

}  // namespace

Binding read_binding(const fs::path& path, const fs::path& experiments_path) {
  Experiments experiments = read_experiments(experiments_path);
  std::vector<std::int64_t> named(experiments.factor.size());
  TableReader table(path, {"entrez", "n_tf", "tfs", "experiments"});
  Binding result;
  while (table.next()) {
    const std::int64_t entrez = table.integer(0);
    if (!result.by_gene.try_emplace(entrez, read_row(table, experiments, named)).second) {
      table.fail(fmt::format("the gene {} stands here twice", entrez));
    }
  }
  if (result.by_gene.empty()) table.fail("no row follows the header");
  for (std::size_t i = 0; i < named.size(); ++i) {
    if (named[i] == experiments.genes[i]) continue;
    throw InputError(fmt::format("{}: {} rows name the experiment {}, {} says {}", printable(path.string()), named[i], i,
                                 printable(experiments_path.string()), experiments.genes[i]));
  }
  result.factors = std::move(experiments.factors);
  return result;
}

Peaks read_peaks(const fs::path& path) {
  Peaks result;
  std::map<std::string, std::uint16_t> factors;  // numbered as they come
  const auto fail = [&](const std::string& message) {
    throw InputError(fmt::format("{}: {}", printable(path.string()), message));
  };
  data::read_bed(path, [&](data::BedRecord&& record) {
    if (record.name.empty()) fail(fmt::format("record {} names no factor in its fourth column", result.rows + 1));
    const auto factor = factors.try_emplace(record.name, static_cast<std::uint16_t>(factors.size())).first->second;
    if (factors.size() > kMostFactors) fail(fmt::format("more than {} factors", kMostFactors));
    if (++result.rows > kMostPeaks) fail(fmt::format("more than {} peaks", kMostPeaks));
    if (record.end - record.start > kLongestPeak) fail(fmt::format("record {} is longer than {} nt", result.rows, kLongestPeak));
    result.longest = std::max(result.longest, record.end - record.start);
    result.by_chromosome[record.chromosome].push_back({record.start, record.end, factor});
  }, kLimits);
  if (result.rows == 0) fail("no peak");
  std::vector<std::uint16_t> sorted(factors.size());
  for (const auto& [name, number] : factors) {
    sorted[number] = static_cast<std::uint16_t>(result.factors.size());
    result.factors.push_back(name);
  }
  for (auto& [chromosome, intervals] : result.by_chromosome) {
    for (Peaks::Interval& interval : intervals) interval.factor = sorted[interval.factor];
    std::ranges::sort(intervals);
    const auto repeated = std::ranges::unique(intervals);
    result.duplicates += static_cast<std::int64_t>(repeated.size());
    intervals.erase(repeated.begin(), repeated.end());
  }
  return result;
}

std::vector<Peak> Peaks::around(const std::string& chromosome, std::int64_t tss, bool minus) const {
  std::vector<Peak> found;
  const auto intervals = by_chromosome.find(chromosome);
  if (intervals == by_chromosome.end()) return found;
  const std::int64_t low = tss - kFlank - longest;  // none that starts before can reach the window
  auto interval = std::ranges::lower_bound(intervals->second, low, {}, &Interval::start);
  for (; interval != intervals->second.end() && interval->start < tss + kFlank; ++interval) {
    Peak peak{.factor = interval->factor};
    if (bins_of(tss, minus, interval->start, interval->end, peak)) found.push_back(peak);
  }
  std::ranges::sort(found);
  const auto repeated = std::ranges::unique(found);
  found.erase(repeated.begin(), repeated.end());
  return found;
}

}  // namespace seqbench::tasks::tf_expression
