// predict, embed, attention: a model folder over the texts of a file; pretrain, merge: another folder made from one.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>

#include "harness/base/text.h"
#include "harness/cli/commands.h"
#include "harness/cli/use_output.h"
#include "harness/data/home.h"
#include "harness/run/folder_use.h"
#include "harness/run/pretrain.h"
#include "harness/run/signals.h"

namespace seqbench::cli {
namespace {

namespace fs = std::filesystem;
using data::TextRecord;
using Ids = std::span<const std::int32_t>;
using Values = std::span<const float>;

fs::path folder_of(const Arguments& a) {
  const std::string& model = a.model;
  std::error_code error;
  if (fs::is_directory(model, error)) return model;
  const fs::path home = data::weights_home(a.root);
  const bool name = model.find('/') == model.npos && model != "." && model != ".." && !model.empty();
  if (name && fs::is_directory(home / model, error)) return home / model;
  throw InputError(fmt::format("--model {}: no such folder, nor a checkpoint of that name in {}; "
                               "seqbench weights list names those that can be fetched", printable(model), home.string()));
}

std::string pick(const char* flag, const std::string& given, const std::string& fallback, std::vector<std::string> known) {
  const std::string& value = given.empty() ? fallback : given;
  if (std::ranges::find(known, value) != known.end()) return value;
  throw InputError(fmt::format("{} must be one of {}, got '{}'", flag, join(known, ", "), printable(value)));
}

/// --format, else what the ending of --out says, else the fallback.
std::string format_of(const Arguments& a, const std::string& fallback, const std::vector<std::string>& known) {
  const std::string ending = fs::path(a.out).extension().string();
  const bool says = ending == ".tsv" || ending == ".jsonl" || ending == ".npy";
  return pick("--format", a.format, says ? ending.substr(1) : fallback, known);
}

/// Counted from the end where negative.
std::int64_t layer_of(const Arguments& a, std::int64_t low, std::int64_t layers) {
  const std::int64_t asked = a.layer.value_or(-1), layer = asked < 0 ? layers + 1 + asked : asked;
  if (layer >= low && layer <= layers) return layer;
  throw InputError(fmt::format("--layer must be from {} to {}, or from -{} to -1 counted from the end, got {}", low, layers,
                               layers + 1 - low, asked));
}

/// Formats that a stream cannot take.
void need_file(const Arguments& a, const std::string& format) {
  if (format == "npy" && a.out.empty()) throw InputError("--format npy needs --out FILE: its header is written at the end");
}

void check_adapter(const Arguments& a) {
  std::error_code error;
  if (!a.adapter.empty() && !fs::is_directory(a.adapter, error)) {
    throw InputError(fmt::format("--adapter {}: no such folder", printable(a.adapter)));
  }
}

struct Opened {
  run::FolderUse use;
  data::RecordReader reader;  // before the model: what is cheap to find wrong is told first
  std::unique_ptr<FolderModel> model;
};

Opened open_all(const Context& context) {
  const Arguments& a = context.arguments;
  const data::RecordOptions options{data::record_format(a.input_format), a.column, a.id_column};
  run::FolderUse use{a.device, a.threads, a.max_length, a.batch, a.adapter};
  const fs::path folder = folder_of(a);
  check_adapter(a);
  return {use, data::RecordReader(a.input, options), run::open_folder(context.tables, folder, use)};
}

ExitCode use_all(const Arguments& a, Opened& opened, const Asked& asked, const run::Sink& sink, const std::function<void()>& commit) {
  run::count_stop_signals();
  const std::int64_t count = run::use_folder(*opened.model, opened.reader, asked, opened.use, sink);
  commit();
  if (!a.quiet && !a.out.empty()) fmt::print(stderr, "{}: {} records, {}\n", a.out, count, opened.model->summary());
  return ExitCode::kDone;
}

std::vector<float> numbers_of(const at::Tensor& tensor) {
  const float* first = tensor.const_data_ptr<float>();
  return {first, first + tensor.numel()};
}

/// {"id":"...",
std::string json_head(const TextRecord& record) {
  std::string text = "{\"id\":";
  append_json_text(text, record.id);
  return text + ",";
}

void append_tokens(std::string& text, const FolderModel& model, Ids ids) {
  text += "\"tokens\":[";
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (i > 0) text += ',';
    append_json_text(text, model.token(ids[i]));
  }
  text += "],";
}

/// One vector a record, in any of the three formats.
class VectorWriter {
 public:
  VectorWriter(const Arguments& a, std::string format, std::string key, const char* column, std::int64_t width)
      : format_(std::move(format)), key_(std::move(key)), text_(format_ == "npy" ? a.out + ".ids.txt" : a.out) {
    if (format_ == "npy") npy_.emplace(a.out, std::vector{width}, "<f4");
    if (format_ != "tsv") return;
    std::string header = "id";
    for (std::int64_t i = 0; i < width; ++i) header += fmt::format("\t{}_{}", column, i);
    text_.write(header + "\n");
  }
  void write(const TextRecord& record, Values values) {
    std::string line = format_ == "jsonl" ? json_head(record) : record.id;
    if (npy_) {
      npy_->append(values);
    } else if (format_ == "jsonl") {
      line += fmt::format("\"{}\":", key_);
      append_json_numbers(line, values);
      line += '}';
    } else {
      for (const float value : values) append_number(line += '\t', value);
    }
    text_.write(line + "\n");
  }
  void commit() {
    text_.commit();
    if (npy_) npy_->commit();  // last: it stands for both
  }

