// SPDX-License-Identifier: Apache-2.0
// The media vocabulary (ORTC, as mediasoup spells it) for the rest of the relay, which never imports mediasoup itself.

export type {
  DataConsumer,
  DataProducer,
  DtlsParameters,
  DtlsRole,
  IceParameters,
  MediaKind,
  RtcpFeedback,
  RtpCodecParameters,
  RtpEncodingParameters,
  RtpHeaderExtensionParameters,
  RtpHeaderExtensionUri,
  RtpParameters,
} from 'mediasoup/types'

/** A place where a transport can be reached (RFC 8839 candidate of type host). */
export interface Candidate {
  address: string
  port: number
  protocol: 'udp' | 'tcp'
}

/** What an SDP says about one of our transports. */
export interface TransportDescription {
  usernameFragment: string
  password: string
  /** sha-256 fingerprint of the DTLS certificate, upper-case hex with colons. */
  fingerprint: string
  candidates: readonly Candidate[]
  /** Present where the transport carries data channels. */
  sctp: { port: number; maxMessageSizeBytes: number } | undefined
}

/** The remote end of a DTLS connection, from an SDP. */
export interface RemoteDtls {
  /** Role of the remote end (RFC 8122: its `setup` is active = client, passive = server). */
  role: 'client' | 'server'
  /** sha-256 fingerprint. */
  fingerprint: string
}
