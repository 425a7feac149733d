#include "socketio/namespaces.hpp"

#include <mutex>
#include <regex>

namespace chatterlink::socketio {

namespace_predicate namespaces_like(const std::string& expression) {
    return [what = std::regex(expression)](const std::string& name, const json&) {
        return std::regex_match(name, what);
    };
}

void namespaces::set(const std::string& name, async_connect_handler handler) {
    const std::unique_lock guard(lock_);
    auto& known = fixed_[name];
    auto changed = known ? std::make_shared<namespace_setup>(*known) : std::make_shared<namespace_setup>();
    changed->connect = std::move(handler);
    known = std::move(changed);
}

void namespaces::use(const std::string& name, middleware m) {
    const std::unique_lock guard(lock_);
    auto& known = fixed_[name];
    auto changed = known ? std::make_shared<namespace_setup>(*known) : std::make_shared<namespace_setup>();
    changed->chain.push_back(std::move(m));
    known = std::move(changed);
}

void namespaces::add(namespace_predicate which, namespace_setup what) {
    auto made = std::make_shared<const dynamic>(std::move(which),
                                                std::make_shared<const namespace_setup>(std::move(what)));
    const std::unique_lock guard(lock_);
    dynamic_.push_back(std::move(made));
}

std::shared_ptr<const namespace_setup> namespaces::find(const std::string& name, const json& auth) const {
    std::vector<std::shared_ptr<const dynamic>> candidates;
    {
        const std::shared_lock guard(lock_);
        const auto found = fixed_.find(name);
        if (found != fixed_.end() && found->second->connect) return found->second;
        candidates = dynamic_;
    }
    // Without the lock: a predicate may add namespaces.
    for (const auto& each : candidates) {
        if (each->first(name, auth)) return each->second;
    }
    return nullptr;
}

}  // namespace chatterlink::socketio