 private:
  std::string format_, key_;
  TextOutput text_;
  std::optional<NpyOutput> npy_;
};

/// A vector a token, JSON lines or .npy with the places where records begin.
class TokenWriter {
 public:
  TokenWriter(const Arguments& a, const std::string& format, const FolderModel& model)
      : model_(model), text_(format == "npy" ? a.out + ".ids.txt" : a.out) {
    if (format != "npy") return;
    npy_.emplace(a.out, std::vector{model.width()}, "<f4");
    offsets_.emplace(a.out + ".offsets.npy", std::vector<std::int64_t>{}, "<i8");
    offsets_->append(0);
  }
  void write(const TextRecord& record, Ids ids, Values values) {
    const auto width = static_cast<std::size_t>(model_.width());
    if (npy_) {
      npy_->append(values);
      tokens_ += static_cast<std::int64_t>(values.size() / width);
      offsets_->append(tokens_);
      return text_.write(record.id + "\n");
    }
    std::string line = json_head(record);
    append_tokens(line, model_, ids);
    line += "\"embedding\":[";
    for (std::size_t i = 0; i < values.size() / width; ++i) {
      if (i > 0) line += ',';
      append_json_numbers(line, values.subspan(i * width, width));
    }
    text_.write(line + "]}\n");
  }
  void commit() {
    text_.commit();
    if (!npy_) return;
    offsets_->commit();
    npy_->commit();
  }

 private:
  const FolderModel& model_;
  TextOutput text_;
  std::optional<NpyOutput> npy_, offsets_;
  std::int64_t tokens_ = 0;
};

/// Mean, maximum or the first token's vector; nan where no token is left.
std::vector<float> pooled(const std::string& pool, const at::Tensor& hidden, const std::vector<std::int64_t>& places) {
  const std::int64_t width = hidden.size(1);
  const float* first = hidden.const_data_ptr<float>();
  if (pool == "cls") return {first, first + width};
  std::vector<float> out;
  for (std::int64_t j = 0; j < width; ++j) {
    double sum = 0, most = -std::numeric_limits<double>::infinity();
    for (const std::int64_t i : places) {
      const double value = static_cast<double>(first[i * width + j]);
      sum += value;
      most = std::isnan(value) || std::isnan(most) ? std::nan("") : std::max(most, value);
    }
    if (places.empty()) sum = most = std::nan("");
    out.push_back(static_cast<float>(pool == "mean" ? sum / static_cast<double>(std::max<std::size_t>(places.size(), 1)) : most));
  }
  return out;
}

/// Places of the tokens that count.
std::vector<std::int64_t> places_of(const FolderModel& model, Ids ids, bool no_specials) {
  std::vector<std::int64_t> places;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!no_specials || !model.is_special(ids[i])) places.push_back(static_cast<std::int64_t>(i));
  }
  return places;
}

std::vector<std::int32_t> ids_at(Ids ids, const std::vector<std::int64_t>& places) {
  std::vector<std::int32_t> out;
  for (const std::int64_t i : places) out.push_back(ids[static_cast<std::size_t>(i)]);
  return out;
}

