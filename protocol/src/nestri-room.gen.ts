// SPDX-License-Identifier: Apache-2.0
// Generated from crds/nestriroom.yaml by scripts/generate.ts; do not edit. NestriRoom is a resource as the API server stores it, with
// all defaults filled in; NestriRoomInput is what a user may write.

/** `apiVersion` of the resource. */
export const NESTRI_ROOM_API_VERSION = 'nestri.io/v1alpha1'

/** The part of a resource's metadata that our programs read. */
export interface NestriRoomMetadata {
  name: string
  namespace?: string
  uid?: string
  generation?: number
  resourceVersion?: string
  creationTimestamp?: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
}

/** One game in one room, streamed to any number of viewers. */
export interface NestriRoom {
  apiVersion: typeof NESTRI_ROOM_API_VERSION
  kind: 'NestriRoom'
  metadata: NestriRoomMetadata
  spec: NestriRoomSpec
  status?: NestriRoomStatus
}

/** NestriRoom as a user writes it. */
export interface NestriRoomInput {
  apiVersion: typeof NESTRI_ROOM_API_VERSION
  kind: 'NestriRoom'
  metadata: NestriRoomMetadata
  spec: NestriRoomSpecInput
}

/** What the room is. Written by the operator alone. */
export interface NestriRoomStatus {
  /** Generation of the spec that this status is about. */
  observedGeneration?: number
  /** Summary of the conditions, for people; programs read the conditions. Range: at most 32 characters. */
  phase?: string
  /** Rises with every incarnation of the runner; fences older ones off. Range: at least 0. */
  epoch?: number
  /** ULID of the room's life on its relay. Range: at most 26 characters. */
  roomID?: string
  /** Address that a player opens. Range: at most 2048 characters. */
  joinURL?: string
  /** Viewers in the room. */
  participants?: RoomStatusParticipants
  /** The encoder that was really taken. */
  encoder?: RoomStatusEncoder
  /** Facts about the room, one per type. Range: at most 16 items. */
  conditions?: RoomStatusConditionsItem[]
}

export interface RoomStatusConditionsItem {
  /** What it is about. Range: at most 316 characters. */
  type: string
  /** Whether it holds. */
  status: 'True' | 'False' | 'Unknown'
  /** Why, as one word for programs. Range: at most 1024 characters. */
  reason: string
  /** Why, for people. Range: at most 32768 characters. */
  message?: string
  /** When the status last changed. */
  lastTransitionTime: string
  /** Generation of the spec that it is about. Range: at least 0. */
  observedGeneration?: number
}

/** The encoder that was really taken. */
export interface RoomStatusEncoder {
  /** GStreamer element. Range: at most 64 characters. */
  name?: string
  /** Codec. Range: at most 16 characters. */
  codec?: string
  /** Whether frames reach it without a copy. */
  zeroCopy?: boolean
  /** Why the wanted encoder was not taken. Range: at most 500 characters. */
  fallbackReason?: string
}

/** Viewers in the room. */
export interface RoomStatusParticipants {
  /** Viewers now. Range: at least 0. */
  count?: number
  /** Viewers that are allowed. Range: at least 0. */
  max?: number
}

/** What the room should be. */
export interface NestriRoomSpecInput {
  /** True ends the runner and keeps the saved games; false starts it again. Default: false. */
  suspend?: boolean
  /** What the room runs. demo is a free game that needs neither GPU nor account; custom runs runner.launchCommand. Default: "demo". */
  flavor?: 'demo' | 'custom' | 'steam' | 'heroic' | 'lutris'
  /** Where the picture comes from. auto takes the best that the runner has; test is a moving test picture without a game. Default: "auto". */
  capture?: 'auto' | 'test' | 'x11' | 'wayland' | 'pipewire'
  /** The program and its container. */
  runner?: RoomRunnerInput
  /** Size and rate of the picture. */
  display?: RoomDisplayInput
  /** How the picture is encoded. */
  video?: RoomVideoInput
  /** How the sound is captured and encoded. */
  audio?: RoomAudioInput
  /** Memory paths between renderer and encoder. */
  pipeline?: RoomPipelineInput
  /** The GPU that the room asks for. */
  gpu?: RoomGpuInput
  /** The NestriRelay that carries the room. */
  relayRef?: RoomRelayRefInput
  /** Which NestriRelays may carry the room. */
  relaySelector?: RoomRelaySelectorInput
  /** Address of a relay outside the cluster, e.g. wss://relay.example.org. Range: at most 512 characters. Default: "". */
  relayURL?: string
  /** Who may take part, and for how long. */
  session?: RoomSessionInput
  /** What the cluster may do to a running room. */
  disruption?: RoomDisruptionInput
  /** Volumes of the room on a cluster. */
  storage?: RoomStorageInput
  /** Where the runner pod may run on a cluster. */
  scheduling?: RoomSchedulingInput
  /** CPU and memory of the runner's container on a cluster. */
  resources?: RoomResourcesInput
  /** How input reaches the game. */
  input?: RoomInputInput
}

