// A network with dropout whose sampler draws its rows anew each epoch: what resuming must get right.
// Five of its weights are frozen. It is saved as a folder that says which folder it was made from.
// `nan_at` gives a NaN loss at that step; `step_ms` makes steps slow enough to be killed in.
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/relu.h>
#include <unistd.h>

#include <cmath>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/contract/model.h"

namespace seqbench::fakes::drawer {
namespace {

constexpr std::int64_t kHidden = 24;
constexpr float kDropout = 0.25F;

at::Tensor drawn(const Streams& streams, const std::string& name, at::IntArrayRef shape, at::ScalarType dtype) {
  at::Tensor out = at::empty(shape, at::kFloat);
  Draws draws = streams.open("init/" + name).at();
  float* cell = out.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < out.numel(); ++i) cell[i] = draws.uniform_float() - 0.5F;
  return out.to(dtype).set_requires_grad(true);
}

class Drawer : public Network {
 public:
  explicit Drawer(const ModelContext& context)
      : streams_(context.streams),
        step_us_(static_cast<useconds_t>(context.params.integer("step_ms") * 1000)),
        nan_at_(context.params.integer("nan_at")) {
    const std::int64_t features = std::get<DenseView>(context.view.data).features();
    first_ = drawn(streams_, "first", {kHidden, features}, context.dtype);
    second_ = drawn(streams_, "second", {context.targets, kHidden}, context.dtype);
    third_ = at::empty({5}, at::kFloat).fill_(1);
    from_ = context.params.text("weights");
  }

  [[nodiscard]] Batch collate(const View& view, std::span<const std::int64_t> rows) const override {
    Batch batch;
    batch.inputs = {{"features", std::get<DenseView>(view.data).gather(rows)}};
    batch.rows.assign(rows.begin(), rows.end());
    return batch;
  }

  [[nodiscard]] at::Tensor forward(const Batch& batch, const Pass& pass) override {
    at::Tensor hidden = at::relu(at::linear(batch.input("features").to(first_.scalar_type()), first_));
    if (pass.training) {
      if (step_us_ > 0) ::usleep(step_us_);
      hidden = hidden.mul(mask(hidden, pass));
    }
    at::Tensor out = at::linear(hidden, second_);
    return pass.training && nan_at_ >= 0 && pass.step >= nan_at_ ? out.mul(std::nan("")) : out;
  }

  [[nodiscard]] std::vector<NamedTensor> parameters() override { return {{"first", first_}, {"second", second_}}; }

  [[nodiscard]] std::vector<NamedTensor> frozen() override { return {{"third", third_}}; }

  void write_folder(const std::filesystem::path& folder, const TargetScale&) const override {
    std::filesystem::create_directory(folder);
    const std::string from = from_.empty() ? "" : read_file(std::filesystem::path(from_) / "vocab.txt");
    write_file_atomically(folder / "config.json", Json{{"model_type", "drawer"}, {"from", from}}.dump());
  }

  /// Half of the rows, other ones each epoch.
  [[nodiscard]] std::optional<std::vector<std::int64_t>> sample_epoch(std::span<const std::int64_t> train_rows,
                                                                      std::int64_t epoch) const override {
    std::vector<std::int64_t> rows(train_rows.begin(), train_rows.end());
    streams_.open("sampler").at({static_cast<std::uint32_t>(epoch), 0, 0}).shuffle(std::span(rows));
    rows.resize((rows.size() + 1) / 2);
    return rows;
  }

 private:
  [[nodiscard]] at::Tensor mask(const at::Tensor& like, const Pass& pass) const {
    at::Tensor out = at::empty(like.sizes(), at::kFloat);
    const Stream stream = streams_.open("dropout/hidden");
    for (std::int64_t row = 0; row < like.size(0); ++row) {
      Draws draws = stream.at({static_cast<std::uint32_t>(pass.epoch), static_cast<std::uint32_t>(pass.step),
                               static_cast<std::uint32_t>(row)});
      for (std::int64_t i = 0; i < like.size(1); ++i) {
        out.mutable_data_ptr<float>()[row * like.size(1) + i] =
            draws.uniform_float() < kDropout ? 0.0F : 1.0F / (1.0F - kDropout);
      }
    }
    return out.to(like.scalar_type());
  }

  Streams streams_;
  useconds_t step_us_;
  std::int64_t nan_at_;
  at::Tensor first_, second_, third_;
  std::string from_;
};

bool reads_folder(const Json& config) { return config.value("model_type", "") == "drawer"; }

std::unique_ptr<FolderModel> open_folder(const std::filesystem::path& folder, const FolderOptions&) {
  throw InputError(folder.string() + ": a drawer is saved and not used");
}

std::unique_ptr<Network> make(const ModelContext& context) { return std::make_unique<Drawer>(context); }

}  // namespace
}  // namespace seqbench::fakes::drawer

namespace seqbench {

SEQBENCH_MODEL(drawer) {
  ModelEntry entry;
  entry.summary = "dropout and a sampler that draws anew each epoch";
  entry.views = {"features"};
  entry.kinds = {TaskKind::kRegression};
  entry.params = {{.name = "step_ms", .fallback = std::int64_t{0}, .help = "sleep in each step", .low = 0, .high = 1000},
                  {.name = "nan_at", .fallback = std::int64_t{-1}, .help = "step of the first NaN, -1 = never", .low = -1},
                  {.name = "weights", .fallback = std::string(), .help = "a folder that is noted", .choices = {}, .files = FileWords::kFolder}};
  entry.train = {{"sampler", std::string("model")}};
  entry.reads_folder = &fakes::drawer::reads_folder;
  entry.open_folder = &fakes::drawer::open_folder;
  entry.network = &fakes::drawer::make;
  return entry;
}

}  // namespace seqbench
