#include "harness/store/export.h"

#include <fmt/format.h>

#include <ostream>
#include <string>
#include <string_view>

#include "harness/base/json.h"
#include "harness/base/text.h"
#include "harness/store/result_rows.h"

namespace seqbench::store {
namespace {

/// One line of fields between tabs; tabs, line ends and backslashes inside a field are escaped.
class Line {
 public:
  explicit Line(std::string_view kind) : text_(kind) {}
  Line& text(std::string_view value) {
    text_ += '\t';
    for (const char c : value) {
      switch (c) {
        case '\t': text_ += "\\t"; break;
        case '\n': text_ += "\\n"; break;
        case '\r': text_ += "\\r"; break;
        case '\\': text_ += "\\\\"; break;
        default: text_ += c;
      }
    }
    return *this;
  }
  Line& number(std::int64_t value) { return text(std::to_string(value)); }
  Line& real(double value) { return text(format_double(value)); }
  void write(std::ostream& out) const { out << text_ << '\n'; }

 private:
  std::string text_;
};

void export_experiments(Connection& db, std::ostream& out) {
  Rows row = db.rows("SELECT name, spec_sha256, title, paper, reruns FROM experiments ORDER BY name, spec_sha256");
  while (row.next()) {
    Line line("experiment");
    for (int column = 0; column < 5; ++column) line.text(row.text(column));
    line.write(out);
  }
}

void export_results(Connection& db, std::int64_t execution, std::ostream& out) {
  for (const MetricRow& m : read_metrics(db, execution)) {
    Line("metric").number(m.split).text(m.name).text(m.slice).number(m.n).real(m.value).text(m.note).write(out);
  }
  for (const PredictionInfo& p : read_prediction_infos(db, execution)) {
    Line("prediction").text(p.split).text(p.kind).text(p.examples_sha256).number(p.rows).number(p.cols)
        .text(p.values_sha256).write(out);
  }
  for (const CurvePoint& c : read_curves(db, execution)) {
    Line("curve").text(c.name).number(c.split).number(c.step).real(c.epoch).real(c.value).write(out);
  }
}

/// The newest done execution, else the newest failed one; what is unfinished is no result.
void export_execution(Connection& db, std::int64_t trial, std::ostream& out) {
  Rows row = db.rows(
      "SELECT id, status, verdict, result_sha256, step, epoch, params_total, params_trained, chosen FROM executions"
      " WHERE trial = ? AND status IN ('done', 'failed') ORDER BY status = 'done' DESC, uid DESC LIMIT 1",
      trial);
  if (!row.next()) return;
  Line line("result");
  for (int column = 1; column <= 7; ++column) line.text(row.text(column));
  line.text(row.null(8) ? "" : canonical_json(stored_json(row.blob(8)))).write(out);
  export_results(db, row.integer(0), out);
}

std::string labels(Connection& db, std::int64_t trial) {
  Json list = Json::array();
  Rows row = db.rows("SELECT DISTINCT label FROM run_trials WHERE trial = ? ORDER BY label", trial);
  while (row.next()) list.push_back(row.text(0));
  return json_text(list);
}

void export_trials(Connection& db, std::ostream& out) {
  Rows row = db.rows(
      "SELECT id, key, spec_key, code_sha256, task, task_version, model, model_version, variant, seed, rep, fold,"
      " source, scale, split_kind, weights, kind, data_sha256, config FROM trials ORDER BY key");
  while (row.next()) {
    Line line("trial");
    for (int column = 1; column <= 18; ++column) line.text(row.text(column));
    line.text(labels(db, row.integer(0))).write(out);
    export_execution(db, row.integer(0), out);
  }
}

}  // namespace

void export_store(Connection& db, std::ostream& out) {
  db.execute("BEGIN");  // one snapshot, also while a run goes on
  out << "# seqbench export 1: a result belongs to the trial above it, its rows follow it\n";
  export_experiments(db, out);
  export_trials(db, out);
  db.execute("COMMIT");
}

}  // namespace seqbench::store
