// The compressed form of a frame that is sent to many: made the first time one of them wants it, kept beside
// the plain one, the same for every member.
#pragma once

#include "base/shared_buffer.hpp"
#include "net/deflate.hpp"

namespace chatterlink::net {

/// What to send, instead of `frame` (a whole, final, plain data frame), to a client that agreed on
/// permessage-deflate with a window of 2^`window_bits` bytes (8 to 15): its compressed form, or `frame`
/// itself when it is shorter than how.threshold or does not shrink. Compressed once for each window size that
/// is needed; a message never refers back over itself, so one that fits into a client's window has the form
/// of the largest. Any thread; two that ask at once wait for the one that compresses.
base::buffer_ptr deflated_frame(const base::buffer_ptr& frame, int window_bits, const deflate_settings& how);

}  // namespace chatterlink::net
