#include "bindings/python_json.hpp"

#include <cmath>
#include <string>

namespace py = pybind11;

namespace chatterlink::bindings {
namespace {

using base::json;

std::string type_name(py::handle value) {
    return Py_TYPE(value.ptr())->tp_name;
}

// Text of a str; a lone surrogate raises UnicodeEncodeError, which is a ValueError.
std::string utf8_of(py::handle text) {
    Py_ssize_t size = 0;
    const char* const bytes = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
    if (bytes == nullptr) throw py::error_already_set();
    return {bytes, static_cast<std::size_t>(size)};
}

py::object text_of(const std::string& utf8) {
    PyObject* const made = PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()), "replace");
    if (made == nullptr) throw py::error_already_set();
    return py::reinterpret_steal<py::object>(made);
}

json integer_of(py::handle value) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
    if (overflow == 0) {
        if (number == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
        return number;
    }
    if (overflow > 0) {
        const unsigned long long large = PyLong_AsUnsignedLongLong(value.ptr());
        if (PyErr_Occurred() == nullptr) return large;
        PyErr_Clear();
    }
    throw py::value_error("an int beyond 64 bits cannot be sent; send it as text");
}

json float_of(py::handle value) {
    const double number = PyFloat_AS_DOUBLE(value.ptr());
    if (!std::isfinite(number))
        throw py::value_error("nan and infinity cannot be sent: JSON has no such number");
    return number;
}

json binary_of(py::handle value) {
    Py_buffer view{};
    if (PyObject_GetBuffer(value.ptr(), &view, PyBUF_FULL_RO) != 0) throw py::error_already_set();
    json::binary_t bytes;
    bytes.resize(static_cast<std::size_t>(view.len));
    const int failed = PyBuffer_ToContiguous(bytes.data(), &view, view.len, 'C');
    PyBuffer_Release(&view);
    if (failed != 0) throw py::error_already_set();
    return json(std::move(bytes));
}

// As json.dumps does it.
std::string key_of(py::handle key) {
    if (PyUnicode_Check(key.ptr())) return utf8_of(key);
    if (key.is_none()) return "null";
    if (PyBool_Check(key.ptr())) return key.ptr() == Py_True ? "true" : "false";
    if (PyLong_Check(key.ptr()))
        return utf8_of(py::reinterpret_steal<py::object>(PyLong_Type.tp_repr(key.ptr())));
    if (PyFloat_Check(key.ptr())) return json_of(key).dump();
    throw py::type_error("keys must be str, int, float, bool or None, not " + type_name(key));
}

json convert(py::handle value, unsigned depth);

json list_of(py::handle value, unsigned depth) {
    json array = json::array();
    auto& items = array.get_ref<json::array_t&>();
    // Index by index: nothing here runs Python code, but a list may be changed by another thread between two
    // calls only if something did.
    const Py_ssize_t size = PySequence_Fast_GET_SIZE(value.ptr());
    items.reserve(static_cast<std::size_t>(size));
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(value.ptr()); ++i) {
        const auto item = py::reinterpret_borrow<py::object>(PySequence_Fast_GET_ITEM(value.ptr(), i));
        items.push_back(convert(item, depth + 1));
    }
    return array;
}

json dict_of(py::handle value, unsigned depth) {
    json object = json::object();
    auto& members = object.get_ref<json::object_t&>();
    PyObject* key = nullptr;
    PyObject* item = nullptr;
    for (Py_ssize_t at = 0; PyDict_Next(value.ptr(), &at, &key, &item) != 0;) {
        members[key_of(key)] = convert(item, depth + 1);
    }
    return object;
}

json convert(py::handle value, unsigned depth) {
    PyObject* const p = value.ptr();
    if (PyUnicode_Check(p)) return utf8_of(value);
    if (value.is_none()) return nullptr;
    if (PyBool_Check(p)) return p == Py_True;
    if (PyLong_Check(p)) return integer_of(value);
    if (PyFloat_Check(p)) return float_of(value);
    if (PyBytes_Check(p) || PyByteArray_Check(p) || PyMemoryView_Check(p)) return binary_of(value);
    const bool listed = PyList_Check(p) || PyTuple_Check(p);
    if (listed || PyDict_Check(p)) {
        // The array of arguments is one level of its own.
        if (depth + 1 >= base::max_json_depth) {
            throw py::value_error("data nested deeper than " + std::to_string(base::max_json_depth) +
                                  " levels cannot be sent");
        }
        return listed ? list_of(value, depth) : dict_of(value, depth);
    }
    throw py::type_error("an object of type " + type_name(value) + " cannot be sent");
}

}  // namespace

json json_of(py::handle value) {
    return convert(value, 0);
}

json arguments_of(py::handle data) {
    json array = json::array();
    if (PyTuple_Check(data.ptr())) {
        for (const auto each : py::reinterpret_borrow<py::tuple>(data)) array.push_back(json_of(each));
    } else if (!data.is_none()) {
        array.push_back(json_of(data));
    }
    return array;
}

py::object python_of(const json& value) {
    switch (value.type()) {
        case json::value_t::boolean:
            return py::bool_(value.get<bool>());
        case json::value_t::number_integer:
            return py::int_(value.get<std::int64_t>());
        case json::value_t::number_unsigned:
            return py::int_(value.get<std::uint64_t>());
        case json::value_t::number_float:
            return py::float_(value.get<double>());
        case json::value_t::string:
            return text_of(value.get_ref<const std::string&>());
        case json::value_t::binary: {
            const auto& bytes = value.get_binary();
            return py::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        }
        case json::value_t::array: {
            py::list items(value.size());
            for (std::size_t i = 0; i < value.size(); ++i) items[i] = python_of(value[i]);
            return items;
        }
        case json::value_t::object: {
            py::dict members;
            for (const auto& [key, member] : value.get_ref<const json::object_t&>()) {
                members[text_of(key)] = python_of(member);
            }
            return members;
        }
        case json::value_t::null:
        case json::value_t::discarded:
            break;
    }
    return py::none();
}

py::tuple tuple_of(const json& array) {
    py::tuple items(array.size());
    for (std::size_t i = 0; i < array.size(); ++i) items[i] = python_of(array[i]);
    return items;
}

std::size_t weight_of(const json& value) noexcept {
    std::size_t weight = sizeof(json);
    if (value.is_string()) return weight + value.get_ref<const std::string&>().size();
    if (value.is_binary()) return weight + value.get_binary().size();
    if (value.is_array()) {
        for (const auto& each : value.get_ref<const json::array_t&>()) weight += weight_of(each);
    } else if (value.is_object()) {
        for (const auto& [key, member] : value.get_ref<const json::object_t&>()) {
            weight += key.size() + 64 + weight_of(member);
        }
    }
    return weight;
}

}  // namespace chatterlink::bindings
