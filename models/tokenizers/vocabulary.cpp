#include "models/tokenizers/vocabulary.h"

#include <utility>

#include "harness/base/error.h"

namespace seqbench::models {

Vocabulary::Vocabulary(std::vector<std::string> tokens) : tokens_(std::move(tokens)) {
  ids_.reserve(tokens_.size());
  for (std::size_t id = 0; id < tokens_.size(); ++id) {
    if (!tokens_[id].empty()) ids_[tokens_[id]] = static_cast<std::int32_t>(id);
  }
}

std::optional<std::int32_t> Vocabulary::id_of(std::string_view token) const {
  const auto found = ids_.find(token);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

const std::string& Vocabulary::token(std::int32_t id) const {
  SEQBENCH_ASSERT(0 <= id && id < size(), "an id lies in its vocabulary");
  return tokens_[static_cast<std::size_t>(id)];
}

Trie::Trie() : edges_(64), shift_(32 - 6), values_(1, -1) {}

std::size_t Trie::slot_of(std::uint32_t key) const {
  std::size_t slot = (key * 0x9E3779B1u) >> shift_;
  while (edges_[slot].key != key && edges_[slot].key != kEmpty) slot = (slot + 1) & (edges_.size() - 1);
  return slot;
}

void Trie::grow() {
  std::vector<Edge> old(edges_.size() * 2);
  old.swap(edges_);
  --shift_;
  for (const Edge& edge : old) {
    if (edge.key != kEmpty) edges_[slot_of(edge.key)] = edge;
  }
}

std::uint32_t Trie::add_root() {
  values_.push_back(-1);
  return static_cast<std::uint32_t>(values_.size() - 1);
}

bool Trie::insert(std::string_view bytes, std::int32_t value, std::uint32_t root) {
  if (!bytes.empty() && root == 0) begins_[static_cast<unsigned char>(bytes[0])] = true;
  std::uint32_t node = root;
  for (const char byte : bytes) {
    const std::uint32_t key = node << 8 | static_cast<unsigned char>(byte);
    std::size_t slot = slot_of(key);
    if (edges_[slot].key == kEmpty) {
      if (values_.size() >= kMostNodes) return false;
      if (++used_ * 2 > edges_.size()) {
        grow();
        slot = slot_of(key);
      }
      edges_[slot] = {key, static_cast<std::uint32_t>(values_.size())};
      values_.push_back(-1);
    }
    node = edges_[slot].child;
  }
  values_[node] = value;
  return true;
}

Trie::Match Trie::longest(std::string_view text, std::uint32_t root) const {
  Match best;
  std::uint32_t node = root;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const Edge& edge = edges_[slot_of(node << 8 | static_cast<unsigned char>(text[i]))];
    if (edge.key == kEmpty) break;
    node = edge.child;
    if (values_[node] >= 0) best = {values_[node], i + 1};
  }
  return best;
}

void AddedTokens::add(std::string_view token, std::int32_t id) {
  SEQBENCH_ASSERT(trie_.insert(token, id), "special tokens are few");
}

}  // namespace seqbench::models