std::vector<float> rows_at(const at::Tensor& hidden, const std::vector<std::int64_t>& places) {
  std::vector<float> out;
  const float* first = hidden.const_data_ptr<float>();
  for (const std::int64_t i : places) out.insert(out.end(), first + i * hidden.size(1), first + (i + 1) * hidden.size(1));
  return out;
}

ExitCode embed_tokens(const Arguments& a, Opened& opened, const Asked& asked) {
  const std::string format = format_of(a, a.out.empty() ? "jsonl" : "npy", {"npy", "jsonl"});
  need_file(a, format);
  const FolderModel& model = *opened.model;
  TokenWriter writer(a, format, model);
  return use_all(a, opened, asked,
                 {[&](std::int64_t length) { return length * model.width(); },
                  [&](const run::RowAnswer& row) { return rows_at(row.hidden, places_of(model, row.ids, a.no_specials)); },
                  [&](const TextRecord& record, Ids ids, Values values) {
                    writer.write(record, ids_at(ids, places_of(model, ids, a.no_specials)), values);
                  }},
                 [&] { writer.commit(); });
}

/// Probabilities as JSON lines, a long table, or the array of the only record.
class AttentionWriter {
 public:
  AttentionWriter(const Arguments& a, std::string format, const FolderModel& model)
      : a_(a), format_(std::move(format)), model_(model) {
    if (format_ != "npy") text_.emplace(a.out);
    if (format_ == "tsv") text_->write("id\thead\tquery\tkey\tquery_token\tkey_token\tprobability\n");
  }
  void write(const TextRecord& record, Ids ids, Values values) {
    const auto length = static_cast<std::int64_t>(ids.size()), heads = static_cast<std::int64_t>(values.size()) / (length * length);
    if (format_ == "jsonl") return write_json(record, ids, values, heads);
    if (format_ == "tsv") return write_rows(record, ids, values, heads);
    if (npy_) throw InputError("--format npy holds the attention of one record, the input has more; use jsonl or tsv");
    npy_.emplace(a_.out, std::vector{length, length}, "<f4");
    npy_->append(values);
  }
  void commit() {
    if (format_ == "npy" && !npy_) throw InputError("--format npy holds the attention of one record, the input has none");
    if (text_) text_->commit();
    if (npy_) npy_->commit();
  }

 private:
  void write_json(const TextRecord& record, Ids ids, Values values, std::int64_t heads) {
    std::string line = json_head(record);
    append_tokens(line, model_, ids);
    line += "\"attention\":[";
    const std::size_t length = ids.size();
    for (std::size_t row = 0; row < static_cast<std::size_t>(heads) * length; ++row) {
      if (row % length == 0) line += row == 0 ? "[" : "],[";
      if (row % length != 0) line += ',';
      append_json_numbers(line, values.subspan(row * length, length));
    }
    text_->write(line + "]]}\n");
  }
  void write_rows(const TextRecord& record, Ids ids, Values values, std::int64_t heads) {
    const auto length = static_cast<std::int64_t>(ids.size());
    std::size_t at = 0;
    for (std::int64_t h = 0; h < heads; ++h) {
      const std::string head = a_.mean_heads ? "mean" : std::to_string(a_.head.value_or(h));
      for (std::int64_t query = 0; query < length; ++query) {
        for (std::int64_t key = 0; key < length; ++key, ++at) {
          if (!(static_cast<double>(values[at]) > a_.min_probability)) continue;
          std::string line = fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t", record.id, head, query, key, token(ids, query), token(ids, key));
          append_number(line, values[at]);
          text_->write(line + "\n");
        }
      }
    }
  }
  [[nodiscard]] std::string token(Ids ids, std::int64_t i) const {
    return printable(model_.token(ids[static_cast<std::size_t>(i)]), 10'000);
  }

  const Arguments& a_;
  std::string format_;
  const FolderModel& model_;
  std::optional<TextOutput> text_;
  std::optional<NpyOutput> npy_;
};

}  // namespace

