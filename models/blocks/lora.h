#pragma once
// Low-rank adapters as peft makes them (Hu et al. 2021; peft.tuners.lora): which modules get one, which are trained whole.

#include <cstdint>
#include <optional>
#include <set>
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
  /// Of an adapter that is read: the modules that its files hold one for. They decide in place of a pattern. A listed layer of the
  /// encoder that is not among them is still adapted, so that its absence is told; a head's is not, since adapters know nothing
  /// of heads that their model had not.
  std::optional<std::set<std::string>> in_file = {};
  std::vector<std::string> carried = {};  // modules_to_save of the files, whose tensors they have to hold
  /// A module is trained whole where its name ends in an entry, with or without a dot before it.
  std::vector<std::string> modules_to_save;
  std::string where = "'lora.target_modules'";  // the key that chose the layers, for messages

  [[nodiscard]] double scale() const;
  /// Whether the Linear of this name gets an adapter. `head`: it belongs to the output head. InputError where the pattern
  /// is no regular expression.
  [[nodiscard]] bool adapts(std::string_view module, bool head) const;
  /// Whether a tensor or module of this name lies in a module that is trained whole.
  [[nodiscard]] bool saves(std::string_view name) const { return lies_in(name, modules_to_save); }
  /// The same of the files that are read.
  [[nodiscard]] bool carries(std::string_view name) const { return lies_in(name, carried); }

 private:
  [[nodiscard]] static bool lies_in(std::string_view name, const std::vector<std::string>& modules);
};

}  // namespace seqbench::models
