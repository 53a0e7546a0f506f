// Messages over a pipe, whole, torn, and byte by byte.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <thread>

#include "harness/base/error.h"
#include "harness/run/frames.h"

namespace seqbench::run {
namespace {

class Pipe {
 public:
  Pipe() {
    if (::pipe(ends_) != 0) throw std::runtime_error("pipe");
  }
  ~Pipe() {
    close_writer();
    ::close(ends_[0]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  [[nodiscard]] int reader() const { return ends_[0]; }
  [[nodiscard]] int writer() const { return ends_[1]; }
  void put(std::string_view bytes) const {
    ASSERT_EQ(::write(ends_[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void close_writer() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  int ends_[2] = {-1, -1};
};

const Json kHead = {{"type", "record"}, {"value", 1.5}, {"text", "\u00e5"}};
const std::string kTail("\0\xff\n\x80tail", 8);

/// The bytes of one frame, as they would cross.
std::string frame_bytes(const Json& head, std::string_view tail) {
  const Pipe pipe;
  write_frame(pipe.writer(), head, tail);
  std::string bytes(4096, '\0');
  bytes.resize(static_cast<std::size_t>(::read(pipe.reader(), bytes.data(), bytes.size())));
  return bytes;
}

std::string prefix_of(std::uint32_t head, std::uint32_t tail) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &head, 4);
  std::memcpy(bytes.data() + 4, &tail, 4);
  return bytes;
}

TEST(Frames, RoundTrip) {
  Pipe pipe;
  write_frame(pipe.writer(), kHead, kTail);
  write_frame(pipe.writer(), Json::object());
  pipe.close_writer();
  const auto first = read_frame(pipe.reader());
  ASSERT_TRUE(first);
  EXPECT_EQ(first->head, kHead);
  EXPECT_EQ(first->tail, kTail);
  const auto second = read_frame(pipe.reader());
  ASSERT_TRUE(second);
  EXPECT_EQ(second->head, Json::object());
  EXPECT_EQ(second->tail, "");
  EXPECT_FALSE(read_frame(pipe.reader()));
}

TEST(Frames, LargerThanThePipeHolds) {
  Pipe pipe;
  std::string tail(5u << 20, '\0');
  for (std::size_t i = 0; i < tail.size(); ++i) tail[i] = static_cast<char>(i * 2654435761u >> 24);
  std::thread writer([&] { write_frame(pipe.writer(), kHead, tail); });
  const auto frame = read_frame(pipe.reader());
  writer.join();
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->head, kHead);
  EXPECT_TRUE(frame->tail == tail);
}

TEST(Frames, TextThatIsNoUtf8StillCrosses) {
  const Pipe pipe;
  write_frame(pipe.writer(), {{"text", "a\xff z"}});
  const auto frame = read_frame(pipe.reader());
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->head.at("text"), "a\uFFFD z");
}

TEST(Frames, TornAnywhereIsAMachineError) {
  const std::string whole = frame_bytes(kHead, kTail);
  for (std::size_t size = 1; size < whole.size(); ++size) {
    Pipe pipe;
    pipe.put(std::string_view(whole).substr(0, size));
    pipe.close_writer();
    EXPECT_THROW((void)read_frame(pipe.reader()), MachineError) << size << " of " << whole.size() << " bytes";
  }
}

TEST(Frames, AHeadThatIsNoJsonIsAMachineError) {
  const std::string bytes = prefix_of(4, 0) + "{{{{";
  const Pipe pipe;
  pipe.put(bytes);
  EXPECT_THROW((void)read_frame(pipe.reader()), MachineError);
  pipe.put(bytes);
  FrameBuffer buffer;
  ASSERT_TRUE(buffer.read_from(pipe.reader()));
  EXPECT_THROW((void)buffer.next(), MachineError);
}

TEST(Frames, WriterOfAClosedPipeIsToldSo) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  EXPECT_THROW(write_frame(ends[1], kHead), MachineError);
  ::close(ends[1]);
  std::signal(SIGPIPE, before);
}

/// Lets this process grow by so much, until it goes out of scope.
class GrowthLimit {
 public:
  explicit GrowthLimit(rlim_t bytes) {
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    ::getrlimit(RLIMIT_AS, &before_);
    const rlimit limit{pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_AS, &limit);
  }
  ~GrowthLimit() { ::setrlimit(RLIMIT_AS, &before_); }
  GrowthLimit(const GrowthLimit&) = delete;
  GrowthLimit& operator=(const GrowthLimit&) = delete;

 private:
  rlimit before_{};
};

TEST(Frames, ABogusSizeTakesNoMemory) {
  for (const auto& [head, tail] : {std::pair{UINT32_MAX, UINT32_MAX}, {UINT32_MAX, 0u}, {2u, UINT32_MAX - 2}}) {
    Pipe pipe;
    pipe.put(prefix_of(head, tail) + "{}");
    pipe.close_writer();
    const GrowthLimit limit(256u << 20);
    EXPECT_THROW((void)read_frame(pipe.reader()), MachineError) << head << " + " << tail;
  }
}

TEST(FrameBuffer, OverFourGibibytesIsRefusedAtOnce) {
  const Pipe pipe;
  pipe.put(prefix_of(UINT32_MAX, 2));
  FrameBuffer buffer;
  ASSERT_TRUE(buffer.read_from(pipe.reader()));
  EXPECT_THROW((void)buffer.next(), MachineError);
}

TEST(FrameBuffer, GathersBytesOneAtATime) {
  const std::string bytes = frame_bytes(kHead, kTail) + frame_bytes(Json::array(), "") + frame_bytes(kHead, "x");
  const std::size_t first = frame_bytes(kHead, kTail).size(), second = first + frame_bytes(Json::array(), "").size();
  const Pipe pipe;
  FrameBuffer buffer;
  std::vector<std::size_t> ends;
  std::vector<Frame> frames;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    pipe.put(std::string_view(bytes).substr(i, 1));
    ASSERT_TRUE(buffer.read_from(pipe.reader()));
    while (auto frame = buffer.next()) {
      frames.push_back(std::move(*frame));
      ends.push_back(i + 1);
    }
  }
  EXPECT_EQ(ends, (std::vector<std::size_t>{first, second, bytes.size()}));
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[0].head, kHead);
  EXPECT_EQ(frames[0].tail, kTail);
  EXPECT_EQ(frames[1].head, Json::array());
  EXPECT_EQ(frames[2].tail, "x");
}

TEST(FrameBuffer, HandsOutSeveralFramesOfOneRead) {
  Pipe pipe;
  for (int i = 0; i < 5; ++i) write_frame(pipe.writer(), i, std::string(static_cast<std::size_t>(i), 'x'));
  FrameBuffer buffer;
  ASSERT_TRUE(buffer.read_from(pipe.reader()));
  for (int i = 0; i < 5; ++i) {
    const auto frame = buffer.next();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->head, i);
    EXPECT_EQ(frame->tail.size(), static_cast<std::size_t>(i));
  }
  EXPECT_FALSE(buffer.next());
  pipe.close_writer();
  EXPECT_FALSE(buffer.read_from(pipe.reader()));
}

}  // namespace
}  // namespace seqbench::run
