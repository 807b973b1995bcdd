// SPDX-License-Identifier: Apache-2.0
// What a machine holds before and after a journey: processes, listening sockets, shared memory and temporary files.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'

export interface Snapshot {
  /** `pid command` of every process that is ours or a desktop's. */
  processes: string[]
  /** Abstract and file sockets of X servers and sound servers, and listening TCP and UDP ports. */
  sockets: string[]
  /** Names in /dev/shm and System V segments. */
  sharedMemory: string[]
  /** Names in the temporary folder. */
  files: string[]
}

const WATCHED = /node|Xvfb|pulseaudio|pipewire|wireplumber|mediasoup|chocolate-doom|nestri|x11-clock/

export function takeSnapshot(): Snapshot {
  return { processes: processes(), sockets: sockets(), sharedMemory: sharedMemory(), files: files() }
}

/** What is in `after` and was not in `before`. */
export function leftOver(before: Snapshot, after: Snapshot): Snapshot {
  const added = (key: keyof Snapshot): string[] => after[key].filter((item) => !before[key].includes(item))
  return {
    processes: added('processes'),
    sockets: added('sockets'),
    sharedMemory: added('sharedMemory'),
    files: added('files'),
  }
}

/** True when nothing is left. */
export function isClean(left: Snapshot): boolean {
  return Object.values(left).every((items: string[]) => items.length === 0)
}

function processes(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
        return WATCHED.test(command) ? [`${pid} ${command}`] : []
      } catch {
        return []
      }
    })
}

function sockets(): string[] {
  const unix = lines('/proc/net/unix').flatMap((line) => {
    const path = line.split(/\s+/)[7]
    return path !== undefined && /X11-unix|pulse|pipewire|nestri/.test(path) ? [path] : []
  })
  // State 0A is LISTEN (TCP); bound UDP sockets have 07.
  const net = ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((name) =>
    lines(`/proc/net/${name}`).flatMap((line) => {
      const [, local, , state] = line.trim().split(/\s+/)
      return state === '0A' || state === '07' ? [`${name} ${local}`] : []
    }),
  )
  return [...new Set([...unix, ...net])]
}

function sharedMemory(): string[] {
  const segments = lines('/proc/sysvipc/shm').map((line) => `sysv ${line.trim().split(/\s+/).slice(0, 2).join(' ')}`)
  return [...readdirSync('/dev/shm').filter((name) => !name.startsWith('.org.chromium')), ...segments]
}

function files(): string[] {
  return readdirSync(tmpdir()).filter((name) => /nestri|X\d+-lock|pulse|\.X11/.test(name))
}

function lines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(1).filter(Boolean)
  } catch {
    return []
  }
}

/** Open file descriptors of a process, as what they point to. */
export function openFiles(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
    } catch {
      return []
    }
  })
}
