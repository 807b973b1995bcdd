// SPDX-License-Identifier: Apache-2.0
// Upstream's build links each dependency as a library of its own; this one stands for the distribution's shared library.
extern "C" const int nestri_placeholder_flatbuffers = 0;
