// run_app, run_server and run_client of chatterlink._core: the same programs as the binaries
// (apps/programs.hpp).
#include <pybind11/stl.h>

#include <array>
#include <csignal>

#include "apps/programs.hpp"
#include "bindings/register.hpp"

namespace py = pybind11;

namespace chatterlink::bindings {
namespace {

// While a program runs, SIGINT, SIGTERM and SIGHUP are its own: it ends cleanly on them, and Python must
// neither note them for later nor raise KeyboardInterrupt in the middle. Afterwards Python has its handlers
// back (Asio leaves the system's defaults behind). Until the program has installed its own, the defaults
// apply: nothing is running yet. A SIGHUP that is ignored (nohup) stays so.
class lent_signals {
  public:
    lent_signals() {
        struct sigaction system_default {};
        system_default.sa_handler = SIG_DFL;
        for (auto& each : lent_) {
            sigaction(each.number, nullptr, &each.python);
            if (each.number == SIGHUP && each.python.sa_handler == SIG_IGN) continue;
            sigaction(each.number, &system_default, nullptr);
        }
    }
    ~lent_signals() {
        for (const auto& each : lent_) sigaction(each.number, &each.python, nullptr);
    }
    lent_signals(const lent_signals&) = delete;
    lent_signals& operator=(const lent_signals&) = delete;

  private:
    struct signal_and_handler {
        int number;
        struct sigaction python {};
    };
    std::array<signal_and_handler, 3> lent_{{{SIGINT, {}}, {SIGTERM, {}}, {SIGHUP, {}}}};
};

using program = int (*)(const std::string&, const std::vector<std::string>&);

// Arguments come as bytes: what the user typed need not be UTF-8.
void register_program(py::module_& m, const char* name, program run) {
    m.def(
        name,
        [run](const std::string& shown_name, const std::vector<std::string>& arguments) {
            const lent_signals signals;
            if (PyErr_CheckSignals() != 0) throw py::error_already_set();  // one that came just before
            const py::gil_scoped_release released;
            return run(shown_name, arguments);
        },
        py::arg("program"), py::arg("arguments"));
}

}  // namespace

void register_programs(py::module_& m) {
    register_program(m, "run_app", &apps::run_app);
    register_program(m, "run_server", &apps::run_server);
    register_program(m, "run_client", &apps::run_client);
}

}  // namespace chatterlink::bindings
