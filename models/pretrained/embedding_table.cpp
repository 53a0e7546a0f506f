#include "models/pretrained/embedding_table.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/file_lock.h"
#include "harness/base/sha256.h"
#include "models/pretrained/embedding_file.h"
#include "models/pretrained/frozen_encoder.h"

namespace seqbench::models {
namespace embedding_table {
namespace {

/// Raised when the same request would give another file: it is part of the key, and with it how batches are made.
constexpr int kFormat = 1;
/// Bytes of text in a batch, padding included: hidden states of a batch stay below some hundred megabytes.
constexpr std::size_t kBatchBytes = 4096;
constexpr std::int64_t kCountBytes = 8;  // a row of pooling none begins with its number of tokens

std::string key_of_text(const std::string& text) {
  const Sha256Digest digest = sha256(text);
  return {reinterpret_cast<const char*>(digest.data()), 16};
}

/// Distinct texts, the short ones first; equal lengths as they came. A function of the view alone, and so the file's order.
std::vector<std::int64_t> order_of(const Texts& texts) {
  std::unordered_map<std::string, bool> seen;
  std::vector<std::pair<std::size_t, std::int64_t>> found;
  std::int64_t row = 0;
  for (const std::string& text : texts) {
    if (seen.emplace(key_of_text(text), true).second) found.emplace_back(text.size(), row);
    ++row;
  }
  std::ranges::stable_sort(found, {}, &std::pair<std::size_t, std::int64_t>::first);
  std::vector<std::int64_t> rows;
  for (const auto& entry : found) rows.push_back(entry.second);
  return rows;
}

std::string row_of(const at::Tensor& tokens_LE, Pooling pooling, std::int64_t row_bytes) {
  std::string row(static_cast<std::size_t>(row_bytes), '\0');
  const std::int64_t count = tokens_LE.size(0);
  if (pooling == Pooling::kMean) {
    const at::Tensor mean = (count > 0 ? tokens_LE.mean(0) : at::zeros({tokens_LE.size(1)}, at::kFloat)).contiguous();
    std::memcpy(row.data(), mean.const_data_ptr(), row.size());
    return row;
  }
  const at::Tensor half = tokens_LE.to(at::kHalf).contiguous();
  const std::size_t bytes = half.nbytes();
  std::memcpy(row.data(), &count, sizeof count);
  SEQBENCH_ASSERT(kCountBytes + bytes <= row.size(), "no text has more tokens than bytes");
  std::memcpy(row.data() + kCountBytes, half.const_data_ptr(), bytes);
  return row;
}

}  // namespace
}  // namespace embedding_table

class EmbeddingTable::Impl {
 public:
  Impl(EmbeddingRequest request, const Texts& texts);
  [[nodiscard]] Embedded gather(const Texts& texts, std::span<const std::int64_t> rows);
  [[nodiscard]] std::int64_t width() const { return encoder_.width(); }
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(order_.size()); }
  [[nodiscard]] std::int64_t computed() const { return computed_; }

 private:
  [[nodiscard]] std::string key(const Texts& texts) const;
  [[nodiscard]] std::int64_t place_of(const Texts& texts, std::int64_t row);
  void check_size() const;
  void say() const;
  [[nodiscard]] Embedded padded(std::span<const std::string_view> rows) const;
  void from_cache(const Texts& texts);
  void wait_for(const RowFile& file, const Texts& texts);
  void compute(const Texts& texts, std::int64_t begin, const std::function<void(std::string_view)>& append);
  [[nodiscard]] std::vector<std::int64_t> borders() const;
  [[nodiscard]] std::int64_t bytes() const { return size() * row_bytes_; }

  EmbeddingRequest request_;
  FrozenEncoder encoder_;
  std::vector<std::int64_t> order_;         // rows of the view, as they stand in the table
  std::vector<std::size_t> text_bytes_;     // of each
  std::unordered_map<std::string, std::int64_t> place_;  // of a text, by its hash
  Texts asked_;                             // the last list, kept as long as no other is asked for
  std::vector<std::int64_t> places_;        // of its rows; -1: not looked up yet, or not in the table
  std::int64_t row_bytes_ = 0;
  std::string memory_;
  std::unique_ptr<tensors::MappedFile> mapped_;
  std::string_view rows_;
  std::int64_t computed_ = 0;
};

EmbeddingTable::Impl::Impl(EmbeddingRequest request, const Texts& texts)
    : request_(std::move(request)), encoder_(request_), order_(embedding_table::order_of(texts)) {
  for (const std::int64_t row : order_) {
    const std::string text = texts[static_cast<std::size_t>(row)];
    text_bytes_.push_back(text.size());
    place_.emplace(embedding_table::key_of_text(text), static_cast<std::int64_t>(place_.size()));
  }
  const auto longest = static_cast<std::int64_t>(text_bytes_.empty() ? 0 : text_bytes_.back());
  row_bytes_ = request_.pooling == Pooling::kMean ? width() * 4 : embedding_table::kCountBytes + longest * width() * 2;
  if (!request_.cache.empty()) {
    from_cache(texts);
    return;
  }
  check_size();
  say();
  memory_.reserve(static_cast<std::size_t>(bytes()));
  compute(texts, 0, [this](std::string_view rows) { memory_ += rows; });
  rows_ = memory_;
}

