#include <ATen/core/Tensor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/tasks/promoter_support.h"

namespace seqbench::test {
namespace {

const std::string kLetters = "ACGT";

std::vector<std::string> texts(const Dataset& dataset) {
  const View view = dataset.view("dna");
  const Texts& rows = std::get<TextView>(view.data).rows;
  return {rows.begin(), rows.end()};
}

TEST(PromoterTask, ExamplesAreWhole) {
  const auto dataset = promoter_twin();
  const Examples& examples = dataset->examples();
  ASSERT_EQ(examples.rows(), 2570);
  EXPECT_EQ(std::set<std::string>(examples.ids.begin(), examples.ids.end()).size(), 2570u);
  ASSERT_EQ(examples.targets.size(), 2570u);
  ASSERT_EQ(examples.expected.size(), 2570u);
  ASSERT_EQ(examples.noiseless.size(), 2570u);
  std::int64_t promoters = 0;
  for (std::size_t i = 0; i < 2570; ++i) {
    ASSERT_TRUE(examples.targets[i] == 0 || examples.targets[i] == 1);
    ASSERT_GT(examples.expected[i], 0);
    ASSERT_LT(examples.expected[i], 1);
    promoters += examples.targets[i] == 1 ? 1 : 0;
  }
  EXPECT_EQ(examples.counts.at("promoters"), promoters);
  EXPECT_EQ(std::get<std::vector<std::string>>(examples.fields.at("group_id")).size(), 2570u);
  const auto& gc = std::get<std::vector<double>>(examples.fields.at("gc"));
  const std::vector<std::string> dna = texts(*dataset);
  const auto count = [&](char c) { return std::count(dna[7].begin(), dna[7].end(), c); };
  EXPECT_DOUBLE_EQ(gc[7], static_cast<double>(count('C') + count('G')) / 300.0);
}

TEST(PromoterTask, FewRowsAreTheFirstOfMany) {
  const auto all = promoter_twin({.rows = 60});
  for (const std::int64_t rows : {1, 3, 40}) {
    const auto few = promoter_twin({.rows = rows});
    ASSERT_EQ(few->examples().rows(), rows);
    const auto last = static_cast<std::size_t>(rows - 1);
    EXPECT_EQ(few->examples().ids[last], all->examples().ids[last]);
    EXPECT_EQ(texts(*few).at(last), texts(*all).at(last));
    EXPECT_EQ(std::get<CodeView>(few->view("one_hot").data).codes.size(0), rows);
    EXPECT_EQ(few->view("kmer_counts").rows(), rows);
  }
}

TEST(PromoterTask, CodesSpellTheLetters) {
  const auto dataset = promoter_twin({.rows = 20});
  const View coded = dataset->view("one_hot");
  EXPECT_EQ(coded.name, "one_hot");
  const auto& view = std::get<CodeView>(coded.data);
  EXPECT_EQ(view.symbols, 5);
  ASSERT_EQ(view.length(), 300);
  std::vector<std::int64_t> rows(20);
  std::iota(rows.begin(), rows.end(), 0);
  const at::Tensor gathered = view.gather(rows);
  const auto* codes = gathered.const_data_ptr<std::uint8_t>();
  for (const std::string& row : texts(*dataset)) {
    for (const char letter : row) ASSERT_EQ(kLetters.at(*codes++), letter);
  }
  for (std::int64_t i = 0; i < 20; ++i) EXPECT_EQ(view.lengths.const_data_ptr<std::int64_t>()[i], 300);
}

TEST(PromoterTask, CountsAreThoseOfTheText) {
  for (const std::int64_t k : {1, 2, 4, 6}) {
    const auto dataset = promoter_twin({.rows = 5, .k = k});
    const View counted = dataset->view("kmer_counts");
    const at::Tensor values = std::get<DenseView>(counted.data).gather(std::vector<std::int64_t>{0, 1, 2, 3, 4});
    const std::int64_t features = std::int64_t{1} << (2 * k);
    ASSERT_EQ(values.sizes(), (std::vector<std::int64_t>{5, features}));
    ASSERT_EQ(values.scalar_type(), at::kFloat);
    const auto* value = values.const_data_ptr<float>();
    for (const std::string& row : texts(*dataset)) {
      std::vector<double> counts(static_cast<std::size_t>(features));
      for (std::size_t i = 0; i + static_cast<std::size_t>(k) <= row.size(); ++i) {
        std::size_t kmer = 0;
        for (const char c : row.substr(i, static_cast<std::size_t>(k))) kmer = kmer * 4 + kLetters.find(c);
        counts[kmer] += 1;
      }
      for (const double count : counts) ASSERT_NEAR(*value++, count / static_cast<double>(301 - k), 1e-7);
    }
  }
}

TEST(PromoterTask, CompositionIsGcAndLength) {
  const auto dataset = promoter_twin({.rows = 3});
  const View view = dataset->view("composition");
  const at::Tensor values = std::get<DenseView>(view.data).gather(std::vector<std::int64_t>{1});
  const auto& gc = std::get<std::vector<double>>(dataset->examples().fields.at("gc"));
  EXPECT_FLOAT_EQ(values.const_data_ptr<float>()[0], static_cast<float>(gc[1]));
  EXPECT_FLOAT_EQ(values.const_data_ptr<float>()[1], 1);
}

}  // namespace
}  // namespace seqbench::test
