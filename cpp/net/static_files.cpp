#include "net/static_files.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "net/http_range.hpp"

namespace chatterlink::net {
namespace {

// Takes the next element off a comma-separated list, without outer white space.
std::string_view next_element(std::string_view& list) {
    const auto end = std::min(list.find(','), list.size());
    const auto element = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    return base::trimmed(element);
}

}  // namespace

bool etag_matches(std::string_view if_none_match, std::string_view etag) {
    while (!if_none_match.empty()) {
        auto tag = next_element(if_none_match);
        if (tag == "*") return true;
        if (tag.starts_with("W/")) tag.remove_prefix(2);
        if (tag == etag) return true;
    }
    return false;
}

bool accepts_gzip(std::string_view accept_encoding) {
    bool anything = false;  // what "*" says; gzip's own entry wins, wherever it stands
    while (!accept_encoding.empty()) {
        const auto element = next_element(accept_encoding);
        auto coding = element.substr(0, element.find(';'));
        while (!coding.empty() && coding.back() == ' ') coding.remove_suffix(1);
        const bool gzip = base::same_word(coding, "gzip");
        if (!gzip && coding != "*") continue;
        const auto weight = element.find("q=0");
        const bool refused = weight != std::string_view::npos &&
                             element.substr(weight + 3).find_first_not_of(".0") == std::string_view::npos;
        if (gzip) return !refused;
        anything = !refused;
    }
    return anything;
}

static_files::static_files(const std::vector<static_file>& files,
                           std::vector<std::pair<std::string, std::string>> headers)
    : headers_(std::move(headers)) {
    for (const auto& f : files) {
        entry e;
        e.type = f.type;
        e.plain = base::shared_buffer::copy_of(f.bytes);
        if (!f.gzip.empty()) e.gzip = base::shared_buffer::copy_of(f.gzip);
        e.etag = f.etag;
        e.gzip_etag = e.etag.substr(0, e.etag.size() - 1) + "-gzip\"";
        e.immutable = f.path.starts_with("/assets/");
        by_path_.emplace(f.path, std::move(e));
    }
    if (const auto index = by_path_.find("/index.html"); index != by_path_.end())
        by_path_.emplace("/", index->second);
}

void static_files::handle(exchange_ptr e) {
    const auto found = by_path_.find(e->path());
    if (found == by_path_.end()) {
        auto r = response::failure(base::fail(base::errc::not_found, "there is nothing at this address"));
        return e->respond(std::move(r));
    }
    if (e->method() != "GET" && e->method() != "HEAD") {
        auto r = response::failure(base::fail(base::errc::method_not_allowed, "only GET and HEAD here"));
        r.headers.emplace_back("Allow", "GET, HEAD");
        return e->respond(std::move(r));
    }
    const entry& file = found->second;
    // A part is one of the plain bytes: of the compressed ones it would be of no use to anybody.
    const bool zipped = file.gzip && e->header("Range").empty() && accepts_gzip(e->header("Accept-Encoding"));
    const std::string& etag = zipped ? file.gzip_etag : file.etag;
    response r;
    r.content_type = file.type;
    r.headers = headers_;
    r.headers.emplace_back("ETag", etag);
    r.headers.emplace_back("Cache-Control",
                           file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
    if (file.gzip) r.headers.emplace_back("Vary", "Accept-Encoding");
    if (etag_matches(e->header("If-None-Match"), etag)) {
        r.status = 304;
        return e->respond(std::move(r));
    }
    if (zipped) r.headers.emplace_back("Content-Encoding", "gzip");
    r.body = zipped ? file.gzip : file.plain;
    const auto part = select_range(*e, etag, r.body->size(), r);
    if (part.what == content_range::kind::part) {
        r.body = base::shared_buffer::copy_of(
            r.body->view().substr(static_cast<std::size_t>(part.first), static_cast<std::size_t>(part.size)));
    } else if (part.what == content_range::kind::unsatisfiable) {
        r.body = nullptr;
    }
    e->respond(std::move(r));
}

}  // namespace chatterlink::net
