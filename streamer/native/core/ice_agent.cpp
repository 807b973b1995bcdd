// SPDX-License-Identifier: Apache-2.0
#include "ice_agent.h"

#include "gst_ptr.h"

#include <nice/agent.h>
#include <nice/interfaces.h>

namespace nestri {
namespace {

using AddressPtr = CPtr<NiceAddress, &nice_address_free>;

void addAddress(NiceAgent* agent, const char* text) {
  const AddressPtr address(nice_address_new());
  // An IPv6 link-local address reaches no relay that an SDP could name.
  if (g_ascii_strncasecmp(text, "fe80:", 5) != 0 && nice_address_set_from_string(address.get(), text) != FALSE)
    nice_agent_add_local_address(agent, address.get());
}

}  // namespace

void configureIce(GstElement* webrtc) {
  GObject* rawIce = nullptr;
  g_object_get(webrtc, "ice-agent", &rawIce, nullptr);
  const GObjectPtr<GObject> ice(rawIce);
  if (!ice || g_object_class_find_property(G_OBJECT_GET_CLASS(ice.get()), "agent") == nullptr)
    return;
  NiceAgent* rawAgent = nullptr;
  g_object_get(ice.get(), "agent", &rawAgent, nullptr);
  const GObjectPtr<NiceAgent> agent(rawAgent);
  g_object_set(agent.get(), "upnp", FALSE, nullptr);
  constexpr gboolean withLoopback = TRUE;
  GList* addresses = nice_interfaces_get_local_ips(withLoopback);
  for (const GList* item = addresses; item != nullptr; item = item->next)
    addAddress(agent.get(), static_cast<const char*>(item->data));
  g_list_free_full(addresses, g_free);
}

}  // namespace nestri
