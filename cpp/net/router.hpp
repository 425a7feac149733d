// Sends a request to the handler of the longest matching path.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "net/http.hpp"

namespace chatterlink::net {

class router final : public http_handler {
  public:
    /// `path` ending in '/' stands for everything below it (and itself without the slash), else for itself
    /// only.
    void add(std::string path, http_handler& handler) { routes_.emplace_back(std::move(path), &handler); }
    /// For everything else.
    void otherwise(http_handler& handler) { rest_ = &handler; }

    std::uint64_t body_limit(const exchange& e) override { return find(e.path()).body_limit(e); }
    std::unique_ptr<body_watch> body_expected(const exchange& e) override {
        return find(e.path()).body_expected(e);
    }
    base::error too_large(const exchange& e, std::uint64_t limit) override {
        return find(e.path()).too_large(e, limit);
    }
    void handle(exchange_ptr e) override {
        auto& handler = find(e->path());
        handler.handle(std::move(e));
    }

  private:
    http_handler& find(std::string_view path) const {
        http_handler* best = rest_;
        std::size_t length = 0;
        for (const auto& [prefix, handler] : routes_) {
            const std::string_view below(prefix);
            const bool fits =
                path == prefix || (prefix.back() == '/' &&
                                   (path.starts_with(prefix) || path == below.substr(0, below.size() - 1)));
            if (!fits || prefix.size() < length) continue;
            best = handler;
            length = prefix.size();
        }
        return *best;
    }

    std::vector<std::pair<std::string, http_handler*>> routes_;
    http_handler* rest_ = nullptr;
};

}  // namespace chatterlink::net
