#pragma once
// Low-rank adapters as peft makes them (Hu et al. 2021; peft.tuners.lora): which modules get one, which are trained whole.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace seqbench::models {

struct Lora {
  std::int64_t rank = 0;  // 0: no adapters
  double alpha = 8;
  double dropout = 0;  // of the adapter's input, while training
  bool rank_stabilized = false;  // scale alpha / sqrt(rank) instead of alpha / rank
  /// A module is adapted where its name equals an entry or ends in "." and the entry.
  std::vector<std::string> target_modules;
  /// Instead of the list, where not empty: "all-linear" means all but the head, else a regular expression of whole names.
  std::string target_pattern = {};
  /// A module is trained whole where its name ends in an entry, with or without a dot before it.
  std::vector<std::string> modules_to_save;
  std::string where = "'lora.target_modules'";  // the key that chose the layers, for messages

  [[nodiscard]] double scale() const;
  /// Whether the Linear of this name gets an adapter. `head`: it belongs to the output head. InputError where the pattern
  /// is no regular expression.
  [[nodiscard]] bool adapts(std::string_view module, bool head) const;
  /// Whether a tensor or module of this name lies in a module that is trained whole.
  [[nodiscard]] bool saves(std::string_view name) const;
};

}  // namespace seqbench::models
