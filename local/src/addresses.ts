// SPDX-License-Identifier: Apache-2.0
// Which of a machine's addresses other devices of its network can reach. Pure.

import type { NetworkInterfaceInfo } from 'node:os'

/** Interfaces of container engines and virtual machines: nobody outside this machine is behind them. */
const VIRTUAL = /^(docker|br-|veth|virbr|cni|flannel|cali|podman|lxc|vmnet|vboxnet)/

/**
 * IPv4 addresses of the machine, the likeliest first.
 * @param interfaces what `os.networkInterfaces()` returns
 * @param preferred names of the interfaces that have a default route
 */
export function lanAddresses(
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
  preferred: readonly string[],
): string[] {
  return Object.entries(interfaces)
    .filter(([name]) => !VIRTUAL.test(name))
    .toSorted(([a], [b]) => Number(preferred.includes(b)) - Number(preferred.includes(a)))
    .flatMap(([, infos = []]) => infos)
    .filter(({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('169.254.'))
    .map(({ address }) => address)
}

/** Names of the interfaces with a default route, from the text of /proc/net/route. */
export function defaultRouteInterfaces(routeTable: string): string[] {
  return routeTable
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
    .map(([name = '']) => name)
}
