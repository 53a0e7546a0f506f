#include "models/blocks/block_sparse.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>

#include "harness/base/error.h"
#include "models/blocks/numpy_random.h"

namespace seqbench::models {
namespace block_sparse {
namespace {

using Blocks = std::vector<std::int64_t>;
using Pattern = std::vector<std::vector<Blocks>>;  // [head][query block - 1][random]

constexpr double kPenalty = -10000;        // of a padded key's score
constexpr std::int64_t kPaperLast = 1024;  // the paper's plan draws from the blocks of so many tokens

bool has_paper_plan(std::int64_t length) { return length == 1024 || length == 3072 || length == 4096; }

/// Blocks first ... end-1, as a slice of the reference's [1 ... n-2]: empty if first is not below end.
Blocks slice(std::int64_t first, std::int64_t end, std::int64_t size) {
  Blocks blocks(static_cast<std::size_t>(std::max<std::int64_t>(std::min(end, size) - first, 0)));
  std::iota(blocks.begin(), blocks.end(), first + 1);
  return blocks;
}

/// What query block i of n may draw in the paper's plan (_bigbird_block_rand_mask), its slips included.
Blocks paper_candidates(std::int64_t i, std::int64_t n, std::int64_t last) {
  const std::int64_t size = n - 2, before = i - 2;
  if (i <= 2) return slice(i + 1, last, size);
  if (i >= n - 3) return slice(0, last, size);
  if (before > last) return slice(0, last, size);
  if (i + 1 == last) return slice(0, before, size);
  Blocks blocks = slice(0, before, size);
  const Blocks behind = slice(i + 1, last, size);
  blocks.insert(blocks.end(), behind.begin(), behind.end());
  return blocks;
}

/// Head after head, each with rows for the longest text; surplus rows are drawn and dropped.
void draw_paper_plan(const BlockSparse& p, NumpyRandom& random, Pattern& drawn) {
  const std::int64_t n = p.positions / p.block;
  const std::int64_t last = kPaperLast > 2 * p.block ? kPaperLast / p.block - 1 : n - 1;
  for (std::vector<Blocks>& head : drawn) {
    SEQBENCH_ASSERT(static_cast<std::int64_t>(head.size()) <= n - 2, "the model has positions for the text");
    for (std::int64_t i = 1; i < n - 1; ++i) {
      Blocks order = random.permutation(paper_candidates(i, n, last));
      const auto wanted = static_cast<std::size_t>(p.random);
      if (order.size() < wanted) {
        throw InputError(fmt::format("block-sparse attention with block_size {} leaves query block {} {} of {} random blocks:"
                                     " give a smaller block_size", p.block, i, order.size(), p.random));
      }
      order.resize(wanted);
      if (static_cast<std::size_t>(i) <= head.size()) head[static_cast<std::size_t>(i - 1)] = std::move(order);
    }
  }
}

/// _get_single_block_row_attention over the first `end` key blocks.
bool is_legal(std::int64_t key, std::int64_t i, std::int64_t end) {
  const bool is_near = key >= i - 1 && key <= i + 1;
  const bool is_global = key == 0 || key == end - 1;
  const bool is_barred = (i == 1 && key == end - 2) || (i == end - 2 && key == 1);
  return !is_near && !is_global && !is_barred;
}

/// All other lengths: row after row, each for every head.
void draw_plan(const BlockSparse& p, NumpyRandom& random, Pattern& drawn) {
  const std::int64_t end = 5 + 2 * p.random;
  Blocks keys(static_cast<std::size_t>(end));
  std::iota(keys.begin(), keys.end(), 0);
  for (std::size_t row = 0; row < drawn.front().size(); ++row) {
    for (std::vector<Blocks>& head : drawn) {
      Blocks& chosen = head[row];
      chosen.clear();
      for (const std::int64_t key : random.permutation(keys)) {
        const bool is_full = chosen.size() == static_cast<std::size_t>(p.random);
        if (!is_full && is_legal(key, static_cast<std::int64_t>(row) + 1, end)) chosen.push_back(key);
      }
    }
  }
}

/// Row head * n + block of the blocks that query blocks first, first + step ... last see, flat [h, query blocks, width].
at::Tensor seen_rows(const Pattern& drawn, std::int64_t first, std::int64_t last, std::int64_t step) {
  const auto n = static_cast<std::int64_t>(drawn.front().size()) + 2;
  Blocks rows;
  for (std::size_t head = 0; head < drawn.size(); ++head) {
    for (std::int64_t i = first; i <= last; i += step) {
      Blocks seen = {i - 1, i, i + 1};
      if (i > 1) seen.push_back(0);
      if (i < n - 2) seen.push_back(n - 1);
      const Blocks& extra = drawn[head][static_cast<std::size_t>(i - 1)];
      seen.insert(seen.end(), extra.begin(), extra.end());
      for (const std::int64_t block : seen) rows.push_back(static_cast<std::int64_t>(head) * n + block);
    }
  }
  at::Tensor tensor = at::empty({static_cast<std::int64_t>(rows.size())}, at::kLong);
  std::copy(rows.begin(), rows.end(), tensor.mutable_data_ptr<std::int64_t>());
  return tensor;
}

struct Sides {
  at::Tensor q, k, v;  // [B, h, L, d]
  at::Tensor penalty;  // [B, L] added to scores, or undefined
  std::int64_t block;

