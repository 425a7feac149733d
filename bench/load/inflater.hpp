// Messages that a server compressed (permessage-deflate, RFC 7692 §7), made readable again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chatterlink::load {

/// One for all connections: every message stands by itself, which is agreed on (server_no_context_takeover).
///
/// What a broadcast brings to a thousand members is the same bytes a thousand times, and the generator must
/// not be slower than the server, so the latest messages are remembered together with what they became.
class inflater {
  public:
    /// Throws could_not_run when there is no memory.
    inflater();
    ~inflater();
    inflater(const inflater&) = delete;
    inflater& operator=(const inflater&) = delete;

    /// The message; holds until the next call. Nothing when it is broken, or longer than max_frame_payload.
    std::optional<std::string_view> inflate(std::string_view compressed);

    /// How many messages were not remembered.
    std::uint64_t inflated() const noexcept { return inflated_; }

  private:
    struct remembered {
        std::string compressed;
        std::string text;
    };
    struct stream;  // zlib's

    bool inflate_into(std::string_view compressed, std::string& text);

    std::unique_ptr<stream> stream_;
    std::vector<remembered> latest_;
    std::string buffer_;
    std::uint64_t inflated_ = 0;
};

}  // namespace chatterlink::load
