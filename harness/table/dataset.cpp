#include "harness/table/dataset.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/table/rows.h"

namespace seqbench::table {
namespace {

constexpr std::int64_t kMostCodes = std::int64_t{8} << 30;  // bytes of the one-hot codes
constexpr std::size_t kMostSlices = 200;                    // values of one field

/// All integers, else all numbers, else text.
Field typed(std::vector<std::string> texts) {
  std::vector<std::int64_t> integers;
  std::vector<double> numbers;
  for (const std::string& text : texts) {
    const auto integer = parse_int(text);
    const auto number = parse_double(text);
    if (!number) return texts;
    if (integer) integers.push_back(*integer);
    numbers.push_back(*number);
  }
  if (integers.size() == texts.size()) return integers;
  return numbers;
}

class TableDataset final : public Dataset {
 public:
  TableDataset(const spec::TableTask& task, Rows rows)
      : alphabet_(task.alphabet), kmer_(task.kmer), sequences_(std::make_shared<std::vector<std::string>>(std::move(rows.sequences))),
        sentences_(std::move(rows.sentences)) {
    examples_.ids = std::move(rows.ids);
    examples_.targets = std::move(rows.targets);
    examples_.weights = std::move(rows.weights);
    examples_.published_split = std::move(rows.parts);
    examples_.counts = {{"rows", examples_.rows()}, {"duplicates", rows.duplicates}, {"validation cut from train", rows.cut}};
    for (auto& [name, texts] : rows.fields) {
      examples_.fields[name] = name == task.group ? Field(std::move(texts)) : typed(std::move(texts));
    }
    if (rows.feature_names.empty()) return;
    features_ = at::empty({examples_.rows(), static_cast<std::int64_t>(rows.feature_names.size())}, at::kFloat);
    std::ranges::copy(rows.features, features_.mutable_data_ptr<float>());
  }

  [[nodiscard]] View view(std::string_view name) const override {
    if (name == "features") return {std::string(name), DenseView(features_)};
    if (name == "sentence") return {std::string(name), TextView{Texts(sentences_)}};
    if (name == "one_hot") return {std::string(name), one_hot()};
    if (name == "kmer_counts") return {std::string(name), kmer_counts()};
    SEQBENCH_ASSERT(name == alphabet_, "the task has no such view");
    const auto kept = sequences_;
    return {std::string(name), TextView{Texts(examples_.rows(), [kept](std::int64_t row) { return (*kept)[static_cast<std::size_t>(row)]; })}};
  }

 private:
  [[nodiscard]] CodeView one_hot() const {
    const std::int64_t letters = spec::letters_of(alphabet_), rows = examples_.rows();
    std::size_t longest = 0;
    for (const std::string& sequence : *sequences_) longest = std::max(longest, sequence.size());
    const auto length = static_cast<std::int64_t>(longest);
    if (length > kMostCodes / rows) {
      throw InputError(fmt::format("the view one_hot of {} rows by {} positions is larger than {} bytes; cut the sequences", rows,
                                   length, kMostCodes));
    }
    CodeView view;
    view.symbols = letters + 1;  // the last: a letter that names no single one
    view.codes = at::full({rows, length}, view.symbols, at::kByte);
    view.lengths = at::empty({rows}, at::kLong);
    auto* codes = view.codes.mutable_data_ptr<std::uint8_t>();
    auto* lengths = view.lengths.mutable_data_ptr<std::int64_t>();
    for (const std::string& sequence : *sequences_) {
      std::ranges::transform(sequence, codes, [this](char c) { return static_cast<std::uint8_t>(letter_code(alphabet_, c)); });
      codes += length;
      *lengths++ = static_cast<std::int64_t>(sequence.size());
    }
    return view;
  }

  /// Share of each word among the windows without an unknown letter.
  [[nodiscard]] DenseView kmer_counts() const {
    const std::int64_t letters = spec::letters_of(alphabet_), k = kmer_;
    std::int64_t words = 1;
    for (std::int64_t i = 0; i < k; ++i) words *= letters;
    const auto count = [letters, k, words, alphabet = alphabet_](const std::string& sequence, float* to) {
      std::int64_t word = 0, known = 0, windows = 0;
      for (const char c : sequence) {
        const std::int64_t code = letter_code(alphabet, c);
        known = code < letters ? known + 1 : 0;
        word = code < letters ? (word * letters + code) % words : 0;
        if (known < k) continue;
        to[word] += 1;
        ++windows;
      }
      for (std::int64_t i = 0; windows > 0 && i < words; ++i) to[i] /= static_cast<float>(windows);
    };
    return {examples_.rows(), words, [count, words, kept = sequences_](std::span<const std::int64_t> rows) {
              at::Tensor out = at::zeros({static_cast<std::int64_t>(rows.size()), words}, at::kFloat);
              auto* to = out.mutable_data_ptr<float>();
              for (const std::int64_t row : rows) {
                count((*kept)[static_cast<std::size_t>(row)], to);
                to += words;
              }
              return out;
            }};
  }

  std::string alphabet_;
  std::int64_t kmer_;
  std::shared_ptr<const std::vector<std::string>> sequences_;
  std::vector<std::string> sentences_;
  at::Tensor features_;
};

/// A field with a value of its own in nearly every row is no slice.
void check_slices(const spec::TableTask& task, const Rows& rows) {
  for (const std::string& slice : task.info.slices) {
    const std::vector<std::string>& texts = rows.fields.at(slice);
    const std::size_t values = std::set<std::string>(texts.begin(), texts.end()).size();
    if (values > kMostSlices) {
      throw InputError(fmt::format("{}: the slice \"{}\" has {} values; at most {}", printable(task.file.string()), printable(slice),
                                   values, kMostSlices));
    }
  }
}

}  // namespace

std::unique_ptr<Dataset> load_dataset(const spec::TableTask& task) {
  Rows rows = read_rows(task);
  check_slices(task, rows);
  return std::make_unique<TableDataset>(task, std::move(rows));
}

}  // namespace seqbench::table
