// SPDX-License-Identifier: Apache-2.0

#include "x11_connection.h"

#include <poll.h>
#include <xcb/xcbext.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <type_traits>

namespace nestri {
namespace {

/// Identifies the extension to XCB, which keeps per-connection state under it and never writes to what is ours but the
/// id.
xcb_extension_t xtestExtension{"XTEST", 0};

constexpr uint8_t kFakeInputOpcode = 2;

/// XTestFakeInput of the XTEST extension, protocol version 2.2. XCB fills in the first and third field.
struct FakeInputRequest {
  uint8_t majorOpcode = 0;
  uint8_t minorOpcode = kFakeInputOpcode;
  uint16_t length = 0;
  uint8_t type = 0;
  uint8_t detail = 0;
  uint16_t pad0 = 0;
  uint32_t time = 0;  // 0 = at once
  uint32_t root = 0;
  uint32_t pad1[2] = {};
  int16_t rootX = 0;
  int16_t rootY = 0;
  uint8_t pad2[7] = {};
  uint8_t deviceId = 0;
};
static_assert(sizeof(FakeInputRequest) == 36);

template <typename T>
using MallocPtr = std::unique_ptr<T, decltype([](T* pointer) { std::free(pointer); })>;

const xcb_screen_t* screenOf(xcb_connection_t* connection, int number) {
  auto screens = xcb_setup_roots_iterator(xcb_get_setup(connection));
  for (; number > 0 && screens.rem > 1; --number)
    xcb_screen_next(&screens);
  return screens.rem > 0 ? screens.data : nullptr;
}

const char* reasonOf(int error) {
  switch (error) {
    case XCB_CONN_CLOSED_PARSE_ERR:
      return "that is not a display name";
    case XCB_CONN_CLOSED_INVALID_SCREEN:
      return "the display has no such screen";
    default:
      return "no X server answers there, or it refuses this user";
  }
}

}  // namespace

Result<std::unique_ptr<X11Connection>> X11Connection::open(const std::string& display) {
  int screenNumber = 0;
  xcb_connection_t* connection = xcb_connect(display.empty() ? nullptr : display.c_str(), &screenNumber);
  const auto refuse = [&](const char* reason) {
    xcb_disconnect(connection);
    return fail("ERR_INPUT", "input cannot go to the X display " + display + ": " + reason);
  };
  if (const int error = xcb_connection_has_error(connection); error != 0)
    return refuse(reasonOf(error));
  const xcb_screen_t* screen = screenOf(connection, screenNumber);
  if (screen == nullptr)
    return refuse("it has no screen");
  const auto* xtest = xcb_get_extension_data(connection, &xtestExtension);
  if (xtest == nullptr || xtest->present == 0)
    return refuse("its server lacks the XTEST extension");
  return std::unique_ptr<X11Connection>(new X11Connection(connection, *screen));
}

X11Connection::X11Connection(xcb_connection_t* connection, const xcb_screen_t& screen)
    : connection_(connection), root_(screen.root), widthPx_(screen.width_in_pixels),
      heightPx_(screen.height_in_pixels) {
  const uint32_t mask = XCB_EVENT_MASK_STRUCTURE_NOTIFY;  // tells when the screen changes its size
  xcb_change_window_attributes(connection_, root_, XCB_CW_EVENT_MASK, &mask);
  findSpareKeycodes();
}

X11Connection::~X11Connection() {
  xcb_disconnect(connection_);
}

bool X11Connection::isAlive() const {
  return xcb_connection_has_error(connection_) == 0;
}

void X11Connection::fakeKey(uint8_t keycode, bool pressed) {
  fakeInput(pressed ? XCB_KEY_PRESS : XCB_KEY_RELEASE, keycode, 0, 0);
}

void X11Connection::fakeButton(uint8_t button, bool pressed) {
  fakeInput(pressed ? XCB_BUTTON_PRESS : XCB_BUTTON_RELEASE, button, 0, 0);
}

void X11Connection::fakeMove(bool relative, int x, int y) {
  fakeInput(XCB_MOTION_NOTIFY, relative ? 1 : 0, x, y);
}

void X11Connection::mapKeycode(uint8_t keycode, uint32_t keysym) {
  if (!canSend())
    return;
  const std::array<xcb_keysym_t, 2> keysyms{keysym, keysym};
  xcb_change_keyboard_mapping(connection_, 1, keycode, keysyms.size(), keysyms.data());
}

void X11Connection::flush() {
  if (canSend())
    xcb_flush(connection_);
  // Reading is also how XCB learns that the server is gone.
  while (MallocPtr<xcb_generic_event_t> event{xcb_poll_for_event(connection_)}) {
    // Errors come here too (response_type 0), e.g. for a button that this server does not have: nothing to do.
    if ((event->response_type & 0x7F) != XCB_CONFIGURE_NOTIFY)
      continue;
    const auto* configure = reinterpret_cast<const xcb_configure_notify_event_t*>(event.get());
    if (configure->window != root_)
      continue;
    widthPx_ = configure->width;
    heightPx_ = configure->height;
  }
}

void X11Connection::fakeInput(uint8_t type, uint8_t detail, int x, int y) {
  if (!canSend())
    return;
  FakeInputRequest request;
  request.type = type;
  request.detail = detail;
  request.root = type == XCB_MOTION_NOTIFY && detail == 0 ? root_ : XCB_NONE;
  request.rootX = static_cast<int16_t>(x);
  request.rootY = static_cast<int16_t>(y);
  // XCB wants two free entries before the first one.
  std::array<iovec, 3> parts{};
  parts[2] = {&request, sizeof(request)};
  const xcb_protocol_request_t protocol{1, &xtestExtension, kFakeInputOpcode, 1};
  xcb_send_request(connection_, 0, &parts[2], &protocol);
}

/// False where the server is gone (a write would raise SIGPIPE) or does not read (a write would block the caller, who
/// holds the hub's lock).
bool X11Connection::canSend() const {
  if (!isAlive())
    return false;
  pollfd socket{xcb_get_file_descriptor(connection_), POLLOUT, 0};
  return poll(&socket, 1, 0) == 1 && socket.revents == POLLOUT;
}

void X11Connection::findSpareKeycodes() {
  const auto* setup = xcb_get_setup(connection_);
  const int count = setup->max_keycode - setup->min_keycode + 1;
  const auto cookie = xcb_get_keyboard_mapping(connection_, setup->min_keycode, static_cast<uint8_t>(count));
  const MallocPtr<xcb_get_keyboard_mapping_reply_t> reply{xcb_get_keyboard_mapping_reply(connection_, cookie, nullptr)};
  if (!reply)
    return;
  const size_t width = reply->keysyms_per_keycode;
  const std::span keysyms(xcb_get_keyboard_mapping_keysyms(reply.get()),
                          static_cast<size_t>(xcb_get_keyboard_mapping_keysyms_length(reply.get())));
  for (int i = count - 1; i >= 0; --i) {
    const auto of = keysyms.subspan(static_cast<size_t>(i) * width, width);
    if (std::ranges::all_of(of, [](xcb_keysym_t keysym) { return keysym == XCB_NO_SYMBOL; })) {
      spareKeycodes_.push_back(static_cast<uint8_t>(setup->min_keycode + i));
    }
  }
}

}  // namespace nestri