/** How input reaches the game. */
export interface RoomInputInput {
  /** Whether the pod asks for the cluster's input device where one is offered. Without it keyboard and mouse work all the same. Default: true. */
  uinput?: boolean
}

/** CPU and memory of the runner's container on a cluster. */
export interface RoomResourcesInput {
  /** What is reserved. */
  requests?: Record<string, number | string>
  /** What may not be exceeded. */
  limits?: Record<string, number | string>
}

/** Where the runner pod may run on a cluster. */
export interface RoomSchedulingInput {
  /** Labels that the node must have. */
  nodeSelector?: Record<string, string>
  /** Taints that the pod tolerates. Range: at most 32 items. Default: []. */
  tolerations?: RoomSchedulingTolerationsItem[]
  /** Affinity of the pod, as in a pod's spec. */
  affinity?: Record<string, unknown>
  /** PriorityClass of the pod. Range: at most 253 characters. Default: "". */
  priorityClassName?: string
  /** Kueue LocalQueue that the pod waits in. Range: at most 253 characters. Default: "". */
  queueName?: string
  /** Scheduler of the pod. Empty takes the cluster's. Range: at most 253 characters. Default: "". */
  schedulerName?: string
}

/** Volumes of the room on a cluster. */
export interface RoomStorageInput {
  /** Home folder of the game, kept over suspension. */
  saves?: RoomStorageSavesInput
  /** Game files that rooms share. */
  library?: RoomStorageLibraryInput
}

/** Game files that rooms share. */
export interface RoomStorageLibraryInput {
  /** PersistentVolumeClaim with the files. Empty mounts none. Range: at most 253 characters. Default: "". */
  existingClaim?: string
  /** Whether the game may only read it. Default: true. */
  readOnly?: boolean
  /** Where it is mounted. Range: at most 256 characters. Default: "/games". */
  mountPath?: string
}

/** Home folder of the game, kept over suspension. */
export interface RoomStorageSavesInput {
  /** Whether the home folder is kept on a volume. Default: true. */
  enabled?: boolean
  /** PersistentVolumeClaim to use. Empty makes one. Range: at most 253 characters. Default: "". */
  existingClaim?: string
  /** Size of the volume that is made. Range: at most 32 characters. Default: "10Gi". */
  size?: string
  /** Storage class of the volume. Absent takes the cluster's default. Range: at most 253 characters. */
  storageClassName?: string
  /** Whether the volume outlives the room. Default: true. */
  retain?: boolean
  /** Where it is mounted. Range: at most 256 characters. Default: "/home/nestri". */
  mountPath?: string
}

/** What the cluster may do to a running room. */
export interface RoomDisruptionInput {
  /** When a node's drain or the autoscaler may evict the runner. Default: "Never". */
  evictionSafe?: 'Never' | 'OnUpgrade' | 'Always'
}

