// SPDX-License-Identifier: Apache-2.0

#include "input_hub.h"

#include <algorithm>

#include "keymap.h"

namespace nestri {
namespace {

/// Whether `seq` comes before `other`, over the wrap-around of 32 bits.
bool isOlder(uint32_t seq, uint32_t other) {
  return static_cast<int32_t>(seq - other) < 0;
}

bool isMotion(InputType type) {
  return type == InputType::relative || type == InputType::absolute;
}

class NullInjector final : public InputInjector {
 public:
  void key(uint16_t, bool) override {}
  void button(uint16_t, bool) override {}
  void wheel(int, int) override {}
  void relative(int, int) override {}
  void absolute(uint16_t, uint16_t) override {}
  void text(std::string_view) override {}
  void flush() override {}
};

}  // namespace

std::unique_ptr<InputInjector> nullInjector() {
  return std::make_unique<NullInjector>();
}

InputHub::InputHub(std::unique_ptr<InputInjector> injector, const std::function<Clock::time_point()>& now)
    : injector_(std::move(injector)), now_(now ? now : &Clock::now) {
  if (!now)
    watcher_ = std::thread([this] { watch(); });
}

InputHub::~InputHub() {
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  if (watcher_.joinable())
    watcher_.join();
  releaseAll();
}

bool InputHub::handle(std::string_view viewer, std::span<const uint8_t> bytes) {
  const auto message = decodeInput(bytes);
  const std::scoped_lock lock(mutex_);
  Viewer* from = message ? viewerOf(viewer) : nullptr;
  if (from == nullptr) {
    rejected_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  from->heardAt = now_();
  noteSeq(*from, *message);
  const bool wasIdle = holders_.empty();
  const bool applied = apply(*from, *message);
  injector_->flush();
  if (wasIdle && !holders_.empty())
    wake_.notify_all();
  if (!applied) {
    rejected_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  lastSeq_.store((uint64_t{1} << 32) | *from->newestSeq, std::memory_order_release);
  events_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void InputHub::release(std::string_view viewer) {
  const std::scoped_lock lock(mutex_);
  const auto found = viewers_.find(viewer);
  if (found == viewers_.end())
    return;
  letGo(found->second);
  viewers_.erase(found);
  injector_->flush();
}

void InputHub::releaseAll() {
  const std::scoped_lock lock(mutex_);
  for (auto& [name, viewer] : viewers_)
    letGo(viewer);
  viewers_.clear();
  injector_->flush();
}

void InputHub::releaseSilent() {
  const std::scoped_lock lock(mutex_);
  const auto now = now_();
  for (auto& [name, viewer] : viewers_) {
    if (now - viewer.heardAt >= kSilence)
      letGo(viewer);
  }
  injector_->flush();
}

std::optional<uint32_t> InputHub::lastSeq() const {
  const uint64_t value = lastSeq_.load(std::memory_order_acquire);
  if (value == 0)
    return std::nullopt;
  return static_cast<uint32_t>(value);
}

/// The record of that viewer, made where there is none; nullptr where the table is full of viewers that hold something.
InputHub::Viewer* InputHub::viewerOf(std::string_view name) {
  const auto found = viewers_.find(name);
  if (found != viewers_.end())
    return &found->second;
  if (viewers_.size() >= kMaxViewers) {
    const auto idle = std::ranges::find_if(viewers_, [](const auto& entry) { return entry.second.held.empty(); });
    if (idle == viewers_.end())
      return nullptr;
    viewers_.erase(idle);
  }
  return &viewers_[std::string(name)];
}

/// Remembers the newest number of each kind. The reliable channel is ordered: a number that goes backwards on it means
/// that the page has been loaded anew and counts from its start.
void InputHub::noteSeq(Viewer& viewer, const InputMessage& message) {
  if (!isMotion(message.type)) {
    if (viewer.orderedSeq && isOlder(message.seq, *viewer.orderedSeq)) {
      letGo(viewer);
      viewer.newestSeq.reset();
      viewer.absoluteSeq.reset();
    }
    viewer.orderedSeq = message.seq;
  }
  if (!viewer.newestSeq || isOlder(*viewer.newestSeq, message.seq))
    viewer.newestSeq = message.seq;
}

bool InputHub::apply(Viewer& viewer, const InputMessage& message) {
  switch (message.type) {
    case InputType::key:
      return isKeyCode(message.code) && set(viewer, message.code, message.pressed);
    case InputType::button:
      return isMouseButtonCode(message.code) && set(viewer, message.code, message.pressed);
    case InputType::held:
      return snapshot(viewer, message);
    case InputType::release:
      letGo(viewer);
      return true;
    case InputType::wheel:
      injector_->wheel(message.x, message.y);
      return true;
    case InputType::relative:
      injector_->relative(message.x, message.y);
      return true;
    case InputType::absolute:
      // Positions overtake each other on the unordered channel; the newest one holds.
      if (viewer.absoluteSeq && isOlder(message.seq, *viewer.absoluteSeq))
        return true;
      viewer.absoluteSeq = message.seq;
      injector_->absolute(static_cast<uint16_t>(message.x), static_cast<uint16_t>(message.y));
      return true;
    case InputType::text:
      injector_->text(message.text);
      return true;
  }
  return false;
}

/// Presses or releases one code for one viewer. False = too many held.
bool InputHub::set(Viewer& viewer, uint16_t code, bool pressed) {
  const auto found = std::ranges::find(viewer.held, code);
  const bool isHeld = found != viewer.held.end();
  if (isHeld == pressed)
    return true;  // a browser repeats keys, the X server does that itself
  if (pressed) {
    if (viewer.held.size() >= kMaxHeldCodes)
      return false;
    viewer.held.push_back(code);
    if (++holders_[code] == 1)
      inject(code, true);
    return true;
  }
  viewer.held.erase(found);
  const auto holders = holders_.find(code);
  if (--holders->second == 0) {
    holders_.erase(holders);
    inject(code, false);
  }
  return true;
}

/// Makes what the viewer holds equal to its snapshot: heals a press or release that was lost.
bool InputHub::snapshot(Viewer& viewer, const InputMessage& message) {
  const std::span<const uint16_t> codes(message.heldCodes.data(), message.heldCount);
  if (!std::ranges::all_of(codes, [](uint16_t code) { return isKeyCode(code) || isMouseButtonCode(code); }))
    return false;
  const std::vector<uint16_t> before = viewer.held;
  for (const uint16_t code : before) {
    if (std::ranges::find(codes, code) == codes.end())
      set(viewer, code, false);
  }
  for (const uint16_t code : codes)
    set(viewer, code, true);
  return true;
}

void InputHub::letGo(Viewer& viewer) {
  while (!viewer.held.empty())
    set(viewer, viewer.held.back(), false);
}

void InputHub::inject(uint16_t code, bool pressed) {
  if (isMouseButtonCode(code)) {
    injector_->button(code, pressed);
  } else {
    injector_->key(code, pressed);
  }
}

std::optional<InputHub::Clock::time_point> InputHub::nextDeadline() const {
  std::optional<Clock::time_point> next;
  for (const auto& [name, viewer] : viewers_) {
    if (viewer.held.empty())
      continue;
    const auto deadline = viewer.heardAt + kSilence;
    if (!next || deadline < *next)
      next = deadline;
  }
  return next;
}

void InputHub::watch() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    const auto deadline = nextDeadline();
    if (!deadline) {
      wake_.wait(lock);
    } else if (wake_.wait_until(lock, *deadline) == std::cv_status::timeout) {
      lock.unlock();
      releaseSilent();
      lock.lock();
    }
  }
}

}  // namespace nestri