ExitCode predict(const Context& context) {
  const Arguments& a = context.arguments;
  const std::string format = format_of(a, "tsv", {"tsv", "jsonl", "npy"});
  need_file(a, format);
  Opened opened = open_all(context);
  const std::int64_t outputs = opened.model->outputs();
  if (outputs == 0) throw InputError(fmt::format("--model {}: the folder has no head, so no predictions; seqbench embed gives its vectors", printable(a.model)));
  VectorWriter writer(a, format, "logits", "logit", outputs);
  return use_all(a, opened, {.logits = true},
                 {[&](std::int64_t) { return outputs; }, [](const run::RowAnswer& row) { return numbers_of(row.logits); },
                  [&](const TextRecord& record, Ids, Values values) { writer.write(record, values); }},
                 [&] { writer.commit(); });
}

ExitCode embed(const Context& context) {
  const Arguments& a = context.arguments;
  const std::string pool = pick("--pool", a.pool, "mean", {"mean", "cls", "max", "none"});
  if (pool == "cls" && a.no_specials) throw InputError("--pool cls takes the first token, a special one: leave --no-specials out");
  if (a.format == "npy") need_file(a, a.format);
  Opened opened = open_all(context);
  const FolderModel& model = *opened.model;
  const Asked asked{.hidden_layer = layer_of(a, 0, model.layers())};
  if (pool == "none") return embed_tokens(a, opened, asked);
  const std::string format = format_of(a, a.out.empty() ? "tsv" : "npy", {"npy", "tsv", "jsonl"});
  VectorWriter writer(a, format, "embedding", "dim", model.width());
  return use_all(a, opened, asked,
                 {[&](std::int64_t) { return model.width(); },
                  [&](const run::RowAnswer& row) { return pooled(pool, row.hidden, places_of(model, row.ids, a.no_specials)); },
                  [&](const TextRecord& record, Ids, Values values) { writer.write(record, values); }},
                 [&] { writer.commit(); });
}

ExitCode attention(const Context& context) {
  const Arguments& a = context.arguments;
  const std::string format = format_of(a, "jsonl", {"jsonl", "tsv", "npy"});
  need_file(a, format);
  if (a.head && a.mean_heads) throw InputError("--head and --mean-heads exclude each other");
  Opened opened = open_all(context);
  const FolderModel& model = *opened.model;
  const Asked asked{.attention_layer = layer_of(a, 1, model.layers())};
  if (a.head && (*a.head < 0 || *a.head >= model.heads())) {
    throw InputError(fmt::format("--head must be from 0 to {}, got {}", model.heads() - 1, *a.head));
  }
  const std::int64_t kept = a.head || a.mean_heads ? 1 : model.heads();
  AttentionWriter writer(a, format, model);
  const auto keep = [&](const run::RowAnswer& row) {
    if (a.head) return numbers_of(row.attention.select(0, *a.head).contiguous());
    return numbers_of(a.mean_heads ? row.attention.mean(0).contiguous() : row.attention);
  };
  return use_all(a, opened, asked,
                 {[&](std::int64_t length) { return kept * length * length; }, keep,
                  [&](const TextRecord& record, Ids ids, Values values) { writer.write(record, ids, values); }},
                 [&] { writer.commit(); });
}

ExitCode pretrain(const Context& context) {
  const Arguments& a = context.arguments;
  const fs::path folder = folder_of(a);
  data::RecordReader reader(a.input, {data::record_format(a.input_format), a.column, a.id_column});
  run::count_stop_signals();
  bool first = true;
  run::pretrain(context.tables, folder, reader,
                {.device = a.device, .precision = a.precision, .threads = a.threads, .max_length = a.max_length, .steps = a.steps,
                 .batch = a.batch, .seed = a.seed, .learning_rate = a.learning_rate, .masked = a.masked},
                a.out, [&first](const run::PretrainingLoss& loss) {
                  if (std::exchange(first, false)) fmt::print("step\ttrain_loss\tvalidation_loss\n");
                  fmt::print("{}\t{:.6g}\t{:.6g}\n", loss.step, loss.train, loss.validation);
                  std::fflush(stdout);
                });
  return ExitCode::kDone;
}

ExitCode merge(const Context& context) {
  const Arguments& a = context.arguments;
  const fs::path folder = folder_of(a);
  check_adapter(a);
  const ModelEntry& entry = run::entry_of_folder(context.tables, folder);
  if (entry.merge == nullptr) throw InputError(fmt::format("{}: model '{}' has no adapters", printable(folder.string()), entry.name));
  entry.merge({folder, a.adapter, fs::absolute(a.out).lexically_normal(), a.unmerge});
  return ExitCode::kDone;
}

}  // namespace seqbench::cli
