// A model folder without weights: a token a letter between <s> (0) and </s> (1), and answers that are counts, so that a test
// can tell them by heart. config.json: {"model_type": "letters", "outputs": 2}.
#include <ATen/ops/zeros.h>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/contract/model.h"

namespace seqbench::fakes::letters {
namespace {

constexpr std::int64_t kLayers = 2, kHeads = 2, kWidth = 3;

class Letters : public FolderModel {
 public:
  Letters(std::int64_t outputs, std::int64_t max_length) : outputs_(outputs), max_length_(max_length) {
    names_ = {"<s>", "</s>"};
    for (int c = 2; c < 128; ++c) names_.emplace_back(1, static_cast<char>(c));
  }
  [[nodiscard]] std::vector<std::int32_t> tokens(std::string_view text) const override {
    if (!is_valid_utf8(text)) throw InputError("the text is no UTF-8");
    std::vector<std::int32_t> ids = {0};
    for (const char c : text) {
      if (max_length_ == 0 || static_cast<std::int64_t>(ids.size()) + 1 < max_length_) ids.push_back(c);
    }
    ids.push_back(1);
    return ids;
  }
  [[nodiscard]] const std::string& token(std::int32_t id) const override { return names_.at(static_cast<std::size_t>(id)); }
  [[nodiscard]] bool is_special(std::int32_t id) const override { return id < 2; }
  [[nodiscard]] std::int64_t outputs() const override { return outputs_; }
  [[nodiscard]] std::int64_t layers() const override { return kLayers; }
  [[nodiscard]] std::int64_t heads() const override { return kHeads; }
  [[nodiscard]] std::int64_t width() const override { return kWidth; }
  [[nodiscard]] std::string summary() const override { return "letters"; }

  /// logits: length, then sums of ids / 100. hidden: id, place, layer. attention: 1 / L, of head 1 all on the first key.
  [[nodiscard]] Answer run(std::span<const std::vector<std::int32_t>> rows, const Asked& asked) override {
    const auto b = static_cast<std::int64_t>(rows.size());
    std::int64_t longest = 0;
    for (const auto& row : rows) longest = std::max(longest, static_cast<std::int64_t>(row.size()));
    Answer answer;
    if (asked.logits) answer.logits = at::zeros({b, outputs_});
    if (asked.hidden_layer) answer.hidden = at::zeros({b, longest, kWidth});
    if (asked.attention_layer) answer.attention = at::zeros({b, kHeads, longest, longest});
    for (std::int64_t i = 0; i < b; ++i) fill(rows[static_cast<std::size_t>(i)], i, longest, asked, answer);
    return answer;
  }

 private:
  void fill(const std::vector<std::int32_t>& ids, std::int64_t i, std::int64_t longest, const Asked& asked, Answer& out) const {
    const auto length = static_cast<std::int64_t>(ids.size());
    double sum = 0;
    for (const std::int32_t id : ids) {
      if (id == '#') throw InputError("the id of '#' has no row in the embedding");
      sum += id;
    }
    for (std::int64_t t = 0; asked.logits && t < outputs_; ++t) {
      out.logits.mutable_data_ptr<float>()[i * outputs_ + t] = static_cast<float>(t == 0 ? static_cast<double>(length) : sum / 100);
    }
    for (std::int64_t k = 0; k < length; ++k) {
      if (asked.hidden_layer) {
        float* at = out.hidden.mutable_data_ptr<float>() + (i * longest + k) * kWidth;
        at[0] = static_cast<float>(ids[static_cast<std::size_t>(k)]);
        at[1] = static_cast<float>(k);
        at[2] = static_cast<float>(*asked.hidden_layer);
      }
      for (std::int64_t key = 0; asked.attention_layer && key < length; ++key) {
        float* at = out.attention.mutable_data_ptr<float>() + i * kHeads * longest * longest + k * longest + key;
        at[0] = 1 / static_cast<float>(length);
        at[longest * longest] = key == 0 ? 1.0f : 0.0f;
      }
    }
  }

  std::int64_t outputs_, max_length_;
  std::vector<std::string> names_;
};

class Never : public Estimator {
 public:
  void fit(const FitRows&, const FitRows&, const FitControl&) override {}
  [[nodiscard]] std::vector<double> predict(const View&, std::span<const std::int64_t> rows) const override {
    return std::vector<double>(rows.size());
  }
  [[nodiscard]] std::vector<NamedTensor> state() const override { return {}; }
  void load_state(std::span<const NamedTensor>) override {}
};

bool reads(const Json& config) { return config.contains("model_type") && config.at("model_type") == "letters"; }

std::unique_ptr<FolderModel> open(const std::filesystem::path& folder, const FolderOptions& options) {
  const Json config = parse_json(read_file(folder / "config.json"), "config.json");
  return std::make_unique<Letters>(config.value("outputs", 0), options.max_length);
}

}  // namespace
}  // namespace seqbench::fakes::letters

namespace seqbench {

SEQBENCH_MODEL(letters) {
  ModelEntry entry;
  entry.summary = "counts letters; a model folder without weights";
  entry.views = {"features"};
  entry.kinds = {TaskKind::kRegression};
  entry.trained_by_loop = false;
  entry.seeded = false;
  entry.estimator = [](const ModelContext&) -> std::unique_ptr<Estimator> { return std::make_unique<fakes::letters::Never>(); };
  entry.reads_folder = &fakes::letters::reads;
  entry.open_folder = &fakes::letters::open;
  return entry;
}

}  // namespace seqbench