  [[nodiscard]] std::int64_t blocks() const { return q.size(2) / block; }
  /// Queries of `count` blocks from `first`: [B, h, count * block, d].
  [[nodiscard]] at::Tensor queries(std::int64_t first, std::int64_t count) const {
    return q.narrow(2, first * block, count * block);
  }
};

/// x [B, h, L, d] -> the named blocks of each head, [B, h * query blocks, width * block, d].
at::Tensor gathered(const at::Tensor& x, const at::Tensor& rows, std::int64_t block, std::int64_t query_blocks) {
  const std::int64_t batch = x.size(0), heads = x.size(1), n = x.size(2) / block, d = x.size(3);
  const at::Tensor flat = at::index_select(x.reshape({batch, heads * n, block * d}), 1, rows);
  return flat.view({batch, heads * query_blocks, rows.size(0) / (heads * query_blocks) * block, d});
}

/// Without padding there must be no mask: an undefined tensor is refused.
std::optional<at::Tensor> mask_of(const at::Tensor& penalty) {
  return penalty.defined() ? std::optional<at::Tensor>(penalty) : std::nullopt;
}

/// The first and the last block of queries over all keys: [B, h, 2 * block, d].
at::Tensor see_all(const Sides& s) {
  const at::Tensor q = at::cat({s.queries(0, 1), s.queries(s.blocks() - 1, 1)}, 2);
  const at::Tensor penalty = s.penalty.defined() ? s.penalty.unsqueeze(1).unsqueeze(1) : at::Tensor();
  return at::scaled_dot_product_attention(q, s.k, s.v, mask_of(penalty));
}

/// Blocks of queries, each over the key blocks of its row of `rows`: [B, h, query blocks * block, d].
at::Tensor see_some(const Sides& s, const at::Tensor& queries, const at::Tensor& rows) {
  const std::int64_t batch = queries.size(0), heads = queries.size(1), d = queries.size(3);
  const std::int64_t count = queries.size(2) / s.block;
  const at::Tensor q = queries.reshape({batch, heads * count, s.block, d});
  at::Tensor penalty;
  if (s.penalty.defined()) {
    const at::Tensor wide = s.penalty.unsqueeze(1).unsqueeze(-1).expand({batch, heads, -1, 1});
    penalty = gathered(wide, rows, s.block, count).transpose(-1, -2);
  }
  const at::Tensor k = gathered(s.k, rows, s.block, count), v = gathered(s.v, rows, s.block, count);
  return at::scaled_dot_product_attention(q, k, v, mask_of(penalty)).reshape({batch, heads, count * s.block, d});
}

void check(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& keep, const BlockSparse& p) {
  SEQBENCH_ASSERT(q.dim() == 4 && k.sizes() == q.sizes() && v.sizes() == q.sizes(), "q, k and v are [B, h, L, d]");
  SEQBENCH_ASSERT(!keep.defined() || (keep.scalar_type() == at::kBool && keep.dim() == 2 && keep.size(0) == q.size(0) &&
                                      keep.size(1) == q.size(2)), "keep is bool [B, L]");
  SEQBENCH_ASSERT(p.block > 0 && q.size(2) % p.block == 0, "the length is a multiple of the block");
}

}  // namespace
}  // namespace block_sparse

std::vector<std::vector<std::vector<std::int64_t>>> random_blocks(const BlockSparse& pattern, std::int64_t length,
                                                                  std::int64_t heads) {
  SEQBENCH_ASSERT(pattern.block > 0 && pattern.random >= 0 && pattern.layer >= 0 && heads > 0, "a pattern has blocks and heads");
  SEQBENCH_ASSERT(length > full_attention_up_to(pattern.block, pattern.random), "shorter texts are attended fully");
  const auto rows = static_cast<std::size_t>(length / pattern.block - 2);
  const block_sparse::Blocks zeros(static_cast<std::size_t>(pattern.random), 0);
  block_sparse::Pattern drawn(static_cast<std::size_t>(heads), std::vector<block_sparse::Blocks>(rows, zeros));
  if (!pattern.training) return drawn;
  NumpyRandom random(static_cast<std::uint32_t>(pattern.layer));
  if (block_sparse::has_paper_plan(length)) block_sparse::draw_paper_plan(pattern, random, drawn);
  else block_sparse::draw_plan(pattern, random, drawn);
  return drawn;
}

at::Tensor block_sparse_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& keep,
                                  const BlockSparse& pattern) {
  block_sparse::check(q, k, v, keep, pattern);
  const block_sparse::Pattern drawn = random_blocks(pattern, q.size(2), q.size(1));
  block_sparse::Sides sides{q, k, v, {}, pattern.block};
  if (keep.defined()) {
    // The reference also lowers the scores of padded queries; their context is 0 whatever the scores.
    sides.penalty = at::zeros(keep.sizes(), q.options().requires_grad(false)).masked_fill(keep.logical_not(), block_sparse::kPenalty);
  }
  const std::int64_t n = sides.blocks(), block = pattern.block;
  const at::Tensor edge_queries = at::cat({sides.queries(1, 1), sides.queries(n - 2, 1)}, 2);
  const at::Tensor edge_rows = block_sparse::seen_rows(drawn, 1, n - 2, n - 3).to(q.device());
  const at::Tensor middle_rows = block_sparse::seen_rows(drawn, 2, n - 3, 1).to(q.device());
  const at::Tensor ends = block_sparse::see_all(sides);
  const at::Tensor edges = block_sparse::see_some(sides, edge_queries, edge_rows);
  const at::Tensor middle = block_sparse::see_some(sides, sides.queries(2, n - 4), middle_rows);
  const at::Tensor context = at::cat({ends.narrow(2, 0, block), edges.narrow(2, 0, block), middle,
                                      edges.narrow(2, block, block), ends.narrow(2, block, block)}, 2);
  return keep.defined() ? context.masked_fill(keep.logical_not().unsqueeze(1).unsqueeze(-1), 0) : context;
}

}  // namespace seqbench::models
