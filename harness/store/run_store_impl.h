#pragma once
// The inside of RunStore, shared by run_store.cpp and trial_life.cpp.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/store/connection.h"
#include "harness/store/outcome.h"
#include "harness/store/run_store.h"

namespace seqbench::store {

enum class Durability { kInOrder, kOnDisk };

struct RunStore::Impl {
  explicit Impl(const std::filesystem::path& path);

  /// Writes what is pending, then `body` in one transaction.
  template <typename Body>
  void write(Durability durability, Body&& body) {
    flush();
    commit(durability, std::forward<Body>(body));
  }
  void add_pending(const Begun& begun);
  void flush();
  void barrier();

  [[nodiscard]] std::int64_t trial_id(std::string_view key);
  [[nodiscard]] std::int64_t environment_id(const Environment& environment);
  /// Throws TrialTaken unless this is the newest attempt of an execution that is not over.
  void require_current(std::int64_t execution, std::int64_t attempt);
  void delete_past(std::int64_t execution, std::int64_t step);

  struct Point {
    std::int64_t execution;
    CurvePoint value;
  };
  struct Progress {
    std::int64_t execution = 0, step = -1, epoch = 0;  // step -1: curve points only
  };

  std::string owner;
  Connection db;
  Names names;
  std::vector<Point> points;                   // pending
  std::map<std::int64_t, Progress> progress;   // pending, by attempt
  std::chrono::steady_clock::time_point pending_since;
  std::size_t pending = 0;
  bool unsynced = false;                       // commits that may still be in the disk's cache
  std::uintmax_t log_limit;                    // bytes of the log that ask for a checkpoint

 private:
  template <typename Body>
  void commit(Durability durability, Body&& body);
  void insert_pending();
  void after_commit(Durability durability);
};

template <typename Body>
void RunStore::Impl::commit(Durability durability, Body&& body) {
  db.set_durable(durability == Durability::kOnDisk);
  try {
    db.transaction(body);
  } catch (...) {
    names.forget();
    throw;
  }
  after_commit(durability);
}

}  // namespace seqbench::store
