#include "net/websocket_handshake.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/ascii.hpp"

namespace chatterlink::net {
namespace {

constexpr std::string_view supported_version = "13";
constexpr std::string_view accept_suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 §1.3
constexpr std::size_t usual_answer = 256;  // bytes that need no second allocation

// Whether one of the fields of that name lists the element.
bool lists(const request_info& request, std::string_view name, std::string_view element) noexcept {
    for (const auto& [field, value] : request.fields) {
        if (!base::same_word(field, name)) continue;
        std::string_view rest = value;
        for (;;) {
            const auto comma = rest.find(',');
            if (base::same_word(base::trimmed(rest.substr(0, comma)), element)) return true;
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
    return false;
}

// The only field of that name; nullopt when there is none or more than one.
std::optional<std::string_view> only(const request_info& request, std::string_view name) noexcept {
    std::optional<std::string_view> found;
    for (const auto& [field, value] : request.fields) {
        if (!base::same_word(field, name)) continue;
        if (found) return std::nullopt;
        found = base::trimmed(value);
    }
    return found;
}

// 16 bytes in base64 (§4.1, item 7).
bool is_key(std::string_view key) noexcept {
    return key.size() == 24 && key.ends_with("==") && std::all_of(key.begin(), key.end() - 2, [](char c) {
               return base::is_alphanumeric(c) || c == '+' || c == '/';
           });
}

// A digest that a thread makes again and again: what OpenSSL looks up at each use of EVP_sha1(), and makes
// and frees for each EVP_Digest(), costs more than the digest itself (crypto(7), "Performance").
struct sha1_context {
    std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> kind{EVP_MD_fetch(nullptr, "SHA1", nullptr),
                                                         &EVP_MD_free};
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

// §4.2.2, item 5.4: what SHA-1 is used for here is not a matter of security.
void append_accept_of(std::string& to, std::string_view key) {
    thread_local const sha1_context sha1;
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    EVP_DigestInit_ex2(sha1.context.get(), sha1.kind.get(), nullptr);
    EVP_DigestUpdate(sha1.context.get(), key.data(), key.size());
    EVP_DigestUpdate(sha1.context.get(), accept_suffix.data(), accept_suffix.size());
    EVP_DigestFinal_ex(sha1.context.get(), digest.data(), &size);
    std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> encoded;
    const int length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
    to.append(reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(length));
}

websocket_handshake refusal(unsigned status, std::string_view why) {
    return {status, why, {}, {}};
}

}  // namespace

bool asks_for_websocket(const request_info& request) noexcept {
    return request.version >= 11 && request.method == "GET" && lists(request, "Connection", "upgrade") &&
           lists(request, "Upgrade", "websocket");
}

websocket_handshake shake_hands(const request_info& request) {
    if (!asks_for_websocket(request)) return refusal(400, "not a WebSocket upgrade request");
    if (!only(request, "Host")) return refusal(400, "no Host, or more than one");
    const auto version = only(request, "Sec-WebSocket-Version");
    if (!version) return refusal(400, "no Sec-WebSocket-Version, or more than one");
    if (*version != supported_version) return refusal(426, "this server speaks version 13 of WebSocket");
    const auto key = only(request, "Sec-WebSocket-Key");
    if (!key || !is_key(*key)) return refusal(400, "no valid Sec-WebSocket-Key");

    // Several fields are one list (RFC 6455 §9.1).
    std::vector<websocket_extension> offers;
    for (const auto& [field, value] : request.fields) {
        if (!base::same_word(field, "Sec-WebSocket-Extensions")) continue;
        auto some = parse_websocket_extensions(value);
        if (!some) return refusal(400, "malformed Sec-WebSocket-Extensions");
        std::move(some->begin(), some->end(), std::back_inserter(offers));
    }
    return {0, {}, std::string(*key), std::move(offers)};
}

std::string switching_protocols(std::string_view key, const std::optional<deflate_agreement>& deflate,
                                const std::vector<std::pair<std::string, std::string>>& further) {
    std::string head;
    head.reserve(usual_answer);
    head.append("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
    append_accept_of(head.append("Sec-WebSocket-Accept: "), key);
    head.append("\r\n");
    if (deflate) head.append("Sec-WebSocket-Extensions: ").append(deflate->answer).append("\r\n");
    for (const auto& [name, value] : further) head.append(name).append(": ").append(value).append("\r\n");
    return head.append("\r\n");
}

}  // namespace chatterlink::net