/** Who may take part, and for how long. */
export interface RoomSessionInput {
  /** Viewers that may be in the room at the same time, players included. Range: 1 to 10000. Default: 64. */
  maxParticipants?: number
  /** Players that may send input at the same time. Range: 1 to 16. Default: 1. */
  seats?: number
  /** Whether the relay's room list shows the room to callers without a link. Joining needs a link in both cases. Default: "private". */
  visibility?: 'private' | 'public'
  /** Raising it voids all links that were given out before. Range: 0 to 2147483647. Default: 0. */
  accessGeneration?: number
  /** Time without viewers after which the room is suspended on a cluster; 0 never suspends it. Unit: s. Range: 0 to 604800. Default: 900. */
  idleTimeoutSeconds?: number
  /** Longest life of one session; 0 sets no limit, else at least 60. Unit: s. Range: 0 to 604800. Default: 0. */
  maxDurationSeconds?: number
  /** Time from the pod's creation to its readiness. Unit: s. Range: 10 to 3600. Default: 300. */
  startTimeoutSeconds?: number
  /** Longest wait for a GPU; 0 waits for ever. Unit: s. Range: 0 to 604800. Default: 0. */
  maxQueueSeconds?: number
  /** Time that the game has to save and end. Unit: s. Range: 0 to 3600. Default: 30. */
  terminationGracePeriodSeconds?: number
  /** When a runner pod that failed is replaced. Default: "BeforeReady". */
  restartPolicy?: 'Never' | 'BeforeReady' | 'Always'
}

/** Which NestriRelays may carry the room. */
export interface RoomRelaySelectorInput {
  /** Labels that the relay must have. */
  matchLabels?: Record<string, string>
}

/** The NestriRelay that carries the room. */
export interface RoomRelayRefInput {
  /** Name of a NestriRelay of the namespace. Empty takes the least loaded. Range: at most 253 characters. Default: "". */
  name?: string
}

/** The GPU that the room asks for. */
export interface RoomGpuInput {
  /** Whether the room gets a GPU of its own, a share of one, or none and encodes on the CPU. Without a cluster exclusive and shared both mean that a GPU is used if there is one. Default: "exclusive". */
  mode?: 'exclusive' | 'shared' | 'none'
  /** Maker of the GPU. Default: "auto". */
  vendor?: 'auto' | 'nvidia' | 'amd' | 'intel'
  /** Part of the GPU's model name, in any case. Empty takes any. Range: at most 128 characters. Default: "". */
  name?: string
  /** Index among the GPUs that fit vendor and name; -1 takes the first that works. Range: -1 to 15. Default: -1. */
  index?: number
  /** Device node of the GPU, e.g. /dev/dri/renderD128. Empty chooses by vendor, name and index. Range: at most 64 characters. Default: "". */
  cardPath?: string
  /** How many GPUs the room gets on a cluster. Range: 0 to 8. Default: 1. */
  count?: number
  /** Least memory of the GPU in MiB; 0 asks for none in particular. Unit: MiB. Range: 0 to 1048576. Default: 0. */
  minMemoryMiB?: number
  /** How the cluster hands out the GPU, by a device plugin's resource or by a resource claim (DRA). Default: "auto". */
  allocation?: 'auto' | 'extendedResource' | 'resourceClaim'
  /** Extended resource to ask for, e.g. nvidia.com/gpu.shared. Empty takes the vendor's. Range: at most 253 characters. Default: "". */
  resourceName?: string
  /** ResourceClaimTemplate of the namespace to use. Empty makes one. Range: at most 253 characters. Default: "". */
  resourceClaimTemplateName?: string
  /** RuntimeClass of the pod. Empty takes the vendor's from the operator's configuration. Range: at most 253 characters. Default: "". */
  runtimeClassName?: string
}

/** Memory paths between renderer and encoder. */
export interface RoomPipelineInput {
  /** Hands frames from the GPU's renderer to its encoder without a copy. Needs a hardware encoder. Default: false. */
  zeroCopy?: boolean
  /** Renders the desktop on the CPU even where there is a GPU. Default: false. */
  softwareRender?: boolean
}

/** How the sound is captured and encoded. */
export interface RoomAudioInput {
  /** Sound server of the room's own from which the sound is captured; none streams no sound. Default: "pipewire". */
  captureMethod?: 'pipewire' | 'pulseaudio' | 'alsa' | 'none'
  /** Audio codec. Default: "opus". */
  codec?: 'opus'
  /** Constant or variable bitrate. Default: "cbr". */
  rateControl?: 'cbr' | 'vbr'
  /** Audio bitrate. Unit: kbit/s. Range: 6 to 510. Default: 128. */
  bitrateKbps?: number
  /** Highest audio bitrate, used only with rateControl vbr. Unit: kbit/s. Range: 6 to 510. Default: 192. */
  maxBitrateKbps?: number
  /** Audio channels. Default: 2. */
  channels?: 1 | 2
}

