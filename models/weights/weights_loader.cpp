#include "models/weights/weights_loader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::models {
namespace weights_loader {
namespace {

constexpr std::size_t kListed = 20;

/// What the one '*' of the pattern stands for; the empty text where it has none and is the name. A literal '*' in the
/// name is text like any other.
std::optional<std::string> match(const std::string& pattern, const std::string& name) {
  const std::size_t star = pattern.find('*');
  if (star == pattern.npos) return pattern == name ? std::optional<std::string>("") : std::nullopt;
  const std::string head = pattern.substr(0, star), tail = pattern.substr(star + 1);
  if (name.size() < head.size() + tail.size() || !name.starts_with(head) || !name.ends_with(tail)) return std::nullopt;
  return name.substr(star, name.size() - head.size() - tail.size());
}

/// As fnmatch's '*': any number of them, each for any text.
bool matches_glob(std::string_view glob, std::string_view name) {
  std::size_t g = 0, n = 0, star = glob.npos, resume = 0;
  while (n < name.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = n;
    } else if (g < glob.size() && glob[g] == name[n]) {
      ++g;
      ++n;
    } else if (star != glob.npos) {
      g = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  return glob.find_first_not_of('*', g) == glob.npos;
}

/// Names of TensorFlow's LayerNorm, only there: a bare "gamma" is a parameter of others.
std::string without_gamma(std::string name) {
  for (const auto& [old, now] : {std::pair{"LayerNorm.gamma", "LayerNorm.weight"}, std::pair{"LayerNorm.beta", "LayerNorm.bias"}}) {
    if (name.ends_with(old)) return name.replace(name.size() - std::string_view(old).size(), std::string::npos, now);
  }
  return name;
}

std::string difference(const std::string& name, const std::string& alias) { return alias + " differs from " + name; }

std::string list(const char* title, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string text = fmt::format("\n  {} ({}):", title, names.size());
  for (std::size_t i = 0; i < std::min(names.size(), kListed); ++i) text += " " + printable(names[i]) + (i + 1 < names.size() ? "," : "");
  if (names.size() > kListed) text += fmt::format(" and {} more", names.size() - kListed);
  return text;
}

}  // namespace
}  // namespace weights_loader

WeightsLoader::WeightsLoader(std::unique_ptr<TensorSource> source, NameRules rules, std::string what)
    : source_(std::move(source)), rules_(std::move(rules)), what_(std::move(what)) {
  const std::vector<TensorInfo>& infos = source_->tensors();
  for (const TensorInfo& info : infos) {
    const std::string name = our_name(info.name);
    const bool ignored = std::ranges::any_of(rules_.ignored, [&](const std::string& glob) {
      return weights_loader::matches_glob(glob, name) || weights_loader::matches_glob(glob, rules_.prefix + name);
    });
    if (ignored) continue;
    if (!known_.emplace(name, &info).second) {
      throw InputError(fmt::format("{}: '{}' and '{}' are both '{}'", what_, printable(known_.at(name)->name),
                                   printable(info.name), printable(name)));
    }
  }
  note_untied();
}

/// Renamed, the LayerNorm's words apart. The prefix is a matter of find(): which names of a model carry it only the
/// model knows.
std::string WeightsLoader::our_name(const std::string& name) const {
  std::string ours = weights_loader::without_gamma(name);
  for (const auto& [from, to] : rules_.renamed) {
    std::optional<std::string> star = weights_loader::match(from, ours);
    if (!star) star = weights_loader::match(from, rules_.prefix + ours);  // a headless file
    if (!star) continue;
    const std::size_t at = to.find('*');
    return at == to.npos ? to : std::string(to).replace(at, 1, *star);
  }
  return ours;
}

/// Under its name, without the prefix, with it, and the same for the name it is tied to.
const TensorInfo* WeightsLoader::find(const std::string& name) const {
  const auto direct = [this](const std::string& wanted) -> const TensorInfo* {
    if (const auto found = known_.find(wanted); found != known_.end()) return found->second;
    if (rules_.prefix.empty()) return nullptr;
    const bool has_prefix = wanted.starts_with(rules_.prefix);
    const auto found = known_.find(has_prefix ? wanted.substr(rules_.prefix.size()) : rules_.prefix + wanted);
    return found == known_.end() ? nullptr : found->second;
  };
  if (const TensorInfo* found = direct(name); found != nullptr) return found;
  for (const auto& [one, other] : rules_.tied) {
    if (one != name && other != name) continue;
    if (const TensorInfo* found = direct(one == name ? other : one); found != nullptr) return found;
  }
  return nullptr;
}

void WeightsLoader::note_untied() {
  for (const auto& [name, alias] : rules_.tied) {
    const TensorInfo *one = find(name), *other = find(alias);
    if (one == nullptr || one == other) continue;
    const bool same = one->shape == other->shape && one->dtype == other->dtype &&
                      source_->read(one->name).equal(source_->read(other->name));
    if (!same) untied_.push_back(weights_loader::difference(name, alias));
  }
}

std::optional<at::Tensor> WeightsLoader::take(const std::string& name, const std::vector<std::int64_t>& shape,
                                              at::ScalarType dtype) {
  const TensorInfo* info = find(name);
  if (info == nullptr) {
    missing_.push_back(name);
    return std::nullopt;
  }
  taken_.insert(info->name);
  if (info->shape != shape) {
    misshapen_.push_back(fmt::format("{} is [{}], expected [{}]", name, fmt::join(info->shape, ", "), fmt::join(shape, ", ")));
    return std::nullopt;
  }
  constexpr std::array kFloats = {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16};
  if (std::ranges::find(kFloats, info->dtype) == kFloats.end()) {
    misshapen_.push_back(fmt::format("{} is {}, expected floating point of 16, 32 or 64 bits", name, at::toString(info->dtype)));
    return std::nullopt;
  }
  return source_->read(info->name).to(dtype).contiguous();
}

std::vector<TensorInfo> WeightsLoader::rest() const {
  std::vector<TensorInfo> rest;
  for (const auto& [name, info] : known_) {
    if (!taken_.contains(info->name)) rest.push_back({name, info->dtype, info->shape});
  }
  return rest;
}

std::string WeightsLoader::faults(const std::function<bool(const std::string&)>& may_be_missing,
                                  const std::function<bool(const std::string&)>& may_be_left) const {
  std::vector<std::string> missing, left;
  for (const std::string& name : missing_) {
    if (!may_be_missing(name)) missing.push_back(name);
  }
  for (const auto& [name, info] : known_) {
    // One of two tied names is enough, where they agree.
    const bool tied = std::ranges::any_of(rules_.tied, [&](const auto& pair) {
      const TensorInfo *one = find(pair.first), *other = find(pair.second);
      const bool agree = std::ranges::find(untied_, weights_loader::difference(pair.first, pair.second)) == untied_.end();
      return agree && ((one == info && taken_.contains(other->name)) || (other == info && taken_.contains(one->name)));
    });
    if (!taken_.contains(info->name) && !tied && !may_be_left(name)) left.push_back(name);
  }
  const std::string lists = weights_loader::list("of another shape or type", misshapen_) + weights_loader::list("missing", missing) +
                             weights_loader::list("not of this model", left);
  return lists.empty() ? "" : what_ + ": the weights do not fit the model" + lists;
}

}  // namespace seqbench::models
