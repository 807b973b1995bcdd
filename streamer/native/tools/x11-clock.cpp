// SPDX-License-Identifier: Apache-2.0
// nestri-x11-clock: the X11 program that tests and benchmarks stream. It fills the screen with game-like motion, draws
// the frame clock in row 0 and the input that has reached it in the rows below (protocol/src/frame-clock.ts), and
// answers to a key or button at once, without waiting for its next frame.

#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/XShm.h>
#include <poll.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/frame_clock.h"
#include "core/keymap.h"
#include "x11-clock-scene.h"

namespace nestri::tools {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kUsage =
    "usage: nestri-x11-clock [--display NAME] [--fps 1..240] [--size WxH] [--static] [--flash]\n"
    "  --display NAME  X display (default: DISPLAY)\n"
    "  --fps N         frames per second (default 60)\n"
    "  --size WxH      size of the window (default: the screen), at least 768x64\n"
    "  --static        the scene stands still; the clock and the input rows do not\n"
    "  --flash         white for 100 ms at each whole second of the wall clock, and a line `flash VALUE` on standard\n"
    "                  output when it is drawn, VALUE as in the frame clock\n"
    "Prints `ready WxH` when the window is on the screen.\n";

constexpr int kRows = 4;
/// Values of the frame clock: 100 microseconds each.
constexpr uint64_t kSecond = 10'000;
constexpr uint64_t kFlash = 1'000;

struct Options {
  std::string display;
  int fps = 60;
  int widthPx = 0;
  int heightPx = 0;
  bool still = false;
  bool flash = false;
};

[[noreturn]] void die(const std::string& message, int status = 1) {
  std::fprintf(stderr, "nestri-x11-clock: %s\n", message.c_str());
  std::exit(status);
}

std::optional<int> number(std::string_view text, int min, int max) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < min || value > max)
    return std::nullopt;
  return value;
}

bool parseSize(std::string_view text, Options& options) {
  const auto cross = text.find('x');
  if (cross == std::string_view::npos)
    return false;
  const auto width = number(text.substr(0, cross), kClockWidthPx, 16384);
  const auto height = number(text.substr(cross + 1), kRows * kClockCellPx, 16384);
  options.widthPx = width.value_or(0);
  options.heightPx = height.value_or(0);
  return width && height;
}

Options parse(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const std::string_view value = i + 1 < count ? words[i + 1] : "";
    if (word == "--static") {
      options.still = true;
    } else if (word == "--flash") {
      options.flash = true;
    } else if (word == "--display" && !value.empty()) {
      options.display = words[++i];
    } else if (word == "--fps" && number(value, 1, 240)) {
      options.fps = *number(words[++i], 1, 240);
    } else if (word == "--size" && parseSize(value, options)) {
      ++i;
    } else {
      std::fputs(kUsage, stderr);
      std::exit(2);
    }
  }
  return options;
}

/// A picture in memory that the X server shares.
struct SharedImage {
  XImage* image = nullptr;
  XShmSegmentInfo segment{};
  bool isBusy = false;  // the server has not read it yet
};

/// What has come in, as the rows show it.
struct Input {
  uint64_t lastCode = 0;
  uint64_t presses = 0;
  uint64_t x = 0;
  uint64_t y = 0;
  int64_t wheelX = 0;
  int64_t wheelY = 0;

  uint64_t row(int number) const {
    constexpr uint64_t half = (1 << 20) - 1;
    switch (number) {
      case 1:
        return lastCode << 24 | (presses & 0xFFFFFF);
      case 2:
        return (x & half) << 20 | (y & half);
      default:
        return (static_cast<uint64_t>(wheelX) & half) << 20 | (static_cast<uint64_t>(wheelY) & half);
    }
  }
};

