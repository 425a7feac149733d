#include "base/error.hpp"
#include "bindings/register.hpp"

namespace py = pybind11;

namespace chatterlink::bindings {

void register_errors(py::module_&) {
    // The class is Python's (errors.py), where it is documented and typed; it is looked up when first needed,
    // since that file is part of the package that is importing this module.
    py::register_local_exception_translator([](std::exception_ptr thrown) {
        try {
            std::rethrow_exception(thrown);
        } catch (const base::failure& f) {
            const py::object type = py::module_::import("chatterlink.errors").attr("ChatterLinkError");
            const auto code = base::code_name(f.get().code);
            py::set_error(type, py::make_tuple(py::str(code.data(), code.size()), f.get().message));
        }
    });
}

}  // namespace chatterlink::bindings
