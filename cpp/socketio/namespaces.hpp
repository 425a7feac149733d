// Which namespaces there are, and what stands before them. Any thread. Internal to socketio/.
#pragma once

#include <memory>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "socketio/handshake.hpp"

namespace chatterlink::socketio {

/// Immutable: a change makes a new one, a connect under way goes on with the one it began with.
struct namespace_setup {
    async_connect_handler connect{};
    std::vector<middleware> chain{};
};

class namespaces {
  public:
    void set(const std::string& name, async_connect_handler handler);
    void use(const std::string& name, middleware m);
    void add(namespace_predicate which, namespace_setup what);

    /// Null when there is no such namespace for that client.
    std::shared_ptr<const namespace_setup> find(const std::string& name, const json& auth) const;

  private:
    using setup_ptr = std::shared_ptr<const namespace_setup>;
    using dynamic = std::pair<namespace_predicate, setup_ptr>;

    mutable std::shared_mutex lock_;
    std::unordered_map<std::string, setup_ptr> fixed_;
    std::vector<std::shared_ptr<const dynamic>> dynamic_;
};

}  // namespace chatterlink::socketio
