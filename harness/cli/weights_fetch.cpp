// weights fetch: a checkpoint's folder from the hub, or from files at hand, whole or not there.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "harness/base/files.h"
#include "harness/base/sha256.h"
#include "harness/base/text.h"
#include "harness/cli/fetch_progress.h"
#include "harness/cli/weights.h"
#include "harness/data/folders.h"
#include "harness/data/home.h"
#include "harness/data/hub.h"
#include "harness/run/signals.h"
#include "harness/spec/manifest.h"

namespace seqbench::cli {
namespace {

namespace fs = std::filesystem;
using data::HubFile;
using data::WeightsFile;
using data::WeightsLock;
using Names = std::vector<std::string>;

constexpr std::uint64_t kLongestIndex = 64u << 20;

bool is_index(const std::string& name) { return name.ends_with(".index.json"); }

/// What a repository or a folder has of what is wanted; shards come later, from the index.
template <typename Has>
Names choose(const spec::Checkpoint& wanted, const std::string& where, const Has& has) {
  Names names;
  for (const std::string& name : wanted.required) {
    if (!has(name)) throw InputError(fmt::format("{} has no {}, which '{}' needs", where, name, wanted.name));
    names.push_back(name);
  }
  const auto weights = std::ranges::find_if(wanted.weights, has);
  if (weights == wanted.weights.end()) throw InputError(fmt::format("{} has none of the weights {}", where, join(wanted.weights, ", ")));
  names.push_back(*weights);
  std::ranges::copy_if(wanted.optional, std::back_inserter(names), has);
  return names;
}

/// The index among `names` adds its shards, which must be there.
template <typename Has>
Names shards_of(const fs::path& folder, const Names& names, const std::string& where, const Has& has) {
  Names shards;
  for (const std::string& name : names) {
    if (!is_index(name)) continue;
    for (const std::string& shard : data::parse_shards(read_file(folder / name, kLongestIndex), where + "/" + name)) {
      if (!has(shard)) throw InputError(fmt::format("{} has no {}, which its {} names", where, printable(shard), name));
      if (std::ranges::find(names, shard) == names.end()) shards.push_back(shard);
    }
  }
  return shards;
}

class Fetch {
 public:
  Fetch(const Arguments& a, spec::Checkpoint checkpoint)
      : a_(a),
        wanted_(std::move(checkpoint)),
        home_(fs::absolute(data::weights_home(a.root))),
        folder_(home_ / wanted_.name),
        staged_(home_ / ".fetch" / (wanted_.name + (a.from.empty() ? "" : ".from"))) {}

  void run() {
    read_folder();
    if (lock_ && stale_.empty() && good_.size() == lock_->files.size()) {
      fmt::print("{}: every file is here; nothing to fetch\n", wanted_.name);
      return;
    }
    if (a_.from.empty()) {
      from_hub();
    } else {
      from_given();
    }
    put_in_place();
  }

 private:
  /// What an earlier fetch left, and which of its files are as it left them.
  void read_folder() {
    std::error_code error;
    lock_ = data::read_weights_lock(folder_);
    if (!lock_ && fs::exists(folder_, error)) {
      throw InputError(fmt::format("{}: is there without a lock.json, so it was not fetched; move it away first", folder_.string()));
    }
    if (!lock_) return;
    stale_ = fault_of(wanted_, *lock_);
    for (const WeightsFile& file : lock_->files) {
      const std::string fault = data::fault_of(folder_, file);
      if (fault.empty()) good_.insert(file.name);
      if (!fault.empty() && !a_.quiet) fmt::print(stderr, "{}\n", fault);
    }
    if (!stale_.empty() && !a_.quiet) fmt::print(stderr, "{}: {}; it is fetched anew\n", folder_.string(), stale_);
  }

  [[nodiscard]] std::string licence() const { return wanted_.licence.empty() ? "none stated" : printable(wanted_.licence); }

  /// The licence stands before the first byte is fetched.
  void show_licence(const std::string& address) const {
    if (is_offline(a_)) throw InputError(fmt::format("offline: {} would be fetched from {}/{}", wanted_.name, address, wanted_.repository));
    fmt::print("{}  from {}/{} @ {}\n  licence: {}\n", wanted_.name, address, wanted_.repository, wanted_.revision, licence());
    std::fflush(stdout);
    if (spec::is_open_licence(wanted_.licence) || a_.accept_licence) return;
    throw InputError(fmt::format("not known as an open licence: {}\nread what it allows at {}/{}, then add --accept-licence", licence(), address, wanted_.repository));
  }

