#include "harness/tensors/torch_archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::tensors {
namespace {

using Kind = PickleNode::Kind;

/// A pickle of the number 0x1950a86a20f9469cfc6c: how files before torch 1.6 begin.
constexpr std::string_view kLegacy = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
constexpr std::string_view kPickle = "data.pkl";
constexpr std::size_t kMaxTensors = 1u << 16, kMaxName = 1024;

bool holds_tensors(const Pickle& pickle, const PickleNode& dict) {
  for (std::size_t i = 1; dict.kind == Kind::kDict && i < dict.items.size(); i += 2) {
    if (pickle.nodes[dict.items[i]].kind == Kind::kTensor) return true;
  }
  return false;
}

/// The dict whose values are the weights: the outermost, or one step below it. Of a key given twice the last counts, as
/// in Python: to look into each would take time with the square of the file.
const PickleNode& state_dict(const Pickle& pickle) {
  const PickleNode& root = pickle.nodes[pickle.root];
  if (holds_tensors(pickle, root)) return root;
  for (const std::string_view name : {"state_dict", "model"}) {
    for (std::size_t i = root.kind == Kind::kDict ? root.items.size() : 0; i > 0; i -= 2) {
      const PickleNode &key = pickle.nodes[root.items[i - 2]], &value = pickle.nodes[root.items[i - 1]];
      if (key.kind != Kind::kText || key.text != name) continue;
      if (holds_tensors(pickle, value)) return value;
      break;
    }
  }
  return root;
}

bool is_contiguous(const PickledView& view) {
  std::int64_t expected = 1;
  for (std::size_t i = view.shape.size(); i > 0; --i) {
    if (view.shape[i - 1] == 1) continue;
    if (view.strides[i - 1] != expected) return false;
    expected *= view.shape[i - 1];
  }
  return true;
}

/// Elements between the view's first and its last, both included. The view is not empty and lies in its storage.
std::int64_t span_of(const PickledView& view) {
  std::int64_t span = 1;
  for (std::size_t i = 0; i < view.shape.size(); ++i) span += (view.shape[i] - 1) * view.strides[i];
  return span;
}

}  // namespace

TorchArchive::TorchArchive(const std::filesystem::path& path) : path_(path.string()), file_(path) {
  const std::string_view bytes = file_.bytes();
  if (bytes.starts_with(kLegacy)) {
    fail("the format of torch before 1.6, which is not read: load it in Python with weights_only=True and save it again, "
         "better as safetensors");
  }
  members_ = zip_members(bytes, path_);
  find_top();
  const std::string_view order = member("byteorder", false);
  if (!order.empty() && order != "little") fail(fmt::format("byteorder must be little, got {}", printable(order)));
  take_tensors(read_pickle(member(std::string(kPickle), true), path_));
}

void TorchArchive::fail(const std::string& why) const { throw InputError(path_ + ": " + why); }

/// The member's bytes; empty where it is absent and not required.
std::string_view TorchArchive::member(const std::string& name, bool required) const {
  const std::string whole = top_ + name;
  const auto found = std::ranges::lower_bound(members_, whole, {}, &ZipMember::name);
  if (found != members_.end() && found->name == whole) return file_.bytes().substr(found->begin, found->size);
  if (required) fail(fmt::format("the archive lacks '{}'", printable(whole)));
  return {};
}

void TorchArchive::find_top() {
  if (members_.empty()) fail("an empty zip archive");
  top_ = members_.front().name.substr(0, members_.front().name.find('/') + 1);
  for (const ZipMember& one : members_) {
    if (top_.empty() || !one.name.starts_with(top_)) fail("a zip archive, but not one that torch.save makes");
    if (one.name == top_ + "constants.pkl") fail("a TorchScript program, expected a state dict");
  }
}

void TorchArchive::take_tensors(const Pickle& pickle) {
  const PickleNode& dict = state_dict(pickle);
  if (dict.kind != Kind::kDict) fail("it holds no dict of tensors");
  for (std::size_t i = 0; i < dict.items.size(); i += 2) {
    take_tensor(pickle, pickle.nodes[dict.items[i]], pickle.nodes[dict.items[i + 1]]);
  }
  std::vector<std::size_t> order(infos_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [this](std::size_t i) -> const std::string& { return infos_[i].name; });
  std::vector<TensorInfo> infos;
  std::vector<PickledView> views;
  for (const std::size_t i : order) {
    if (!infos.empty() && infos.back().name == infos_[i].name) fail(fmt::format("'{}' is there twice", printable(infos_[i].name)));
    infos.push_back(infos_[i]);
    views.push_back(views_[i]);
  }
  infos_ = std::move(infos);
  views_ = std::move(views);
}

void TorchArchive::take_tensor(const Pickle& pickle, const PickleNode& key, const PickleNode& value) {
  if (key.kind != Kind::kText) fail("a key of its dict is no text");
  // One long text can be the key of every tensor, and is copied for each.
  if (key.text.size() > kMaxName) fail(fmt::format("a name of {} bytes, at most {} are read", key.text.size(), kMaxName));
  if (value.kind != Kind::kTensor) fail(fmt::format("'{}' is no tensor", printable(key.text)));
  if (infos_.size() == kMaxTensors) fail(fmt::format("more than {} tensors", kMaxTensors));
  const PickledView& view = pickle.views[static_cast<std::size_t>(value.integer)];
  if (view.key.empty() || view.key.find('/') != view.key.npos) fail(fmt::format("no storage is called '{}'", printable(view.key)));
  const std::string_view bytes = storage(view);
  const auto elements = static_cast<std::uint64_t>(view.storage_elements);
  if (bytes.size() / view.dtype->bytes != elements) {
    fail(fmt::format("the storage of '{}' has {} bytes, expected {} elements of {}", printable(key.text), bytes.size(),
                     elements, view.dtype->name));
  }
  infos_.push_back({std::string(key.text), view.dtype->type, view.shape});
  views_.push_back(view);
}

std::string_view TorchArchive::storage(const PickledView& view) const {
  return member("data/" + std::string(view.key), true);
}

at::Tensor TorchArchive::read(std::string_view name) const {
  const auto found = std::ranges::lower_bound(infos_, name, {}, &TensorInfo::name);
  if (found == infos_.end() || found->name != name) fail(fmt::format("there is no tensor '{}'", printable(name)));
  const PickledView& view = views_[static_cast<std::size_t>(found - infos_.begin())];
  const std::string place = fmt::format("{}: '{}'", path_, printable(name));
  const std::uint64_t bytes = bytes_of(view.shape, view.dtype->bytes).value();
  if (bytes == 0) return tensor_of({}, *view.dtype, view.shape, place);
  const std::string_view from = storage(view).substr(static_cast<std::size_t>(view.offset) * view.dtype->bytes);
  if (is_contiguous(view)) return tensor_of(from.substr(0, bytes), *view.dtype, view.shape, place);
  const std::array<std::int64_t, 1> span = {span_of(view)};
  // The mapping need not be aligned, so the part that the view spans is copied before torch sees it.
  const at::Tensor flat = tensor_of(from.substr(0, static_cast<std::size_t>(span[0]) * view.dtype->bytes), *view.dtype, span, place);
  return flat.as_strided(view.shape, view.strides, 0).contiguous();
}

}  // namespace seqbench::tensors
