#include "models/pretrained/embedding_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/json.h"

namespace seqbench::models {
namespace embedding_file {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "seqbench rows 1\n";
constexpr std::size_t kBlock = 4096;
constexpr double kNoteSeconds = 5;

std::string first_block(const RowFile& file, const std::string& sha256) {
  const Json json = {{"key", file.key}, {"rows", file.rows}, {"row_bytes", file.row_bytes}, {"sha256", sha256}};
  std::string block = std::string(kMagic) + json.dump() + "\n";
  SEQBENCH_ASSERT(block.size() <= kBlock, "a key is short");
  block.resize(kBlock, '\0');
  return block;
}

std::string hex(Sha256 hash) {
  const Sha256Digest digest = hash.finish();
  return to_hex(digest.data(), digest.size());
}

/// What notes say is safe: rows and their hash; no rows where they are torn or of another table.
std::pair<std::int64_t, std::string> read_notes(const fs::path& path, const RowFile& file) {
  try {
    const Json json = parse_json(read_file(path, kBlock), "notes");
    if (json.at("key") != file.key) return {};
    return {json.at("rows").get<std::int64_t>(), json.at("sha256").get<std::string>()};
  } catch (const InputError&) {
  } catch (const Json::exception&) {
  }
  return {};
}

/// Adds the first `bytes` after the block to the hash; false where the file is shorter.
bool hash_part(int descriptor, std::int64_t bytes, Sha256& hash) {
  std::string buffer(1 << 20, '\0');
  for (std::int64_t at = 0; at < bytes;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(bytes - at, static_cast<std::int64_t>(buffer.size())));
    const ssize_t got = ::pread(descriptor, buffer.data(), wanted, static_cast<off_t>(kBlock) + at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    hash.update(buffer.data(), static_cast<std::size_t>(got));
    at += got;
  }
  return true;
}

void sync_folder_of(const fs::path& path) {
  const int folder = ::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  ::fsync(folder);
  ::close(folder);
}

}  // namespace
}  // namespace embedding_file

std::unique_ptr<tensors::MappedFile> open_rows(const RowFile& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file.path, error)) return nullptr;
  auto mapped = std::make_unique<tensors::MappedFile>(file.path);
  const std::string_view bytes = mapped->bytes();
  const auto size = static_cast<std::size_t>(file.rows * file.row_bytes);
  if (bytes.size() != embedding_file::kBlock + size || !bytes.starts_with(embedding_file::kMagic)) return nullptr;
  const std::string_view text = bytes.substr(embedding_file::kMagic.size(), embedding_file::kBlock - embedding_file::kMagic.size());
  try {
    const Json json = parse_json(text.substr(0, text.find('\n')), "rows");
    const bool same = json.at("key") == file.key && json.at("rows") == file.rows && json.at("row_bytes") == file.row_bytes &&
                      json.at("sha256").get<std::string>().size() == 64;
    return same ? std::move(mapped) : nullptr;
  } catch (const InputError&) {
  } catch (const Json::exception&) {
  }
  return nullptr;
}

std::string_view rows_in(const tensors::MappedFile& mapped) { return mapped.bytes().substr(embedding_file::kBlock); }

std::int64_t rows_noted(const RowFile& file) { return embedding_file::read_notes(file.path.string() + ".done", file).first; }

RowWriter::RowWriter(RowFile file)
    : file_(std::move(file)), part_(file_.path.string() + ".part"), notes_(file_.path.string() + ".done") {
  descriptor_.value = ::open(part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_.value < 0) fail("cannot be made");
  take_up();
  noted_at_ = monotonic_seconds();
}

RowWriter::~RowWriter() {
  try {
    if (!finished_) note();
  } catch (const MachineError&) {  // what was noted before holds
  }
}

RowWriter::Descriptor::~Descriptor() {
  if (value >= 0) ::close(value);
}

void RowWriter::take_up() {
  const auto [rows, sha256] = embedding_file::read_notes(notes_, file_);
  Sha256 hash;
  const bool whole = rows > 0 && rows <= file_.rows && embedding_file::hash_part(descriptor_.value, rows * file_.row_bytes, hash) &&
                     embedding_file::hex(hash) == sha256;
  if (!whole) return restart();
  hash_ = hash;
  done_ = rows;
  const auto end = static_cast<off_t>(embedding_file::kBlock) + rows * file_.row_bytes;
  if (::ftruncate(descriptor_.value, end) != 0) fail("cannot be cut");
}

void RowWriter::restart() {
  std::error_code ignored;
  std::filesystem::remove(notes_, ignored);
  hash_ = Sha256();
  done_ = 0;
  if (::ftruncate(descriptor_.value, 0) != 0 || ::ftruncate(descriptor_.value, embedding_file::kBlock) != 0) fail("cannot be cut");
}

void RowWriter::append(std::string_view rows) {
  const auto count = static_cast<std::int64_t>(rows.size()) / file_.row_bytes;
  SEQBENCH_ASSERT(static_cast<std::int64_t>(rows.size()) == count * file_.row_bytes && done_ + count <= file_.rows, "whole rows, no more than meant");
  write_at(embedding_file::kBlock + static_cast<std::uint64_t>(done_ * file_.row_bytes), rows);
  hash_.update(rows);
  done_ += count;
  if (monotonic_seconds() - noted_at_ >= embedding_file::kNoteSeconds) note();
}

/// Rows first, then the note of them: a note never says more than the disk holds.
void RowWriter::note() {
  if (::fdatasync(descriptor_.value) != 0) fail("cannot be written");
  const Json json = {{"key", file_.key}, {"rows", done_}, {"sha256", embedding_file::hex(hash_)}};
  write_file_atomically(notes_, json.dump() + "\n");
  noted_at_ = monotonic_seconds();
}

void RowWriter::finish() {
  SEQBENCH_ASSERT(done_ == file_.rows, "all rows are there");
  write_at(0, embedding_file::first_block(file_, embedding_file::hex(hash_)));
  if (::fsync(descriptor_.value) != 0) fail("cannot be written");
  if (::rename(part_.c_str(), file_.path.c_str()) != 0) fail("cannot be renamed");
  embedding_file::sync_folder_of(file_.path);
  std::error_code ignored;
  std::filesystem::remove(notes_, ignored);
  finished_ = true;
}

void RowWriter::write_at(std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_.value, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail("cannot be written");
    offset += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void RowWriter::fail(const char* what) const {
  throw MachineError(fmt::format("{}: {}: {}", part_.string(), what, std::generic_category().message(errno)));
}

}  // namespace seqbench::models
