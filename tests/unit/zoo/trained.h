#pragma once
// A parity case in training, and folders made from one by a change.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"
#include "tests/unit/zoo/zoo_cases.h"

namespace seqbench::zoo {

/// A case of tests/parity/zoo in training.
struct Trained {
  Case data;
  Params params;
  View view;

  explicit Trained(const std::string& name) : data(load(name)), params(entry().params), view{"dna", TextView{Texts(data.texts)}} {
    params.set("folder", data.folder.string());
    params.set("adapter", data.adapter().string());
  }
  [[nodiscard]] const ModelEntry& entry() const { return entry_of(data.folder); }
  [[nodiscard]] TaskKind kind() const { return data.outputs == 2 ? TaskKind::kBinary : TaskKind::kRegression; }
  [[nodiscard]] std::unique_ptr<Network> make() const {
    return entry().network({.params = params, .view = view, .kind = kind(), .targets = 1, .streams = Streams(1)});
  }
  [[nodiscard]] at::Tensor outputs(Network& network) const {
    std::vector<std::int64_t> rows(data.texts.size());
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::int64_t>(i);
    return network.forward(network.collate(view, rows), {}).detach();
  }
  /// As a reader of the folder computes them: of two logits the difference.
  [[nodiscard]] at::Tensor outputs(const std::filesystem::path& folder, const std::filesystem::path& adapter = {}) const {
    const auto model = entry().open_folder(folder, {.adapter = adapter});
    std::vector<std::vector<std::int32_t>> rows;
    for (const std::string& text : data.texts) rows.push_back(model->tokens(text));
    const at::Tensor logits = model->run(rows, {.logits = true}).logits;
    return data.outputs == 2 ? logits.narrow(1, 1, 1).sub(logits.narrow(1, 0, 1)) : logits;
  }
};

inline std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

/// The case's config.json with another value, beside its weights.
inline std::filesystem::path changed(const TempFolder& temp, const std::string& name, const std::string& key, const Json& value) {
  const std::filesystem::path folder = temp.path() / (name + key);
  std::filesystem::copy(cases_folder() / name, folder);
  Json config = Json::parse(read_file(folder / "config.json"));
  config[key] = value;
  write_file_atomically(folder / "config.json", config.dump());
  return folder;
}

/// A copy of the case whose tensors `change` has had its way with.
inline std::filesystem::path with_tensors(const TempFolder& temp, const std::string& name, const std::function<void(std::vector<NamedTensor>&)>& change,
                                          const std::string& file = "model.safetensors") {
  const std::filesystem::path folder = temp.path() / (name + "_changed");
  std::filesystem::copy(cases_folder() / name, folder, std::filesystem::copy_options::recursive);
  std::vector<NamedTensor> tensors = tensors::from_safetensors(read_file(folder / file), file).tensors;
  change(tensors);
  std::filesystem::remove(folder / file);
  tensors::write_safetensors(folder / file, tensors);
  return folder;
}

inline std::vector<NamedTensor> tensors_of(const std::filesystem::path& file) {
  return tensors::from_safetensors(read_file(file), file.string()).tensors;
}

/// Undefined where there is none that ends so.
inline at::Tensor tensor_of(const std::vector<NamedTensor>& tensors, std::string_view end) {
  for (const NamedTensor& entry : tensors) {
    if (entry.name.ends_with(end)) return entry.tensor;
  }
  return {};
}

inline void drop(std::vector<NamedTensor>& tensors, std::string_view part) {
  std::erase_if(tensors, [&](const NamedTensor& entry) { return entry.name.find(part) != std::string::npos; });
}

}  // namespace seqbench::zoo
