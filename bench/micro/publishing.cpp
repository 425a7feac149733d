// The hub: one frame to many subscribers of a topic on one shard.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "hub/hub.hpp"
#include "micro/samples.hpp"
#include "support/manual_shards.hpp"

namespace chatterlink::micro {
namespace {

class counting_subscriber : public hub::subscriber {
  public:
    void deliver(const hub::frame& f) override {
        benchmark::DoNotOptimize(&f);
        ++delivered;
    }

    std::uint64_t delivered = 0;
};

/// Nothing is sent: what is left is what the hub does for a delivery.
void hub_publish(benchmark::State& state) {
    test::manual_shards shards;
    hub::hub hub(shards);
    std::vector<counting_subscriber> members(static_cast<std::size_t>(state.range(0)));
    std::vector<std::unique_ptr<hub::subscription>> places;
    places.reserve(members.size());
    for (auto& each : members) places.push_back(hub.subscribe("general", each));
    shards.run();

    auto frame = std::make_shared<hub::frame>();
    frame->in(hub::encoding::socketio) = base::shared_buffer::copy_of(text());
    const hub::frame_ptr shared = std::move(frame);
    for (auto _ : state) {
        hub.publish("general", shared);
        shards.run();
    }
    if (members.front().delivered != static_cast<std::uint64_t>(state.iterations())) {
        state.SkipWithError("a member did not get everything");
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(hub_publish)->Arg(1)->Arg(100)->Arg(10'000);

}  // namespace
}  // namespace chatterlink::micro
