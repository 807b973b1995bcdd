// SPDX-License-Identifier: Apache-2.0
// CPU time and memory of process trees, read from /proc. A program's cost is the cost of all its processes.

import { readdirSync, readFileSync } from 'node:fs'

/** One process as /proc shows it. */
export interface ProcessFacts {
  pid: number
  parent: number
  /** Its command line, or its name in brackets for a kernel thread. */
  command: string
  /** User and system time since its start, in ms; resolution 10 ms. */
  cpuMs: number
  /** Resident memory (VmRSS) in MiB; pages shared between processes count in each. */
  rssMib: number
}

/** The kernel's clock tick (USER_HZ), 100 per second on every Linux that Node runs on. */
const TICK_MS = 10

/** Parses the fields of /proc/<pid>/stat that are needed; the name in brackets may itself contain brackets. */
export function parseStat(text: string): { name: string; parent: number; cpuMs: number } | undefined {
  const end = text.lastIndexOf(')')
  const fields = text.slice(end + 2).split(' ')
  const [parent, user, system] = [fields[1], fields[11], fields[12]]
  if (end < 0 || parent === undefined || user === undefined || system === undefined) return undefined
  const name = text.slice(text.indexOf('(') + 1, end)
  return { name, parent: Number(parent), cpuMs: (Number(user) + Number(system)) * TICK_MS }
}

/** Every process of the machine. */
export function listProcesses(): ProcessFacts[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const stat = parseStat(readFileSync(`/proc/${name}/stat`, 'utf8'))
      if (stat === undefined) return []
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      const rss = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1] ?? '0'
      return [
        {
          pid: Number(name),
          parent: stat.parent,
          command: command === '' ? `[${stat.name}]` : command,
          cpuMs: stat.cpuMs,
          rssMib: Number(rss) / 1024,
        },
      ]
    } catch {
      return []
    }
  })
}

/** Resident memory in MiB with each shared page divided among those that share it (PSS); 0 for a process that is gone. */
export function proportionalMib(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

/** Time in ms that all CPUs of the machine have been busy since boot, theft by a hypervisor included. */
export function machineBusyMs(stat: string = readFileSync('/proc/stat', 'utf8')): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] =
    /^cpu +(.*)$/m.exec(stat)?.[1]?.split(' ').map(Number) ?? []
  return (user + nice + system + irq + softIrq + steal) * TICK_MS
}

/** `root` and everything below it, among `all`. */
export function processTree(all: readonly ProcessFacts[], root: number): ProcessFacts[] {
  const found = all.filter(({ pid }) => pid === root)
  for (const parent of found) found.push(...all.filter((child) => child.parent === parent.pid))
  return found
}

/**
 * CPU time in ms that trees used between two listings. A process that ended in between is not counted; one that began
 * counts in full.
 */
export function cpuMsBetween(before: readonly ProcessFacts[], after: readonly ProcessFacts[]): number {
  const earlier = new Map(before.map(({ pid, cpuMs }) => [pid, cpuMs]))
  return after.reduce((sum, { pid, cpuMs }) => sum + cpuMs - (earlier.get(pid) ?? 0), 0)
}
