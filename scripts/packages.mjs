// SPDX-License-Identifier: Apache-2.0
// Every Debian package that the project needs, with the reason. The names are the same in Debian 12 and 13; all are
// installed without recommended packages.

/** For `npm start`: building the native parts, and one room on this machine. */
export const startPackages = {
  // Building the addon and the mediasoup worker.
  'g++': 'compiles the addon and the worker',
  meson: 'build system of both',
  'ninja-build': 'runs the builds',
  'pkg-config': 'finds libraries for the builds',
  'dpkg-dev': 'unpacks the source of libsrtp; brings make and patch',
  'ca-certificates': 'lets npm check the registry',
  // Libraries of the mediasoup worker.
  'flatbuffers-compiler': 'generates the messages between Node and the worker',
  'libabsl-dev': 'containers, and congestion control of libwebrtc',
  'libflatbuffers-dev': 'messages between Node and the worker',
  'libsrtp2-dev': 'SRTP where libsrtp cannot be built with OpenSSL; says which version to build',
  'libssl-dev': 'DTLS and the ciphers of SRTP',
  'libuv1-dev': 'event loop and sockets',
  // Libraries of the addon.
  'libgstreamer1.0-dev': 'pipelines',
  'libgstreamer-plugins-base1.0-dev': 'RTP, SDP and video helpers of GStreamer',
  'libgstreamer-plugins-bad1.0-dev': 'interface of webrtcbin',
  'libnice-dev': 'settings of ICE inside webrtcbin',
  'libx11-dev': 'lets the streamer outlive its X display',
  'libxcb1-dev': 'connection to the X display, keyboard and mouse',
  // Elements that the pipelines are made of.
  'gstreamer1.0-plugins-base': 'conversion, Opus',
  'gstreamer1.0-plugins-good': 'ximagesrc, vp8enc, RTP payloaders',
  'gstreamer1.0-plugins-bad': 'webrtcbin, openh264enc, hardware encoders',
  'gstreamer1.0-plugins-ugly': 'x264enc',
  'gstreamer1.0-nice': 'ICE for webrtcbin',
  'gstreamer1.0-pulseaudio': "captures the room's sound",
  // The desktop and the default game.
  xvfb: 'the headless X display',
  pulseaudio: "a sound server of the room's own",
  'pulseaudio-utils': 'pactl makes the null sink',
  'chocolate-doom': 'the default game',
  freedoom: 'its free data',
  openssl: 'makes the certificate of `npm start --lan`',
}

/** For `npm test`, in addition. */
export const testPackages = {
  chromium: 'the browser that joins rooms',
  'fonts-dejavu-core': 'text in screenshots',
  'doctest-dev': "tests of the addon's core",
  'libxext-dev': 'shared memory for the pictures of the X11 program that tests stream',
  git: 'lists the files of the project',
  'clang-format': 'checks the format of C++',
}
