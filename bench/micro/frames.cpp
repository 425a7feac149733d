// WebSocket frames as the server sends them.
#include <benchmark/benchmark.h>

#include <string>

#include "net/websocket_frame.hpp"

namespace chatterlink::micro {
namespace {

/// A whole frame around a payload of that many bytes, which is copied once.
void websocket_frame(benchmark::State& state) {
    const std::string payload(static_cast<std::size_t>(state.range(0)), 'x');
    for (auto _ : state) {
        auto frame = net::websocket_frame(net::websocket_opcode::text, "4", payload);
        benchmark::DoNotOptimize(frame);
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(websocket_frame)->Arg(100)->Arg(1'000)->Arg(100'000);

}  // namespace
}  // namespace chatterlink::micro
