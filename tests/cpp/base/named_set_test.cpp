#include "base/named_set.hpp"

#include <gtest/gtest.h>

#include <cstddef>

namespace chatterlink::base {
namespace {

class thing {
  public:
    explicit thing(std::string name) : name_(std::move(name)) {}
    const std::string& name() const noexcept { return name_; }

  private:
    std::string name_;
};
using things = named_set<thing, &thing::name>;

TEST(named_set, finds_by_name_and_forgets_by_name) {
    things all;
    constexpr std::size_t many = 10'000;
    for (std::size_t i = 0; i < many; ++i)
        ASSERT_TRUE(all.insert(std::make_shared<thing>(std::to_string(i))).second);
    EXPECT_FALSE(all.insert(std::make_shared<thing>("17")).second) << "one for each name";
    for (std::size_t i = 0; i < many; ++i) {
        const auto found = all.find(std::to_string(i));
        ASSERT_NE(found, all.end());
        EXPECT_EQ((*found)->name(), std::to_string(i));
    }
    EXPECT_EQ(all.find("10000"), all.end());
    EXPECT_EQ(all.erase(std::string_view("17")), 1U);
    EXPECT_EQ(all.erase(std::string_view("17")), 0U);
    EXPECT_EQ(all.find(std::string_view("17")), all.end());
    EXPECT_EQ(all.size(), many - 1);
}

TEST(named_set, shares_what_it_holds) {
    things all;
    const auto one = std::make_shared<thing>("one");
    all.insert(one);
    EXPECT_EQ(one.use_count(), 2);
    // The name lies in the object that goes away with its last reference.
    const auto& name = (*all.begin())->name();
    all.erase(std::string_view(name));
    EXPECT_EQ(one.use_count(), 1);
    all.insert(std::make_shared<thing>("alone"));
    all.erase(std::string_view((*all.begin())->name()));
    EXPECT_TRUE(all.empty());
}

}  // namespace
}  // namespace chatterlink::base
