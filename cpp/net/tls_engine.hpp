// One TLS connection (RFC 8446, RFC 5246) without a socket: bytes of the peer go in, plain bytes come out,
// and the other way round. OpenSSL does the work; its types stay in tls_*.cpp. One thread at a time; may move
// between threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace chatterlink::net {

/// What a step of the engine came to.
enum class tls_step : std::uint8_t {
    done,
    want_more,  // nothing before the peer has sent more: feed()
    closed,     // the peer said that it sends no more (close_notify)
    failed,     // the connection is lost; an alert for the peer may be in output()
};

class tls_engine {
  public:
    /// Bytes for the peer that may wait here. A peer that makes the engine answer (key updates) and does not
    /// read the answers fails at that size.
    static constexpr std::size_t max_output = 256 * 1024;

    /// The server's side, with the certificate and the rules of `keys` (tls_context).
    explicit tls_engine(const std::shared_ptr<ssl_ctx_st>& keys);
    /// The client's side: the server's certificate has to be good for `host`, a name or an address.
    tls_engine(const std::shared_ptr<ssl_ctx_st>& trust, const std::string& host);
    ~tls_engine();
    tls_engine(const tls_engine&) = delete;
    tls_engine& operator=(const tls_engine&) = delete;

    /// Goes on with the handshake as far as what was fed allows.
    tls_step handshake();

    /// Takes bytes that came from the peer.
    void feed(std::string_view bytes);

    struct received {
        tls_step step = tls_step::want_more;
        std::size_t bytes = 0;  // plain bytes put into the room; above 0 only when done
    };
    received read(std::span<char> room);
    /// As read(), but the bytes are there for the next read().
    tls_step peek();
    /// Whether read() may give something before the next feed().
    bool has_input() const noexcept { return !exhausted_; }

    /// Encrypts everything into output().
    tls_step write(std::string_view plain);

    /// Says that nothing more comes from here (close_notify); once.
    void shut_down();

    /// What has to go to the peer, and how much of it went.
    std::string_view output() const noexcept { return std::string_view(output_).substr(sent_); }
    void sent(std::size_t n) noexcept;

    /// Why it failed, in OpenSSL's words; for the log and the client's user.
    const std::string& reason() const noexcept { return reason_; }

  private:
    friend struct tls_engine_bio;

    enum class side : bool { server, client };
    tls_engine(const std::shared_ptr<ssl_ctx_st>& keys, side ours);
    tls_step outcome_of(int returned);

    ssl_st* ssl_ = nullptr;
    std::string input_;
    std::size_t read_ = 0;  // bytes of input_ that OpenSSL has taken
    std::string output_;
    std::size_t sent_ = 0;  // bytes of output_ that went to the peer
    std::string reason_;
    bool exhausted_ = true;
    bool failed_ = false;
    bool said_goodbye_ = false;
};

}  // namespace chatterlink::net
