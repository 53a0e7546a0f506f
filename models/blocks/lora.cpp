#include "models/blocks/lora.h"

#include <algorithm>
#include <cmath>
#include <regex>

namespace seqbench::models {
namespace lora {
namespace {

bool is_plain(std::string_view entry) {
  return std::ranges::all_of(entry, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
  });
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
  if (target_modules.size() == 1) {
    const std::string& only = target_modules.front();
    if (only == "all-linear") return !head;
    if (!lora::is_plain(only)) return std::regex_match(module.begin(), module.end(), std::regex(only));
  }
  return std::ranges::any_of(target_modules, [&](const std::string& entry) { return lora::ends_in(module, entry); });
}

bool Lora::saves(std::string_view name) const {
  for (std::size_t end = name.find('.'); end != std::string_view::npos; end = name.find('.', end + 1)) {
    const std::string_view module = name.substr(0, end);
    if (std::ranges::any_of(modules_to_save, [&](const std::string& entry) { return module.ends_with(entry); })) return true;
  }
  return std::ranges::any_of(modules_to_save, [&](const std::string& entry) { return name.ends_with(entry); });
}

}  // namespace seqbench::models
