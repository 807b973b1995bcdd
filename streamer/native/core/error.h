// SPDX-License-Identifier: Apache-2.0
// What every fallible function of core/ returns. C++ exceptions are off: an Error is a value, its code is for programs
// (stable, upper case), its message is for people and carries the failing element's own words.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace nestri {

struct Error {
  std::string code;
  std::string message;
};

template <typename T>
using Result = std::expected<T, Error>;

/// Shorthand for the failing side of a Result.
[[nodiscard]] inline std::unexpected<Error> fail(std::string code, std::string message) {
  return std::unexpected(Error{std::move(code), std::move(message)});
}

}  // namespace nestri
