#include "engineio/admission.hpp"

#include <boost/asio/post.hpp>

#include "base/json_text.hpp"
#include "engineio/client.hpp"

namespace chatterlink::engineio {

std::string_view protocol_error_message(protocol_error code) noexcept {
    switch (code) {
        case protocol_error::unknown_transport:
            return "Transport unknown";
        case protocol_error::unknown_sid:
            return "Session ID unknown";
        case protocol_error::bad_handshake_method:
            return "Bad handshake method";
        case protocol_error::bad_request:
            return "Bad request";
        case protocol_error::forbidden:
            return "Forbidden";
        case protocol_error::unsupported_version:
            return "Unsupported protocol version";
    }
    return "Bad request";
}

refusal refusal::because(protocol_error code, std::string_view message) {
    const base::json text = message.empty() ? protocol_error_message(code) : message;
    return {code == protocol_error::forbidden ? 403u : 400u,
            "{\"code\":" + std::to_string(static_cast<int>(code)) + ",\"message\":" + base::dump_json(text) +
                "}"};
}

net::response refusal::answer() const {
    return net::response::json(status, body);
}

// Only the home shard may hold a client, if for a moment: whoever drops the last reference destroys it.
void admission::accept() const {
    boost::asio::post(home_->context(), [who = who_] {
        if (const auto c = who.lock()) c->accept();
    });
}

void admission::refuse(refusal why) const {
    boost::asio::post(home_->context(), [who = who_, why = std::move(why)] {
        if (const auto c = who.lock()) c->refuse(why);
    });
}

}  // namespace chatterlink::engineio
