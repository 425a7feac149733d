#include "net/websocket_extensions.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace chatterlink::net {
namespace {

class reader {
  public:
    explicit reader(std::string_view text) : rest_(text) {}

    void skip_space() {
        while (!rest_.empty() && base::is_blank(rest_.front())) rest_.remove_prefix(1);
    }
    bool at_end() const { return rest_.empty(); }
    bool take(char c) {
        skip_space();
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    // Empty when there is none.
    std::string take_token() {
        skip_space();
        const auto end = std::find_if_not(rest_.begin(), rest_.end(), base::is_token_character);
        std::string token(rest_.begin(), end);
        rest_.remove_prefix(token.size());
        return token;
    }
    // A quoted value has to be a token once the quotes are gone (RFC 6455 §9.1).
    std::string take_value() {
        if (!take('"')) return take_token();
        std::string value;
        while (!rest_.empty() && rest_.front() != '"') {
            if (rest_.front() == '\\') rest_.remove_prefix(1);
            if (rest_.empty() || !base::is_token_character(rest_.front())) return {};
            value.push_back(rest_.front());
            rest_.remove_prefix(1);
        }
        return take('"') ? value : std::string();
    }

  private:
    std::string_view rest_;
};

// 8 to 15, without leading zeros; 0 when it is something else.
int window_bits_of(const std::string& value) noexcept {
    if (value == "8" || value == "9") return value[0] - '0';
    if (value.size() == 2 && value[0] == '1' && value[1] >= '0' && value[1] <= '5')
        return 10 + (value[1] - '0');
    return 0;
}

std::optional<deflate_agreement> take_offer(const websocket_extension& offer, const deflate_settings& how) {
    bool server_takeover = true;
    bool client_takeover = true;
    std::optional<int> server_bits;
    std::optional<int> client_bits;  // 15 when the client names none: it lets itself be asked
    for (const auto& p : offer.parameters) {
        if (p.name == "server_no_context_takeover") {
            if (!server_takeover || p.value) return std::nullopt;
            server_takeover = false;
        } else if (p.name == "client_no_context_takeover") {
            if (!client_takeover || p.value) return std::nullopt;
            client_takeover = false;
        } else if (p.name == "server_max_window_bits") {
            if (server_bits || !p.value) return std::nullopt;
            server_bits = window_bits_of(*p.value);
            if (*server_bits == 0) return std::nullopt;
        } else if (p.name == "client_max_window_bits") {
            if (client_bits) return std::nullopt;
            client_bits = p.value ? window_bits_of(*p.value) : largest_window;
            if (*client_bits == 0) return std::nullopt;
        } else {
            return std::nullopt;
        }
    }

    deflate_agreement agreed;
    agreed.client_takeover = how.client_takeover && client_takeover;
    agreed.answer = "permessage-deflate; server_no_context_takeover";
    if (!agreed.client_takeover) agreed.answer += "; client_no_context_takeover";
    if (server_bits) {
        agreed.server_window_bits = *server_bits;
        agreed.answer += "; server_max_window_bits=" + std::to_string(*server_bits);
    }
    if (client_bits) {  // only then may the answer name it (§7.1.2.2)
        agreed.client_window_bits = std::min(*client_bits, how.client_window_bits);
        if (agreed.client_window_bits < largest_window)
            agreed.answer += "; client_max_window_bits=" + std::to_string(agreed.client_window_bits);
    }
    return agreed;
}

}  // namespace

std::optional<std::vector<websocket_extension>> parse_websocket_extensions(std::string_view field) {
    std::vector<websocket_extension> found;
    std::size_t parts = 0;
    reader in(field);
    do {
        websocket_extension e;
        e.name = base::lowered(in.take_token());
        if (e.name.empty()) continue;  // an empty element, or what makes the list end in the wrong place
        while (in.take(';')) {
            websocket_extension::parameter p{base::lowered(in.take_token()), std::nullopt};
            if (p.name.empty() || ++parts > max_extension_parts) return std::nullopt;
            if (in.take('=')) {
                p.value = in.take_value();
                if (p.value->empty()) return std::nullopt;
            }
            e.parameters.push_back(std::move(p));
        }
        if (++parts > max_extension_parts) return std::nullopt;
        found.push_back(std::move(e));
    } while (in.take(','));
    in.skip_space();
    if (!in.at_end()) return std::nullopt;
    return found;
}

std::optional<deflate_agreement> agree_on_deflate(const std::vector<websocket_extension>& offers,
                                                  const deflate_settings& how) {
    if (!how.enabled) return std::nullopt;
    for (const auto& offer : offers) {
        if (offer.name != "permessage-deflate") continue;
        if (auto agreed = take_offer(offer, how)) return agreed;
    }
    return std::nullopt;
}

}  // namespace chatterlink::net
