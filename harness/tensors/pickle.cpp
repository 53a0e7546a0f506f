#include "harness/tensors/pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace seqbench::tensors {
namespace {

using Kind = PickleNode::Kind;
using Ref = std::uint32_t;

constexpr std::size_t kMaxBytes = 32u << 20, kMaxNodes = 1u << 20, kMaxMemo = 1u << 20, kMaxText = 1u << 16;
constexpr std::size_t kMaxStack = 1u << 20, kMaxMarks = 1u << 10;
constexpr std::size_t kMaxTensors = 1u << 16, kMaxDimensions = 64, kMaxGlobal = 256;
constexpr std::uint64_t kMaxExpanded = 64u << 20;  // bytes of a view larger than its storage (stride 0)
constexpr Ref kUnset = 0xFFFFFFFF;

enum Global : std::int64_t { kOrderedDict, kRebuildTensor, kRebuildParameter, kStorageClass };

struct Storage {
  std::string_view name;
  at::ScalarType type;
};
constexpr std::array<Storage, 10> kStorages = {{{"FloatStorage", at::kFloat},
                                                {"HalfStorage", at::kHalf},
                                                {"BFloat16Storage", at::kBFloat16},
                                                {"DoubleStorage", at::kDouble},
                                                {"LongStorage", at::kLong},
                                                {"IntStorage", at::kInt},
                                                {"ShortStorage", at::kShort},
                                                {"CharStorage", at::kChar},
                                                {"ByteStorage", at::kByte},
                                                {"BoolStorage", at::kBool}}};

/// The nodes that stand for what is allowed; nothing else is a global.
std::optional<PickleNode> global_node(std::string_view module, std::string_view name) {
  const auto node = [](Global which) { return PickleNode{.kind = Kind::kGlobal, .integer = which}; };
  if (module == "collections" && name == "OrderedDict") return node(kOrderedDict);
  if (module == "torch._utils" && name == "_rebuild_tensor_v2") return node(kRebuildTensor);
  if (module == "torch._utils" && name == "_rebuild_parameter") return node(kRebuildParameter);
  const auto storage = std::ranges::find(kStorages, name, &Storage::name);
  if (module != "torch" || storage == kStorages.end()) return std::nullopt;
  PickleNode found = node(kStorageClass);
  found.dtype = find_dtype(storage->type);
  return found;
}

class Machine {
 public:
  Machine(std::string_view bytes, const std::string& path) : bytes_(bytes), path_(path) {}
  Pickle run();

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw InputError(fmt::format("{}: data.pkl, byte {}: {}", path_, op_, why));
  }
  [[nodiscard]] std::string_view take(std::size_t count) {
    if (bytes_.size() - at_ < count) fail("the pickle is cut short");
    return bytes_.substr(std::exchange(at_, at_ + count), count);
  }
  template <typename T>
  [[nodiscard]] T number() {
    T value{};
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  [[nodiscard]] std::string_view line();

  void push(PickleNode node) {
    if (pickle_.nodes.size() == kMaxNodes) fail(fmt::format("more than {} objects", kMaxNodes));
    pickle_.nodes.push_back(std::move(node));
    hold(static_cast<Ref>(pickle_.nodes.size() - 1));
  }
  void hold(Ref ref) {
    if (stack_.size() == kMaxStack) fail(fmt::format("more than {} values on the stack", kMaxStack));
    stack_.push_back(ref);
  }
  void push_int(std::int64_t value) { push({.kind = Kind::kInt, .integer = value}); }
  [[nodiscard]] PickleNode& node(Ref ref) { return pickle_.nodes[ref]; }
  [[nodiscard]] std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  [[nodiscard]] Ref top() const {
    if (stack_.size() <= floor()) fail("the stack is empty");
    return stack_.back();
  }
  Ref pop() {
    const Ref ref = top();
    stack_.pop_back();
    return ref;
  }
  void mark() {
    if (marks_.size() == kMaxMarks) fail(fmt::format("nested more than {} deep", kMaxMarks));
    marks_.push_back(stack_.size());
  }
  std::vector<Ref> pop_mark();
  void push_tuple(std::size_t count);

  bool step(unsigned char opcode);  // whether to go on
  bool step_value(unsigned char opcode);
  bool step_container(unsigned char opcode);
  bool step_memo(unsigned char opcode);
  bool step_call(unsigned char opcode);

  void put(std::size_t index);
  void get(std::size_t index);
  void text(std::size_t length);
  void long1();
  void extend(Ref target, Kind kind, const std::vector<Ref>& items);
  void global();
  void persistent_id();
  void reduce();
  void build();
  void rebuild_tensor(const std::vector<Ref>& arguments);
  [[nodiscard]] std::vector<std::int64_t> counts(Ref ref, const char* what);
  void check(const PickledView& view) const;

  std::string_view bytes_;
  const std::string& path_;
  std::size_t at_ = 0, op_ = 0;
  std::vector<Ref> stack_, memo_;
  std::vector<std::size_t> marks_;
  Pickle pickle_;
};

std::string_view Machine::line() {
  const std::size_t end = bytes_.substr(at_, kMaxGlobal + 1).find('\n');
  if (end == std::string_view::npos) fail("a global's name does not end");
  const std::string_view text = take(end);
  ++at_;
  return text;
}

std::vector<Ref> Machine::pop_mark() {
  if (marks_.empty()) fail("no mark on the stack");
  const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<Ref> items(begin, stack_.end());
  stack_.erase(begin, stack_.end());
  marks_.pop_back();
  return items;
}

void Machine::push_tuple(std::size_t count) {
  std::vector<Ref> items(count);
  for (std::size_t i = count; i > 0; --i) items[i - 1] = pop();
  push({.kind = Kind::kTuple, .items = std::move(items)});
}

void Machine::put(std::size_t index) {
  if (index >= kMaxMemo) fail(fmt::format("memo place {}, at most {} are kept", index, kMaxMemo));
  if (index >= memo_.size()) memo_.resize(index + 1, kUnset);
  memo_[index] = top();
}

void Machine::get(std::size_t index) {
  if (index >= memo_.size() || memo_[index] == kUnset) fail(fmt::format("nothing was put into memo place {}", index));
  hold(memo_[index]);
}

void Machine::text(std::size_t length) {
  if (length > kMaxText) fail(fmt::format("a text of {} bytes, at most {} are read", length, kMaxText));
  const std::string_view text = take(length);
  if (!is_valid_utf8(text)) fail("a text is not UTF-8");
  push({.kind = Kind::kText, .text = text});
}

/// Little-endian two's complement of any length; 8 bytes are all that a size can need.
void Machine::long1() {
  const auto count = number<std::uint8_t>();
  if (count > 8) fail(fmt::format("an integer of {} bytes, at most 8 are read", count));
  const std::string_view digits = take(count);
  std::uint64_t value = count > 0 && (digits.back() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  if (count > 0) std::memcpy(&value, digits.data(), count);
  push_int(static_cast<std::int64_t>(value));
}

void Machine::extend(Ref target, Kind kind, const std::vector<Ref>& items) {
  PickleNode& container = node(target);
  if (container.kind != kind) fail("items for what does not hold them");
  if (kind == Kind::kDict && items.size() % 2 != 0) fail("a key without value");
  container.items.insert(container.items.end(), items.begin(), items.end());
}

void Machine::global() {
  const std::string_view module = line(), name = line();
  std::optional<PickleNode> found = global_node(module, name);
  if (!found) {
    fail(fmt::format("it wants '{}.{}', and weights need no more than tensors of known types; nothing of it was run",
                     printable(module), printable(name)));
  }
  push(std::move(*found));
}

/// ('storage', class, key, location, elements)
void Machine::persistent_id() {
  const Ref popped = pop();
  const std::vector<Ref>& parts = node(popped).items;
  const auto is = [&](std::size_t i, Kind kind) { return node(parts[i]).kind == kind; };
  const bool known = node(popped).kind == Kind::kTuple && parts.size() == 5 && is(0, Kind::kText) &&
                     node(parts[0]).text == "storage" && is(1, Kind::kGlobal) &&
                     node(parts[1]).integer == kStorageClass && is(2, Kind::kText) && is(3, Kind::kText) &&
                     is(4, Kind::kInt) && node(parts[4]).integer >= 0;
  if (!known) fail("a persistent id that is no storage");
  push({.kind = Kind::kStorage, .integer = node(parts[4]).integer, .text = node(parts[2]).text,
        .dtype = node(parts[1]).dtype});
}

/// REDUCE and NEWOBJ: callee and argument tuple.
void Machine::reduce() {
  const Ref tuple = pop(), callee = pop();
  if (node(callee).kind != Kind::kGlobal || node(tuple).kind != Kind::kTuple) fail("a call of what is no function");
  const std::vector<Ref> arguments = node(tuple).items;
  switch (node(callee).integer) {
    case kOrderedDict:
      if (!arguments.empty()) fail("an OrderedDict with arguments");
      return push({.kind = Kind::kDict});
    case kRebuildTensor: return rebuild_tensor(arguments);
    case kRebuildParameter:
      if (arguments.size() != 3 || node(arguments[0]).kind != Kind::kTensor) fail("a parameter of what is no tensor");
      return hold(arguments[0]);
    default: fail("a call of a storage's class");
  }
}

std::vector<std::int64_t> Machine::counts(Ref ref, const char* what) {
  const PickleNode& tuple = node(ref);
  if (tuple.kind != Kind::kTuple || tuple.items.size() > kMaxDimensions) {
    fail(fmt::format("a tensor's {} must be a tuple of at most {} integers", what, kMaxDimensions));
  }
  std::vector<std::int64_t> values;
  for (const Ref item : tuple.items) {
    if (node(item).kind != Kind::kInt || node(item).integer < 0) fail(fmt::format("a tensor's {} must be from 0", what));
    values.push_back(node(item).integer);
  }
  return values;
}

/// (storage, offset, size, stride, requires_grad, hooks[, metadata])
void Machine::rebuild_tensor(const std::vector<Ref>& arguments) {
  if (arguments.size() != 6 && arguments.size() != 7) fail("a tensor of another kind than torch writes");
  const PickleNode storage = node(arguments[0]), offset = node(arguments[1]);
  if (storage.kind != Kind::kStorage) fail("a tensor without storage");
  if (offset.kind != Kind::kInt || offset.integer < 0) fail("a tensor's offset must be from 0");
  if (pickle_.views.size() == kMaxTensors) fail(fmt::format("more than {} tensors", kMaxTensors));
  PickledView view{storage.dtype,  storage.text, storage.integer,
                   offset.integer, counts(arguments[2], "size"), counts(arguments[3], "stride")};
  check(view);
  pickle_.views.push_back(std::move(view));
  push({.kind = Kind::kTensor, .integer = static_cast<std::int64_t>(pickle_.views.size() - 1)});
}

void Machine::check(const PickledView& view) const {
  if (view.shape.size() != view.strides.size()) fail("a tensor's size and stride differ in length");
  const std::optional<std::uint64_t> bytes = bytes_of(view.shape, view.dtype->bytes);
  if (!bytes) fail("a tensor's size overflows");
  if (*bytes == 0) return;
  std::int64_t last = view.offset, reach = 0;
  for (std::size_t i = 0; i < view.shape.size(); ++i) {
    if (__builtin_mul_overflow(view.shape[i] - 1, view.strides[i], &reach) || __builtin_add_overflow(last, reach, &last)) {
      fail("a tensor's offset and strides overflow");
    }
  }
  if (last >= view.storage_elements) {
    fail(fmt::format("a tensor reaches to element {} of a storage of {}", last, view.storage_elements));
  }
  const auto elements = static_cast<std::uint64_t>(view.storage_elements);
  if (*bytes > kMaxExpanded && *bytes / view.dtype->bytes > elements) {
    fail(fmt::format("a tensor of {} bytes over a storage of {} elements", *bytes, elements));
  }
}

/// State of an OrderedDict is `_metadata`, the versions of modules: of no use here.
void Machine::build() {
  static_cast<void>(pop());
  if (node(top()).kind != Kind::kDict) fail("a state for what is no dict");
}

bool Machine::step_value(unsigned char opcode) {
  switch (opcode) {
    case 'N': push({}); return true;
    case 0x88: push({.kind = Kind::kBool, .integer = 1}); return true;
    case 0x89: push({.kind = Kind::kBool}); return true;
    case 'J': push_int(number<std::int32_t>()); return true;
    case 'K': push_int(number<std::uint8_t>()); return true;
    case 'M': push_int(number<std::uint16_t>()); return true;
    case 0x8a: long1(); return true;
    case 'G': static_cast<void>(take(8)); push({.kind = Kind::kFloat}); return true;
    case 'X': text(number<std::uint32_t>()); return true;
    case 'U': text(number<std::uint8_t>()); return true;
    default: return false;
  }
}

bool Machine::step_container(unsigned char opcode) {
  const auto one = [this](Kind kind, std::size_t count) {  // SETITEM, APPEND
    std::vector<Ref> items(count);
    for (std::size_t i = count; i > 0; --i) items[i - 1] = pop();
    extend(top(), kind, items);
  };
  const auto many = [this](Kind kind) {
    const std::vector<Ref> items = pop_mark();
    extend(top(), kind, items);
  };
  switch (opcode) {
    case '(': mark(); return true;
    case '}': push({.kind = Kind::kDict}); return true;
    case ']': push({.kind = Kind::kList}); return true;
    case ')': push({.kind = Kind::kTuple}); return true;
    case 0x8f: push({.kind = Kind::kSet}); return true;
    case 't': push({.kind = Kind::kTuple, .items = pop_mark()}); return true;
    case 0x85: push_tuple(1); return true;
    case 0x86: push_tuple(2); return true;
    case 0x87: push_tuple(3); return true;
    case 's': one(Kind::kDict, 2); return true;
    case 'u': many(Kind::kDict); return true;
    case 'a': one(Kind::kList, 1); return true;
    case 'e': many(Kind::kList); return true;
    default: return false;
  }
}

bool Machine::step_memo(unsigned char opcode) {
  switch (opcode) {
    case 'q': put(number<std::uint8_t>()); return true;
    case 'r': put(number<std::uint32_t>()); return true;
    case 'h': get(number<std::uint8_t>()); return true;
    case 'j': get(number<std::uint32_t>()); return true;
    default: return false;
  }
}

bool Machine::step_call(unsigned char opcode) {
  switch (opcode) {
    case 'c': global(); return true;
    case 'R':
    case 0x81: reduce(); return true;
    case 'b': build(); return true;
    case 'Q': persistent_id(); return true;
    default: return false;
  }
}

bool Machine::step(unsigned char opcode) {
  if (opcode == '.') return false;
  if (!step_memo(opcode) && !step_value(opcode) && !step_container(opcode) && !step_call(opcode)) {
    fail(fmt::format("opcode 0x{:02x}, which no state dict needs", opcode));
  }
  return true;
}

Pickle Machine::run() {
  if (bytes_.size() > kMaxBytes) fail(fmt::format("{} bytes, at most {} are read", bytes_.size(), kMaxBytes));
  if (number<std::uint8_t>() != 0x80) fail("it does not begin as a pickle");
  if (const auto protocol = number<std::uint8_t>(); protocol != 2) fail(fmt::format("protocol {}, expected 2", protocol));
  do {
    op_ = at_;
  } while (step(number<std::uint8_t>()));
  if (at_ != bytes_.size()) fail("bytes after the end");
  if (!marks_.empty() || stack_.size() != 1) fail("it ends with other than one value");
  pickle_.root = stack_.front();
  return std::move(pickle_);
}

}  // namespace

Pickle read_pickle(std::string_view bytes, const std::string& path) { return Machine(bytes, path).run(); }

}  // namespace seqbench::tensors
