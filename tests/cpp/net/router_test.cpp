#include "net/router.hpp"

#include <gtest/gtest.h>

#include "net/support/loopback.hpp"

namespace chatterlink::net {
namespace {

struct named final : http_handler {
    explicit named(std::string its_name) : name(std::move(its_name)) {}
    std::string name;
    std::uint64_t body_limit(const exchange&) override { return 10; }
    base::error too_large(const exchange&, std::uint64_t) override {
        return base::fail(base::errc::upload_too_large, name);
    }
    void handle(exchange_ptr e) override { e->respond(response::text(200, name)); }
};

TEST(router, sends_a_request_to_the_handler_of_the_longest_matching_path) {
    named rest("rest"), below("below"), exact("exact"), deeper("deeper");
    router routes;
    routes.add("/files/", below);
    routes.add("/healthz", exact);
    routes.add("/files/private/", deeper);
    routes.otherwise(rest);
    test::http_loopback server(routes);
    auto client = server.connect();
    EXPECT_EQ(client.get("/").body, "rest");
    EXPECT_EQ(client.get("/healthz").body, "exact");
    EXPECT_EQ(client.get("/healthz?x=/files/").body, "exact");
    EXPECT_EQ(client.get("/healthz/").body, "rest");
    EXPECT_EQ(client.get("/healthzz").body, "rest");
    EXPECT_EQ(client.get("/files").body, "below");
    EXPECT_EQ(client.get("/files/").body, "below");
    EXPECT_EQ(client.get("/files/a/b").body, "below");
    EXPECT_EQ(client.get("/filesystem").body, "rest");
    EXPECT_EQ(client.get("/files/private/a").body, "deeper");
    EXPECT_EQ(client.get("/files/private").body, "deeper");
}

TEST(router, body_limits_and_refusals_are_the_handlers_own) {
    named rest("rest"), below("a sentence of its own");
    router routes;
    routes.add("/files/", below);
    routes.otherwise(rest);
    test::http_loopback server(routes);
    auto client = server.connect();
    const auto refused = client.post("/files/x", "12345678901");
    EXPECT_EQ(refused.status, 413u);
    EXPECT_NE(refused.body.find("a sentence of its own"), std::string::npos) << refused.body;
}

}  // namespace
}  // namespace chatterlink::net
