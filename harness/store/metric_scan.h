#pragma once
// Metrics of many executions, by ids: no join and no text a row, which is what reports over millions of rows need.

#include <memory>
#include <vector>

#include "harness/store/connection.h"
#include "harness/store/records.h"

struct sqlite3_stmt;

namespace seqbench::store {

class MetricScan {
 public:
  /// `db` must outlive the scan.
  explicit MetricScan(Connection& db);
  /// Replaces `out` by the execution's metrics in the order of split, name and slice ids.
  void read(std::int64_t execution, std::vector<ScannedMetric>& out);

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  void require(int code, int expected) const;

  Connection& db_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

}  // namespace seqbench::store
