// How a thread behaves that works off what other threads hand it.
#pragma once

namespace chatterlink::base {

/// For the calling thread: gives it a name (at most 15 bytes, for `top -H` and debuggers) and, where it has
/// the ordinary policy, SCHED_BATCH: being woken it does not push aside who runs on its core. On a core that
/// both share, whoever hands it work then hands over all they have before the first piece is begun; it gets
/// as much of the core as before. With a core of its own nothing changes. Elsewhere than on Linux: nothing.
void become_worker(const char* name) noexcept;

}  // namespace chatterlink::base
