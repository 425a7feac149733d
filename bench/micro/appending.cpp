// The stores: appending messages to one room, with some of them under way at a time.
#include <benchmark/benchmark.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "contracts/store_calls.hpp"
#include "micro/samples.hpp"
#include "store/store_memory.hpp"
#include "store/store_sqlite.hpp"

namespace chatterlink::micro {
namespace {

/// Waits until as many completions came as were begun. A store's threads count down, the benchmark's waits.
class countdown {
  public:
    explicit countdown(std::int64_t from) : left_(from) {}

    void arrive(bool well) {
        const std::lock_guard guard(lock_);
        failed_ = failed_ || !well;
        if (--left_ == 0) zero_.notify_one();
    }
    bool wait() {
        std::unique_lock guard(lock_);
        zero_.wait(guard, [this] { return left_ == 0; });
        return !failed_;
    }

  private:
    std::mutex lock_;
    std::condition_variable zero_;
    std::int64_t left_;
    bool failed_ = false;
};

/// An iteration: that many appends, then waiting until all are stored.
void append(benchmark::State& state, chat::store& store) {
    for (auto _ : state) {
        countdown pending(state.range(0));
        for (std::int64_t i = 0; i < state.range(0); ++i) {
            store.append(draft("general"), [&pending](const base::result<chat::appended>& stored) {
                pending.arrive(stored.has_value());
            });
        }
        if (!pending.wait()) {
            state.SkipWithError("a message was not stored");
            break;
        }
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
    store.close();
}

void store_append_memory(benchmark::State& state) {
    append(state, *store::create_store_memory());
}
BENCHMARK(store_append_memory)->Arg(1)->Arg(64);

/// Group commit: the more wait, the less a message pays for the disk. The folder is the one of TMPDIR.
void store_append_sqlite(benchmark::State& state) {
    const test::temporary_folder folder;
    auto opened = store::open_store_sqlite({.path = folder / "bench.db"});
    if (!opened) {
        state.SkipWithError(opened.error().message.c_str());
        return;
    }
    append(state, **opened);
}
BENCHMARK(store_append_sqlite)->Arg(1)->Arg(64)->Arg(1'000)->UseRealTime();

}  // namespace
}  // namespace chatterlink::micro
