// SPDX-License-Identifier: Apache-2.0
// Reads the golden vectors: as much of JSON (RFC 8259) as they use. For trusted test files alone.

#pragma once

#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace nestri::test {

struct Json {
  enum class Kind { null, boolean, number, text, list, object } kind = Kind::null;
  bool boolean = false;
  double number = 0;
  std::string text;
  std::vector<Json> list;
  std::map<std::string, Json> object;

  const Json& operator[](const std::string& name) const {
    static const Json none;
    const auto found = object.find(name);
    return found == object.end() ? none : found->second;
  }
};

class JsonReader {
 public:
  explicit JsonReader(std::string text) : text_(std::move(text)) {}

  Json value() {
    Json json;
    switch (peek()) {
      case '{':
        json.kind = Json::Kind::object;
        each('}', [&] {
          const std::string name = string();
          take(':');
          json.object[name] = value();
        });
        break;
      case '[':
        json.kind = Json::Kind::list;
        each(']', [&] { json.list.push_back(value()); });
        break;
      case '"':
        json.kind = Json::Kind::text;
        json.text = string();
        break;
      case 't':
      case 'f':
        json.kind = Json::Kind::boolean;
        json.boolean = peek() == 't';
        at_ += json.boolean ? 4 : 5;
        break;
      case 'n':
        at_ += 4;
        break;
      default:
        json.kind = Json::Kind::number;
        size_t length = 0;
        json.number = std::stod(text_.substr(at_, 32), &length);
        at_ += length;
    }
    return json;
  }

 private:
  char peek() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0)
      ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool take(char expected) {
    if (peek() != expected)
      return false;
    ++at_;
    return true;
  }

  template <typename Item>
  void each(char end, Item item) {
    ++at_;
    if (take(end))
      return;
    do {
      item();
    } while (take(','));
    take(end);
  }

  std::string string() {
    std::string result;
    take('"');
    while (at_ < text_.size() && text_[at_] != '"') {
      char c = text_[at_++];
      if (c == '\\') {
        c = text_[at_++];
        if (c == 'u') {
          append(result, static_cast<char32_t>(std::stoul(text_.substr(at_, 4), nullptr, 16)));
          at_ += 4;
          continue;
        }
        if (c == 'n')
          c = '\n';
        if (c == 't')
          c = '\t';
      }
      result += c;
    }
    ++at_;
    return result;
  }

  /// Characters of the basic plane are enough: others stand in the file as UTF-8.
  static void append(std::string& result, char32_t c) {
    if (c < 0x80) {
      result += static_cast<char>(c);
    } else if (c < 0x800) {
      result += {static_cast<char>(0xC0 | (c >> 6)), static_cast<char>(0x80 | (c & 0x3F))};
    } else {
      result += {static_cast<char>(0xE0 | (c >> 12)), static_cast<char>(0x80 | ((c >> 6) & 0x3F)),
                 static_cast<char>(0x80 | (c & 0x3F))};
    }
  }

  std::string text_;
  size_t at_ = 0;
};

/// The parsed file, or null where there is none.
inline Json readJson(const std::string& path) {
  std::ifstream file(path);
  if (!file)
    return {};
  std::stringstream text;
  text << file.rdbuf();
  return JsonReader(text.str()).value();
}

inline std::vector<uint8_t> fromHex(const std::string& hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

}  // namespace nestri::test