/** How the picture is encoded. */
export interface RoomVideoInput {
  /** Video codec. h264 is decoded by every browser; h265 is known but refused until a relay can carry it. Default: "h264". */
  codec?: 'h264' | 'h265' | 'av1' | 'vp8'
  /** Which encoder is used. */
  encoder?: RoomVideoEncoderInput
  /** Constant bitrate, variable bitrate up to maxBitrateKbps, or constant quality. Default: "cbr". */
  rateControl?: 'cbr' | 'vbr' | 'cqp'
  /** Quantizer, used only with rateControl cqp. Lower is better and larger. Range: 1 to 51. Default: 26. */
  cqp?: number
  /** Bits per colour sample. Default: 8. */
  bitDepth?: 8 | 10
  /** Bitrate at which the encoder starts. Unit: kbit/s. Range: 100 to 200000. Default: 6000. */
  bitrateKbps?: number
  /** Highest bitrate that the encoder is asked for when the player's link has room. Unit: kbit/s. Range: 100 to 200000. Default: 8000. */
  maxBitrateKbps?: number
  /** Lowest bitrate that the encoder is asked for when the player's link is thin. Unit: kbit/s. Range: 100 to 200000. Default: 500. */
  minBitrateKbps?: number
  /** What the encoder is tuned for. Default: "lowest-latency". */
  latencyControl?: 'lowest-latency' | 'highest-quality'
  /** Distance of periodic key frames. 0 makes them only on demand, when a viewer joins or loses a picture. Unit: s. Range: 0 to 60. Default: 0. */
  keyframeIntervalSeconds?: number
}

/** Which encoder is used. */
export interface RoomVideoEncoderInput {
  /** Kind of encoder that is tried first. Default: "hardware". */
  type?: 'hardware' | 'software'
  /** GStreamer element to use, e.g. nvh264enc or x264enc. Empty chooses the best that really works. Range: at most 64 characters. Default: "". */
  name?: string
  /** Whether another encoder may be taken where the wanted one does not work. The reason is told in both cases; deny fails the room. Default: "allow". */
  fallback?: 'allow' | 'deny'
}

/** Size and rate of the picture. */
export interface RoomDisplayInput {
  /** Width of the desktop and of the picture; even, because 4:2:0 video halves it. Unit: px. Range: 320 to 7680, a multiple of 2. Default: 1280. */
  widthPixels?: number
  /** Height of the desktop and of the picture; even, because 4:2:0 video halves it. Unit: px. Range: 240 to 4320, a multiple of 2. Default: 720. */
  heightPixels?: number
  /** Frames per second. Unit: frames/s. Range: 5 to 240. Default: 60. */
  framerate?: number
}

/** The program and its container. */
export interface RoomRunnerInput {
  /** Container image. Empty takes the flavor's image from the operator's configuration. Not used without a cluster. Range: at most 512 characters. Default: "". */
  image?: string
  /** When the image is pulled. Not used without a cluster. Default: "IfNotPresent". */
  imagePullPolicy?: 'IfNotPresent' | 'Always' | 'Never'
  /** Program and arguments, without a shell. Empty takes the flavor's own command. Range: at most 32 items. Default: []. */
  launchCommand?: string[]
  /** Environment of the game. Range: at most 64 items. Default: []. */
  env?: RoomRunnerEnvItem[]
}

