// SPDX-License-Identifier: Apache-2.0
#include "rtcp.h"

#include <algorithm>

#include "bytes.h"

namespace nestri::bench {
namespace {

constexpr uint8_t kReceiverReport = 201;
constexpr uint8_t kTransportFeedback = 205;
constexpr uint8_t kPayloadFeedback = 206;
constexpr uint8_t kPli = 1;
constexpr uint8_t kFir = 4;
constexpr uint8_t kTransportCc = 15;
constexpr int64_t kTickNs = 250'000;
constexpr int64_t kReferenceNs = 64'000'000;

enum Symbol : uint8_t { kMissing = 0, kSmallStep = 1, kLargeStep = 2 };

size_t writeHeader(std::span<uint8_t> out, uint8_t countOrFormat, uint8_t type, size_t lengthBytes) {
  out[0] = 0x80 | countOrFormat;
  out[1] = type;
  writeU16(&out[2], static_cast<uint16_t>(lengthBytes / 4 - 1));
  return lengthBytes;
}

}  // namespace

size_t writeReceiverReport(std::span<uint8_t> out, uint32_t senderSsrc, const ReceptionFacts& facts) {
  writeU32(&out[4], senderSsrc);
  writeU32(&out[8], facts.ssrc);
  out[12] = 0;
  writeU24(&out[13], std::min<uint32_t>(facts.lost, 0x7F'FFFF));
  writeU32(&out[16], facts.highest);
  writeU32(&out[20], facts.jitter);
  writeU32(&out[24], 0);
  writeU32(&out[28], 0);
  return writeHeader(out, 1, kReceiverReport, 32);
}

size_t writePli(std::span<uint8_t> out, uint32_t senderSsrc, uint32_t mediaSsrc) {
  writeU32(&out[4], senderSsrc);
  writeU32(&out[8], mediaSsrc);
  return writeHeader(out, kPli, kPayloadFeedback, 12);
}

size_t writeTransportFeedback(std::span<uint8_t> out, uint32_t senderSsrc, uint32_t mediaSsrc, uint8_t serial,
                              const std::vector<Arrival>& arrivals) {
  const uint16_t base = arrivals.front().sequence;
  const auto span = static_cast<uint16_t>(arrivals.back().sequence - base);
  const size_t count = std::min<size_t>(span + 1u, kMaxFeedbackPackets);
  std::vector<Symbol> symbols(count, kMissing);
  std::vector<uint8_t> steps;
  const int64_t reference = arrivals.front().atNs / kReferenceNs;
  int64_t lastTicks = reference * (kReferenceNs / kTickNs);
  for (const auto& [sequence, atNs] : arrivals) {
    const auto offset = static_cast<uint16_t>(sequence - base);
    if (offset >= count)
      break;
    const int64_t step = atNs / kTickNs - lastTicks;
    lastTicks += step;
    if (step >= 0 && step <= 255) {
      symbols[offset] = kSmallStep;
      steps.push_back(static_cast<uint8_t>(step));
    } else {
      symbols[offset] = kLargeStep;
      const auto clamped = static_cast<uint16_t>(std::clamp<int64_t>(step, INT16_MIN, INT16_MAX));
      steps.insert(steps.end(), {static_cast<uint8_t>(clamped >> 8), static_cast<uint8_t>(clamped)});
    }
  }
  writeU32(&out[4], senderSsrc);
  writeU32(&out[8], mediaSsrc);
  writeU16(&out[12], base);
  writeU16(&out[14], static_cast<uint16_t>(count));
  writeU24(&out[16], static_cast<uint32_t>(reference) & 0xFF'FFFF);
  out[19] = serial;
  size_t at = 20;
  // Status vector chunks of seven two-bit symbols each.
  for (size_t i = 0; i < count; i += 7, at += 2) {
    uint16_t chunk = 0xC000;
    for (size_t k = 0; k < 7 && i + k < count; ++k)
      chunk |= static_cast<uint16_t>(symbols[i + k] << (12 - 2 * k));
    writeU16(&out[at], chunk);
  }
  std::ranges::copy(steps, out.begin() + static_cast<ptrdiff_t>(at));
  at += steps.size();
  while (at % 4 != 0)
    out[at++] = 0;
  return writeHeader(out, kTransportCc, kTransportFeedback, at);
}

bool asksForKeyFrame(std::span<const uint8_t> compound, uint32_t ssrc) {
  while (compound.size() >= 12) {
    const size_t length = 4 * (static_cast<size_t>(readU16(&compound[2])) + 1);
    if (length > compound.size())
      return false;
    const uint8_t format = compound[0] & 0x1F;
    if (compound[1] == kPayloadFeedback) {
      if (format == kPli && readU32(&compound[8]) == ssrc)
        return true;
      if (format == kFir && length >= 20 && readU32(&compound[12]) == ssrc)
        return true;
    }
    compound = compound.subspan(length);
  }
  return false;
}

}  // namespace nestri::bench
