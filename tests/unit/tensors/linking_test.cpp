// LibTorch's libraries export parts of another libstdc++.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <string>

namespace seqbench {
namespace {

class Linking : public ::testing::TestWithParam<const char*> {};

TEST_P(Linking, TheSystemsLibraryComesBeforeLibTorchsCopies) {
  void* const found = ::dlsym(RTLD_DEFAULT, GetParam());
  ASSERT_NE(found, nullptr);
  Dl_info where{};
  ASSERT_NE(::dladdr(found, &where), 0);
  EXPECT_NE(std::string(where.dli_fname).find("libstdc++"), std::string::npos) << where.dli_fname;
}

INSTANTIATE_TEST_SUITE_P(Filesystem, Linking,
                         ::testing::Values("_ZNSt10filesystem10remove_allERKNS_7__cxx114pathERSt10error_code",
                                           "_ZNSt10filesystem7__cxx1118directory_iteratorppEv",
                                           "_ZNSt10filesystem7__cxx114path14_M_split_cmptsEv"));

}  // namespace
}  // namespace seqbench
