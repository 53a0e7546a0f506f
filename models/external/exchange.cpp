#include "models/external/exchange.h"

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <system_error>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"

namespace seqbench::models::external {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 1024;          // rows
constexpr std::uint64_t kCellBytes = 64;      // of a prediction
constexpr std::uint64_t kAboutBytes = 64u << 10;

/// Shortest text that reads back as the same value of this type.
template <typename T>
void append(std::string& line, T value) {
  std::array<char, 40> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  line.append(text.data(), end);
}

void append_text(std::string& line, std::string_view text, std::string_view what) {
  if (text.find_first_of("\t\r\n") != std::string_view::npos) {
    throw InputError(fmt::format("a {} holds a tab or line break: {}", what, printable(text, 80)));
  }
  line += text;
}

template <typename T, typename Add>
void append_list(std::string& line, const T* begin, std::int64_t count, const Add& add) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (i > 0) line += ',';
    add(line, begin[i], i);
  }
}

/// The cells of `rows`, without the tab before them.
using Cells = std::vector<std::string>;

Cells cells_of(const TextView& view, std::span<const std::int64_t> rows) {
  Cells out(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) append_text(out[i], view.rows[static_cast<std::size_t>(rows[i])], "text of the view");
  return out;
}

Cells cells_of(const CodeView& view, std::span<const std::int64_t> rows) {
  Cells out(rows.size());
  const at::Tensor codes = view.gather(rows).contiguous();
  const auto* code = codes.const_data_ptr<std::uint8_t>();
  const auto* lengths = view.lengths.const_data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < rows.size(); ++i, code += codes.size(1)) {
    append_list(out[i], code, lengths[rows[i]], [](std::string& line, std::uint8_t c, std::int64_t) { append(line, static_cast<int>(c)); });
  }
  return out;
}

Cells cells_of(const DenseView& view, std::span<const std::int64_t> rows) {
  Cells out(rows.size());
  const at::Tensor values = view.gather(rows);
  const auto* value = values.const_data_ptr<float>();
  for (std::string& line : out) {
    for (std::int64_t f = 0; f < view.features(); ++f) {
      if (f > 0) line += '\t';
      append(line, *value++);
    }
  }
  return out;
}

Cells cells_of(const SetView& view, std::span<const std::int64_t> rows) {
  Cells out(rows.size());
  const auto* offsets = view.offsets.const_data_ptr<std::int64_t>();
  const auto* members = view.members.const_data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int64_t begin = offsets[rows[i]];
    append_list(out[i], members + begin, offsets[rows[i] + 1] - begin,
                [](std::string& line, std::int64_t member, std::int64_t) { append(line, member); });
  }
  return out;
}

Cells cells_of(const BitView& view, std::span<const std::int64_t> rows) {
  Cells out(rows.size());
  const at::Tensor bits = view.gather(rows).contiguous();
  const auto* bit = bits.const_data_ptr<std::uint8_t>();
  for (std::string& line : out) {
    for (std::int64_t i = 0; i < view.height * view.width; ++i) {
      if (*bit++ == 0) continue;
      if (!line.empty()) line += ',';
      append(line, i);
    }
  }
  return out;
}

std::vector<std::string> columns_of(const View& view) {
  if (const auto* dense = std::get_if<DenseView>(&view.data)) {
    std::vector<std::string> names;
    for (std::int64_t f = 0; f < dense->features(); ++f) names.push_back(fmt::format("f{}", f));
    return names;
  }
  return {std::holds_alternative<TextView>(view.data) ? "sequence" : std::holds_alternative<CodeView>(view.data) ? "codes" : "members"};
}

[[noreturn]] void refuse(const fs::path& path, const std::string& why) {
  throw WrongAnswer(fmt::format("{}: {}", path.filename().string(), why));
}

std::uint64_t checked_size(const fs::path& path, std::uint64_t limit) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(path, error))) refuse(path, "the program left no such file");
  if (!fs::is_regular_file(fs::symlink_status(path, error))) refuse(path, "is no regular file");
  const std::uint64_t size = fs::file_size(path, error);
  if (size > limit) refuse(path, fmt::format("{} bytes; at most {} are expected", size, limit));
  return size;
}

}  // namespace

PrivateFolder::PrivateFolder() {
  std::error_code error;
  std::string name = (fs::temp_directory_path(error) / "seqbench-external-XXXXXX").string();
  if (error || ::mkdtemp(name.data()) == nullptr) {
    throw MachineError(fmt::format("cannot make a folder like '{}'; TMPDIR says where", name));
  }
  path_ = name;
}

PrivateFolder::~PrivateFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::vector<std::string> numbered(const std::string& name, std::int64_t count) {
  if (count == 1) return {name};
  std::vector<std::string> names;
  for (std::int64_t i = 1; i <= count; ++i) names.push_back(fmt::format("{}_{}", name, i));
  return names;
}

