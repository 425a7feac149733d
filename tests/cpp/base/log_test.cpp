#include "base/log.hpp"

#include <gtest/gtest.h>

namespace chatterlink::base {
namespace {

TEST(log, takes_every_level_it_documents_and_no_other) {
    for (const auto* level : {"trace", "debug", "info", "warning", "error", "critical", "off"})
        EXPECT_TRUE(set_log_level(level)) << level;
    for (const auto* level : {"", "loud", "INFO ", "7"}) {
        const auto set = set_log_level(level);
        ASSERT_FALSE(set) << level;
        EXPECT_EQ(set.error().code, errc::config_invalid);
        EXPECT_NE(set.error().message.find("critical or off"), std::string::npos) << set.error().message;
    }
    EXPECT_TRUE(set_log_level("info"));
}

}  // namespace
}  // namespace chatterlink::base
