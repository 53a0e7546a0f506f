#pragma once
// The rows of a declared task as its file gives them.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/contract/examples.h"
#include "harness/spec/table_task.h"

namespace seqbench::table {

struct Rows {
  std::vector<std::string> ids;
  std::vector<std::string> sequences;  // upper case; empty where the task has none, as all below
  std::vector<std::string> sentences;
  std::vector<std::string> feature_names;
  std::vector<float> features;  // [rows, feature_names]
  std::vector<double> targets, weights;
  std::vector<Part> parts;
  std::map<std::string, std::vector<std::string>> fields;  // the group and the fields
  std::int64_t duplicates = 0;  // rows equal to an earlier one, left out; only where ids are hashes of the content
  std::int64_t cut = 0;  // training rows that became validation, where the split has none
};

/// Reads all of it. Throws InputError "FILE:LINE: ..." at the first fault.
[[nodiscard]] Rows read_rows(const spec::TableTask& task);

/// 0 ... letters_of(alphabet), where the last stands for letters that name no single one; -1 for what is no letter at all.
[[nodiscard]] int letter_code(const std::string& alphabet, char letter);

}  // namespace seqbench::table
