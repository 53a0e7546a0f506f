#include "harness/run/folder_use.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <numeric>
#include <thread>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/run/signals.h"
#include "harness/train/device.h"

namespace seqbench::run {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWindowRows = 4096;
constexpr std::size_t kWindowBytes = 16u << 20;
constexpr std::int64_t kKeptValues = 16 << 20;     // floats of answers that wait for their turn
constexpr std::int64_t kBatchTokens = 16 << 10;
constexpr std::int64_t kBatchAttention = 64 << 20;  // floats of one layer's probabilities

struct Row {
  data::TextRecord record;
  std::vector<std::int32_t> ids;
  std::vector<float> kept;
};

class Runner {
 public:
  Runner(FolderModel& model, data::RecordReader& reader, const Asked& asked, const FolderUse& use, const Sink& sink)
      : model_(model), reader_(reader), asked_(asked), use_(use), sink_(sink) {}

  std::int64_t run() {
    std::int64_t count = 0;
    while (read_window()) {
      tokenize();
      for (std::size_t begin = 0; begin < rows_.size();) {
        const std::size_t end = end_of_part(begin);
        answer(std::span(rows_).subspan(begin, end - begin));
        begin = end;
      }
      count += static_cast<std::int64_t>(rows_.size());
    }
    return count;
  }

 private:
  bool read_window() {
    rows_.clear();
    std::size_t bytes = 0;
    data::TextRecord record;
    while (rows_.size() < kWindowRows && bytes < kWindowBytes && reader_.next(record)) {
      bytes += record.text.size();
      rows_.push_back({std::move(record), {}, {}});
    }
    return !rows_.empty();
  }

  void tokenize_some(std::atomic<std::size_t>& next, std::vector<std::string>& faults, std::exception_ptr& broken) {
    try {
      for (std::size_t i = next++; i < rows_.size(); i = next++) {
        try {
          rows_[i].ids = model_.tokens(rows_[i].record.text);
          rows_[i].record.text = {};  // nobody asks for it again
        } catch (const InputError& error) {
          faults[i] = error.what();
        }
      }
    } catch (...) {
      broken = std::current_exception();
    }
  }

  void tokenize() {
    std::atomic<std::size_t> next = 0;
    std::vector<std::string> faults(rows_.size());
    std::vector<std::exception_ptr> broken(static_cast<std::size_t>(threads_or_cores(use_.threads)));
    {
      std::vector<std::jthread> threads;
      for (std::exception_ptr& slot : broken) threads.emplace_back([&] { tokenize_some(next, faults, slot); });
    }
    for (const std::exception_ptr& error : broken) {
      if (error) std::rethrow_exception(error);
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (!faults[i].empty()) reader_.fail(rows_[i].record.line, faults[i]);
    }
  }

  [[nodiscard]] std::size_t end_of_part(std::size_t begin) const {
    std::int64_t values = 0;
    std::size_t end = begin;
    while (end < rows_.size()) {
      values += sink_.kept_values(static_cast<std::int64_t>(rows_[end].ids.size()));
      if (end > begin && values > kKeptValues) break;
      ++end;
    }
    return end;
  }

  /// Whether so many rows of this length go through at once.
  [[nodiscard]] bool fits(std::int64_t count, std::int64_t length) const {
    if (count == 1) return true;
    if (count > use_.batch || count * length > kBatchTokens) return false;
    return !asked_.attention_layer || count * model_.heads() * length * length <= kBatchAttention;
  }

  void answer(std::span<Row> rows) {
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater(), [&](std::size_t i) { return rows[i].ids.size(); });
    for (std::size_t begin = 0; begin < order.size();) {
      const auto longest = static_cast<std::int64_t>(rows[order[begin]].ids.size());
      std::size_t end = begin + 1;
      while (end < order.size() && fits(static_cast<std::int64_t>(end - begin + 1), longest)) ++end;
      if (stop_signals() > 0) throw Interrupted();
      answer_batch(rows, std::span(order).subspan(begin, end - begin));
      begin = end;
    }
    for (Row& row : rows) {
      sink_.write(row.record, row.ids, row.kept);
      row.kept = {};
    }
  }

  void answer_batch(std::span<Row> rows, std::span<const std::size_t> picked) {
    std::vector<std::vector<std::int32_t>> ids;
    for (const std::size_t i : picked) ids.push_back(rows[i].ids);
    Answer answer;
    try {
      answer = model_.run(ids, asked_);
    } catch (const InputError& error) {
      if (picked.size() == 1) reader_.fail(rows[picked[0]].record.line, error.what());
      for (const std::size_t i : picked) answer_batch(rows, std::span(&i, 1));  // which of them it is
      return;
    }
    for (std::size_t k = 0; k < picked.size(); ++k) {
      Row& row = rows[picked[k]];
      const auto b = static_cast<std::int64_t>(k), length = static_cast<std::int64_t>(row.ids.size());
      RowAnswer one{row.record, row.ids, {}, {}, {}};
      if (answer.logits.defined()) one.logits = answer.logits.select(0, b).contiguous();
      if (answer.hidden.defined()) one.hidden = answer.hidden.select(0, b).narrow(0, 0, length).contiguous();
      if (answer.attention.defined()) {
        one.attention = answer.attention.select(0, b).narrow(1, 0, length).narrow(2, 0, length).contiguous();
      }
      row.kept = sink_.keep(one);
    }
  }

  FolderModel& model_;
  data::RecordReader& reader_;
  const Asked& asked_;
  const FolderUse& use_;
  const Sink& sink_;
  std::vector<Row> rows_;
};

/// For the message: what the configuration calls itself.
std::string family_of(const Json& config) {
  std::string text;
  for (const char* key : {"model_type", "architectures"}) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", key,
                        config.contains(key) ? printable(config.at(key).dump(-1, ' ', true, Json::error_handler_t::replace)) : "absent");
  }
  return text;
}

}  // namespace

std::int64_t threads_or_cores(std::int64_t threads) {
  if (threads > 0) return threads;
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::thread::hardware_concurrency()));
}

const ModelEntry& entry_of_folder(const Tables& tables, const fs::path& folder) {
  const fs::path path = folder / "config.json";
  const std::string name = printable(path.string());
  const Json config = parse_json(read_file(path, 16u << 20), name);
  if (!config.is_object()) throw InputError(fmt::format("{}: must be a JSON object", name));
  std::vector<const ModelEntry*> readers;
  std::vector<std::string> known, names;
  for (const ModelEntry& model : tables.models()) {
    if (model.reads_folder == nullptr) continue;
    known.push_back(model.name);
    if (!model.reads_folder(config)) continue;
    readers.push_back(&model);
    names.push_back(model.name);
  }
  if (readers.empty()) {
    throw InputError(fmt::format("{}: no model reads this family ({}); known are: {}", name, family_of(config),
                                 known.empty() ? "none" : join(known, ", ")));
  }
  if (readers.size() > 1) throw InputError(fmt::format("{}: more than one model reads it: {}", name, join(names, ", ")));
  return *readers.front();
}

std::unique_ptr<FolderModel> open_folder(const Tables& tables, const fs::path& folder, const FolderUse& use) {
  const ModelEntry& entry = entry_of_folder(tables, folder);
  const at::Device device = train::find_device(use.device);
  train::set_numerics(threads_or_cores(use.threads));
  return entry.open_folder(folder, {use.max_length, device, use.adapter});
}

std::int64_t use_folder(FolderModel& model, data::RecordReader& reader, const Asked& asked, const FolderUse& use,
                        const Sink& sink) {
  return Runner(model, reader, asked, use, sink).run();
}

}  // namespace seqbench::run
