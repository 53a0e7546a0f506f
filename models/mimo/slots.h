#pragma once
// Which row goes into which of the M inputs of a MIMO network, and what an epoch is made of (the MIMO paper; Havasi et al. 2021,
// "Training independent subnetworks for robust prediction", as in uncertainty-baselines).

#include <cstdint>
#include <span>
#include <vector>

#include "harness/base/streams.h"
#include "harness/contract/view.h"

namespace seqbench { class Params; }

namespace seqbench::models::mimo {

/// Of each row of a view of texts or codes, the number of positions at which it differs from what most rows have there; the
/// end of a shorter row counts as a symbol of its own. A fact of the view alone. InputError for other views.
[[nodiscard]] std::vector<std::int64_t> distances_from_majority(const View& view);

class Slots {
 public:
  enum class Draw {
    kBalanced,  // the smallest class `repeats` times over; of the others as many rows, drawn anew each epoch
    kCropped,   // of each class as many rows as the smallest has, the same in all epochs
    kRedrawn    // the same number, drawn anew each epoch
  };

  /// Params members, slot_assignment, epoch_draw, repeats, batch_repetitions and input_repetition.
  Slots(const Params& params, const View& view, const Streams& streams);

  [[nodiscard]] std::int64_t members() const { return members_; }
  /// Whether rows have slots of their own: by number of differences. Else every row goes into every slot in its turn.
  [[nodiscard]] bool by_class() const { return by_class_; }
  /// 0 ... members - 1; -1: the row has none.
  [[nodiscard]] std::int64_t slot_of(std::int64_t row) const;
  /// Rows of an epoch: row i goes into slot i % members. InputError where the training rows lack a class.
  [[nodiscard]] std::vector<std::int64_t> epoch(std::span<const std::int64_t> train_rows, std::int64_t epoch) const;

 private:
  using Rows = std::vector<std::int64_t>;
  [[nodiscard]] std::vector<Rows> drawn(std::vector<Rows> classes, std::int64_t epoch) const;
  [[nodiscard]] std::vector<Rows> tiled(std::span<const std::int64_t> train_rows, std::int64_t epoch) const;
  [[nodiscard]] std::vector<Rows> classes_of(std::span<const std::int64_t> train_rows) const;

  std::int64_t members_, repeats_, batch_repetitions_;
  double input_repetition_;
  bool by_class_;
  Draw draw_;
  Stream stream_;
  std::vector<std::int64_t> distances_;  // by row; empty: free
};

}  // namespace seqbench::models::mimo
