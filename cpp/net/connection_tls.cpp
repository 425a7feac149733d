// What connection does differently when there is TLS.
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "net/connection.hpp"

namespace chatterlink::net {
namespace {

constexpr std::size_t record_size = 16 * 1024;      // plain bytes of the largest TLS record (RFC 8446 §5.1)
constexpr std::size_t encrypted_ahead = 64 * 1024;  // bytes encrypted before the kernel has taken them

}  // namespace

tls_step connection::advance_handshake() {
    for (;;) {
        const auto step = tls_->handshake();
        if (!tls_->output().empty()) mark_dirty();
        if (step != tls_step::want_more) return step;
        switch (fetch_tls()) {
            case arrival::bytes:
                break;
            case arrival::later:
                return tls_step::want_more;
            case arrival::end:
            case arrival::broken:
                return tls_step::failed;
        }
    }
}

// Moves what the kernel has into the engine.
connection::arrival connection::fetch_tls() {
    std::array<char, record_size> bytes;
    const auto got = receive_plain(bytes, MSG_DONTWAIT);
    if (got.what == arrival::bytes) tls_->feed({bytes.data(), got.bytes});
    return got.what;
}

connection::arrived connection::receive_tls(std::span<char> room) {
    for (;;) {
        const auto got = tls_->read(room);
        if (!tls_->output().empty()) mark_dirty();  // tickets, key updates, an alert
        switch (got.step) {
            case tls_step::done:
                return {arrival::bytes, got.bytes};
            case tls_step::closed:
                return {arrival::end};
            case tls_step::failed:
                return {arrival::broken};
            case tls_step::want_more:
                break;
        }
        // The end of the socket without the peer's goodbye may be somebody's in between who cuts the text
        // short (RFC 8446 §6.1): no end of the stream, but a broken one.
        const auto came = fetch_tls();
        if (came == arrival::end) return {arrival::broken};
        if (came != arrival::bytes) return {came};
    }
}

// Encrypts what is queued, as far ahead as is useful; small messages share a record. False when TLS failed.
bool connection::encrypt_some() {
    std::array<char, record_size> record;
    std::array<iovec, 64> parts;
    while (!queue_.empty() && tls_->output().size() < encrypted_ahead) {
        const std::size_t count = queue_.gather(parts);
        std::size_t filled = 0;
        for (std::size_t i = 0; i < count && filled < record.size(); ++i) {
            const auto n = std::min(parts[i].iov_len, record.size() - filled);
            std::memcpy(record.data() + filled, parts[i].iov_base, n);
            filled += n;
        }
        if (tls_->write({record.data(), filled}) != tls_step::done) return false;
        queue_.consume(filled, home_->nodes());
    }
    if (queue_.empty() && state_ == state::flushing) tls_->shut_down();
    return true;
}

}  // namespace chatterlink::net
