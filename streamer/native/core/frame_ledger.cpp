// SPDX-License-Identifier: Apache-2.0
#include "frame_ledger.h"

namespace nestri {
namespace {

/// Encoders may round timestamps to their time base: a frame is recognised within half a millisecond.
constexpr int64_t kSameFrameNs = 500'000;

bool isSame(int64_t a, int64_t b) {
  return a - b < kSameFrameNs && b - a < kSameFrameNs;
}

}  // namespace

FrameLedger::Entry* FrameLedger::find(int64_t capturedAt) {
  for (Entry& entry : entries_) {
    if (entry.capturedAt >= 0 && isSame(entry.capturedAt, capturedAt))
      return &entry;
  }
  return nullptr;
}

void FrameLedger::enteredEncoder(int64_t capturedAt, int64_t now) {
  const std::scoped_lock lock(mutex_);
  entries_[next_++ % kEntries] = Entry{.capturedAt = capturedAt, .enteredAt = now};
}

FrameLedger::Encoded FrameLedger::leftEncoder(int64_t capturedAt, int64_t now, uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  counters_.framesEncoded.fetch_add(1, std::memory_order_relaxed);
  counters_.bytesEncoded.fetch_add(bytes, std::memory_order_relaxed);
  raiseTo(counters_.largestFrameBytes, bytes);
  counters_.lastEncodedAt.store(now, std::memory_order_relaxed);
  for (Entry& entry : entries_) {
    if (entry.capturedAt >= 0 && !entry.left && entry.capturedAt < capturedAt - kSameFrameNs) {
      entry = Entry{};
      counters_.droppedByEncoder.fetch_add(1, std::memory_order_relaxed);
    }
  }
  Entry* entry = find(capturedAt);
  if (entry == nullptr)
    return {-1};
  entry->left = true;
  counters_.encodeTimes.add(now - entry->enteredAt);
  return {entry->enteredAt};
}

void FrameLedger::payloaded(int64_t capturedAt, uint32_t rtpTimestamp) {
  const std::scoped_lock lock(mutex_);
  Entry* entry = find(capturedAt);
  if (entry == nullptr)
    return;
  entry->payloaded = true;
  entry->rtpTimestamp = rtpTimestamp;
}

void FrameLedger::sent(uint32_t rtpTimestamp, int64_t now) {
  const std::scoped_lock lock(mutex_);
  counters_.lastSentAt.store(now, std::memory_order_relaxed);
  Entry* found = nullptr;
  for (Entry& entry : entries_) {
    if (entry.payloaded && !entry.sent && entry.rtpTimestamp == rtpTimestamp)
      found = &entry;
  }
  if (found == nullptr)
    return;
  found->sent = true;
  if (found->capturedAt >= timedSince_)
    counters_.captureToSendTimes.add(now - found->capturedAt);
  for (Entry& entry : entries_) {
    if (entry.payloaded && !entry.sent && entry.capturedAt < found->capturedAt) {
      entry = Entry{};
      counters_.droppedWhenSending.fetch_add(1, std::memory_order_relaxed);
    }
  }
}

void FrameLedger::timeFrom(int64_t since) {
  const std::scoped_lock lock(mutex_);
  timedSince_ = since;
}

}  // namespace nestri
