#include "models/pretrained/assembled.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "harness/base/error.h"

namespace seqbench::models {
namespace assembled {
namespace {

constexpr std::string_view kAdapterA = ".lora_A.weight", kAdapterB = ".lora_B.weight";
constexpr std::string_view kFrequencies = "rotary_embeddings.inv_freq";

bool is_adapter(std::string_view name) { return name.ends_with(kAdapterA) || name.ends_with(kAdapterB); }

bool starts_with_any(std::string_view name, const std::vector<std::string>& beginnings) {
  return std::ranges::any_of(beginnings, [&](const std::string& one) { return name.starts_with(one); });
}

}  // namespace
}  // namespace assembled

Assembled::Assembled(const Architecture& architecture, const Build& build, Checkpoints checkpoints)
    : architecture_(architecture),
      checkpoints_(std::move(checkpoints)),
      new_heads_(build.new_heads),
      replace_head_(build.replace_head),
      has_head_(checkpoints_.base && checkpoints_.base->has(architecture_.head.second + ".weight")),
      has_lm_head_(checkpoints_.base && checkpoints_.base->has(architecture_.lm_head.dense + ".weight")),
      parameters_(build.streams, build.dtype,
                  [this](const std::string& name, const std::vector<std::int64_t>& shape, at::ScalarType dtype) {
                    return given(name, shape, dtype);
                  }),
      lora_(build.lora) {
  make(build);
  take_unused(build);
  check();
  checkpoints_ = {};
}

void Assembled::make(const Build& build) {
  LayerMaker maker(build.streams, parameters_, lora_);
  encoder_.emplace(maker, architecture_.encoder, architecture_.names, stored_frequencies());
  if (build.outputs > 0) head_.emplace(maker, architecture_.head, architecture_.encoder.width, build.outputs);
  if (build.language_model) {
    LmHeadSettings settings = architecture_.lm_head;
    // Files that hold both tensors of a tied pair with different values keep both, as transformers 5 does.
    const auto differs = [&](const std::string& alias) {
      return checkpoints_.base && !alias.empty() && std::ranges::any_of(checkpoints_.base->untied(), [&](const std::string& line) {
        return line.starts_with(alias + " ");
      });
    };
    settings.tied = settings.tied && !differs(settings.decoder_weight);
    if (differs(settings.decoder_bias)) settings.bias = settings.decoder_bias;
    lm_head_.emplace(maker, settings, encoder_->word_embeddings());
  }
  adapted_ = maker.adapted();
  if (lora_.rank > 0 && adapted_.empty()) {
    throw InputError(fmt::format("{} matches no layer; the model has for instance '{}' and '{}'", lora_.where,
                                 with_layer(architecture_.names.attention.query, 0),
                                 with_layer(architecture_.names.feed_forward_in, 0)));
  }
}

std::optional<at::Tensor> Assembled::given(const std::string& name, const std::vector<std::int64_t>& shape,
                                           at::ScalarType dtype) {
  const bool is_adapter = assembled::is_adapter(name);
  std::optional<at::Tensor> values;
  if (replace_head_ && is_replaced(name)) {
    // drawn, whatever the files hold
  } else if (checkpoints_.adapter && (is_adapter || lora_.carries(name) || checkpoints_.adapter->has(name))) {
    of_adapter_.insert(name);
    values = checkpoints_.adapter->take(name, shape, dtype);
  } else if (checkpoints_.base && !is_adapter) {
    values = checkpoints_.base->take(name, shape, dtype);
  }
  if (values) return values;
  // A size that only config.json believes in costs no memory: the fault is told once all are known.
  faulty_ = faulty_ || !may_be_drawn(name);
  if (faulty_) return at::zeros({}, dtype).expand(shape);
  drawn_.insert(name);
  return std::nullopt;
}

bool Assembled::may_be_drawn(std::string_view name) const {
  if (assembled::is_adapter(name) || lora_.carries(name)) return checkpoints_.adapter == nullptr;
  return checkpoints_.base == nullptr || (new_heads_ && is_head(name));
}

at::Tensor Assembled::stored_frequencies() {
  const EncoderSettings& s = architecture_.encoder;
  if (!checkpoints_.base || s.positions != Positions::kRotary) return {};
  for (const std::string& name : architecture_.frequency_names) {
    if (!checkpoints_.base->has(name)) continue;
    const std::optional<at::Tensor> values = checkpoints_.base->take(name, {s.width / s.heads / 2}, at::kFloat);
    if (!values) return {};
    unused_.push_back({name, *values});  // rounded as their writers had them: a folder written anew keeps them
    return *values;
  }
  return {};
}

void Assembled::take_unused(const Build& build) {
  if (!checkpoints_.base) return;
  const auto take = [&](const std::string& name, const std::vector<std::int64_t>& shape) {
    if (const auto values = checkpoints_.base->take(name, shape, build.dtype)) unused_.push_back({name, *values});
  };
  for (const UnusedTensor& tensor : architecture_.unused) {
    if (checkpoints_.base->has(tensor.name)) take(tensor.name, tensor.shape);
  }
  if (!build.keep_heads) return;
  for (const TensorInfo& rest : checkpoints_.base->rest()) {
    if (is_of_missing_head(rest.name)) take(rest.name, rest.shape);
  }
}

bool Assembled::is_classifier(std::string_view name) const { return assembled::starts_with_any(name, architecture_.head_names); }

bool Assembled::is_head(std::string_view name) const {
  return is_classifier(name) || assembled::starts_with_any(name, architecture_.lm_head_names);
}

/// Of a head that is not built, or that the files hold in part or in another form: it may be left. With or without the prefix,
/// which a headless file's pooler lacks.
bool Assembled::is_of_missing_head(std::string_view name) const {
  const std::string with_prefix = architecture_.rules.prefix + std::string(name);
  for (const std::string_view one : {name, std::string_view(with_prefix)}) {
    const bool built = head_ && has_head_;
    if (is_classifier(one) && (!built || (replace_head_ && is_replaced(one)))) return true;
    if (!assembled::starts_with_any(one, architecture_.lm_head_names)) continue;
    const LmHeadSettings& lm = architecture_.lm_head;  // two names of one bias: either may be left
    if (!lm_head_ || !has_lm_head_ || one == lm.bias || one == lm.decoder_bias) return true;
  }
  return false;
}

/// A pooler is pretrained: it stays.
bool Assembled::is_replaced(std::string_view name) const {
  const HeadSettings& head = architecture_.head;
  return name.starts_with(head.second + ".") || (head.kind != HeadKind::kPooler && name.starts_with(head.first + "."));
}

void Assembled::check() const {
  std::string faults;
  if (checkpoints_.base) {
    faults += checkpoints_.base->faults([&](const std::string& name) { return new_heads_ && is_head(name); }, [&](const std::string& name) {
      const bool replaced = of_adapter_.contains(name) || of_adapter_.contains(architecture_.rules.prefix + name);
      return replaced || is_of_missing_head(name) || name.ends_with(assembled::kFrequencies);
    });
  }
  if (checkpoints_.adapter) {
    faults += checkpoints_.adapter->faults([](const std::string&) { return false; }, [&](const std::string& name) {
      const bool unread = std::ranges::any_of(architecture_.unused, [&](const UnusedTensor& tensor) {
        return tensor.name.ends_with(".weight") && name.starts_with(tensor.name.substr(0, tensor.name.size() - 6));
      });
      return unread || (replace_head_ && is_replaced(name)) || (is_head(name) && !is_built(name));
    });
  }
  if (!faults.empty()) throw InputError(faults);
}

/// Whether the tensor belongs to a head that is made here.
bool Assembled::is_built(std::string_view name) const {
  return (head_ && is_classifier(name)) || (lm_head_ && assembled::starts_with_any(name, architecture_.lm_head_names));
}

at::Tensor Assembled::hidden(const at::Tensor& ids, const at::Tensor& keep, const Pass& pass, Trace* trace) {
  const EncoderSettings& s = architecture_.encoder;
  if (s.sparsity != Sparsity::kAuto || !keep.defined() || ids.size(1) <= full_attention_up_to(s.block, s.random_blocks)) {
    return (*encoder_)(ids, keep, pass, trace);
  }
  return hidden_by_length(ids, keep, pass, trace);
}

// Which keys a block-sparse query sees depends on the number of blocks, and so on the padding: rows are run with those of
// as many blocks, each as it would be alone.
at::Tensor Assembled::hidden_by_length(const at::Tensor& ids, const at::Tensor& keep, Pass pass, Trace* trace) {
  const EncoderSettings& s = architecture_.encoder;
  const at::Tensor lengths = keep.sum(1).to(at::kCPU, at::kLong).contiguous();
  std::map<std::int64_t, std::vector<std::int64_t>> groups;  // rows by blocks, 0 = full attention
  for (std::int64_t row = 0; row < ids.size(0); ++row) {
    const std::int64_t length = lengths.const_data_ptr<std::int64_t>()[row];
    groups[length <= full_attention_up_to(s.block, s.random_blocks) ? 0 : (length + s.block - 1) / s.block].push_back(row);
  }
  at::Tensor hidden, traced;
  for (const auto& [blocks, members] : groups) {
    const at::Tensor rows = at::tensor(members, at::kLong).to(ids.device());
    const at::Tensor own_keep = keep.index_select(0, rows);
    const std::int64_t length = own_keep.sum(1).max().item<std::int64_t>();
    Trace part = trace != nullptr ? *trace : Trace();
    const at::Tensor own = (*encoder_)(ids.index_select(0, rows).narrow(1, 0, length), own_keep.narrow(1, 0, length), pass, &part);
    const auto place = [&](const at::Tensor& into, const at::Tensor& value) {
      const at::Tensor base = into.defined() ? into : at::zeros({ids.size(0), ids.size(1), s.width}, value.options());
      return base.index_copy(0, rows, at::constant_pad_nd(value, {0, 0, 0, ids.size(1) - length}));
    };
    hidden = place(hidden, own);
    if (part.hidden_layer) traced = place(traced, part.hidden_BLH);
    pass.first_row += static_cast<std::int64_t>(members.size());
  }
  if (trace != nullptr) trace->hidden_BLH = traced;
  return hidden;
}

at::Tensor Assembled::logits(const at::Tensor& hidden, const Pass& pass) const {
  SEQBENCH_ASSERT(head_.has_value(), "the model has a classification head");
  return (*head_)(hidden, pass);
}

at::Tensor Assembled::lm_logits(const at::Tensor& hidden, const Pass& pass) const {
  SEQBENCH_ASSERT(lm_head_.has_value(), "the model has a language model's head");
  return (*lm_head_)(hidden, pass);
}

std::vector<NamedTensor> Assembled::merged(double times) const {
  const at::NoGradGuard no_grad;
  std::vector<NamedTensor> result;
  std::map<std::string_view, const at::Tensor*> by_name;
  for (const NamedTensor& entry : tensors()) by_name[entry.name] = &entry.tensor;
  for (const NamedTensor& entry : tensors()) {
    if (assembled::is_adapter(entry.name)) continue;
    at::Tensor value = entry.tensor.detach();
    const std::string module = entry.name.ends_with(".weight") ? entry.name.substr(0, entry.name.size() - 7) : "";
    const auto a = by_name.find(module + std::string(assembled::kAdapterA)), b = by_name.find(module + std::string(assembled::kAdapterB));
    if (a != by_name.end() && b != by_name.end()) value = value.add(at::matmul(*b->second, *a->second), times * lora_.scale());
    result.push_back({entry.name, value});
  }
  result.insert(result.end(), unused_.begin(), unused_.end());
  return result;
}

}  // namespace seqbench::models
