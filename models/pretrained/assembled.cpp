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

const at::Tensor* find(const std::vector<NamedTensor>& tensors, std::string_view name) {
  const auto found = std::ranges::find(tensors, name, &NamedTensor::name);
  return found == tensors.end() ? nullptr : &found->tensor;
}

}  // namespace
}  // namespace assembled

Assembled::Assembled(const Architecture& architecture, const Build& build, Checkpoints checkpoints)
    : architecture_(architecture),
      checkpoints_(std::move(checkpoints)),
      replace_head_(build.replace_head),
      parameters_(build.streams, build.dtype,
                  [this](const std::string& name, const std::vector<std::int64_t>& shape, at::ScalarType dtype) {
                    return given(name, shape, dtype);
                  }),
      lora_(build.lora) {
  make(build);
  take_unused(build.dtype);
  check(build);
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
  if (lora_.rank > 0 && maker.adapted().empty()) {
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
  } else if (checkpoints_.adapter && (is_adapter || checkpoints_.adapter->has(name))) {
    of_adapter_.insert(name);
    values = checkpoints_.adapter->take(name, shape, dtype);
  } else if (checkpoints_.base && !is_adapter) {
    values = checkpoints_.base->take(name, shape, dtype);
  }
  if (!values) drawn_.insert(name);
  return values;
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

void Assembled::take_unused(at::ScalarType dtype) {
  if (!checkpoints_.base) return;
  std::vector<UnusedTensor> unused = architecture_.unused;
  if (!head_ && architecture_.head.kind == HeadKind::kPooler) {
    const std::int64_t width = architecture_.encoder.width;
    unused.push_back({architecture_.head.first + ".weight", {width, width}});
    unused.push_back({architecture_.head.first + ".bias", {width}});
  }
  for (const UnusedTensor& tensor : unused) {
    if (!checkpoints_.base->has(tensor.name)) continue;
    if (const auto values = checkpoints_.base->take(tensor.name, tensor.shape, dtype)) {
      unused_.push_back({tensor.name, *values});
    }
  }
}

bool Assembled::is_head(std::string_view name) const {
  return std::ranges::any_of(architecture_.head_names, [&](const std::string& head) { return name.starts_with(head); });
}

/// A pooler is pretrained: it stays.
bool Assembled::is_replaced(std::string_view name) const {
  const HeadSettings& head = architecture_.head;
  return name.starts_with(head.second + ".") || (head.kind != HeadKind::kPooler && name.starts_with(head.first + "."));
}

void Assembled::check(const Build& build) const {
  const auto may_be_left = [&](const std::string& name) {
    // A headless file writes its pooler without the prefix.
    return is_head(name) || is_head(architecture_.rules.prefix + name) || of_adapter_.contains(name) || name.ends_with(assembled::kFrequencies);
  };
  if (checkpoints_.base) {
    checkpoints_.base->finish([&](const std::string& name) { return build.new_heads && is_head(name); }, may_be_left);
  }
  if (checkpoints_.adapter) {
    checkpoints_.adapter->finish([](const std::string&) { return false; },
                                 [&](const std::string& name) { return build.replace_head && is_replaced(name); });
  }
}

at::Tensor Assembled::hidden(const at::Tensor& ids, const at::Tensor& keep, const Pass& pass, Trace* trace) {
  const EncoderSettings& s = architecture_.encoder;
  if (s.sparsity != Sparsity::kAuto || ids.size(1) <= full_attention_up_to(s.block, s.random_blocks)) {
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
  for (const NamedTensor& entry : tensors()) {
    if (assembled::is_adapter(entry.name)) continue;
    at::Tensor value = entry.tensor.detach();
    const std::string module = entry.name.ends_with(".weight") ? entry.name.substr(0, entry.name.size() - 7) : "";
    const at::Tensor* a = assembled::find(tensors(), module + std::string(assembled::kAdapterA));
    const at::Tensor* b = assembled::find(tensors(), module + std::string(assembled::kAdapterB));
    if (a != nullptr && b != nullptr) value = value.add(at::matmul(*b, *a), times * lora_.scale());
    result.push_back({entry.name, value});
  }
  result.insert(result.end(), unused_.begin(), unused_.end());
  return result;
}

}  // namespace seqbench::models
