// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  cpuMsBetween,
  listProcesses,
  machineBusyMs,
  parseStat,
  type ProcessFacts,
  processTree,
  proportionalMib,
} from './processes.ts'

test('a process name with brackets and blanks does not shift the fields', () => {
  const stat = '42 (a (b) c) S 7 42 42 0 -1 4194560 1 0 0 0 150 25 0 0 20 0 1 0 100 0 0'
  assert.deepEqual(parseStat(stat), { name: 'a (b) c', parent: 7, cpuMs: 1750 })
  assert.equal(parseStat('nonsense'), undefined)
})

test('a tree is its root and everything below it', () => {
  const facts = (pid: number, parent: number): ProcessFacts => ({ pid, parent, command: '', cpuMs: 0, rssMib: 0 })
  const all = [facts(1, 0), facts(2, 1), facts(3, 2), facts(4, 1), facts(5, 4), facts(6, 5)]
  assert.deepEqual(
    processTree(all, 4).map(({ pid }) => pid),
    [4, 5, 6],
  )
  assert.deepEqual(processTree(all, 9), [])
})

test('CPU time between two listings counts what began in between', () => {
  const facts = (pid: number, cpuMs: number): ProcessFacts => ({ pid, parent: 1, command: '', cpuMs, rssMib: 0 })
  assert.equal(cpuMsBetween([facts(2, 100), facts(3, 50)], [facts(2, 130), facts(4, 20)]), 50)
})

test('this process is among the processes of the machine, with its memory', () => {
  const own = listProcesses().find(({ pid }) => pid === process.pid)
  assert.ok(own !== undefined && own.rssMib > 10 && own.parent === process.ppid)
})

test('a process has no more memory of its own than is resident', () => {
  const own = listProcesses().find(({ pid }) => pid === process.pid)
  const proportional = proportionalMib(process.pid)
  assert.ok(own !== undefined && proportional > 0 && proportional <= own.rssMib * 1.1)
  assert.equal(proportionalMib(0), 0)
})

test('a machine is busy with everything but idling and waiting', () => {
  assert.equal(machineBusyMs('cpu  1 2 3 1000 2000 4 5 6 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n'), 210)
})