std::string EmbeddingTable::Impl::key(const Texts& texts) const {
  Sha256 hash;
  for (const std::int64_t row : order_) hash.update(embedding_table::key_of_text(texts[static_cast<std::size_t>(row)]));
  const Sha256Digest digest = hash.finish();
  const Json decides = {{"format", embedding_table::kFormat},
                        {"encoder", encoder_.identity()},
                        {"pooling", request_.pooling == Pooling::kMean ? "mean" : "none"},
                        {"texts", to_hex(digest.data(), digest.size())}};
  return sha256_hex(canonical_json(decides));
}

void EmbeddingTable::Impl::check_size() const {
  const double gigabytes = static_cast<double>(bytes()) / 1e9;
  if (gigabytes <= request_.max_gigabytes) return;
  throw InputError(fmt::format("the embeddings of {} texts take {:.3g} GB: more than 'encoder.max_gigabytes', which is {:.3g}",
                               size(), gigabytes, request_.max_gigabytes));
}

void EmbeddingTable::Impl::say() const {
  const char* what = request_.pooling == Pooling::kMean ? "means" : "vectors of each residue at 16 bits";
  fmt::print(stderr, "embeddings of {} texts by {}: {}, {:.3g} MB {}; computed once\n", size(), encoder_.summary(), what,
             static_cast<double>(bytes()) / 1e6,
             request_.cache.empty() ? std::string("in memory") : fmt::format("in {}", (request_.cache / "embeddings").string()));
}

void EmbeddingTable::Impl::from_cache(const Texts& texts) {
  const std::filesystem::path folder = request_.cache / "embeddings";
  RowFile file{.path = {}, .key = key(texts), .rows = size(), .row_bytes = row_bytes_};
  file.path = folder / (file.key + ".rows");
  mapped_ = open_rows(file);
  if (mapped_ == nullptr) {
    check_size();
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) throw MachineError(fmt::format("{}: cannot be made: {}", folder.string(), error.message()));
    wait_for(file, texts);
  }
  rows_ = rows_in(*mapped_);
}

/// Another process may be at it: then what it makes is taken. Its progress is this one's, so that only both together stall.
void EmbeddingTable::Impl::wait_for(const RowFile& file, const Texts& texts) {
  constexpr std::chrono::milliseconds kPause(100);
  std::optional<FileLock> lock;
  for (lock.emplace(file.path.string() + ".lock", false); !lock->held(); lock.emplace(file.path.string() + ".lock", false)) {
    request_.control.check_stop();
    request_.control.progress(rows_noted(file), size());
    std::this_thread::sleep_for(kPause);
  }
  mapped_ = open_rows(file);
  if (mapped_ != nullptr) return;
  say();
  {
    RowWriter writer(file);
    if (!std::ranges::binary_search(borders(), writer.rows_done())) writer.restart();
    compute(texts, writer.rows_done(), [&writer](std::string_view rows) { writer.append(rows); });
    writer.finish();
  }
  mapped_ = open_rows(file);
  if (mapped_ == nullptr) throw MachineError(fmt::format("{}: what was just written cannot be read", file.path.string()));
}

/// Where batches begin, and the end: the same for whoever goes on.
std::vector<std::int64_t> EmbeddingTable::Impl::borders() const {
  std::vector<std::int64_t> borders = {0};
  for (std::int64_t row = 0; row < size(); ++row) {
    const auto rows = static_cast<std::size_t>(row + 1 - borders.back());
    if (rows > 1 && rows * text_bytes_[static_cast<std::size_t>(row)] > embedding_table::kBatchBytes) borders.push_back(row);
  }
  if (size() > 0) borders.push_back(size());
  return borders;
}

void EmbeddingTable::Impl::compute(const Texts& texts, std::int64_t begin,
                                   const std::function<void(std::string_view)>& append) {
  const std::vector<std::int64_t> all = borders();
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    if (all[i] < begin) continue;
    request_.control.check_stop();
    std::vector<std::string> batch;
    for (std::int64_t row = all[i]; row < all[i + 1]; ++row) {
      batch.push_back(texts[static_cast<std::size_t>(order_[static_cast<std::size_t>(row)])]);
    }
    std::string rows;
    for (const at::Tensor& tokens : encoder_.embed(batch)) rows += embedding_table::row_of(tokens, request_.pooling, row_bytes_);
    append(rows);
    computed_ += all[i + 1] - all[i];
    request_.control.progress(all[i + 1], size());
  }
}

/// -1: the table lacks it. Rows are asked for again each epoch, so a text of the table is read but once.
std::int64_t EmbeddingTable::Impl::place_of(const Texts& texts, std::int64_t row) {
  std::int64_t& place = places_[static_cast<std::size_t>(row)];
  if (place >= 0) return place;
  const auto found = place_.find(embedding_table::key_of_text(texts[static_cast<std::size_t>(row)]));
  if (found != place_.end()) place = found->second;
  return place;
}

