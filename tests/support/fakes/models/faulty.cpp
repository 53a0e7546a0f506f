// Goes wrong in the way its parameter names: throws, aborts, eats memory, sleeps, gives NaN.
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "harness/contract/model.h"

namespace seqbench::fakes::faulty {
namespace {

class Faulty : public Estimator {
 public:
  explicit Faulty(std::string how) : how_(std::move(how)) {}

  void fit(const FitRows&, const FitRows&, const FitControl& control) override {
    if (how_ == "throw") throw std::runtime_error("planted failure");
    if (how_ == "abort") std::abort();
    if (how_ == "kill") ::kill(::getpid(), SIGKILL);
    std::vector<std::string> eaten;
    while (how_ == "memory") {
      eaten.emplace_back(64u << 20, 'x');
      ::usleep(20000);
    }
    while (how_ == "sleep") {
      ::usleep(20000);
      control.check_stop();
    }
  }
  [[nodiscard]] std::vector<double> predict(const View&, std::span<const std::int64_t> rows) const override {
    return std::vector<double>(rows.size(), how_ == "nan" ? NAN : 0.0);
  }
  [[nodiscard]] std::vector<NamedTensor> state() const override { return {}; }
  void load_state(std::span<const NamedTensor>) override {}

 private:
  std::string how_;
};

std::unique_ptr<Estimator> make(const ModelContext& context) {
  return std::make_unique<Faulty>(context.params.text("how"));
}

}  // namespace
}  // namespace seqbench::fakes::faulty

namespace seqbench {

SEQBENCH_MODEL(faulty) {
  ModelEntry entry;
  entry.summary = "goes wrong in a chosen way";
  entry.views = {"features"};
  entry.kinds = {TaskKind::kRegression};
  entry.params = {{.name = "how",
                   .fallback = std::string("throw"),
                   .help = "what goes wrong",
                   .choices = {"throw", "abort", "kill", "memory", "sleep", "nan"}}};
  entry.trained_by_loop = false;
  entry.estimator = &fakes::faulty::make;
  return entry;
}

}  // namespace seqbench