/** What the room should be. */
export interface NestriRoomSpec {
  /** True ends the runner and keeps the saved games; false starts it again. Default: false. */
  suspend: boolean
  /** What the room runs. demo is a free game that needs neither GPU nor account; custom runs runner.launchCommand. Default: "demo". */
  flavor: 'demo' | 'custom' | 'steam' | 'heroic' | 'lutris'
  /** Where the picture comes from. auto takes the best that the runner has; test is a moving test picture without a game. Default: "auto". */
  capture: 'auto' | 'test' | 'x11' | 'wayland' | 'pipewire'
  /** The program and its container. */
  runner: RoomRunner
  /** Size and rate of the picture. */
  display: RoomDisplay
  /** How the picture is encoded. */
  video: RoomVideo
  /** How the sound is captured and encoded. */
  audio: RoomAudio
  /** Memory paths between renderer and encoder. */
  pipeline: RoomPipeline
  /** The GPU that the room asks for. */
  gpu: RoomGpu
  /** The NestriRelay that carries the room. */
  relayRef: RoomRelayRef
  /** Which NestriRelays may carry the room. */
  relaySelector: RoomRelaySelector
  /** Address of a relay outside the cluster, e.g. wss://relay.example.org. Range: at most 512 characters. Default: "". */
  relayURL: string
  /** Who may take part, and for how long. */
  session: RoomSession
  /** What the cluster may do to a running room. */
  disruption: RoomDisruption
  /** Volumes of the room on a cluster. */
  storage: RoomStorage
  /** Where the runner pod may run on a cluster. */
  scheduling: RoomScheduling
  /** CPU and memory of the runner's container on a cluster. */
  resources: RoomResources
  /** How input reaches the game. */
  input: RoomInput
}

/** How input reaches the game. */
export interface RoomInput {
  /** Whether the pod asks for the cluster's input device where one is offered. Without it keyboard and mouse work all the same. Default: true. */
  uinput: boolean
}

/** CPU and memory of the runner's container on a cluster. */
export interface RoomResources {
  /** What is reserved. */
  requests: Record<string, number | string>
  /** What may not be exceeded. */
  limits: Record<string, number | string>
}

/** Where the runner pod may run on a cluster. */
export interface RoomScheduling {
  /** Labels that the node must have. */
  nodeSelector: Record<string, string>
  /** Taints that the pod tolerates. Range: at most 32 items. Default: []. */
  tolerations: RoomSchedulingTolerationsItem[]
  /** Affinity of the pod, as in a pod's spec. */
  affinity?: Record<string, unknown>
  /** PriorityClass of the pod. Range: at most 253 characters. Default: "". */
  priorityClassName: string
  /** Kueue LocalQueue that the pod waits in. Range: at most 253 characters. Default: "". */
  queueName: string
  /** Scheduler of the pod. Empty takes the cluster's. Range: at most 253 characters. Default: "". */
  schedulerName: string
}

export interface RoomSchedulingTolerationsItem {
  /** Key of the taint. Range: at most 316 characters. */
  key?: string
  /** How the value is compared. */
  operator?: 'Exists' | 'Equal'
  /** Value of the taint. Range: at most 63 characters. */
  value?: string
  /** Effect of the taint. */
  effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
  /** Seconds for which a NoExecute taint is tolerated. Unit: s. */
  tolerationSeconds?: number
}

/** Volumes of the room on a cluster. */
export interface RoomStorage {
  /** Home folder of the game, kept over suspension. */
  saves: RoomStorageSaves
  /** Game files that rooms share. */
  library: RoomStorageLibrary
}

/** Game files that rooms share. */
export interface RoomStorageLibrary {
  /** PersistentVolumeClaim with the files. Empty mounts none. Range: at most 253 characters. Default: "". */
  existingClaim: string
  /** Whether the game may only read it. Default: true. */
  readOnly: boolean
  /** Where it is mounted. Range: at most 256 characters. Default: "/games". */
  mountPath: string
}

/** Home folder of the game, kept over suspension. */
export interface RoomStorageSaves {
  /** Whether the home folder is kept on a volume. Default: true. */
  enabled: boolean
  /** PersistentVolumeClaim to use. Empty makes one. Range: at most 253 characters. Default: "". */
  existingClaim: string
  /** Size of the volume that is made. Range: at most 32 characters. Default: "10Gi". */
  size: string
  /** Storage class of the volume. Absent takes the cluster's default. Range: at most 253 characters. */
  storageClassName?: string
  /** Whether the volume outlives the room. Default: true. */
  retain: boolean
  /** Where it is mounted. Range: at most 256 characters. Default: "/home/nestri". */
  mountPath: string
}

