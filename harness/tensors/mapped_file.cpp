#include "harness/tensors/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "harness/base/error.h"

namespace seqbench::tensors {

MappedFile::MappedFile(const std::filesystem::path& path) {
  const auto refuse = [&path](const std::string& why) {
    throw InputError(fmt::format("cannot read '{}': {}", path.string(), why));
  };
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe's name must not block
  if (descriptor < 0) refuse(std::generic_category().message(errno));
  struct stat status {};
  const bool regular = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  const auto size = static_cast<std::size_t>(regular ? status.st_size : 0);
  void* address = size == 0 ? nullptr : ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  const int error = errno;
  ::close(descriptor);
  if (!regular) refuse("it is no regular file");
  if (address == MAP_FAILED) refuse(std::generic_category().message(error));
  bytes_ = {static_cast<const char*>(address), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());
}

}  // namespace seqbench::tensors
