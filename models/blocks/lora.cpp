#include "models/blocks/lora.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <regex>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::models {
namespace lora {
namespace {

constexpr std::size_t kLongestPattern = 1000;  // std::regex recurses

bool matches(const std::string& pattern, std::string_view name, const std::string& where) {
  if (pattern.size() > kLongestPattern) throw InputError(fmt::format("{} must be a pattern of at most {} bytes", where, kLongestPattern));
  try {
    return std::regex_match(name.begin(), name.end(), std::regex(pattern));
  } catch (const std::regex_error& error) {
    throw InputError(fmt::format("{} must be a regular expression, got '{}': {}", where, printable(pattern, 100), error.what()));
  }
}

bool ends_in(std::string_view name, std::string_view entry) {
  return name == entry || (name.size() > entry.size() && name.ends_with(entry) &&
                           name[name.size() - entry.size() - 1] == '.');
}

}  // namespace
}  // namespace lora

double Lora::scale() const {
  const auto r = static_cast<double>(rank);
  return alpha / (rank_stabilized ? std::sqrt(r) : r);
}

bool Lora::adapts(std::string_view module, bool head) const {
  if (rank == 0 || saves(module)) return false;
  if (in_file && (head || !target_pattern.empty()) && !in_file->contains(std::string(module))) return false;
  if (in_file && !target_pattern.empty()) return true;
  if (target_pattern == "all-linear") return !head;
  if (!target_pattern.empty()) return lora::matches(target_pattern, module, where);
  return std::ranges::any_of(target_modules, [&](const std::string& entry) { return lora::ends_in(module, entry); });
}

bool Lora::lies_in(std::string_view name, const std::vector<std::string>& modules) {
  for (std::size_t end = name.find('.'); end != std::string_view::npos; end = name.find('.', end + 1)) {
    const std::string_view module = name.substr(0, end);
    if (std::ranges::any_of(modules, [&](const std::string& entry) { return module.ends_with(entry); })) return true;
  }
  return std::ranges::any_of(modules, [&](const std::string& entry) { return name.ends_with(entry); });
}

}  // namespace seqbench::models
