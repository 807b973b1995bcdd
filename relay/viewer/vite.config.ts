// SPDX-License-Identifier: Apache-2.0
// Builds the page into viewer/dist: one HTML file and hashed assets, no inline script or style, so that a strict
// Content-Security-Policy holds. Paths are relative: the page works behind a proxy's path prefix.

import { defaultClientConditions, type UserConfig } from 'vite'

const config: UserConfig = {
  root: import.meta.dirname,
  base: './',
  resolve: { conditions: ['source', ...defaultClientConditions] },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // A data: URL would need an exception in the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
}

export default config
