// SEQBENCH_CURL=OFF: a build without libcurl.
#include <fmt/format.h>

#include "harness/base/error.h"
#include "harness/data/download.h"

namespace seqbench::data {

void Download::fetch(const Wanted& wanted) const {
  throw InputError(fmt::format("this program was built without downloads (SEQBENCH_CURL=OFF): get {} as {} by other means",
                               wanted.url, wanted.target.filename().string()));
}

std::string Download::fetch_text(const std::string& url, std::size_t) const {
  throw InputError(fmt::format("this program was built without downloads (SEQBENCH_CURL=OFF): {} cannot be asked", url));
}

}  // namespace seqbench::data