Json describe_view(const View& view) {
  Json json = {{"name", view.name}, {"columns", columns_of(view)}};
  if (std::holds_alternative<TextView>(view.data)) json["form"] = "text";
  if (const auto* codes = std::get_if<CodeView>(&view.data)) {
    json.update({{"form", "codes"}, {"symbols", codes->symbols}, {"length", codes->length()}});
  } else if (const auto* dense = std::get_if<DenseView>(&view.data)) {
    json.update({{"form", "dense"}, {"features", dense->features()}});
  } else if (const auto* set = std::get_if<SetView>(&view.data)) {
    json.update({{"form", "set"}, {"features", set->features}});
  } else if (const auto* bits = std::get_if<BitView>(&view.data)) {
    json.update({{"form", "set"}, {"features", bits->height * bits->width}, {"height", bits->height}, {"width", bits->width}});
  }
  return json;
}

void write_part(const Part& part, const View& view, std::span<const std::string> ids, std::int64_t targets,
                const std::function<void()>& between) {
  std::ofstream file(part.path, std::ios::binary);
  std::vector<std::string> header = {"id"};
  std::ranges::move(columns_of(view), std::back_inserter(header));
  if (part.labelled) {
    std::ranges::move(numbered("label", targets), std::back_inserter(header));
    header.emplace_back("weight");
  }
  file << join(header, "\t") << '\n';
  for (std::size_t begin = 0; begin < part.rows.size(); begin += kBlock) {
    between();
    const auto rows = part.rows.subspan(begin, std::min(kBlock, part.rows.size() - begin));
    const Cells cells = std::visit([&](const auto& data) { return cells_of(data, rows); }, view.data);
    std::string text;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      append_text(text, ids[static_cast<std::size_t>(rows[i])], "row's id");
      text += '\t' + cells[i];
      for (std::size_t t = 0; part.labelled && t < static_cast<std::size_t>(targets); ++t) {
        append(text += '\t', part.targets[(begin + i) * static_cast<std::size_t>(targets) + t]);
      }
      if (part.labelled) append(text += '\t', part.weights[begin + i]);
      text += '\n';
    }
    file << text;
  }
  if (!file.flush()) throw MachineError(fmt::format("cannot write '{}': is the disk full?", part.path.string()));
}

void read_predictions(const fs::path& path, std::span<const std::string> ids, std::int64_t targets,
                      CollectedPredictions& predictions) {
  std::uint64_t limit = 4096;
  for (const std::string& id : ids) limit += id.size() + 2 + kCellBytes * static_cast<std::uint64_t>(targets);
  static_cast<void>(checked_size(path, limit));
  std::ifstream file(path, std::ios::binary);
  std::vector<std::string> header = {"id"};
  std::ranges::move(numbered("prediction", targets), std::back_inserter(header));
  const std::string wanted = join(header, "\t");
  std::string text;
  for (std::int64_t number = 1; std::getline(file, text); ++number) {
    if (text.ends_with('\r')) text.pop_back();
    if (number == 1 && text != wanted) {
      refuse(path, fmt::format("expected the columns {}, got '{}'", join(header, ", "), printable(text)));
    }
    if (number == 1) continue;
    const std::vector<std::string_view> cells = split(text, '\t');
    try {
      predictions.add(cells[0], std::span(cells).subspan(1));
    } catch (const InputError& error) {
      throw WrongAnswer(fmt::format("{}:{}: {}", path.filename().string(), number, error.what()));
    }
  }
  try {
    predictions.check_complete();
  } catch (const InputError& error) {
    refuse(path, error.what());
  }
}

std::vector<Setting> read_about(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(path, error))) return {};
  static_cast<void>(checked_size(path, kAboutBytes));
  std::vector<Setting> facts;
  try {
    const Json about = parse_json(read_file(path, kAboutBytes), path.filename().string());
    if (!about.is_object()) refuse(path, "must be an object of texts and numbers");
    for (const auto& [name, value] : about.items()) {
      if (value.is_string()) facts.push_back({printable(name, 60), printable(value.get<std::string>())});
      else if (value.is_boolean()) facts.push_back({printable(name, 60), value.get<bool>()});
      else if (value.is_number_integer()) facts.push_back({printable(name, 60), value.get<std::int64_t>()});
      else if (value.is_number()) facts.push_back({printable(name, 60), value.get<double>()});
      else refuse(path, fmt::format("'{}' must be a text or a number", printable(name, 60)));
    }
  } catch (const InputError& wrong) {
    throw WrongAnswer(wrong.what());
  }
  return facts;
}

}  // namespace seqbench::models::external
