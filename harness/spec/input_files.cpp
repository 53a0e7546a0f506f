#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <system_error>

#include "harness/base/error.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "harness/spec/context.h"

namespace seqbench::spec {
namespace {

namespace fs = std::filesystem;

fs::path found_at(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) ? fs::absolute(path).lexically_normal() : fs::path();
}

/// A word without a slash may be any flag's value: such a file must lie beside the experiment file.
fs::path find_file(const Context& ctx, const std::string& word) {
  if (word.empty()) return {};
  if (fs::path(word).is_absolute()) return found_at(word);
  const fs::path beside = found_at(fs::absolute(ctx.spec.path).parent_path() / word);
  const bool below = beside.empty() && !ctx.options.root.empty() && word.find('/') != std::string::npos;
  return below ? found_at(ctx.options.root / word) : beside;
}

std::string hash_of(Context& ctx, const fs::path& path) {
  std::string& hash = ctx.hashes[path];
  if (hash.empty()) hash = sha256_file_hex_once(path);
  return hash;
}

using Refuse = std::function<void(const std::string&)>;

/// The folder that holds the file `marker`: beside the experiment file, else in the weights home; empty: nowhere.
fs::path find_folder(const Context& ctx, const std::string& name, const char* marker) {
  std::vector<fs::path> places = {fs::absolute(ctx.spec.path).parent_path() / name};
  if (!ctx.options.weights.empty()) places.push_back(ctx.options.weights / name);
  for (const fs::path& place : places) {
    std::error_code error;
    if (fs::is_regular_file(place / marker, error)) return fs::absolute(place).lexically_normal();
  }
  return {};
}

void resolve_folder(Context& ctx, const ParamSpec& spec, Variant& variant, const Refuse& refuse) {
  const std::string& name = variant.params.text(spec.name);
  if (name.empty()) {
    if (spec.files == FileWords::kNeededFolder) refuse("of model '" + variant.model + "' must name a folder: the model cannot be made without files");
    return;
  }
  if (fs::path(name).is_absolute()) {
    return refuse(fmt::format("names '{}': an absolute path would be part of the key; give it relative to this file", printable(name)));
  }
  const char* marker = spec.files == FileWords::kAdapter ? "adapter_config.json" : "config.json";
  const fs::path folder = find_folder(ctx, name, marker);
  if (folder.empty()) {
    const std::string home = ctx.options.weights.empty() ? "" : fmt::format(" or in {}", ctx.options.weights.string());
    return refuse(fmt::format("names '{0}': no folder with {2} beside the experiment file{1}; a known "
                              "checkpoint is got with: seqbench weights fetch {0}", printable(name), home, marker));
  }
  try {
    for (const std::string& file : model_files(folder)) {
      const std::string full = name + "/" + file;
      if (std::ranges::find(variant.files, full, &InputFile::name) != variant.files.end()) continue;
      variant.files.push_back({full, folder / file, hash_of(ctx, folder / file)});
    }
  } catch (const InputError& error) {
    refuse(error.what());
  }
}

void resolve_words(Context& ctx, const ParamSpec& spec, Variant& variant, const Refuse& refuse) {
  const std::vector<std::string>& words = variant.params.texts(spec.name);
  if (spec.files == FileWords::kSome && words.empty()) refuse("of model '" + variant.model + "' must hold a word or more");
  for (const std::string& word : words) {
    const fs::path path = find_file(ctx, word);
    if (path.empty()) {
      if (spec.files == FileWords::kAll) refuse(fmt::format("names '{}': no such file beside the experiment file", printable(word)));
      continue;
    }
    if (fs::path(word).is_absolute()) {
      refuse(fmt::format("names '{}': an absolute path would be part of the key; give it relative to this file", printable(word)));
      continue;
    }
    if (std::ranges::find(variant.files, word, &InputFile::name) != variant.files.end()) continue;
    try {
      variant.files.push_back({word, path, hash_of(ctx, path)});
    } catch (const InputError& error) {
      refuse(error.what());
    }
  }
}

bool decides_model(const std::string& name) {
  constexpr std::array<std::string_view, 4> kNames = {"config.json", "vocab.txt", "special_tokens_map.json", "added_tokens.json"};
  if (name.starts_with(".")) return false;
  return std::ranges::find(kNames, name) != kNames.end() || name.ends_with(".safetensors") || name.ends_with(".bin") ||
         name.ends_with(".index.json") || name.starts_with("adapter_") ||
         (name.starts_with("tokenizer") && name.ends_with(".json"));
}

}  // namespace

std::vector<std::string> model_files(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored) && decides_model(it->path().filename().string())) names.push_back(it->path().filename().string());
  }
  if (error) throw InputError(fmt::format("{}: cannot be listed: {}", folder.string(), error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

void resolve_files(Context& ctx, const ModelUse& use, Variant& variant) {
  for (const ParamSpec& spec : use.info->params) {
    if (spec.files == FileWords::kNone) continue;
    const std::string key = "model.params." + spec.name;
    const Refuse refuse = [&](const std::string& why) { ctx.faults.add(use.item->at, fmt::format("'{}' {}", key, why)); };
    if (is_folder(spec.files)) {
      resolve_folder(ctx, spec, variant, refuse);
    } else {
      resolve_words(ctx, spec, variant, refuse);
    }
  }
}

}  // namespace seqbench::spec
