// What the load generator allocates for a delivery: nothing, or it would be what limits.
#ifdef __linux__
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "allocations/counted.hpp"
#include "load/board.hpp"
#include "load/websocket_frames.hpp"

namespace chatterlink::load {
namespace {

TEST(load_allocations, a_delivery_takes_none) {
    constexpr std::uint32_t messages = 1000;
    options o;
    o.clients = 20;
    o.rooms = 1;
    o.senders = 4;
    board results(o, 1);
    std::vector<member> members;
    for (std::uint32_t i = 0; i < o.clients; ++i) members.push_back(results.member_of(i));

    std::string stream;  // as it arrives at each of them
    results.begin_measuring();
    for (std::uint32_t i = 0; i < messages; ++i) {
        std::uint32_t seq = 0;
        const std::string event = "42[\"message\",{\"id\":\"x\",\"message\":\"" +
                                  std::string(results.next_text(i % o.senders, 1, seq)) + "\"}]";
        stream += std::string("\x81\x7E\x00", 3) + static_cast<char>(event.size()) + event;
    }

    const auto before = test::allocations.load();
    for (auto& each : members) {
        frame f;
        for (std::size_t at = 0; at < stream.size(); at += f.size) {
            ASSERT_EQ(parse_frame(stream.data() + at, stream.size() - at, f), frame_state::complete);
            results.deliver(each, f.payload, 1000);
        }
    }
    EXPECT_EQ(test::allocations.load(), before);
    EXPECT_EQ(results.measured().deliveries, std::uint64_t{messages} * o.clients);
}

}  // namespace
}  // namespace chatterlink::load
#endif