/** What the cluster may do to a running room. */
export interface RoomDisruption {
  /** When a node's drain or the autoscaler may evict the runner. Default: "Never". */
  evictionSafe: 'Never' | 'OnUpgrade' | 'Always'
}

/** Who may take part, and for how long. */
export interface RoomSession {
  /** Viewers that may be in the room at the same time, players included. Range: 1 to 10000. Default: 64. */
  maxParticipants: number
  /** Players that may send input at the same time. Range: 1 to 16. Default: 1. */
  seats: number
  /** Whether the relay's room list shows the room to callers without a link. Joining needs a link in both cases. Default: "private". */
  visibility: 'private' | 'public'
  /** Raising it voids all links that were given out before. Range: 0 to 2147483647. Default: 0. */
  accessGeneration: number
  /** Time without viewers after which the room is suspended on a cluster; 0 never suspends it. Unit: s. Range: 0 to 604800. Default: 900. */
  idleTimeoutSeconds: number
  /** Longest life of one session; 0 sets no limit, else at least 60. Unit: s. Range: 0 to 604800. Default: 0. */
  maxDurationSeconds: number
  /** Time from the pod's creation to its readiness. Unit: s. Range: 10 to 3600. Default: 300. */
  startTimeoutSeconds: number
  /** Longest wait for a GPU; 0 waits for ever. Unit: s. Range: 0 to 604800. Default: 0. */
  maxQueueSeconds: number
  /** Time that the game has to save and end. Unit: s. Range: 0 to 3600. Default: 30. */
  terminationGracePeriodSeconds: number
  /** When a runner pod that failed is replaced. Default: "BeforeReady". */
  restartPolicy: 'Never' | 'BeforeReady' | 'Always'
}

/** Which NestriRelays may carry the room. */
export interface RoomRelaySelector {
  /** Labels that the relay must have. */
  matchLabels: Record<string, string>
}

/** The NestriRelay that carries the room. */
export interface RoomRelayRef {
  /** Name of a NestriRelay of the namespace. Empty takes the least loaded. Range: at most 253 characters. Default: "". */
  name: string
}

/** The GPU that the room asks for. */
export interface RoomGpu {
  /** Whether the room gets a GPU of its own, a share of one, or none and encodes on the CPU. Without a cluster exclusive and shared both mean that a GPU is used if there is one. Default: "exclusive". */
  mode: 'exclusive' | 'shared' | 'none'
  /** Maker of the GPU. Default: "auto". */
  vendor: 'auto' | 'nvidia' | 'amd' | 'intel'
  /** Part of the GPU's model name, in any case. Empty takes any. Range: at most 128 characters. Default: "". */
  name: string
  /** Index among the GPUs that fit vendor and name; -1 takes the first that works. Range: -1 to 15. Default: -1. */
  index: number
  /** Device node of the GPU, e.g. /dev/dri/renderD128. Empty chooses by vendor, name and index. Range: at most 64 characters. Default: "". */
  cardPath: string
  /** How many GPUs the room gets on a cluster. Range: 0 to 8. Default: 1. */
  count: number
  /** Least memory of the GPU in MiB; 0 asks for none in particular. Unit: MiB. Range: 0 to 1048576. Default: 0. */
  minMemoryMiB: number
  /** How the cluster hands out the GPU, by a device plugin's resource or by a resource claim (DRA). Default: "auto". */
  allocation: 'auto' | 'extendedResource' | 'resourceClaim'
  /** Extended resource to ask for, e.g. nvidia.com/gpu.shared. Empty takes the vendor's. Range: at most 253 characters. Default: "". */
  resourceName: string
  /** ResourceClaimTemplate of the namespace to use. Empty makes one. Range: at most 253 characters. Default: "". */
  resourceClaimTemplateName: string
  /** RuntimeClass of the pod. Empty takes the vendor's from the operator's configuration. Range: at most 253 characters. Default: "". */
  runtimeClassName: string
}

/** Memory paths between renderer and encoder. */
export interface RoomPipeline {
  /** Hands frames from the GPU's renderer to its encoder without a copy. Needs a hardware encoder. Default: false. */
  zeroCopy: boolean
  /** Renders the desktop on the CPU even where there is a GPU. Default: false. */
  softwareRender: boolean
}