class Program {
 public:
  explicit Program(const Options& options) : options_(options) {
    display_ = XOpenDisplay(options.display.empty() ? nullptr : options.display.c_str());
    if (display_ == nullptr)
      die("no X server answers at " + std::string(XDisplayName(options.display.c_str())));
    const int screen = DefaultScreen(display_);
    if (DefaultDepth(display_, screen) != 24 || ImageByteOrder(display_) != LSBFirst) {
      die("the display needs a depth of 24 and little-endian pixels");
    }
    if (XShmQueryExtension(display_) == False)
      die("the display lacks the MIT-SHM extension");
    completion_ = XShmGetEventBase(display_) + ShmCompletion;
    width_ = options.widthPx > 0 ? options.widthPx : DisplayWidth(display_, screen);
    height_ = options.heightPx > 0 ? options.heightPx : DisplayHeight(display_, screen);
    if (width_ < kClockWidthPx || height_ < kRows * kClockCellPx)
      die("the screen is too small for the clock");
    openWindow(screen);
    for (auto& image : images_)
      share(image, screen);
    strip_.resize(static_cast<size_t>(kClockWidthPx) * kRows * kClockCellPx * 4);
  }

  [[noreturn]] void run() {
    const Scene scene(width_, height_);
    const Clock::time_point start = Clock::now();
    const Clock::duration period = std::chrono::duration_cast<Clock::duration>(std::chrono::seconds(1)) / options_.fps;
    Clock::time_point due = start;
    for (;;) {
      waitUntil(due);
      const Clock::time_point now = Clock::now();
      if (now < due)
        continue;
      due += period;
      if (due < now)
        due = now + period;  // the machine was busy: do not catch up
      const double seconds = options_.still ? 0 : std::chrono::duration<double>(now - start).count();
      drawFrame(scene, seconds);
    }
  }

 private:
  void openWindow(int screen) {
    XSetWindowAttributes attributes{};
    attributes.override_redirect = True;
    attributes.event_mask = KeyPressMask | ButtonPressMask | PointerMotionMask | StructureNotifyMask;
    window_ = XCreateWindow(display_, RootWindow(display_, screen), 0, 0, static_cast<unsigned>(width_),
                            static_cast<unsigned>(height_), 0, CopyFromParent, InputOutput, nullptr,
                            CWOverrideRedirect | CWEventMask, &attributes);
    XStoreName(display_, window_, "nestri-x11-clock");
    gc_ = XCreateGC(display_, window_, 0, nullptr);
    XMapRaised(display_, window_);
  }