  void from_hub() {
    run::count_stop_signals();
    FetchProgress progress(a_, wanted_.name);
    const data::Hub hub(progress.options());
    show_licence(hub.address());
    const bool locked = lock_ && stale_.empty() && !lock_->commit.empty();
    made_.commit = data::is_commit(wanted_.revision) ? wanted_.revision
                   : locked                          ? lock_->commit
                                                     : hub.commit_of(wanted_.repository, wanted_.revision);
    const std::vector<HubFile> listed = hub.list(wanted_.repository, made_.commit);
    const std::string where = fmt::format("{}/{} @ {}", hub.address(), wanted_.repository, made_.commit);
    const auto find = [&](const std::string& name) { return std::ranges::find(listed, name, &HubFile::path); };
    const auto has = [&](const std::string& name) { return find(name) != listed.end(); };
    const Names names = choose(wanted_, where, has);
    prepare(names, find, where);
    download(hub, names, find);
    const Names shards = shards_of(staged_, names, where, has);
    prepare(shards, find, where);
    download(hub, shards, find);
  }

  /// The hub's list against the manifest's pins and the lock of the same commit, and whether the disk holds it.
  template <typename Find>
  void prepare(const Names& names, const Find& find, const std::string& where) const {
    std::uint64_t bytes = 0;
    for (const std::string& name : names) {
      const HubFile& file = *find(name);
      bytes += file.bytes;
      if (const spec::PinnedFile* pin = pin_of(wanted_, name)) {
        check_claim(file, static_cast<std::uint64_t>(pin->bytes), pin->sha256, where, "the manifest pins");
      }
      if (const WeightsFile* locked = locked_file(name)) check_claim(file, locked->bytes, locked->sha256, where, "lock.json has");
    }
    std::error_code error;
    fs::create_directories(staged_, error);
    if (error) throw MachineError(fmt::format("{}: cannot be made: {}", staged_.string(), error.message()));
    for (const std::string& name : names) {
      const std::uintmax_t here = fs::file_size(staged_ / name, error);
      bytes -= !error && here == find(name)->bytes ? find(name)->bytes : 0;
    }
    data::check_space(staged_, bytes);
  }

  static void check_claim(const HubFile& file, std::uint64_t bytes, const std::string& sha256, const std::string& where, const char* who) {
    if (file.bytes == bytes && (file.sha256.empty() || file.sha256 == sha256)) return;
    throw InputError(fmt::format("{} lists {} with {} bytes{}; {} {} bytes and sha256 {}", where, file.path, file.bytes,
                                 file.sha256.empty() ? "" : " and sha256 " + file.sha256, who, bytes, sha256));
  }

  /// Of the same commit, so its bytes cannot have changed.
  [[nodiscard]] const WeightsFile* locked_file(const std::string& name) const {
    return lock_ && stale_.empty() && lock_->commit == made_.commit ? lock_->find(name) : nullptr;
  }

  template <typename Find>
  void download(const data::Hub& hub, const Names& names, const Find& find) {
    for (const std::string& name : names) {
      const HubFile& file = *find(name);
      const spec::PinnedFile* pin = pin_of(wanted_, name);
      const WeightsFile* locked = locked_file(name);
      data::Wanted wanted{hub.url_of(wanted_.repository, made_.commit, name), staged_ / name, file.bytes, file.sha256, file.blob_sha1};
      if (pin != nullptr) wanted.sha256 = pin->sha256;
      if (locked != nullptr) {
        wanted.sha256 = locked->sha256;
        take_over(name);
      }
      FetchProgress progress(a_, name);
      data::Download(progress.options()).fetch(wanted);
      progress.say(fmt::format("{} bytes, its hash is right", file.bytes));
      made_.files.push_back({name, file.bytes, wanted.sha256.empty() ? sha256_file_hex(wanted.target) : wanted.sha256});
    }
  }

  /// A good file of the folder, for the new one; fetched again where it cannot be.
  void take_over(const std::string& name) const {
    std::error_code error;
    if (!good_.contains(name) || fs::exists(staged_ / name, error)) return;
    fs::create_hard_link(folder_ / name, staged_ / name, error);
    if (error) data::copy_hashed(folder_ / name, staged_ / name);
  }

