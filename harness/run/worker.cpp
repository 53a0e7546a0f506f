#include "harness/run/worker.h"

#include <chrono>
#include <memory>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/run/checkpoint_files.h"
#include "harness/run/frames.h"
#include "harness/run/record_json.h"
#include "harness/run/run_trial.h"
#include "harness/run/signals.h"
#include "harness/train/device.h"

namespace seqbench::run {
namespace {

constexpr double kProgressSeconds = 0.25;
constexpr std::size_t kCurveBatch = 256;

std::vector<store::CheckpointRow> checkpoints_of(const Json& json) {
  std::vector<store::CheckpointRow> rows;
  for (const Json& c : json) rows.push_back({c.at("step"), c.at("kind"), c.at("path"), c.at("sha256"), c.at("bytes")});
  return rows;
}

/// A trial's talk with the parent.
class PipeIo : public TrialIo {
 public:
  PipeIo(int in, int out, const Json& job, const std::string& trial_key)
      : in_(in),
        out_(out),
        files_(job.at("checkpoint_folder").get<std::string>(), trial_key, job.at("numerics_class")),
        known_(checkpoints_of(job.at("checkpoints"))),
        every_seconds_(job.at("checkpoint_seconds")),
        every_steps_(job.at("checkpoint_steps")),
        saved_at_(monotonic_seconds()) {}

  void curve(store::CurvePoint point) override {
    curves_.push_back(std::move(point));
    if (curves_.size() >= kCurveBatch) flush();
  }

  void progress(std::int64_t step, std::int64_t steps, double epoch, double loss, double rate) override {
    step_ = step;
    if (!begin_telling()) return;
    send({{"type", "progress"}, {"trained", true}, {"step", step}, {"steps", steps}, {"epoch", epoch}, {"loss", json_number(loss)},
          {"samples_per_s", rate}});
  }

  void part_progress(std::int64_t done, std::int64_t all) override {
    if (!begin_telling()) return;
    send({{"type", "progress"}, {"trained", false}, {"step", done}, {"steps", all}, {"epoch", 0}, {"loss", nullptr}, {"samples_per_s", 0}});
  }

  bool stop_requested() override { return stop_signals() > 0; }

  bool checkpoint_due() override {
    if (every_steps_ > 0) return step_ - saved_step_ >= every_steps_;
    return monotonic_seconds() - saved_at_ >= every_seconds_;
  }

  void save_checkpoint(std::int64_t step, const std::vector<NamedTensor>& tensors, const Json& state) override {
    const CheckpointFiles::Written written = files_.write(step, tensors, state, [this] { barrier(); });
    const store::CheckpointRow& row = written.row;
    send({{"type", "checkpoint"}, {"step", row.step}, {"kind", row.kind}, {"path", row.path}, {"sha256", row.sha256},
          {"bytes", row.bytes}, {"removed", written.removed_steps}});
    saved_step_ = step_ = step;
    saved_at_ = monotonic_seconds();
  }

  std::optional<train::Checkpoint> load_checkpoint() override {
    std::vector<std::string> warnings;
    auto found = files_.load(known_, warnings);
    for (const std::string& warning : warnings) send({{"type", "warning"}, {"text", warning}});
    saved_step_ = step_ = found ? found->first : 0;
    send({{"type", "resumed"}, {"step", step_}});
    await_ack();
    if (!found) return std::nullopt;
    return std::move(found->second);
  }

  void flush() {
    if (curves_.empty()) return;
    const PackedRecord packed = pack(curves_);
    send({{"type", "curves"}, {"points", packed.head}}, packed.tail);
    curves_.clear();
  }

  void send(const Json& head, std::string_view tail = {}) { write_frame(out_, head, tail); }

 private:
  /// False where something was told just now; else curves go ahead.
  bool begin_telling() {
    const double now = monotonic_seconds();
    if (now - told_at_ < kProgressSeconds) return false;
    told_at_ = now;
    flush();
    return true;
  }

  /// Returns once the parent has made every row sent so far durable.
  void barrier() {
    flush();
    send({{"type", "barrier"}});
    await_ack();
  }

  void await_ack() {
    if (!read_frame(in_)) throw MachineError("the parent is gone");
  }

  int in_, out_;
  CheckpointFiles files_;
  std::vector<store::CheckpointRow> known_;
  double every_seconds_;
  std::int64_t every_steps_;
  double saved_at_, told_at_ = 0;
  std::int64_t step_ = 0, saved_step_ = 0;
  std::vector<store::CurvePoint> curves_;
};

void run_job(const Json& job, const Tables& tables, DataCache& cache, int in, int out) {
  const TrialSpec spec = TrialSpec::from_json(job.at("trial"));
  PipeIo io(in, out, job, spec.row.key);
  try {
    const store::TrialRecord record =
        run_trial(spec, tables, cache, train::find_device(job.at("device").get<std::string>()), io);
    io.flush();
    const PackedRecord packed = pack(record);
    io.send({{"type", "record"}, {"record", packed.head}}, packed.tail);
  } catch (const Interrupted&) {
    io.flush();
    io.send({{"type", "interrupted"}});
  } catch (const MachineError& error) {
    io.send({{"type", "machine_error"}, {"text", error.what()}});
  }
}

}  // namespace

int work(const Tables& tables, int in, int out, int parent) {
  follow_parent(parent);
  DataCache cache;
  while (const std::optional<Frame> frame = read_frame(in)) {
    run_job(frame->head, tables, cache, in, out);
    if (stop_signals() > 0) break;
  }
  return 0;
}

}  // namespace seqbench::run
