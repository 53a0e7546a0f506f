#include "harness/spec/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace seqbench::spec {
namespace {

void merge_into(Node& under, const Node& over, const std::string& prefix, Merge how, Faults& faults) {
  for (const Entry& entry : over.entries) {
    const std::string name = prefix + entry.key;
    Entry* old = under.find(entry.key);
    if (how == Merge::kInclude && is_removal(entry.value)) {
      if (old == nullptr)
        faults.add(entry.at, fmt::format("'{}.remove': no included file gives '{}'", name, name));
      under.erase(entry.key);
    } else if (entry.value.is_table() && (old == nullptr || old->value.is_table())) {
      // Also where there is nothing to merge with: a removal may stand deeper down.
      if (old == nullptr)
        old = &under.entries.emplace_back(Entry{entry.key, entry.at, empty_table(entry.value.at)});
      merge_into(old->value, entry.value, name + ".", how, faults);
    } else if (old == nullptr) {
      under.entries.push_back(entry);
    } else if (how == Merge::kInclude && name == "model" && old->value.is_tables() &&
               entry.value.is_tables()) {
      old->value.items.insert(old->value.items.end(), entry.value.items.begin(), entry.value.items.end());
    } else {
      *old = entry;
    }
  }
}

}  // namespace

bool precedes(const Origin& a, const Origin& b) {
  const auto rank = [](const Origin& at) { return at.source == nullptr ? -1 : at.source->rank; };
  return std::tuple(rank(a), a.line, a.column) < std::tuple(rank(b), b.line, b.column);
}

bool is_removal(const Node& node) {
  return node.is_table() && node.entries.size() == 1 && node.entries[0].key == "remove" &&
         node.entries[0].value.scalar == Json(true);
}

Node empty_table(const Origin& at) {
  Node node;
  node.at = at;
  return node;
}

const Entry* Node::find(std::string_view key) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [key](const Entry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &*found;
}

Entry* Node::find(std::string_view key) { return const_cast<Entry*>(std::as_const(*this).find(key)); }

void Node::erase(std::string_view key) {
  std::erase_if(entries, [key](const Entry& entry) { return entry.key == key; });
}

bool Node::is_tables() const {
  return kind == Kind::kArray &&
         std::all_of(items.begin(), items.end(), [](const Node& item) { return item.is_table(); });
}

Json Node::json() const {
  switch (kind) {
    case Kind::kScalar: return scalar;
    case Kind::kArray: {
      Json array = Json::array();
      for (const Node& item : items) array.push_back(item.json());
      return array;
    }
    case Kind::kTable: {
      Json object = Json::object();
      for (const Entry& entry : entries) object[entry.key] = entry.value.json();
      return object;
    }
    case Kind::kRefused: break;
  }
  return nullptr;
}

const Node* subtable(const Node* table, std::string_view key) {
  const Entry* entry = table == nullptr ? nullptr : table->find(key);
  return entry != nullptr && entry->value.is_table() ? &entry->value : nullptr;
}

std::vector<const Node*> subtables(const Node& table, std::string_view key) {
  std::vector<const Node*> tables;
  const Entry* entry = table.find(key);
  if (entry == nullptr || !entry->value.is_tables()) return tables;
  for (const Node& item : entry->value.items) tables.push_back(&item);
  return tables;
}

void for_each_leaf(const Node& table, const std::string& prefix,
                   const std::function<void(const std::string&, const Entry&)>& leaf) {
  for (const Entry& entry : table.entries) {
    if (entry.value.is_table()) {
      for_each_leaf(entry.value, prefix + entry.key + ".", leaf);
    } else {
      leaf(prefix + entry.key, entry);
    }
  }
}

void merge(Node& under, const Node& over, Merge how, Faults& faults) {
  merge_into(under, over, "", how, faults);
}

}  // namespace seqbench::spec
