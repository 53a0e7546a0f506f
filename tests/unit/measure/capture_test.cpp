#include "harness/measure/capture.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "harness/base/version.h"

namespace seqbench::measure {
namespace {

/// Sets a variable of the process for one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

/// The text with each run of digits as one 9.
std::string shape(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    const bool digit = '0' <= letter && letter <= '9';
    if (!digit || !result.ends_with('9')) result += digit ? '9' : letter;
  }
  return result;
}

TEST(Version, SaysWhatWasBuilt) {
  const Version built = version();
  EXPECT_EQ(shape(built.program), "9.9.9");
  const bool hexadecimal = built.git_commit.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  EXPECT_TRUE(built.git_commit == "unknown" || (built.git_commit.size() == 40 && hexadecimal)) << built.git_commit;
#if defined(__clang__)
  EXPECT_TRUE(built.compiler.starts_with("Clang ")) << built.compiler;
#else
  EXPECT_EQ(built.compiler.substr(0, built.compiler.find('.')), "GNU " + std::to_string(__GNUC__));
#endif
  EXPECT_FALSE(built.preset.empty());
}

TEST(Capture, FillsInWhatThisRoomKnows) {
  const Environment environment = capture_environment();
  EXPECT_EQ(environment.program, version().program);
  EXPECT_EQ(environment.git_commit, version().git_commit);
  EXPECT_EQ(environment.compiler, version().compiler);
  EXPECT_FALSE(environment.cpu.empty());
  EXPECT_TRUE(environment.torch.empty());
  const Json& details = environment.details;
  EXPECT_GE(details.at("cores").get<std::int64_t>(), 1);
  EXPECT_GE(details.at("cores_allowed").get<std::int64_t>(), 1);
  EXPECT_LE(details.at("cores_allowed"), details.at("cores"));
  EXPECT_GE(details.at("memory_gib").get<std::int64_t>(), 1);
  EXPECT_TRUE(details.at("kernel").get<std::string>().starts_with("Linux "));
  EXPECT_TRUE(details.at("libc").get<std::string>().starts_with("glibc 2."));
  EXPECT_EQ(shape(details.at("libraries").at("fmt").get<std::string>()), "9.9.9");
}

TEST(Capture, IsTheSameTwiceAndSurvivesJson) {
  const Environment environment = capture_environment();
  EXPECT_EQ(environment.sha256(), capture_environment().sha256());
  EXPECT_EQ(Environment::from_json(environment.to_json()).sha256(), environment.sha256());
}

TEST(Capture, RecordsAllowListedVariablesOnly) {
  const Variable threads("OMP_NUM_THREADS", "3"), workspace("CUBLAS_WORKSPACE_CONFIG", ":4096:8"),
      locale("LC_NUMERIC", "de_DE.UTF-8"), data("SEQBENCH_DATA", "data"), store("SEQBENCH_STORE", "results.db"),
      path("CUDA_CACHE_PATH", "/home/somebody/cache"), secret("SOME_TOKEN", "x"), bytes("MKL_NOTE", "a\x1b\xff");
  const Json variables = capture_environment().details.at("variables");
  EXPECT_EQ(variables.at("OMP_NUM_THREADS"), "3");
  EXPECT_EQ(variables.at("CUBLAS_WORKSPACE_CONFIG"), ":4096:8");
  EXPECT_EQ(variables.at("LC_NUMERIC"), "de_DE.UTF-8");
  EXPECT_EQ(variables.at("MKL_NOTE"), "a??");
  for (const char* name : {"SEQBENCH_DATA", "SEQBENCH_STORE", "CUDA_CACHE_PATH", "SOME_TOKEN", "PATH", "HOME"}) {
    EXPECT_FALSE(variables.contains(name)) << name;
  }
}

TEST(Capture, NamesNoHostAndNoUser) {
  const Variable user("USER", "zebedee_the_user"), machine("HOSTNAME", "zebedee_the_host");
  EXPECT_EQ(capture_environment().to_json().dump().find("zebedee"), std::string::npos);
}

TEST(Resident, FollowsWhatIsTouchedAndThePeakStays) {
  constexpr std::int64_t kBytes = 64 << 20;
  EXPECT_GT(peak_resident_bytes(), 1 << 20);
  // Mapped by hand: an allocator, or a sanitizer's quarantine, may keep what is freed.
  void* block = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(block, MAP_FAILED);
  const std::int64_t before = resident_bytes(::getpid());
  std::memset(block, 1, kBytes);
  const std::int64_t during = resident_bytes(::getpid());
  ::munmap(block, kBytes);
  EXPECT_GE(during - before, kBytes * 9 / 10);
  EXPECT_LT(resident_bytes(::getpid()), during - kBytes * 9 / 10);
  EXPECT_GE(peak_resident_bytes(), during - (1 << 20));  // the kernel's counters lag by some pages
}

TEST(Resident, OfAChildAndOfNobody) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  ASSERT_GT(child, 0);
  EXPECT_GT(resident_bytes(child), 0);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(resident_bytes(child), 0);
}

TEST(Resident, CountsWhatAChildTakesOnce) {
  constexpr std::size_t kBytes = 64 << 20;
  std::vector<char> shared(kBytes, 1);
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const std::int64_t before = resident_bytes(::getpid());
  const pid_t child = ::fork();
  if (child == 0) {
    std::vector<char> own(kBytes, 2);
    static_cast<void>(!::write(ready[1], own.data(), 1));
    ::pause();
    ::_exit(own[7]);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  const std::int64_t during = resident_bytes(::getpid());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_GE(during - before, std::int64_t{kBytes} / 2) << "the child's own block";
  EXPECT_LE(during - before, std::int64_t{kBytes} * 3 / 2) << "what both share is counted once";
  EXPECT_EQ(shared[7], 1);
}

}  // namespace
}  // namespace seqbench::measure
