// Engine.IO's and Socket.IO's codecs.
#include <benchmark/benchmark.h>

#include <string>
#include <utility>

#include "base/json_text.hpp"
#include "engineio/packet.hpp"
#include "micro/samples.hpp"
#include "socketio/packet.hpp"

namespace chatterlink::micro {
namespace {

void engineio_decode_text(benchmark::State& state) {
    const auto packet = "4" + message_from_client();
    for (auto _ : state) {
        auto decoded = engineio::decode_text(packet);
        benchmark::DoNotOptimize(decoded);
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(packet.size()));
}
BENCHMARK(engineio_decode_text);

/// A POST with that many packets.
void engineio_decode_payload(benchmark::State& state) {
    std::string body;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        engineio::append_text(body, engineio::packet_type::message, message_from_client());
    }
    for (auto _ : state) {
        auto decoded = engineio::decode_payload(body);
        benchmark::DoNotOptimize(decoded);
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(engineio_decode_payload)->Arg(1)->Arg(10)->Arg(100);

/// The body of a poll with that many packets.
void engineio_append_text(benchmark::State& state) {
    const auto packet = message_from_client();
    for (auto _ : state) {
        std::string body;
        for (std::int64_t i = 0; i < state.range(0); ++i) {
            engineio::append_text(body, engineio::packet_type::message, packet);
        }
        benchmark::DoNotOptimize(body);
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(engineio_append_text)->Arg(1)->Arg(10)->Arg(100);

/// A message's event as text: ours, and what it has to equal, the library's.
void json_append(benchmark::State& state) {
    const auto event = message_event();
    for (auto _ : state) {
        std::string text;
        base::append_json(text, event);
        benchmark::DoNotOptimize(text);
    }
}
BENCHMARK(json_append);

void json_dump(benchmark::State& state) {
    const auto event = message_event();
    for (auto _ : state) {
        auto text = event.dump(-1, ' ', false, base::json::error_handler_t::replace);
        benchmark::DoNotOptimize(text);
    }
}
BENCHMARK(json_dump);

// What a client says, read by base/json and by nlohmann's own parser.
const std::string said = R"(["message",{"room":"lobby","message":")" + std::string(100, 'x') + R"("}])";

void json_parse(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(base::parse_json(said));
}
BENCHMARK(json_parse);

void json_parse_nlohmann(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(base::json::parse(said));
}
BENCHMARK(json_parse_nlohmann);

void socketio_decode_event(benchmark::State& state) {
    const auto packet = message_from_client();
    for (auto _ : state) {
        auto decoded = socketio::decode(packet);
        benchmark::DoNotOptimize(decoded);
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(packet.size()));
}
BENCHMARK(socketio_decode_event);

/// Copying the event into the packet is part of it: encode() takes its packet over.
void socketio_encode_event(benchmark::State& state) {
    socketio::packet event;
    event.data = message_event();
    for (auto _ : state) {
        auto encoded = socketio::encode(event);
        benchmark::DoNotOptimize(encoded);
    }
}
BENCHMARK(socketio_encode_event);

void socketio_encode_ack(benchmark::State& state) {
    socketio::packet ack;
    ack.type = socketio::packet_type::ack;
    ack.id = 17;
    ack.data = base::json::array({{{"ok", true},
                                   {"id", "01JDXQ5W8Z3V6T7R9K2M4N6P8Q"},
                                   {"seq", 123456},
                                   {"timestamp", 1764042000000}}});
    for (auto _ : state) {
        auto encoded = socketio::encode(ack);
        benchmark::DoNotOptimize(encoded);
    }
}
BENCHMARK(socketio_encode_ack);

}  // namespace
}  // namespace chatterlink::micro
