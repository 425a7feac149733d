#include "gateways/arriving_uploads.hpp"

#include <utility>

namespace chatterlink::gateways {
namespace {

bool fits(std::uint64_t there, std::uint64_t more, std::uint64_t most) {
    return there == 0 || (there <= most && more <= most - there);
}

}  // namespace

class arriving_uploads::place final : public net::body_watch {
  public:
    place(arriving_uploads& owner, std::string household, std::uint64_t bytes)
        : owner_(owner), household_(std::move(household)), bytes_(bytes) {}
    ~place() override { owner_.gone(household_, bytes_); }
    place(const place&) = delete;
    place& operator=(const place&) = delete;

    void arrived() override {}

  private:
    arriving_uploads& owner_;
    const std::string household_;
    const std::uint64_t bytes_;
};

bool arriving_uploads::has_room(const std::string& household, std::uint64_t bytes) const {
    const std::lock_guard lock(mutex_);
    const auto known = by_household_.find(household);
    const std::uint64_t its = known == by_household_.end() ? 0 : known->second;
    return fits(bytes_, bytes, bounds_.all) && fits(its, bytes, bounds_.from_one);
}

std::unique_ptr<net::body_watch> arriving_uploads::expect(std::string household, std::uint64_t bytes) {
    {
        const std::lock_guard lock(mutex_);
        by_household_[household] += bytes;
        bytes_ += bytes;
    }
    return std::make_unique<place>(*this, std::move(household), bytes);
}

void arriving_uploads::gone(const std::string& household, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes_ -= bytes;
    const auto known = by_household_.find(household);
    if ((known->second -= bytes) == 0) by_household_.erase(known);
}

}  // namespace chatterlink::gateways
