#include "models/blocks/contacts.h"

#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"

namespace seqbench::models {
namespace contacts {
namespace {

Contact parse(std::string_view line, std::int64_t positions, const std::string& place) {
  const std::vector<std::string_view> fields = split(line, '\t');
  const auto position = [&](std::size_t field) {
    return field < fields.size() ? parse_int(fields[field]) : std::nullopt;
  };
  const std::optional<std::int64_t> i = position(0), j = position(1);
  if (fields.size() != 2 || !i || !j) {
    throw InputError(fmt::format("{}: expected two positions with a tab between them, got '{}'", place, printable(line)));
  }
  for (const std::int64_t one : {*i, *j}) {
    if (one < 0 || one >= positions) {
      throw InputError(fmt::format("{}: position {} is not one of 0 to {}", place, one, positions - 1));
    }
  }
  if (*i == *j) throw InputError(fmt::format("{}: position {} against itself", place, *i));
  return std::minmax(*i, *j);
}

}  // namespace
}  // namespace contacts

std::vector<Contact> read_contacts(const std::filesystem::path& path, std::int64_t positions) {
  const std::string text = read_file(path);
  std::set<Contact> found;
  std::vector<std::string_view> lines = split(text, '\n');
  if (lines.back().empty()) lines.pop_back();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with('#')) continue;
    const std::string place = fmt::format("{}:{}", path.string(), i + 1);
    const Contact contact = contacts::parse(lines[i], positions, place);
    if (!found.insert(contact).second) {
      throw InputError(fmt::format("{}: {} and {} a second time", place, contact.first, contact.second));
    }
  }
  if (found.empty()) throw InputError(fmt::format("{}: no contacts", path.string()));
  return {found.begin(), found.end()};
}

ParamSpec contacts_param(const char* without) {
  return {.name = "contacts",
          .fallback = std::vector<std::string>{},
          .help = fmt::format("a file of lines `i TAB j`, positions from 0 that touch; models/nn4dms/contacts has avGFP's at 7 A; none: {}",
                              without),
          .choices = {},
          .files = FileWords::kAll};
}

std::vector<Contact> contacts_of(const Params& params, std::int64_t positions, const char* model) {
  const std::vector<std::string>& files = params.texts("contacts");
  if (files.size() > 1) throw InputError(fmt::format("{}: 'contacts' names {} files, expected one or none", model, files.size()));
  return files.empty() ? std::vector<Contact>{} : read_contacts(files.front(), positions);
}

std::vector<Contact> chain_contacts(std::int64_t positions, std::int64_t window) {
  std::vector<Contact> chain;
  for (std::int64_t i = 0; i < positions; ++i) {
    for (std::int64_t j = i + 1; j <= std::min(i + window, positions - 1); ++j) chain.emplace_back(i, j);
  }
  return chain;
}

at::Tensor touching(const std::vector<Contact>& contacts, std::int64_t positions) {
  at::Tensor touching = at::zeros({positions, positions}, at::kFloat);
  auto* values = touching.mutable_data_ptr<float>();
  for (const auto& [i, j] : contacts) values[i * positions + j] = values[j * positions + i] = 1;
  return touching;
}

at::Tensor mean_over_contacts(const std::vector<Contact>& contacts, std::int64_t positions) {
  at::Tensor means = touching(contacts, positions);
  return means.div_(means.sum(1, true).clamp_min(1));
}

}  // namespace seqbench::models
