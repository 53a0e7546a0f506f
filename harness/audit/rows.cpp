#include "harness/audit/rows.h"

#include <algorithm>
#include <array>

#include "harness/base/error.h"

namespace seqbench::audit {
namespace {

constexpr std::size_t kDnaWord = 16;     // letters: 32 bits, so that chance matches are rare among millions
constexpr std::size_t kProteinWord = 6;

std::optional<View> view_of(const Dataset& dataset, const std::string& name) {
  try {
    return dataset.view(name);
  } catch (const InputError&) {  // these parameters give no such view
    return std::nullopt;
  }
}

/// 0 ... 3, or 4 for any other letter.
std::uint64_t base_of(char letter) {
  switch (letter) {
    case 'A': case 'a': return 0;
    case 'C': case 'c': return 1;
    case 'G': case 'g': return 2;
    case 'T': case 't': return 3;
    default: return 4;
  }
}

/// Each word and its reverse complement are one element.
std::vector<std::uint64_t> dna_words(const std::string& sequence) {
  constexpr std::uint64_t kMask = (std::uint64_t{1} << (2 * kDnaWord)) - 1;
  std::vector<std::uint64_t> words;
  std::uint64_t forward = 0, backward = 0;
  std::size_t known = 0;
  for (const char letter : sequence) {
    const std::uint64_t base = base_of(letter);
    known = base > 3 ? 0 : known + 1;
    forward = (forward << 2 | (base & 3)) & kMask;
    backward = backward >> 2 | (3 - (base & 3)) << (2 * (kDnaWord - 1));
    if (known >= kDnaWord) words.push_back(mixed(std::min(forward, backward)));
  }
  return words;
}

std::vector<std::uint64_t> protein_words(const std::string& sequence) {
  std::vector<std::uint64_t> words;
  for (std::size_t i = 0; i + kProteinWord <= sequence.size(); ++i) {
    std::uint64_t word = 0;
    for (std::size_t j = i; j < i + kProteinWord; ++j) word = word << 8 | static_cast<unsigned char>(sequence[j]);
    words.push_back(mixed(word));
  }
  return words;
}

}  // namespace

std::uint64_t mixed(std::uint64_t value) {  // the finalizer of SplitMix64
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
  value = (value ^ value >> 27) * 0x94d049bb133111ebu;
  return value ^ value >> 31;
}

std::string reverse_complement(std::string_view sequence) {
  std::string reversed(sequence.rbegin(), sequence.rend());
  for (char& letter : reversed) {
    if (const std::uint64_t base = base_of(letter); base < 4) letter = "TGCA"[base];
  }
  return reversed;
}

std::optional<Rows> Rows::of(const TaskEntry& task, const Dataset& dataset) {
  for (const ViewInfo& info : task.views) {
    if (info.name != "dna" && info.name != "protein") continue;
    auto view = view_of(dataset, info.name);
    if (view && std::holds_alternative<TextView>(view->data)) {
      return Rows(std::move(*view), info.name == "dna" ? Kind::kDna : Kind::kProtein);
    }
  }
  std::optional<Rows> best;
  for (const ViewInfo& info : task.views) {
    auto view = view_of(dataset, info.name);
    if (!view || std::holds_alternative<CodeView>(view->data)) continue;
    const Kind kind = std::holds_alternative<SetView>(view->data)    ? Kind::kSet
                      : std::holds_alternative<BitView>(view->data)  ? Kind::kBits
                      : std::holds_alternative<TextView>(view->data) ? Kind::kText
                                                                     : Kind::kDense;
    if (!best || kind < best->kind_) best = Rows(std::move(*view), kind);
  }
  return best;
}

std::string Rows::sequence(std::int64_t row) const {
  return is_sequence() ? std::get<TextView>(view_.data).rows[static_cast<std::size_t>(row)] : "";
}

std::string Rows::content(std::int64_t row) const {
  if (const auto* text = std::get_if<TextView>(&view_.data)) return text->rows[static_cast<std::size_t>(row)];
  std::string bytes;
  for (const auto& [feature, value] : features(row)) {
    bytes.append(reinterpret_cast<const char*>(&feature), sizeof feature);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return bytes;
}

std::vector<std::uint64_t> Rows::elements(std::int64_t row) const {
  std::vector<std::uint64_t> out;
  if (kind_ == Kind::kDna) out = dna_words(sequence(row));
  if (kind_ == Kind::kProtein) out = protein_words(sequence(row));
  if (kind_ == Kind::kSet || kind_ == Kind::kBits) {
    for (const auto& [feature, value] : features(row)) out.push_back(mixed(static_cast<std::uint64_t>(feature)));
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::vector<std::pair<std::int64_t, double>> Rows::features(std::int64_t row) const {
  std::vector<std::pair<std::int64_t, double>> out;
  const std::array<std::int64_t, 1> one = {row};
  if (const auto* set = std::get_if<SetView>(&view_.data)) {
    const auto* offset = set->offsets.const_data_ptr<std::int64_t>() + row;
    for (std::int64_t i = offset[0]; i < offset[1]; ++i) out.emplace_back(set->members.const_data_ptr<std::int64_t>()[i], 1.0);
  } else if (const auto* bits = std::get_if<BitView>(&view_.data)) {
    const std::uint8_t* bytes = bits->bits.const_data_ptr<std::uint8_t>() + row * bits->bits.size(1);
    for (std::int64_t i = 0; i < bits->height * bits->width; ++i) {
      if ((bytes[i / 8] >> (i % 8) & 1) != 0) out.emplace_back(i, 1.0);
    }
  } else if (const auto* dense = std::get_if<DenseView>(&view_.data)) {
    const at::Tensor gathered = dense->gather(one);
    for (std::int64_t i = 0; i < dense->features(); ++i) {
      const float value = gathered.const_data_ptr<float>()[i];
      if (value != 0) out.emplace_back(i, static_cast<double>(value));
    }
  }
  return out;
}

std::int64_t Rows::feature_count() const {
  if (const auto* set = std::get_if<SetView>(&view_.data)) return set->features;
  if (const auto* bits = std::get_if<BitView>(&view_.data)) return bits->height * bits->width;
  const auto* dense = std::get_if<DenseView>(&view_.data);
  return dense == nullptr ? 0 : dense->features();
}

}  // namespace seqbench::audit
