// Dispatcher and DispatchWorker of chatterlink._core, used by python/chatterlink/_dispatch.py only. The jobs
// that are posted are all python_jobs.
#include <pybind11/stl.h>

#include <chrono>
#include <optional>

#include "bindings/events.hpp"
#include "bindings/outside.hpp"
#include "bindings/register.hpp"

namespace py = pybind11;

namespace chatterlink::bindings {
namespace {

using release_gil = py::call_guard<py::gil_scoped_release>;
using seconds = std::chrono::duration<double>;

std::chrono::milliseconds whole_milliseconds(double s) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(seconds(s));
}

// Every dispatcher that Python has is one of these.
class python_dispatcher final : public dispatcher {
  public:
    using dispatcher::dispatcher;

    bool supervise_without_lock() {
        const outside::stay without_lock(waiting_);
        return supervise();
    }
    // Returns when the threads that had nothing to do are back in Python.
    void end_and_settle() {
        end();
        waiting_.wait_until_empty(patience);
    }
    outside& waiting() noexcept { return waiting_; }

  private:
    static constexpr std::chrono::seconds patience{5};
    outside waiting_;
};

python_dispatcher& python_side(dispatcher& d) {
    return static_cast<python_dispatcher&>(d);
}

// A thread's place in the pool. It keeps the dispatcher alive; in a child process it is left alone.
class worker_handle {
  public:
    explicit worker_handle(dispatcher_ptr d)
        : dispatcher_(std::move(d)), worker_(new dispatcher::worker(*dispatcher_), leave_to_parent{}) {}

    // The arguments of the next call, or None when this thread is to end. The interpreter's lock is given up
    // only when there is nothing to do.
    py::object next() {
        for (;;) {
            if (const auto taken = worker_->take()) return static_cast<python_job&>(*taken).arguments();
            // The interpreter may be ending by now: a thread that gives up its lock then does not get it
            // back, but is ended in the middle of C++.
            if (worker_->over()) return py::none();
            bool wanted = false;
            {
                const outside::stay without_lock(python_side(*dispatcher_).waiting());
                wanted = worker_->wait();
            }
            if (!wanted) return py::none();
        }
    }

  private:
    const dispatcher_ptr dispatcher_;
    const std::shared_ptr<dispatcher::worker> worker_;
};

}  // namespace

void register_dispatch(py::module_& m) {
    py::class_<dispatcher, dispatcher_ptr>(m, "Dispatcher")
        .def(py::init([](std::optional<unsigned> max_threads, std::optional<std::size_t> max_events,
                         std::optional<std::size_t> max_bytes, std::optional<double> patience,
                         std::optional<double> idle) {
                 dispatch_limits limits;
                 if (max_threads) limits.max_threads = *max_threads;
                 if (max_events) limits.lane_events = *max_events;
                 if (max_bytes) limits.lane_bytes = *max_bytes;
                 if (patience) limits.patience = whole_milliseconds(*patience);
                 if (idle) limits.idle = whole_milliseconds(*idle);
                 return dispatcher_ptr(new python_dispatcher(limits), leave_to_parent{});
             }),
             py::kw_only(), py::arg("max_threads") = py::none(), py::arg("max_events") = py::none(),
             py::arg("max_bytes") = py::none(), py::arg("patience") = py::none(),
             py::arg("idle") = py::none())
        .def("supervise", [](dispatcher& self) { return python_side(self).supervise_without_lock(); })
        .def("start_failed", &dispatcher::start_failed)
        .def(
            "drain", [](dispatcher& self, double timeout) { return self.drain(whole_milliseconds(timeout)); },
            py::arg("timeout"), release_gil())
        .def(
            "end", [](dispatcher& self) { python_side(self).end_and_settle(); }, release_gil())
        .def("counters", [](const dispatcher& self) {
            const auto c = self.counters();
            py::dict d;
            d["posted"] = c.posted;
            d["refused"] = c.refused;
            d["overtaken"] = c.overtaken;
            d["waiting"] = c.waiting;
            d["threads"] = c.threads;
            d["most_threads"] = c.most_threads;
            return d;
        });
    py::class_<worker_handle>(m, "DispatchWorker")
        .def(py::init<dispatcher_ptr>(), py::arg("dispatcher"))
        .def("next", &worker_handle::next);
}

}  // namespace chatterlink::bindings