Embedded EmbeddingTable::Impl::gather(const Texts& texts, std::span<const std::int64_t> rows) {
  const auto count = static_cast<std::int64_t>(rows.size());
  if (!texts.same_list(asked_)) {
    places_.assign(texts.size(), -1);
    asked_ = texts;
  }
  std::vector<std::string> fresh(rows.size());  // of texts that the table lacks
  std::vector<std::string_view> found;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (const std::int64_t place = place_of(texts, rows[i]); place >= 0) {
      found.push_back(rows_.substr(static_cast<std::size_t>(place * row_bytes_), static_cast<std::size_t>(row_bytes_)));
      continue;
    }
    const std::vector<std::string> alone = {texts[static_cast<std::size_t>(rows[i])]};
    const at::Tensor tokens = encoder_.embed(alone).front();
    const std::int64_t bytes = request_.pooling == Pooling::kMean
                                   ? row_bytes_ : embedding_table::kCountBytes + static_cast<std::int64_t>(alone[0].size()) * width() * 2;
    fresh[i] = embedding_table::row_of(tokens, request_.pooling, bytes);
    ++computed_;
    found.push_back(fresh[i]);
  }
  if (request_.pooling == Pooling::kMean) {
    Embedded result{at::empty({count, width()}, at::kFloat), {}};
    auto* out = static_cast<char*>(result.x.mutable_data_ptr());
    for (const std::string_view row : found) {
      std::memcpy(out, row.data(), row.size());  // std::ranges::copy goes byte by byte
      out += row.size();
    }
    return result;
  }
  return padded(found);
}

Embedded EmbeddingTable::Impl::padded(std::span<const std::string_view> found) const {
  const auto count = static_cast<std::int64_t>(found.size());
  Embedded result{{}, at::empty({count}, at::kLong)};
  auto* lengths = result.lengths.mutable_data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < found.size(); ++i) std::memcpy(lengths + i, found[i].data(), sizeof *lengths);
  // At least one place, of padding: no layer takes a length of 0.
  const std::int64_t longest = std::max<std::int64_t>(1, count == 0 ? 0 : *std::max_element(lengths, lengths + count));
  result.x = at::zeros({count, longest, width()}, at::kHalf);
  auto* out = static_cast<char*>(result.x.mutable_data_ptr());
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto bytes = static_cast<std::size_t>(lengths[i] * width() * 2);
    if (bytes > 0) std::memcpy(out, found[i].data() + embedding_table::kCountBytes, bytes);
    out += longest * width() * 2;
  }
  return result;
}

EmbeddingTable::EmbeddingTable(EmbeddingRequest request, const Texts& texts)
    : impl_(std::make_unique<Impl>(std::move(request), texts)) {}
EmbeddingTable::~EmbeddingTable() = default;

std::int64_t EmbeddingTable::width() const { return impl_->width(); }
std::int64_t EmbeddingTable::size() const { return impl_->size(); }
std::int64_t EmbeddingTable::computed() const { return impl_->computed(); }
Embedded EmbeddingTable::gather(const Texts& texts, std::span<const std::int64_t> rows) const { return impl_->gather(texts, rows); }

std::vector<ParamSpec> encoder_params(const Family& family) {
  const auto prefixed = [](ParamSpec spec) {
    spec.name = "encoder." + spec.name;
    return spec;
  };
  std::vector<ParamSpec> params = {
      {.name = "folder", .fallback = std::string(),
       .help = "folder of the encoder that reads texts, or a checkpoint's name once `weights fetch` has it; \"\": random weights",
       .choices = {}, .files = FileWords::kFolder}};
  params.insert(params.end(), family.fresh_params.begin(), family.fresh_params.end());
  params.push_back({.name = "seed", .fallback = std::int64_t{0}, .help = "of random weights, the same in all trials", .low = 0, .high = 1e9, .choices = {}});
  params.push_back({.name = "layer", .fallback = std::int64_t{-1}, .help = "whose output is taken, 0 that of the embedding; -1: the last", .low = -1, .high = 1000, .choices = {}});
  params.push_back({.name = "max_gigabytes", .fallback = 16.0, .help = "largest table of embeddings that is computed", .low = 0, .high = 1e6, .choices = {}, .in_key = false});
  for (ParamSpec& spec : params) spec = prefixed(std::move(spec));
  return params;
}

EmbeddingRequest embedding_request(const Family& family, const ModelContext& context, Pooling pooling) {
  EmbeddingRequest request{.family = family, .folder = context.params.text("encoder.folder"), .sizes = Params(family.fresh_params), .cache = context.cache};
  for (const ParamSpec& spec : family.fresh_params) request.sizes.set(spec.name, context.params.values().at("encoder." + spec.name));
  request.seed = static_cast<std::uint64_t>(context.params.integer("encoder.seed"));
  request.pooling = pooling;
  request.layer = context.params.integer("encoder.layer");
  request.max_gigabytes = context.params.number("encoder.max_gigabytes");
  request.control = context.control;
  return request;
}

}  // namespace seqbench::models
