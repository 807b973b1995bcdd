// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <string>

#include "core/input_decoder.h"
#include "input_json.h"

using namespace nestri;
using test::fromHex;
using test::Json;

namespace {

Json golden() {
  const std::string here = __FILE__;
  return test::readJson(here.substr(0, here.find_last_of('/') + 1) + "../../../protocol/src/golden/input.json");
}

void checkMessage(const InputMessage& message, const Json& expected) {
  static const std::map<std::string, InputType> types{
      {"key", InputType::key},           {"button", InputType::button},    {"wheel", InputType::wheel},
      {"held", InputType::held},         {"release", InputType::release},  {"text", InputType::text},
      {"relative", InputType::relative}, {"absolute", InputType::absolute}};
  CHECK(message.type == types.at(expected["type"].text));
  CHECK(message.seq == static_cast<uint32_t>(expected["seq"].number));
  if (expected["code"].kind == Json::Kind::number) {
    CHECK(message.code == expected["code"].number);
    CHECK(message.pressed == expected["pressed"].boolean);
  }
  for (const char* name : {"x", "dx"}) {
    if (expected[name].kind == Json::Kind::number)
      CHECK(message.x == expected[name].number);
  }
  for (const char* name : {"y", "dy"}) {
    if (expected[name].kind == Json::Kind::number)
      CHECK(message.y == expected[name].number);
  }
  if (expected["text"].kind == Json::Kind::text)
    CHECK(std::string(message.text) == expected["text"].text);
  const auto& codes = expected["codes"].list;
  CHECK(message.heldCount == codes.size());
  for (size_t i = 0; i < codes.size(); ++i)
    CHECK(message.heldCodes[i] == codes[i].number);
}

}  // namespace

TEST_CASE("every golden message is decoded as the TypeScript decoder does it") {
  const Json vectors = golden();
  REQUIRE_MESSAGE(vectors["valid"].list.size() > 10, "protocol/src/golden/input.json cannot be read");
  for (const auto& vector : vectors["valid"].list) {
    CAPTURE(vector["name"].text);
    const auto bytes = fromHex(vector["hex"].text);
    const auto message = decodeInput(bytes);
    REQUIRE(message.has_value());
    checkMessage(*message, vector["message"]);
  }
}

TEST_CASE("every malformed golden message is refused") {
  const Json vectors = golden();
  REQUIRE(vectors["malformed"].list.size() > 10);
  for (const auto& vector : vectors["malformed"].list) {
    CAPTURE(vector["name"].text);
    CHECK_FALSE(decodeInput(fromHex(vector["hex"].text)).has_value());
  }
}

TEST_CASE("no mutation of a golden message reads beyond its bytes") {  // the sanitizers look
  const Json vectors = golden();
  std::mt19937 random(1);
  size_t accepted = 0;
  for (int round = 0; round < 400; ++round) {
    for (const auto& vector : vectors["valid"].list) {
      auto bytes = fromHex(vector["hex"].text);
      if (random() % 3 == 0)
        bytes.resize(random() % (bytes.size() + 8));
      for (auto i = random() % 4; i > 0 && !bytes.empty(); --i)
        bytes[random() % bytes.size()] = random() & 0xFF;
      bytes.shrink_to_fit();
      const auto message = decodeInput(bytes);
      if (!message)
        continue;
      ++accepted;
      CHECK(message->heldCount <= kMaxHeldCodes);
      CHECK(message->text.size() <= kMaxTextBytes);
    }
  }
  CHECK(accepted > 0);
}
