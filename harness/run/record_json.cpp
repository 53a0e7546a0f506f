#include "harness/run/record_json.h"

#include <cstring>

#include "harness/base/error.h"

namespace seqbench::run {
namespace {

void put(std::string& tail, const std::vector<double>& values) {
  const std::size_t at = tail.size();
  tail.resize(at + values.size() * sizeof(double));
  if (!values.empty()) std::memcpy(tail.data() + at, values.data(), values.size() * sizeof(double));
}

/// Takes doubles off the tail in the order they were put.
class Tail {
 public:
  explicit Tail(const std::string& bytes) : bytes_(bytes) {}
  std::vector<double> take(std::size_t count) {
    if (count > (bytes_.size() - at_) / sizeof(double)) throw MachineError("a worker's message is too short");
    std::vector<double> values(count);
    if (count > 0) std::memcpy(values.data(), bytes_.data() + at_, count * sizeof(double));
    at_ += count * sizeof(double);
    return values;
  }

 private:
  const std::string& bytes_;
  std::size_t at_ = 0;
};

Json json_of(const store::TimingRow& t) {
  return {{"phase", t.phase},   {"count", t.count},   {"total", t.total_ns}, {"min", t.min_ns},
          {"p50", t.p50_ns},    {"p95", t.p95_ns},    {"max", t.max_ns},
          {"items", t.items ? Json(*t.items) : Json()}};
}

template <typename T>
std::optional<T> optional_of(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional<T>(json.get<T>());
}

store::TimingRow timing_of(const Json& t) {
  return {t.at("phase"), t.at("count"), t.at("total"), t.at("min"), t.at("p50"),
          t.at("p95"),   t.at("max"),   optional_of<std::int64_t>(t.at("items"))};
}

}  // namespace

PackedRecord pack(const store::TrialRecord& record) {
  PackedRecord out;
  Json metrics = Json::array(), predictions = Json::array(), timings = Json::array();
  std::vector<double> values;
  for (const store::MetricRow& m : record.metrics) {
    metrics.push_back({{"split", m.split}, {"name", m.name}, {"slice", m.slice}, {"n", m.n}, {"note", m.note},
                       {"higher", m.higher_is_better}, {"version", m.version}, {"unit", m.unit}});
    values.push_back(m.value);
  }
  put(out.tail, values);
  for (const store::Predictions& p : record.predictions) {
    predictions.push_back({{"task", p.examples.task}, {"split", p.examples.split}, {"ids", p.examples.ids},
                           {"cols", p.examples.cols}, {"fields", p.examples.fields}, {"kind", p.kind}});
    put(out.tail, p.examples.truth);
    put(out.tail, p.values);
  }
  for (const store::TimingRow& t : record.timings) timings.push_back(json_of(t));
  out.head = {{"verdict", record.verdict}, {"reason", record.reason}, {"metrics", metrics},
              {"predictions", predictions}, {"timings", timings}, {"peak_bytes", record.peak_bytes},
              {"step", record.step}, {"epoch", record.epoch}, {"chosen", record.chosen},
              {"params_total", record.params_total ? Json(*record.params_total) : Json()},
              {"params_trained", record.params_trained ? Json(*record.params_trained) : Json()}};
  return out;
}

store::TrialRecord unpack(const Json& head, const std::string& bytes) {
  Tail tail(bytes);
  store::TrialRecord record;
  record.verdict = head.at("verdict");
  record.reason = head.at("reason");
  const std::vector<double> values = tail.take(head.at("metrics").size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Json& m = head.at("metrics")[i];
    record.metrics.push_back({m.at("split"), m.at("name"), m.at("slice"), values[i], m.at("n"), m.at("note"),
                              m.at("higher"), m.at("version"), m.at("unit")});
  }
  for (const Json& p : head.at("predictions")) {
    store::Predictions predictions;
    predictions.examples.task = p.at("task");
    predictions.examples.split = p.at("split");
    predictions.examples.ids = p.at("ids").get<std::vector<std::string>>();
    predictions.examples.cols = p.at("cols");
    predictions.examples.fields = p.at("fields");
    predictions.kind = p.at("kind");
    const std::size_t count = predictions.examples.ids.size() * static_cast<std::size_t>(predictions.examples.cols);
    predictions.examples.truth = tail.take(count);
    predictions.values = tail.take(count);
    record.predictions.push_back(std::move(predictions));
  }
  for (const Json& t : head.at("timings")) record.timings.push_back(timing_of(t));
  record.peak_bytes = head.at("peak_bytes");
  record.step = head.at("step");
  record.epoch = head.at("epoch");
  record.chosen = head.at("chosen");
  record.params_total = optional_of<std::int64_t>(head.at("params_total"));
  record.params_trained = optional_of<std::int64_t>(head.at("params_trained"));
  return record;
}

PackedRecord pack(const std::vector<store::CurvePoint>& points) {
  PackedRecord out{Json::array(), {}};
  std::vector<double> values;
  for (const store::CurvePoint& p : points) {
    out.head.push_back({p.name, p.split, p.step});
    values.push_back(p.epoch);
    values.push_back(p.value);
  }
  put(out.tail, values);
  return out;
}

std::vector<store::CurvePoint> unpack_curves(const Json& head, const std::string& bytes) {
  Tail tail(bytes);
  const std::vector<double> values = tail.take(2 * head.size());
  std::vector<store::CurvePoint> points;
  for (std::size_t i = 0; i < head.size(); ++i) {
    points.push_back({head[i][0], head[i][1], head[i][2], values[2 * i], values[2 * i + 1]});
  }
  return points;
}

}  // namespace seqbench::run
