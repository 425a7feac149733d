// Files that never change while the program runs, answered from memory: with validators, compressed variants
// and security headers (RFC 9110 §8.8, §13.1, §12.5.3).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.hpp"

namespace chatterlink::net {

struct static_file {
    std::string_view path;  // "/index.html"
    std::string_view type;
    std::string_view bytes;
    std::string_view gzip;  // empty when compression saves nothing
    std::string_view etag;  // with its quotes
};

class static_files final : public http_handler {
  public:
    /// The views stay valid as long as this object. `headers` go out with every file. "/" is /index.html.
    static_files(const std::vector<static_file>& files,
                 std::vector<std::pair<std::string, std::string>> headers);

    std::uint64_t body_limit(const exchange&) override { return 0; }
    void handle(exchange_ptr e) override;

  private:
    struct entry {
        std::string type;
        base::buffer_ptr plain;
        base::buffer_ptr gzip;  // may be null
        std::string etag;
        std::string gzip_etag;
        bool immutable = false;  // its name holds a hash of its content
    };

    std::map<std::string, entry, std::less<>> by_path_;
    std::vector<std::pair<std::string, std::string>> headers_;
};

/// Whether an If-None-Match value lists the tag (weak comparison, RFC 9110 §13.1.2).
bool etag_matches(std::string_view if_none_match, std::string_view etag);

/// Whether an Accept-Encoding value takes gzip.
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace chatterlink::net
