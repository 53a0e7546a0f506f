#pragma once
// Which positions of a sequence touch one another.

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

#include "harness/base/params.h"

namespace seqbench::models {

using Contact = std::pair<std::int64_t, std::int64_t>;

/// A file of lines `i TAB j`, positions from 0, each pair once and in any order; lines that begin with # are notes.
/// Throws InputError "PATH:LINE: ..." for anything else, a position against itself or outside 0 ... positions-1.
[[nodiscard]] std::vector<Contact> read_contacts(const std::filesystem::path& path, std::int64_t positions);
/// The parameter "contacts": such a file, or none. `without`: what the model does then, for the help.
[[nodiscard]] ParamSpec contacts_param(const char* without);
/// Of the file that "contacts" names; empty where it names none. InputError, led by `model`, for several files.
[[nodiscard]] std::vector<Contact> contacts_of(const Params& params, std::int64_t positions, const char* model);
/// Neighbours in the sequence, up to `window` apart.
[[nodiscard]] std::vector<Contact> chain_contacts(std::int64_t positions, std::int64_t window);
/// f32 [positions, positions]: 1 where two touch, else 0.
[[nodiscard]] at::Tensor touching(const std::vector<Contact>& contacts, std::int64_t positions);
/// f32 [positions, positions]: row i times values is the mean over i's contacts, 0 where there are none.
[[nodiscard]] at::Tensor mean_over_contacts(const std::vector<Contact>& contacts, std::int64_t positions);

}  // namespace seqbench::models
