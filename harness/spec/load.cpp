#include "harness/spec/experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/spec/context.h"
#include "harness/spec/files.h"
#include "harness/spec/toml.h"

namespace seqbench::spec {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kScales = {"smoke", "desk", "full"};

/// Puts [scale.X] over the file and takes all profiles away.
void apply_scale(Node& root, const std::string& scale, Faults& faults) {
  const Node* profiles = subtable(&root, "scale");
  const Node* chosen = subtable(profiles, scale);
  const Node profile = chosen == nullptr ? Node() : *chosen;
  root.erase("scale");
  merge(root, profile, Merge::kReplace, faults);
}

/// The path below experiments/, else the stem.
std::string default_name(const fs::path& path, const fs::path& root) {
  if (!root.empty()) {
    const fs::path below = fs::absolute(path).lexically_normal().lexically_relative(
        fs::absolute(root / "experiments").lexically_normal());
    if (!below.empty() && *below.begin() != "..") return fs::path(below).replace_extension().generic_string();
  }
  return path.stem().generic_string();
}

std::string resolve_name(const Context& ctx, const std::string& given, const fs::path& path) {
  if (!given.empty() || ctx.root.find("name") != nullptr) return given;
  const std::string name = default_name(path, ctx.options.root);
  const auto spec = std::find_if(top_keys().begin(), top_keys().end(),
                                 [](const ParamSpec& key) { return key.name == "name"; });
  const auto checked = check_top(*spec, Json(name));
  if (const auto* why = std::get_if<std::string>(&checked)) {
    ctx.faults.add(ctx.start, fmt::format("the file's name serves as 'name', which {}; give 'name'", *why));
  }
  return name;
}

Params resolve_table(const Node& root, std::string_view name, const std::vector<ParamSpec>& specs,
                     Check check) {
  Settings settings(specs);
  settings.layer(subtable(&root, name), specs, check);
  return settings.values;
}

enum class Models { kNeeded, kNone };

void resolve_top(Context& ctx, const fs::path& path, Models models_wanted) {
  Settings top(top_keys());
  top.layer(&ctx.root, top_keys(), &check_top);
  ExperimentSpec& spec = ctx.spec;
  spec.path = path;
  spec.name = resolve_name(ctx, top.values.text("name"), path);
  spec.title = top.values.text("title");
  spec.notes = top.values.text("notes");
  spec.paper = top.values.text("paper");
  spec.reruns = top.values.text("reruns");
  spec.scale = ctx.options.scale;
  spec.seeds = top.values.integers("seeds");
  spec.run = resolve_table(ctx.root, "run", run_keys(), &check_param);
  spec.limits = resolve_table(ctx.root, "limits", limits_keys(), &check_limits);
  spec.save = resolve_table(ctx.root, "save", save_keys(), &check_param);
  resolve_tasks(ctx);
  const std::vector<ModelUse> models = resolve_models(ctx);
  expand_models(ctx, models, resolve_points(ctx, models));
  if (models_wanted == Models::kNone) return;
  if (top.values.flag("controls")) expand_controls(ctx);
  if (spec.variants.empty() && ctx.faults.empty()) {
    ctx.faults.add(ctx.start, "nothing to run: no [[model]], and no control fits the task");
  }
}

tl::unexpected<std::vector<Diagnostic>> failed(const Faults& faults) {
  return tl::make_unexpected(faults.diagnostics());
}

void check_scale(const LoadOptions& options) {
  if (std::find(kScales.begin(), kScales.end(), options.scale) != kScales.end()) return;
  throw InputError(fmt::format("unknown scale '{}': one of smoke, desk, full", options.scale));
}

Result<ExperimentSpec> resolve(Node& root, const fs::path& path, const Catalog& catalog, const LoadOptions& options, Files& files,
                               Faults& faults, Models models) {
  apply_scale(root, options.scale, faults);
  FixedKeys fixed = apply_overrides(options.set, root, files, faults);
  Context ctx{catalog, options, root, faults, files.start(), std::move(fixed), {}, {}, {}, true};
  resolve_top(ctx, path, models);
  if (!faults.empty()) return failed(faults);
  ctx.spec.text = files.text();
  return std::move(ctx.spec);
}

}  // namespace

Result<ExperimentSpec> load(const fs::path& path, const Catalog& catalog, const LoadOptions& options) {
  check_scale(options);
  Faults faults;
  Files files(options.root, faults);
  std::optional<Node> root = files.read(path);
  if (!root) return failed(faults);
  if (root->find("schema") == nullptr) {
    faults.add(files.start(), fmt::format("missing key 'schema'; this program reads schema = {}", kSchema));
  }
  return resolve(*root, path, catalog, options, files, faults, Models::kNeeded);
}

Result<ExperimentSpec> load_task(const TaskInfo& task, const Catalog& catalog, const LoadOptions& options) {
  check_scale(options);
  Faults faults;
  Files files(options.root, faults);
  const std::string source = task.has_real ? "source = \"real\"\n" : "";
  const std::string text = fmt::format("schema = {}\n[data]\ntask = \"{}\"\n{}", kSchema, task.name, source);
  std::optional<Node> root = files.read("submission", text);
  if (!root) return failed(faults);
  return resolve(*root, "submission.toml", catalog, options, files, faults, Models::kNone);
}

Json read_card(const fs::path& path) {
  constexpr std::uint64_t kMostBytes = 64u << 10;
  const std::string text = read_file(path, kMostBytes);
  Json card;
  if (path.extension() == ".json") {
    card = parse_json(text, path.string());
  } else {
    Faults faults;
    const Source source{.name = path.string(), .lines = {}};
    const std::optional<Node> tree = parse_toml(text, source, faults);
    if (!faults.empty() || !tree) throw InputError("invalid card\n" + format_diagnostics(faults.diagnostics()));
    card = tree->json();
  }
  if (!card.is_object()) throw InputError(fmt::format("card '{}' must be an object of facts", path.string()));
  return card;
}

Json ExperimentSpec::resolved() const {
  Json json = {{"name", name},           {"title", title},         {"notes", notes},
               {"paper", paper},         {"reruns", reruns},       {"scale", scale},
               {"seeds", seeds},         {"run", run.to_json()},   {"limits", limits.to_json()},
               {"save", save.to_json()}, {"tasks", Json::array()}, {"variants", Json::array()}};
  for (const TaskUse& use : tasks) {
    json["tasks"].push_back({{"task", use.task},
                             {"source", use.source},
                             {"limit", use.limit},
                             {"params", use.params.to_json()},
                             {"split", use.split.to_json()},
                             {"metrics", use.metrics},
                             {"slices", use.slices}});
  }
  for (const Variant& variant : variants) {
    json["variants"].push_back({{"task", tasks.at(variant.task).task},
                                {"model", variant.model},
                                {"label", variant.label},
                                {"variant", variant.variant},
                                {"view", variant.view},
                                {"params", variant.params.to_json()},
                                {"train", variant.train.to_json()},
                                {"control", variant.control}});
    for (const InputFile& file : variant.files) json["variants"].back()["files"][file.name] = file.sha256;
  }
  return json;
}

}  // namespace seqbench::spec