/** How the sound is captured and encoded. */
export interface RoomAudio {
  /** Sound server of the room's own from which the sound is captured; none streams no sound. Default: "pipewire". */
  captureMethod: 'pipewire' | 'pulseaudio' | 'alsa' | 'none'
  /** Audio codec. Default: "opus". */
  codec: 'opus'
  /** Constant or variable bitrate. Default: "cbr". */
  rateControl: 'cbr' | 'vbr'
  /** Audio bitrate. Unit: kbit/s. Range: 6 to 510. Default: 128. */
  bitrateKbps: number
  /** Highest audio bitrate, used only with rateControl vbr. Unit: kbit/s. Range: 6 to 510. Default: 192. */
  maxBitrateKbps: number
  /** Audio channels. Default: 2. */
  channels: 1 | 2
}

/** How the picture is encoded. */
export interface RoomVideo {
  /** Video codec. h264 is decoded by every browser; h265 is known but refused until a relay can carry it. Default: "h264". */
  codec: 'h264' | 'h265' | 'av1' | 'vp8'
  /** Which encoder is used. */
  encoder: RoomVideoEncoder
  /** Constant bitrate, variable bitrate up to maxBitrateKbps, or constant quality. Default: "cbr". */
  rateControl: 'cbr' | 'vbr' | 'cqp'
  /** Quantizer, used only with rateControl cqp. Lower is better and larger. Range: 1 to 51. Default: 26. */
  cqp: number
  /** Bits per colour sample. Default: 8. */
  bitDepth: 8 | 10
  /** Bitrate at which the encoder starts. Unit: kbit/s. Range: 100 to 200000. Default: 6000. */
  bitrateKbps: number
  /** Highest bitrate that the encoder is asked for when the player's link has room. Unit: kbit/s. Range: 100 to 200000. Default: 8000. */
  maxBitrateKbps: number
  /** Lowest bitrate that the encoder is asked for when the player's link is thin. Unit: kbit/s. Range: 100 to 200000. Default: 500. */
  minBitrateKbps: number
  /** What the encoder is tuned for. Default: "lowest-latency". */
  latencyControl: 'lowest-latency' | 'highest-quality'
  /** Distance of periodic key frames. 0 makes them only on demand, when a viewer joins or loses a picture. Unit: s. Range: 0 to 60. Default: 0. */
  keyframeIntervalSeconds: number
}

/** Which encoder is used. */
export interface RoomVideoEncoder {
  /** Kind of encoder that is tried first. Default: "hardware". */
  type: 'hardware' | 'software'
  /** GStreamer element to use, e.g. nvh264enc or x264enc. Empty chooses the best that really works. Range: at most 64 characters. Default: "". */
  name: string
  /** Whether another encoder may be taken where the wanted one does not work. The reason is told in both cases; deny fails the room. Default: "allow". */
  fallback: 'allow' | 'deny'
}

/** Size and rate of the picture. */
export interface RoomDisplay {
  /** Width of the desktop and of the picture; even, because 4:2:0 video halves it. Unit: px. Range: 320 to 7680, a multiple of 2. Default: 1280. */
  widthPixels: number
  /** Height of the desktop and of the picture; even, because 4:2:0 video halves it. Unit: px. Range: 240 to 4320, a multiple of 2. Default: 720. */
  heightPixels: number
  /** Frames per second. Unit: frames/s. Range: 5 to 240. Default: 60. */
  framerate: number
}

/** The program and its container. */
export interface RoomRunner {
  /** Container image. Empty takes the flavor's image from the operator's configuration. Not used without a cluster. Range: at most 512 characters. Default: "". */
  image: string
  /** When the image is pulled. Not used without a cluster. Default: "IfNotPresent". */
  imagePullPolicy: 'IfNotPresent' | 'Always' | 'Never'
  /** Program and arguments, without a shell. Empty takes the flavor's own command. Range: at most 32 items. Default: []. */
  launchCommand: string[]
  /** Environment of the game. Range: at most 64 items. Default: []. */
  env: RoomRunnerEnvItem[]
}

