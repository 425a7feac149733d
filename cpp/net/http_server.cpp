#include "net/http_server.hpp"

#include "net/http_session.hpp"

namespace chatterlink::net {

void http_server::serve(std::shared_ptr<connection> c) {
    std::make_shared<http_session>(std::move(c), handler_, limits_, proxies_)->start();
}

}  // namespace chatterlink::net
