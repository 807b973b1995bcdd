// SPDX-License-Identifier: Apache-2.0
// The one error that a person sees from the set-up: what failed, why, and what to do about it.

/** A step of the set-up could not be done. */
export class SetupError extends Error {
  /**
   * @param {string} why one sentence: what went wrong
   * @param {{whatToDo?: string, tail?: string, log?: string, cause?: unknown}} [details] `tail` is the end of the
   *   failed program's output, `log` the file that holds all of it
   */
  constructor(why, { whatToDo, tail, log, cause } = {}) {
    super(why, { cause })
    this.name = 'SetupError'
    this.whatToDo = whatToDo
    this.tail = tail
    this.log = log
  }
}
