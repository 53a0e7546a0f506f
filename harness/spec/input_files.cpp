#include <fmt/format.h>

#include <algorithm>
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
  if (hash.empty()) hash = sha256_file_hex(path);
  return hash;
}

}  // namespace

void resolve_files(Context& ctx, const ModelUse& use, Variant& variant) {
  for (const ParamSpec& spec : use.info->params) {
    if (spec.files == FileWords::kNone) continue;
    const std::string key = "model.params." + spec.name;
    const auto refuse = [&](const std::string& why) { ctx.faults.add(use.item->at, fmt::format("'{}' {}", key, why)); };
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
}

}  // namespace seqbench::spec
