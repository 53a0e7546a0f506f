#include "tasks/gfp_fluorescence/genotypes.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::tasks::gfp_fluorescence {
namespace {

bool is_residue(char c) { return kSymbols.find(c) != kSymbols.npos; }

std::variant<Mutation, std::string> parse_mutation(std::string_view token) {
  const auto number = token.size() >= 4 ? token.substr(2, token.size() - 3) : std::string_view();
  const auto position = parse_int(number);
  if (!token.starts_with('S') || !position || *position < 0 || !is_residue(token.back())) {
    return fmt::format("\"{}\" is not a mutation, which is S, wild-type residue, position from 0, new residue, "
                       "as in SA108D",
                       printable(token, 40));
  }
  if (*position >= static_cast<std::int64_t>(kWildType.size())) {
    return fmt::format("\"{}\": the position must be from 0 to {}", printable(token, 40), kWildType.size() - 1);
  }
  const Mutation mutation{static_cast<std::size_t>(*position), token.back()};
  const char wild = kWildType[mutation.position];
  if (token[1] != wild) {
    return fmt::format("\"{}\": the wild type has {} at position {}", printable(token, 40), wild, *position);
  }
  if (mutation.residue == wild) return fmt::format("\"{}\" changes nothing", token);
  return mutation;
}

}  // namespace

bool Row::has_stop() const {
  return std::any_of(mutations.begin(), mutations.end(), [](const Mutation& m) { return m.residue == '*'; });
}

std::variant<std::vector<Mutation>, std::string> parse_genotype(std::string_view text) {
  std::vector<Mutation> mutations;
  if (text.empty()) return mutations;
  for (const std::string_view token : split(text, ':')) {
    auto parsed = parse_mutation(token);
    if (auto* fault = std::get_if<std::string>(&parsed)) return std::move(*fault);
    mutations.push_back(std::get<Mutation>(parsed));
  }
  const auto at = [](const Mutation& m) { return m.position; };
  std::ranges::sort(mutations, {}, at);
  const auto twice = std::ranges::adjacent_find(mutations, {}, at);
  if (twice != mutations.end()) return fmt::format("position {} is mutated twice", twice->position);
  return mutations;
}

std::string format_genotype(const std::vector<Mutation>& mutations) {
  std::string text;
  for (const Mutation& m : mutations) {
    if (!text.empty()) text += ':';
    text += fmt::format("S{}{}{}", kWildType[m.position], m.position, m.residue);
  }
  return text;
}

std::string sequence_of(const std::vector<Mutation>& mutations) {
  std::string sequence(kWildType);
  for (const Mutation& m : mutations) sequence[m.position] = m.residue;
  return sequence;
}

StopRule stop_rule(std::string_view name) {
  if (name == "delete") return StopRule::kDelete;
  if (name == "truncate") return StopRule::kTruncate;
  SEQBENCH_ASSERT(name == "keep", "the choices of the parameter are checked");
  return StopRule::kKeep;
}

std::string apply(StopRule rule, std::string sequence) {
  if (rule == StopRule::kDelete) std::erase(sequence, '*');
  if (rule == StopRule::kTruncate) sequence.resize(std::min(sequence.find('*'), sequence.size()));
  return sequence;
}

}  // namespace seqbench::tasks::gfp_fluorescence
