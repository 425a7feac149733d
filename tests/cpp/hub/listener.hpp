// What the hub's tests publish, and who listens.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "hub/topics.hpp"

namespace chatterlink::hub::test {

using seqs = std::vector<std::uint64_t>;

/// Notes the seq of what it gets, and which frame was the last.
struct listener final : subscriber {
    seqs got;
    const frame* last = nullptr;
    void deliver(const frame& f) override {
        got.push_back(f.seq);
        last = &f;
    }
};

inline frame_ptr message(std::uint64_t seq) {
    auto f = std::make_shared<frame>();
    f->seq = seq;
    return f;
}

}  // namespace chatterlink::hub::test
