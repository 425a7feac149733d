#include "gateways/http_api.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <charconv>
#include <system_error>

#include "base/log.hpp"
#include "chat/names.hpp"
#include "gateways/chat_json.hpp"
#include "media/images.hpp"
#include "net/http_range.hpp"
#include "net/multipart.hpp"
#include "net/static_files.hpp"

namespace chatterlink::gateways {
namespace {

using base::errc;
using base::fail;

constexpr std::uint64_t form_overhead = 64 * 1024;  // boundaries and part headers around the file
constexpr std::string_view upload_path = "/upload";
constexpr std::string_view files_path = "/uploads/";

void refuse(net::exchange& e, const base::error& why) {
    e.respond(net::response::failure(why));
}

std::string megabytes(std::uint64_t bytes) {
    return bytes % (1024 * 1024) == 0 ? std::to_string(bytes / (1024 * 1024)) + " MiB"
                                      : std::to_string(bytes) + " bytes";
}

base::error upload_too_large(std::uint64_t limit) {
    return fail(errc::upload_too_large, "images may have at most " + megabytes(limit));
}

base::error not_from_here() {
    return fail(errc::forbidden, "uploads come from this server's own page only");
}

void method_not_allowed(net::exchange& e, const char* allowed) {
    auto r = net::response::failure(fail(errc::method_not_allowed, std::string("only ") + allowed + " here"));
    r.headers.emplace_back("Allow", allowed);
    e.respond(std::move(r));
}

// The file of the form, or why there is none.
base::result<net::multipart_part> file_of(const net::exchange& e) {
    auto parts = net::parse_multipart(e.header("Content-Type"), e.body());
    if (!parts) return parts.error();
    for (auto& part : *parts) {
        if (part.name == "file") return std::move(part);
    }
    return fail(errc::upload_missing, "the form has no field 'file'");
}

// Whom an address stands for: with IPv6 a network of 64 bits, as everybody has at least one (RFC 6177).
std::string household_of(const std::string& address) {
    namespace ip = boost::asio::ip;
    boost::system::error_code failed;
    const auto parsed = ip::make_address(address, failed);
    if (failed || !parsed.is_v6() || parsed.to_v6().is_v4_mapped()) return address;
    return ip::network_v6(parsed.to_v6(), 64).canonical().to_string();
}

}  // namespace

upload_api::upload_api(base::shards& threads, upload_store& files, chat::store& records,
                       const chat::limits& bounds, engineio::origin_policy origins, std::uint64_t max_upload)
    : threads_(threads),
      files_(files),
      records_(records),
      origins_(std::move(origins)),
      max_upload_(max_upload),
      rate_limited_(bounds.rate_limited),
      by_address_(bounds.rates.uploads) {}

// A form on somebody else's page must not upload in the name of who looks at it.
bool upload_api::from_own_page(const net::exchange& e) const {
    return origins_.allows(e.header("Origin"), e.host(), e.secure()) &&
           e.header("Sec-Fetch-Site") != "cross-site";
}

// Bytes of the body, or as many as may come.
std::uint64_t upload_api::announced(const net::exchange& e) const {
    const std::uint64_t most = max_upload_ + form_overhead;
    const auto length = e.header("Content-Length");
    std::uint64_t bytes = 0;
    const auto [end, failed] = std::from_chars(length.data(), length.data() + length.size(), bytes);
    return length.empty() || failed != std::errc() ? most : std::min(bytes, most);
}

bool upload_api::has_room(const net::exchange& e) const {
    return arriving_.has_room(household_of(e.remote_address()), announced(e));
}

std::uint64_t upload_api::body_limit(const net::exchange& e) {
    if (e.path() != upload_path || e.method() != "POST" || !from_own_page(e) || !has_room(e)) return 0;
    return max_upload_ + form_overhead;
}

base::error upload_api::too_large(const net::exchange& e, std::uint64_t limit) {
    if (e.path() != upload_path) return http_handler::too_large(e, limit);
    if (!from_own_page(e)) return not_from_here();
    if (!has_room(e)) {
        return {errc::rate_limited, "too many uploads are on their way; try again in a moment",
                arriving_.bounds().retry_after};
    }
    return upload_too_large(max_upload_);
}

std::unique_ptr<net::body_watch> upload_api::body_expected(const net::exchange& e) {
    if (e.path() != upload_path || e.method() != "POST") return nullptr;
    return arriving_.expect(household_of(e.remote_address()), announced(e));
}

void upload_api::handle(net::exchange_ptr e) {
    if (e->path() == upload_path) {
        if (e->method() != "POST") return method_not_allowed(*e, "POST");
        return take(std::move(e));
    }
    if (e->method() != "GET" && e->method() != "HEAD") return method_not_allowed(*e, "GET, HEAD");
    serve(std::move(e));
}

void upload_api::take(net::exchange_ptr e) {
    if (!from_own_page(*e)) return refuse(*e, not_from_here());
    if (rate_limited_) {
        if (const auto wait = by_address_.take(household_of(e->remote_address()), base::steady_now())) {
            return refuse(*e, base::error{errc::rate_limited, "too many uploads, slow down", wait});
        }
    }
    const auto file = file_of(*e);
    if (!file) return refuse(*e, file.error());
    if (file->body.size() > max_upload_) return refuse(*e, upload_too_large(max_upload_));
    const base::shard_id home = e->home().id();
    files_.put(std::string(file->body), file->filename, [this, e, home](base::result<chat::upload> kept) {
        if (!kept) {
            return threads_.post(home, [e, failed = kept.error()] { refuse(*e, failed); });
        }
        const auto made = *kept;
        records_.add_upload(std::move(*kept), [this, e, home, made](base::result<chat::upload> recorded) {
            if (!recorded) files_.remove(made);
            threads_.post(home, [e, recorded = std::move(recorded)] {
                if (!recorded) return refuse(*e, recorded.error());
                e->respond(net::response::json(200, base::dump_json(success(to_json(*recorded)))));
            });
        });
    });
}

void upload_api::serve(net::exchange_ptr e) {
    const auto name = net::percent_decode(e->path().substr(std::min(files_path.size(), e->path().size())));
    const auto missing = [&] { refuse(*e, fail(errc::not_found, "there is no such upload")); };
    if (!name || !is_upload_name(*name)) return missing();
    const auto path = files_.folder() / *name;
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat info {};
    if (descriptor < 0 || ::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) {
        if (descriptor >= 0) ::close(descriptor);
        return missing();
    }
    const std::string etag = "\"" + *name + "\"";
    net::response head;
    head.content_type = media::type_for_extension(*name);
    head.headers = {
        {"X-Content-Type-Options", "nosniff"},
        {"Content-Security-Policy", "default-src 'none'; sandbox"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Content-Disposition", "inline"},
        // A name stands for its content for ever; the browser may keep it, a shared cache may not.
        {"Cache-Control", "private, max-age=31536000, immutable"},
        {"ETag", etag}};
    if (net::etag_matches(e->header("If-None-Match"), etag)) {
        ::close(descriptor);
        head.status = 304;
        return e->respond(std::move(head));
    }
    const auto part = net::select_range(*e, etag, static_cast<std::uint64_t>(info.st_size), head);
    if (part.what == net::content_range::kind::unsatisfiable) {
        ::close(descriptor);
        return e->respond(std::move(head));
    }
    e->respond_file(std::move(head), {descriptor, part.size, part.first});
}

status_api::status_api(chat::store& kept, const chat::limits& bounds, std::uint64_t max_upload,
                       std::string version)
    : store_(kept),
      config_(base::dump_json({{"max_upload", max_upload},
                               {"max_message", bounds.max_message_bytes},
                               {"max_name", chat::max_user_name},
                               {"max_room", chat::max_room_name},
                               {"version", version}})) {}

void status_api::handle(net::exchange_ptr e) {
    if (e->method() != "GET" && e->method() != "HEAD") return method_not_allowed(*e, "GET, HEAD");
    if (e->path() == "/config.json") return e->respond(net::response::json(200, config_));
    const bool ready = e->path() == "/healthz" || store_.healthy();
    if (!ready) return refuse(*e, fail(errc::store_unavailable, "the store takes no messages at the moment"));
    e->respond(net::response::json(200, R"({"ok":true})"));
}

}  // namespace chatterlink::gateways