  void from_given() {
    const fs::path given = a_.from.front();
    std::error_code error;
    if (!fs::is_directory(given, error)) throw InputError(fmt::format("--from {}: is no folder", printable(given.string())));
    const auto has = [&](const std::string& name) {
      std::error_code ignored;
      return fs::is_regular_file(given / name, ignored);
    };
    Names names = choose(wanted_, given.string(), has);
    fmt::print("{}  from {}\n  licence: {}\n", wanted_.name, given.string(), licence());
    const Names shards = shards_of(given, names, given.string(), has);
    names.insert(names.end(), shards.begin(), shards.end());
    std::uint64_t bytes = 0;
    for (const std::string& name : names) {
      const std::uintmax_t size = fs::file_size(given / name, error);
      bytes += error ? 0 : size;  // the copy says what is wrong with it
    }
    fs::remove_all(staged_, error);
    fs::create_directories(staged_, error);
    if (error) throw MachineError(fmt::format("{}: cannot be made: {}", staged_.string(), error.message()));
    try {
      data::check_space(staged_, bytes);
      for (const std::string& name : names) take_given(given, name);
    } catch (...) {
      fs::remove_all(staged_, error);
      fs::remove(staged_.parent_path(), error);
      throw;
    }
    if (lock_ && stale_.empty() && std::ranges::is_permutation(lock_->files, made_.files)) made_.commit = lock_->commit;
  }

  /// Pins and an earlier lock decide; without either a given file is taken as it is.
  void take_given(const fs::path& given, const std::string& name) {
    const data::CopiedFile copied = data::copy_hashed(given / name, staged_ / name);
    const spec::PinnedFile* pin = pin_of(wanted_, name);
    const WeightsFile* locked = lock_ && stale_.empty() ? lock_->find(name) : nullptr;
    const auto check = [&](const std::string& sha256, const std::string& who) {
      if (copied.sha256 == sha256) return;
      throw InputError(fmt::format("{}: has sha256 {}, {} {}; nothing is taken", (given / name).string(), copied.sha256, who, sha256));
    };
    if (pin != nullptr) check(pin->sha256, "the manifest pins");
    if (locked != nullptr) check(locked->sha256, fmt::format("the lock.json of {} has", folder_.string()));
    if (pin == nullptr && locked == nullptr && !a_.quiet) fmt::print(stderr, "{}: taken as it is, no hash of it is known\n", name);
    made_.files.push_back({name, copied.bytes, copied.sha256});
  }

  void put_in_place() {
    made_.repository = wanted_.repository;
    made_.licence = wanted_.licence;
    std::error_code error;
    Names strays;  // of an earlier attempt at another commit
    for (fs::directory_iterator it(staged_, error), end; !error && it != end; it.increment(error)) {
      if (const std::string name = it->path().filename().string(); made_.find(name) == nullptr) strays.push_back(name);
    }
    if (error) throw MachineError(fmt::format("{}: cannot be listed: {}", staged_.string(), error.message()));
    for (const std::string& name : strays) fs::remove_all(staged_ / name, error);
    data::write_weights_lock(staged_, made_);
    data::sync_folder(staged_);
    data::swap_in(staged_, folder_);
    data::sync_folder(home_);
    fs::remove_all(staged_, error);  // the former folder
    fs::remove(staged_.parent_path(), error);  // where it is empty
    for (const WeightsFile& file : made_.files) fmt::print("  {:<36} {:>12} bytes  sha256 {}\n", file.name, file.bytes, file.sha256);
    fmt::print("{}: in {}{}\nseqbench weights verify {} opens it\n", wanted_.name, folder_.string(),
               made_.commit.empty() ? "" : fmt::format(", commit {}", made_.commit), wanted_.name);
  }

  const Arguments& a_;
  spec::Checkpoint wanted_;
  fs::path home_, folder_, staged_;
  std::optional<WeightsLock> lock_;
  std::string stale_;            // why the lock is of something else
  std::set<std::string> good_;   // files of the folder with their locked bytes
  WeightsLock made_;
};

}  // namespace

ExitCode weights_fetch(const Context& context) {
  const Arguments& a = context.arguments;
  Fetch(a, checkpoint_by_name(a, a.what)).run();
  return ExitCode::kDone;
}

}  // namespace seqbench::cli
