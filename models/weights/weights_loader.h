#pragma once
// What models are built from: the tensors of a folder under the names of our own modules (rules of Transformers 5.23,
// modeling_utils.py), with an account of what was missing, left over or of another shape.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "models/weights/tensor_source.h"

namespace seqbench::models {

struct NameRules {
  std::string prefix;                                     // "bert.": a headless file lacks it, a file with head has it
  std::vector<std::string> ignored;                       // globs ("*.position_ids") passed over in silence
  std::vector<std::pair<std::string, std::string>> tied;  // (name, alias): either may be absent; where both are and differ
                                                          // each keeps its own, and untied() says so
  std::vector<std::pair<std::string, std::string>> renamed;  // (name in the file, our name), globs; one '*' is carried over
};

/// Rules apply in this order: "LayerNorm.gamma" and "LayerNorm.beta" become weight and bias, renamed, ignored (so a name
/// can be saved from a wide glob by renaming it), then prefix and tied when a tensor is looked up. All rules spell names
/// with the prefix; a headless file is read as if it had it.
class WeightsLoader {
 public:
  /// `what`: the folder, for messages. Throws InputError where two names of the file become one of ours.
  WeightsLoader(std::unique_ptr<TensorSource> source, NameRules rules, std::string what);
  /// The tensor in `dtype` (contiguous CPU copy), or nothing where the files lack it, or have it in another shape or not in
  /// floating point (noted).
  [[nodiscard]] std::optional<at::Tensor> take(const std::string& name, const std::vector<std::int64_t>& shape,
                                               at::ScalarType dtype);
  /// Whether the files have it, under its own name or a tied one; of any shape.
  [[nodiscard]] bool has(const std::string& name) const { return find(name) != nullptr; }
  /// After all takes: every misshapen name (what it is and should be), every missing one and every tensor nobody took, the first
  /// 20 of each and a count; "" where all fits. `may_be_missing`: absence is allowed (a fresh head); `may_be_left`: need not be
  /// taken.
  [[nodiscard]] std::string faults(const std::function<bool(const std::string&)>& may_be_missing,
                                   const std::function<bool(const std::string&)>& may_be_left) const;
  /// What nobody took so far, by our names.
  [[nodiscard]] std::vector<TensorInfo> rest() const;
  /// "ALIAS differs from NAME": tied names that both are there with other values.
  [[nodiscard]] const std::vector<std::string>& untied() const { return untied_; }

 private:
  [[nodiscard]] const TensorInfo* find(const std::string& name) const;
  [[nodiscard]] std::string our_name(const std::string& name) const;
  void note_untied();

  std::unique_ptr<TensorSource> source_;
  NameRules rules_;
  std::string what_;
  std::map<std::string, const TensorInfo*> known_;  // by our name
  std::set<std::string> taken_;                     // the files' names
  std::vector<std::string> missing_, untied_;
  std::vector<std::string> misshapen_;  // name and what is wrong
};

}  // namespace seqbench::models