export interface RoomRunnerEnvItem {
  /** Name of the variable. Range: at most 128 characters. */
  name: string
  /** Its value. Range: at most 4096 characters. */
  value?: string
  /** Takes the value from a Secret or ConfigMap of the namespace. Not possible without a cluster. */
  valueFrom?: RoomRunnerEnvItemValueFrom
}

/** Takes the value from a Secret or ConfigMap of the namespace. Not possible without a cluster. */
export interface RoomRunnerEnvItemValueFrom {
  /** A key of a Secret. */
  secretKeyRef?: RoomRunnerEnvItemValueFromSecretKeyRef
  /** A key of a ConfigMap. */
  configMapKeyRef?: RoomRunnerEnvItemValueFromConfigMapKeyRef
}

/** A key of a ConfigMap. */
export interface RoomRunnerEnvItemValueFromConfigMapKeyRef {
  /** Name of the ConfigMap. Range: at most 253 characters. */
  name: string
  /** Key in it. Range: at most 253 characters. */
  key: string
  /** Whether it may be absent. */
  optional?: boolean
}

/** A key of a Secret. */
export interface RoomRunnerEnvItemValueFromSecretKeyRef {
  /** Name of the Secret. Range: at most 253 characters. */
  name: string
  /** Key in it. Range: at most 253 characters. */
  key: string
  /** Whether it may be absent. */
  optional?: boolean
}

/** The spec that results when nothing is given. */
export const NESTRI_ROOM_DEFAULT_SPEC: NestriRoomSpec = {
  "suspend": false,
  "flavor": "demo",
  "capture": "auto",
  "runner": {
    "image": "",
    "imagePullPolicy": "IfNotPresent",
    "launchCommand": [],
    "env": []
  },
  "display": {
    "widthPixels": 1280,
    "heightPixels": 720,
    "framerate": 60
  },
  "video": {
    "codec": "h264",
    "encoder": {
      "type": "hardware",
      "name": "",
      "fallback": "allow"
    },
    "rateControl": "cbr",
    "cqp": 26,
    "bitDepth": 8,
    "bitrateKbps": 6000,
    "maxBitrateKbps": 8000,
    "minBitrateKbps": 500,
    "latencyControl": "lowest-latency",
    "keyframeIntervalSeconds": 0
  },
  "audio": {
    "captureMethod": "pipewire",
    "codec": "opus",
    "rateControl": "cbr",
    "bitrateKbps": 128,
    "maxBitrateKbps": 192,
    "channels": 2
  },
  "pipeline": {
    "zeroCopy": false,
    "softwareRender": false
  },
  "gpu": {
    "mode": "exclusive",
    "vendor": "auto",
    "name": "",
    "index": -1,
    "cardPath": "",
    "count": 1,
    "minMemoryMiB": 0,
    "allocation": "auto",
    "resourceName": "",
    "resourceClaimTemplateName": "",
    "runtimeClassName": ""
  },
  "relayRef": {
    "name": ""
  },
  "relaySelector": {
    "matchLabels": {}
  },
  "relayURL": "",
  "session": {
    "maxParticipants": 64,
    "seats": 1,
    "visibility": "private",
    "accessGeneration": 0,
    "idleTimeoutSeconds": 900,
    "maxDurationSeconds": 0,
    "startTimeoutSeconds": 300,
    "maxQueueSeconds": 0,
    "terminationGracePeriodSeconds": 30,
    "restartPolicy": "BeforeReady"
  },
  "disruption": {
    "evictionSafe": "Never"
  },
  "storage": {
    "saves": {
      "enabled": true,
      "existingClaim": "",
      "size": "10Gi",
      "retain": true,
      "mountPath": "/home/nestri"
    },
    "library": {
      "existingClaim": "",
      "readOnly": true,
      "mountPath": "/games"
    }
  },
  "scheduling": {
    "nodeSelector": {},
    "tolerations": [],
    "priorityClassName": "",
    "queueName": "",
    "schedulerName": ""
  },
  "resources": {
    "requests": {
      "cpu": "2",
      "memory": "4Gi"
    },
    "limits": {
      "memory": "8Gi"
    }
  },
  "input": {
    "uinput": true
  }
}
