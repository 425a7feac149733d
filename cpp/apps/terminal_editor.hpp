// A line editor (libedit) above which other text can be printed while a line is being typed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "apps/client_signals.hpp"

namespace chatterlink::apps {

/// Standard input and output as a terminal with line editing, history (in memory) and the user's own
/// ~/.editrc. Belongs to one thread. The terminal is in its editing mode during run() only, and as found
/// afterwards.
class terminal_editor {
  public:
    /// Nothing when standard input or output is no terminal, or one that cannot move its cursor (TERM=dumb,
    /// unknown). The locale must be set before. `prompt` is plain ASCII.
    static std::unique_ptr<terminal_editor> open(const std::string& program, std::string prompt);
    ~terminal_editor();
    terminal_editor(const terminal_editor&) = delete;
    terminal_editor& operator=(const terminal_editor&) = delete;

    struct handlers {
        /// A line was typed (UTF-8, without its newline) and has been wiped off the screen. False ends run().
        std::function<bool(const std::string& line)> on_line;
        /// `wake_fd` is readable. False ends run().
        std::function<bool()> on_wake;
    };

    /// Reads lines until a handler returns false, Ctrl-D on an empty line, the terminal's end, or SIGINT,
    /// SIGTERM or SIGHUP. What was typed but not entered is wiped off. SIGTSTP suspends, SIGWINCH redraws.
    void run(int wake_fd, client_signals& signals, handlers what);

    /// Prints complete lines above the one being typed. From a handler: shown when it returns, and the typed
    /// line is drawn again once, however often this was called. Before run(): shown when it begins. After it:
    /// by flush().
    void print(std::string_view lines);
    void flush();

    struct impl;

  private:
    explicit terminal_editor(std::unique_ptr<impl> i);
    std::unique_ptr<impl> impl_;
};

}  // namespace chatterlink::apps
