// Counts what the whole program allocates with operator new, on every thread but those that opt out.
// One program has it (test_allocations): it replaces the global operators.
#pragma once

#include <atomic>
#include <cstdint>

namespace chatterlink::test {

extern std::atomic<std::uint64_t> allocations;
/// Of this thread: what it allocates is not counted (the clients of a test).
extern thread_local bool not_counted;

}  // namespace chatterlink::test
