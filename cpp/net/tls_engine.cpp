#include "net/tls_engine.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace chatterlink::net {
namespace {

constexpr std::size_t kept_capacity = 4096;  // bytes of each buffer that an idle connection may keep

void forget(std::string& buffer, std::size_t& used) noexcept {
    buffer.clear();
    if (buffer.capacity() > kept_capacity) std::string().swap(buffer);
    used = 0;
}

std::string first_error() {
    const unsigned long code = ERR_peek_error();
    const char* const text = code == 0 ? nullptr : ERR_reason_error_string(code);
    return text == nullptr ? "the connection broke" : text;
}

bool is_address(const std::string& host) {
    unsigned char bytes[sizeof(in6_addr)];
    return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

}  // namespace

// OpenSSL reads and writes through this instead of a socket: straight from and into the engine's buffers.
struct tls_engine_bio {
    static tls_engine& engine_of(BIO* b) { return *static_cast<tls_engine*>(BIO_get_data(b)); }

    static int read(BIO* b, char* to, std::size_t room, std::size_t* taken) {
        auto& e = engine_of(b);
        BIO_clear_retry_flags(b);
        const std::size_t n = std::min(room, e.input_.size() - e.read_);
        if (n == 0) {
            BIO_set_retry_read(b);
            return 0;
        }
        std::memcpy(to, e.input_.data() + e.read_, n);
        e.read_ += n;
        if (e.read_ == e.input_.size()) forget(e.input_, e.read_);
        *taken = n;
        return 1;
    }

    static int write(BIO* b, const char* from, std::size_t n, std::size_t* written) {
        auto& e = engine_of(b);
        BIO_clear_retry_flags(b);
        if (e.output_.size() - e.sent_ + n > tls_engine::max_output) return 0;
        try {
            e.output_.append(from, n);
        } catch (const std::bad_alloc&) {  // must not fly through OpenSSL
            return 0;
        }
        *written = n;
        return 1;
    }

    static long control(BIO*, int what, long, void*) { return what == BIO_CTRL_FLUSH ? 1 : 0; }

    static const BIO_METHOD* method() {
        static const BIO_METHOD* const instance = [] {
            BIO_METHOD* const m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "chatterlink");
            BIO_meth_set_read_ex(m, &read);
            BIO_meth_set_write_ex(m, &write);
            BIO_meth_set_ctrl(m, &control);
            return m;
        }();
        return instance;
    }
};

tls_engine::tls_engine(const std::shared_ptr<ssl_ctx_st>& keys, side ours) : ssl_(SSL_new(keys.get())) {
    BIO* const bio = ssl_ == nullptr ? nullptr : BIO_new(tls_engine_bio::method());
    if (bio == nullptr) {
        SSL_free(ssl_);
        throw std::bad_alloc();
    }
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    if (ours == side::server) {
        SSL_set_accept_state(ssl_);
    } else {
        SSL_set_connect_state(ssl_);
    }
}

tls_engine::tls_engine(const std::shared_ptr<ssl_ctx_st>& keys) : tls_engine(keys, side::server) {}

tls_engine::tls_engine(const std::shared_ptr<ssl_ctx_st>& trust, const std::string& host)
    : tls_engine(trust, side::client) {
    if (is_address(host)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), host.c_str());
    } else {
        SSL_set_tlsext_host_name(ssl_, host.c_str());
        SSL_set1_host(ssl_, host.c_str());
    }
}

tls_engine::~tls_engine() {
    SSL_free(ssl_);
}

tls_step tls_engine::outcome_of(int returned) {
    exhausted_ = false;
    switch (SSL_get_error(ssl_, returned)) {
        case SSL_ERROR_NONE:
            return tls_step::done;
        case SSL_ERROR_WANT_READ:
            exhausted_ = input_.empty();
            return tls_step::want_more;
        case SSL_ERROR_ZERO_RETURN:
            return tls_step::closed;
        default:
            break;
    }
    failed_ = true;
    reason_ = first_error();
    if (const long verdict = SSL_get_verify_result(ssl_); verdict != X509_V_OK)
        reason_ = X509_verify_cert_error_string(verdict);
    ERR_clear_error();
    return tls_step::failed;
}

tls_step tls_engine::handshake() {
    if (failed_) return tls_step::failed;
    ERR_clear_error();
    return outcome_of(SSL_do_handshake(ssl_));
}

void tls_engine::feed(std::string_view bytes) {
    if (bytes.empty()) return;
    input_.append(bytes);
    exhausted_ = false;
}

tls_engine::received tls_engine::read(std::span<char> room) {
    if (failed_) return {tls_step::failed};
    ERR_clear_error();
    std::size_t n = 0;
    const auto step = outcome_of(SSL_read_ex(ssl_, room.data(), room.size(), &n));
    return {step, step == tls_step::done ? n : 0};
}

tls_step tls_engine::peek() {
    if (failed_) return tls_step::failed;
    ERR_clear_error();
    char byte = 0;
    std::size_t n = 0;
    return outcome_of(SSL_peek_ex(ssl_, &byte, 1, &n));
}

tls_step tls_engine::write(std::string_view plain) {
    if (failed_) return tls_step::failed;
    const bool had_input = has_input();
    std::size_t n = 0;
    while (!plain.empty()) {
        ERR_clear_error();
        const auto step = outcome_of(SSL_write_ex(ssl_, plain.data(), plain.size(), &n));
        if (step != tls_step::done) {  // it never waits for the peer: there is no renegotiation
            failed_ = true;
            return tls_step::failed;
        }
        plain.remove_prefix(n);
    }
    exhausted_ = !had_input;
    return tls_step::done;
}

void tls_engine::shut_down() {
    if (failed_ || said_goodbye_ || SSL_in_init(ssl_) != 0) return;
    said_goodbye_ = true;
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
}

void tls_engine::sent(std::size_t n) noexcept {
    sent_ += n;
    if (sent_ == output_.size()) forget(output_, sent_);
}

}  // namespace chatterlink::net
