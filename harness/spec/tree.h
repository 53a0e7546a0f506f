#pragma once
// An experiment file as parsed, free of toml++: every key and value knows where it was written.

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/json.h"
#include "harness/spec/experiment.h"

namespace seqbench::spec {

/// A file, or the text of one --set.
struct Source {
  std::string name;                // as shown: "experiments/a.toml", "--set #1"
  std::vector<std::string> lines;  // for excerpts
  bool is_file = true;
  int rank = 0;  // in order of precedence: includes, the file that names them, --set
};

/// A place; columns count code points from 1.
struct Origin {
  const Source* source = nullptr;
  int line = 1, column = 1, length = 1;
};
[[nodiscard]] bool precedes(const Origin& a, const Origin& b);

struct Entry;

struct Node {
  enum class Kind {
    kScalar,
    kArray,
    kTable,
    kRefused
  };  // kRefused: reported while parsing, to be passed over
  Kind kind = Kind::kTable;
  Origin at;
  Json scalar;                 // kScalar
  std::vector<Node> items;     // kArray
  std::vector<Entry> entries;  // kTable, as written

  [[nodiscard]] const Entry* find(std::string_view key) const;  // null when absent or not a table
  [[nodiscard]] Entry* find(std::string_view key);
  void erase(std::string_view key);
  [[nodiscard]] bool is_table() const { return kind == Kind::kTable; }
  /// An array of tables, which an empty array is too.
  [[nodiscard]] bool is_tables() const;
  [[nodiscard]] Json json() const;
};

[[nodiscard]] Node empty_table(const Origin& at);

struct Entry {
  std::string key;  // one part: "a.b" = 1 is parsed as a = { b = 1 }
  Origin at;
  Node value;
};

/// The table under `key`, or null when there is none.
[[nodiscard]] const Node* subtable(const Node* table, std::string_view key);
/// The tables of [[key]], or nothing.
[[nodiscard]] std::vector<const Node*> subtables(const Node& table, std::string_view key);
/// Calls `leaf` for every value below `table` that is not a table, with its dotted key.
void for_each_leaf(const Node& table, const std::string& prefix,
                   const std::function<void(const std::string& key, const Entry& entry)>& leaf);

/// What is wrong so far; a fault that is added twice counts once.
class Faults {
 public:
  void add(const Origin& at, std::string message);
  [[nodiscard]] bool empty() const { return faults_.empty(); }
  [[nodiscard]] std::size_t size() const { return faults_.size(); }
  /// Sorted by place.
  [[nodiscard]] std::vector<Diagnostic> diagnostics() const;

 private:
  std::vector<std::pair<Origin, std::string>> faults_;
  std::set<std::string> seen_;
};

/// Whether the table is { remove = true }.
[[nodiscard]] bool is_removal(const Node& node);

/// How `under` and `over` become one: tables key by key, arrays and scalars replace.
enum class Merge {
  kInclude,  // and [[model]] appends; key.remove = true takes away what an include gave
  kReplace,
};
void merge(Node& under, const Node& over, Merge how, Faults& faults);

}  // namespace seqbench::spec
