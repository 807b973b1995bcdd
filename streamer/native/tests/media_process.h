// SPDX-License-Identifier: Apache-2.0
// Programs that a media test runs beside itself: killed at the end of their scope, and with the test whatever happens.
#pragma once

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace nestri::test {

class Process {
 public:
  /// Runs `arguments`; what it writes to standard output can be read line by line.
  explicit Process(const std::vector<std::string>& arguments) {
    int output[2];
    REQUIRE(pipe2(output, O_CLOEXEC) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      dup2(output[1], 1);
      dup2(open("/dev/null", O_WRONLY), 2);
      std::vector<char*> raw;
      for (const std::string& argument : arguments)
        raw.push_back(const_cast<char*>(argument.c_str()));
      raw.push_back(nullptr);
      execvp(raw[0], raw.data());
      _exit(127);
    }
    close(output[1]);
    output_ = output[0];
  }
  ~Process() {
    stop();
    close(output_);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// The next line of its output; empty when it has ended.
  std::string line() const {
    std::string text;
    for (char c = 0; read(output_, &c, 1) == 1 && c != '\n';)
      text += c;
    return text;
  }

  void stop() {
    if (pid_ <= 0)
      return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

/// An X server with a screen of its own.
class Display {
 public:
  explicit Display(const std::string& size)
      : server_({"Xvfb", "-displayfd", "1", "-screen", "0", size + "x24", "-nolisten", "tcp"}),
        number_(server_.line()) {
    REQUIRE_MESSAGE(!number_.empty(), "Xvfb did not start (Debian package xvfb)");
  }
  ~Display() {
    stop();
    unlink(("/tmp/.X" + number_ + "-lock").c_str());
    unlink(("/tmp/.X11-unix/X" + number_).c_str());
  }

  [[nodiscard]] std::string name() const { return ":" + number_; }
  void stop() { server_.stop(); }

 private:
  Process server_;
  std::string number_;
};

}  // namespace nestri::test
