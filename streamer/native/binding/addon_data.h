// SPDX-License-Identifier: Apache-2.0
// Everything that belongs to one environment (the main thread, or one worker thread). There is no static state: several
// worker threads may load the addon. Freed by Node with the environment, after the cleanup hook has closed it.
#pragma once

#include "event_queue.h"
#include "probe.h"

#include <napi.h>

#include <map>
#include <memory>
#include <set>

namespace nestri::binding {

class SessionWrap;

struct AddonData {
  std::shared_ptr<EventQueue> queue;
  Napi::FunctionReference sessionClass;
  /// Sessions that are not closed; each removes itself.
  std::set<SessionWrap*> openSessions;
  std::map<uint64_t, ProbeHandle> probes;
  uint64_t nextProbe = 0;
};

/// The data of the environment. JavaScript thread.
inline AddonData& addonData(Napi::Env env) {
  return *env.GetInstanceData<AddonData>();
}

}  // namespace nestri::binding