  void share(SharedImage& shared, int screen) {
    shared.image = XShmCreateImage(display_, DefaultVisual(display_, screen), 24, ZPixmap, nullptr, &shared.segment,
                                   static_cast<unsigned>(width_), static_cast<unsigned>(height_));
    const auto bytes = static_cast<size_t>(shared.image->bytes_per_line) * static_cast<size_t>(height_);
    shared.segment.shmid = shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);
    if (shared.segment.shmid < 0)
      die("no shared memory: " + std::string(std::strerror(errno)));
    shared.segment.shmaddr = shared.image->data = static_cast<char*>(shmat(shared.segment.shmid, nullptr, 0));
    XShmAttach(display_, &shared.segment);
    XSync(display_, False);
    // From here on the kernel frees it when the last of the two processes has gone, however it went.
    shmctl(shared.segment.shmid, IPC_RMID, nullptr);
  }

  /// Takes in events until `due`; answers to keys and buttons at once.
  void waitUntil(Clock::time_point due) {
    for (;;) {
      if (takeEvents())
        drawStrip();
      XFlush(display_);
      const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(due - Clock::now()).count();
      if (left <= 0)
        return;
      const timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
      pollfd socket{ConnectionNumber(display_), POLLIN, 0};
      ppoll(&socket, 1, &timeout, nullptr);
    }
  }

  /// True where something came that the picture answers to at once.
  bool takeEvents() {
    bool isUrgent = false;
    while (XPending(display_) > 0) {
      XEvent event;
      XNextEvent(display_, &event);
      if (event.type == completion_) {
        for (auto& image : images_) {
          if (image.segment.shmseg == reinterpret_cast<XShmCompletionEvent&>(event).shmseg)
            image.isBusy = false;
        }
      } else if (event.type == KeyPress) {
        press(event.xkey.keycode - 8);
        isUrgent = true;
      } else if (event.type == ButtonPress) {
        button(event.xbutton.button);
        isUrgent = true;
      } else if (event.type == MotionNotify) {
        input_.x = static_cast<uint64_t>(event.xmotion.x_root);
        input_.y = static_cast<uint64_t>(event.xmotion.y_root);
      } else if (event.type == MapNotify) {
        XSetInputFocus(display_, window_, RevertToParent, CurrentTime);
        std::printf("ready %dx%d\n", width_, height_);
        std::fflush(stdout);
      }
    }
    return isUrgent;
  }

  void press(unsigned evdevCode) {
    input_.lastCode = evdevCode;
    ++input_.presses;
  }

  void button(unsigned xButtonNumber) {
    if (const uint16_t code = evdevButton(xButtonNumber); code != 0)
      press(code);
    if (xButtonNumber == 4)
      --input_.wheelY;
    if (xButtonNumber == 5)
      ++input_.wheelY;
    if (xButtonNumber == 6)
      --input_.wheelX;
    if (xButtonNumber == 7)
      ++input_.wheelX;
  }

  void drawFrame(const Scene& scene, double seconds) {
    SharedImage& next = images_[frame_ % images_.size()];
    if (next.isBusy)
      return;  // the server is slower than we are: leave this frame out
    auto* pixels = reinterpret_cast<uint8_t*>(next.image->data);
    const int stride = next.image->bytes_per_line;
    const uint64_t clock = clockValueNow();
    if (options_.flash && clock % kSecond < kFlash) {
      std::memset(pixels, 255, static_cast<size_t>(stride) * static_cast<size_t>(height_));
    } else {
      scene.draw(pixels, stride, seconds);
    }
    paintRows(pixels, stride, clock);
    XShmPutImage(display_, window_, gc_, next.image, 0, 0, 0, 0, static_cast<unsigned>(width_),
                 static_cast<unsigned>(height_), True);
    next.isBusy = true;
    ++frame_;
    XFlush(display_);
    tellFlash(clock);
  }

  void tellFlash(uint64_t clock) {
    const bool isWhite = clock % kSecond < kFlash;
    if (options_.flash && isWhite && !wasWhite_) {
      std::printf("flash %llu\n", static_cast<unsigned long long>(clock));
      std::fflush(stdout);
    }
    wasWhite_ = isWhite;
  }

  /// Draws the rows alone, without shared memory: that of the last frame may still be read.
  void drawStrip() {
    const int stride = kClockWidthPx * 4;
    paintRows(strip_.data(), stride, clockValueNow());
    const XImage& model = *images_[0].image;
    XImage* image = XCreateImage(display_, DefaultVisual(display_, DefaultScreen(display_)),
                                 static_cast<unsigned>(model.depth), ZPixmap, 0, reinterpret_cast<char*>(strip_.data()),
                                 kClockWidthPx, kRows * kClockCellPx, 32, stride);
    XPutImage(display_, window_, gc_, image, 0, 0, 0, 0, kClockWidthPx, kRows * kClockCellPx);
    image->data = nullptr;  // ours
    XDestroyImage(image);
  }

  void paintRows(uint8_t* pixels, int stride, uint64_t clock) const {
    paintClockRowBgrx(pixels, stride, 0, clock);
    for (int row = 1; row < kRows; ++row)
      paintClockRowBgrx(pixels, stride, row, input_.row(row));
  }

  const Options options_;
  Display* display_ = nullptr;
  Window window_ = 0;
  GC gc_ = nullptr;
  int completion_ = 0;
  int width_ = 0;
  int height_ = 0;
  std::array<SharedImage, 2> images_;
  std::vector<uint8_t> strip_;
  Input input_;
  size_t frame_ = 0;
  bool wasWhite_ = false;
};

}  // namespace
}  // namespace nestri::tools

int main(int count, char** words) {
  nestri::tools::Program(nestri::tools::parse(count, words)).run();
}
