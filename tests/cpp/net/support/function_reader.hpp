// Reading from a connection with functions, for tests.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "net/connection.hpp"

namespace chatterlink::test {

class function_reader final : public net::byte_reader {
  public:
    std::function<void(std::string_view)> bytes{};
    std::function<void()> end{};
    std::function<void()> closed{};

    void on_bytes(std::string_view b) override {
        if (bytes) bytes(b);
    }
    void on_end() override {
        if (end) end();
    }
    void on_closed() override {
        if (closed) closed();
    }
};

/// Hears of the end only.
inline void tell_closed(net::connection& c, std::function<void()> closed) {
    auto reader = std::make_shared<function_reader>();
    reader->closed = std::move(closed);
    c.read_with(std::move(reader));
}

inline void start_reading(net::connection& c, std::function<void(std::string_view)> bytes = {},
                          std::function<void()> end = {}, std::function<void()> closed = {}) {
    auto reader = std::make_shared<function_reader>();
    reader->bytes = std::move(bytes);
    reader->end = std::move(end);
    reader->closed = std::move(closed);
    c.read_with(std::move(reader));
    c.start_reading();
}

}  // namespace chatterlink::test
