// SPDX-License-Identifier: Apache-2.0
// Ties C++ objects to GObject signals and GStreamer callbacks by shared ownership: a callback that runs while its
// object goes away still finds it alive.
#pragma once

#include "gst_ptr.h"

#include <memory>
#include <utility>

namespace nestri {

/// A heap copy of a shared pointer, as `user_data` for C.
template <typename T>
[[nodiscard]] gpointer shareWithC(std::shared_ptr<T> value) {
  return new std::shared_ptr<T>(std::move(value));
}

/// The object behind a `user_data` made by shareWithC().
template <typename T>
[[nodiscard]] T& fromC(gpointer data) {
  return **static_cast<std::shared_ptr<T>*>(data);
}

/// GDestroyNotify of shareWithC().
template <typename T>
void releaseFromC(gpointer data) {
  delete static_cast<std::shared_ptr<T>*>(data);
}

/// Connects `callback` to a signal of `object`; `value` lives at least as long as the connection.
template <typename T, typename Callback>
gulong connectShared(gpointer object, const char* signal, Callback* callback, std::shared_ptr<T> value) {
  return g_signal_connect_data(
      object, signal, G_CALLBACK(callback), shareWithC(std::move(value)),
      [](gpointer data, GClosure*) { releaseFromC<T>(data); }, static_cast<GConnectFlags>(0));
}

}  // namespace nestri
