// SPDX-License-Identifier: Apache-2.0
// Looks up element factories. That a factory is registered says nothing about whether it works: see probe.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace nestri {

struct ElementProperty {
  std::string name;
  /// GType name of the value.
  std::string type;
  bool writable = false;
  /// Nicks of an enum's or flags' values.
  std::optional<std::vector<std::string>> values;
  /// Range of a number.
  std::optional<double> minimum;
  std::optional<double> maximum;
};

struct ElementInfo {
  std::string name;
  std::string klass;
  std::vector<ElementProperty> properties;
  std::string sinkCaps;
  std::string srcCaps;
};

/// The element factory of that name with the properties of an instance, or nothing where it cannot be made.
std::optional<ElementInfo> inspectElement(const std::string& name);

}  // namespace nestri
