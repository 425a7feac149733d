#include "net/tls_context.hpp"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace chatterlink::net {
namespace {

using base::errc;
using base::fail;
using context_ptr = std::shared_ptr<SSL_CTX>;

// Of TLS 1.2; those of 1.3 are all good.
constexpr const char* ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* groups = "X25519:P-256:P-384";

base::result<void> check_readable(const std::filesystem::path& file, const std::string& what) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    char byte = 0;
    const bool readable = descriptor >= 0 && ::read(descriptor, &byte, 1) >= 0;  // fails for a folder
    const int problem = errno;
    if (descriptor >= 0) ::close(descriptor);
    if (readable) return {};
    return fail(errc::io_failed, "cannot read the " + what + " " + file.string() + ": " +
                                     std::generic_category().message(problem));
}

// Without it OpenSSL asks for the pass phrase at the terminal.
int no_pass_phrase(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

// The client's list has to name the protocol; one that names none is served all the same (RFC 7301 §3.2).
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                    unsigned int size, void*) {
    for (unsigned int at = 0; at < size; at += 1u + offered[at]) {
        if (at + 1u + offered[at] > size) break;
        const std::string_view one(reinterpret_cast<const char*>(offered) + at + 1, offered[at]);
        if (one != "http/1.1") continue;
        *chosen = offered + at + 1;
        *length = offered[at];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

base::result<context_ptr> make_context(const SSL_METHOD* method) {
    context_ptr made(SSL_CTX_new(method), &SSL_CTX_free);
    if (!made || SSL_CTX_set_min_proto_version(made.get(), TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(made.get(), ciphers) != 1 ||
        SSL_CTX_set1_groups_list(made.get(), groups) != 1) {
        ERR_clear_error();
        return fail(errc::io_failed, "OpenSSL cannot be set up here");
    }
    SSL_CTX_set_options(made.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                        SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    // An idle connection holds no buffers of OpenSSL.
    SSL_CTX_set_mode(made.get(), SSL_MODE_RELEASE_BUFFERS);
    return made;
}

base::result<context_ptr> load(const tls_files& files, bool http) {
    if (auto readable = check_readable(files.certificate, "certificate"); !readable) return readable.error();
    if (auto readable = check_readable(files.key, "key"); !readable) return readable.error();
    auto made = make_context(TLS_server_method());
    if (!made) return made;
    SSL_CTX* const context = made->get();
    const auto refuse = [](std::string sentence) {
        ERR_clear_error();
        return fail(errc::config_invalid, std::move(sentence));
    };
    bool asked = false;
    SSL_CTX_set_default_passwd_cb(context, &no_pass_phrase);
    SSL_CTX_set_default_passwd_cb_userdata(context, &asked);
    if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1)
        return refuse(files.certificate.string() + " holds no certificate in PEM format");
    if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
        const int reason = ERR_GET_REASON(ERR_peek_last_error());
        if (asked) return refuse("the key " + files.key.string() + " has a pass phrase: give one without");
        if (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH)
            return refuse("the key " + files.key.string() + " does not belong to the certificate " +
                          files.certificate.string());
        return refuse(files.key.string() + " holds no private key in PEM format");
    }
    if (SSL_CTX_check_private_key(context) != 1)
        return refuse("the key " + files.key.string() + " does not belong to the certificate " +
                      files.certificate.string());
    SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
    SSL_CTX_set_default_passwd_cb(context, nullptr);
    // Tickets only: nothing is kept here for clients that may never come back.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    static constexpr unsigned char name[] = "chatterlink";
    SSL_CTX_set_session_id_context(context, name, sizeof name - 1);
    SSL_CTX_set_num_tickets(context, 1);
    if (http) SSL_CTX_set_alpn_select_cb(context, &choose_protocol, nullptr);
    return made;
}

}  // namespace

base::result<std::shared_ptr<tls_context>> tls_context::open(tls_files files, bool http) {
    auto made = std::make_shared<tls_context>(std::move(files), http);
    if (auto loaded = made->reload(); !loaded) return loaded.error();
    return made;
}

base::result<void> tls_context::reload() {
    auto loaded = load(files_, http_);
    if (!loaded) return loaded.error();
    const std::lock_guard guard(lock_);
    current_ = std::move(*loaded);
    return {};
}

std::shared_ptr<ssl_ctx_st> tls_context::current() const {
    const std::lock_guard guard(lock_);
    return current_;
}

base::result<std::shared_ptr<ssl_ctx_st>> open_tls_trust(const std::filesystem::path& ca_file) {
    if (!ca_file.empty()) {
        if (auto readable = check_readable(ca_file, "certificates"); !readable) return readable.error();
    }
    auto made = make_context(TLS_client_method());
    if (!made) return made.error();
    SSL_CTX_set_verify(made->get(), SSL_VERIFY_PEER, nullptr);
    const int taken = ca_file.empty() ? SSL_CTX_set_default_verify_paths(made->get())
                                      : SSL_CTX_load_verify_file(made->get(), ca_file.c_str());
    if (taken != 1) {
        ERR_clear_error();
        return fail(errc::config_invalid, ca_file.string() + " holds no certificate in PEM format");
    }
    return std::shared_ptr<ssl_ctx_st>(std::move(*made));
}

}  // namespace chatterlink::net
