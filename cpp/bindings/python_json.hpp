// Python values as JSON values and back, directly: no text in between. Bytes stand for binary attachments.
#pragma once

#include <pybind11/pybind11.h>

#include "base/json.hpp"

namespace chatterlink::bindings {

/// None, bool, int, float, str, bytes, bytearray, memoryview, list, tuple, dict (subclasses, too). Keys that
/// are int, float, bool or None become text as json.dumps makes them. Raises, in Python's words: TypeError:
/// any other type, as a value or as a key; ValueError: a number that JSON cannot hold (an int beyond 64 bits,
/// nan, infinity), nesting deeper than
///   base::max_json_depth (so also a list that holds itself), text with a lone surrogate
///   (UnicodeEncodeError).
base::json json_of(pybind11::handle value);

/// The arguments of an event or an answer as an array: a tuple is several, None is none, anything else is
/// one.
base::json arguments_of(pybind11::handle data);

/// Objects become dict, arrays list, binaries bytes. Only memory can fail.
pybind11::object python_of(const base::json& value);

/// An array as a tuple.
pybind11::tuple tuple_of(const base::json& array);

/// About how much memory a value takes, in bytes, for the bounds of queues.
std::size_t weight_of(const base::json& value) noexcept;

}  // namespace chatterlink::bindings
