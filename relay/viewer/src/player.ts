// SPDX-License-Identifier: Apache-2.0
// The picture and its sound. A new stream gets a video element of its own and replaces the old one at its first frame,
// so that the last picture stays until there is a newer one. Plays muted until a person clicked (autoplay policy).

import { el } from './dom.ts'

export interface PlayerHandlers {
  /** A frame was presented (`requestVideoFrameCallback`). */
  onFrame(metadata: VideoFrameCallbackMetadata): void
  /** The first frame of the stream given to `show` is on the page. */
  onFirstFrame(): void
}

interface Shown {
  element: HTMLVideoElement
  video: MediaStreamTrack
  onFirstFrame: () => void
}

/** Shows one room's video in `stage`. */
export class Player {
  readonly #stage: HTMLElement
  readonly #onFrame: PlayerHandlers['onFrame']
  #current: Shown | undefined
  #next: Shown | undefined
  #audio: MediaStreamTrack | undefined
  #muted = true
  #volume = 1

  constructor(stage: HTMLElement, onFrame: PlayerHandlers['onFrame']) {
    this.#stage = stage
    this.#onFrame = onFrame
  }

  /** The element that is shown; another one after a stream was replaced. */
  get element(): HTMLVideoElement | undefined {
    return this.#current?.element
  }

  /** The track that is shown. */
  get track(): MediaStreamTrack | undefined {
    return this.#current?.video
  }

  get muted(): boolean {
    return this.#muted
  }

  /** Shows new tracks from their first frame on. The same video track again only changes the sound. */
  show(video: MediaStreamTrack, audio: MediaStreamTrack | undefined, onFirstFrame: () => void): void {
    this.#audio = audio
    const known = [this.#next, this.#current].find((shown) => shown?.video === video)
    if (known !== undefined) {
      setAudio(known.element, audio)
      return
    }
    this.#next?.element.remove()
    const element = el('video', { class: 'video coming', attributes: { tabindex: '-1' } })
    element.autoplay = true
    element.playsInline = true
    element.disablePictureInPicture = true
    element.muted = true
    element.srcObject = new MediaStream(audio === undefined ? [video] : [video, audio])
    const shown: Shown = { element, video, onFirstFrame }
    this.#next = shown
    if (this.#current === undefined) this.#stage.prepend(element)
    else this.#current.element.after(element)
    element.requestVideoFrameCallback((_, metadata) => this.#frame(shown, metadata))
    // A hidden tab presents no frames; there the first decoded one must do.
    element.addEventListener('loadeddata', () => {
      if (document.visibilityState === 'hidden' && video.readyState === 'live') this.#takeOver(shown)
    })
    void this.#play(element)
  }

  /** A person clicked: play with sound. False where the browser still refuses. */
  async start(): Promise<boolean> {
    this.#muted = false
    const element = this.element
    if (element === undefined) return true
    element.muted = false
    if (await this.#play(element)) return true
    element.muted = true
    this.#muted = true
    void this.#play(element)
    return false
  }

  setMuted(muted: boolean): void {
    this.#muted = muted
    if (this.element !== undefined) this.element.muted = muted
  }

  /** `volume` 0..1. */
  setVolume(volume: number): void {
    this.#volume = volume
    if (this.element !== undefined) this.element.volume = volume
  }

  /** Removes the picture: the room ended. */
  clear(): void {
    this.#current?.element.remove()
    this.#next?.element.remove()
    this.#current = undefined
    this.#next = undefined
  }

  #takeOver(shown: Shown): void {
    if (this.#next !== shown) return
    this.#current?.element.remove()
    this.#current = shown
    this.#next = undefined
    shown.element.classList.remove('coming')
    shown.element.id = 'video'
    shown.element.muted = this.#muted
    shown.element.volume = this.#volume
    setAudio(shown.element, this.#audio)
    shown.onFirstFrame()
  }

  #frame(shown: Shown, metadata: VideoFrameCallbackMetadata): void {
    // Chromium presents a black frame when the connection of a track is closed; that is no picture.
    if (shown.video.readyState === 'ended') return
    this.#takeOver(shown)
    if (this.#current !== shown) return
    this.#onFrame(metadata)
    shown.element.requestVideoFrameCallback((_, next) => this.#frame(shown, next))
  }

  async #play(element: HTMLVideoElement): Promise<boolean> {
    try {
      await element.play()
      return true
    } catch {
      // NotAllowedError: a click is needed. AbortError: the element was replaced meanwhile.
      return false
    }
  }
}

function setAudio(element: HTMLVideoElement, audio: MediaStreamTrack | undefined): void {
  const stream = element.srcObject
  if (!(stream instanceof MediaStream)) return
  for (const track of stream.getAudioTracks()) if (track !== audio) stream.removeTrack(track)
  if (audio !== undefined && !stream.getAudioTracks().includes(audio)) stream.addTrack(audio)
}
