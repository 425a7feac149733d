#include "base/posts_together.hpp"

#include <algorithm>
#include <utility>

namespace chatterlink::base {

posts_together::~posts_together() {
    if (active != this) return;
    active = nullptr;
    for (auto& each : piles_) each.to->post_all(each.where, std::move(each.tasks));
}

void posts_together::keep(shards& to, shard_id where, shards::task what) {
    auto mine = std::find_if(piles_.begin(), piles_.end(),
                             [&](const pile& each) { return each.to == &to && each.where == where; });
    if (mine == piles_.end()) mine = piles_.insert(mine, pile{&to, where, {}});
    mine->tasks.push_back(std::move(what));
}

}  // namespace chatterlink::base
